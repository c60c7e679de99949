"""What validation does unasked: it works the queue off."""
