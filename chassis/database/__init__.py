"""PostgreSQL for any service: engine, unit of work, migrations, outbox, applied requests."""
