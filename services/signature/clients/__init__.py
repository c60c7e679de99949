"""Whom the service calls, each behind a port: keys, containers, and the other services. No rule is decided here."""
