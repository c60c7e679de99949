"""What is counted in Redis; losing it loses counts, never a right."""
