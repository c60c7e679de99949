"""Whom filings call: validation, sync, auth, and the reader of uploaded files, each behind a port."""
