"""Whom validation calls: the worker processes in which rules run, behind a port."""
