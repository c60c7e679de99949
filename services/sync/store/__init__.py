"""Where the exchange is kept: PostgreSQL, schema ``sync``. All SQL of this service, and nothing else."""
