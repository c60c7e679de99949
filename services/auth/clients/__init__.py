"""Whom this service calls: the identity provider. Nothing here decides a right, and nothing here reads settings."""
