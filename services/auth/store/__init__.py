"""Where this service keeps things: the schema ``auth``, and key files. No decision may be put here."""
