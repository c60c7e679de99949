"""What this service does unasked. No rule may be put here."""
