"""Where it is kept: all SQL of this service, in its own schema. No decision is put here."""
