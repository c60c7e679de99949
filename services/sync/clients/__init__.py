"""Whom the exchange calls: the forms and validation services of this server, the sync services of the others; and its keys."""
