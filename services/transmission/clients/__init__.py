"""Whom it calls: the signature and forms services, each behind a port. No decision is put here."""
