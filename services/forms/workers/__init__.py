"""What the forms service does unasked: it relays its outbox to sync, and archives."""
