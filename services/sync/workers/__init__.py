"""What the exchange does unasked: it follows each peer's stream, and tells the forms service what changed."""
