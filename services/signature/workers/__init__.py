"""What the service does unasked: report signatures, and finish those that a crash interrupted."""
