"""What happens to every call between services: trace, failure, deadline, identity, permission, idempotency."""
