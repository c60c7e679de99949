"""What is true about people, partners and their rights. No technology and no input or output may be put here."""
