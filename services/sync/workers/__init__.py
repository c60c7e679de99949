"""What the exchange does unasked: it follows each peer's stream, and tells the services here what changed."""
