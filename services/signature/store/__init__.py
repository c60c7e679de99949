"""Where it is kept: rows, repositories and migrations of the schema ``signature``. No decision is taken here."""
