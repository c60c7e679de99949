"""Whom the exchange calls: the forms service of this server, the sync services of the others; and its keys."""
