"""Where justifications are kept: SQLAlchemy and PostgreSQL. No rule of the business here."""
