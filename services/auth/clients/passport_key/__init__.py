"""The key that signs passports, held in software."""
