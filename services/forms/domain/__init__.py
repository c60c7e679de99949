"""What is true of filings: entities, values, decisions, named failures. Nothing here awaits, stores or calls."""
