"""Keycloak as the register of people and software (admin API)."""
