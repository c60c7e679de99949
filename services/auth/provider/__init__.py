"""An OpenID provider for a lone machine, with Keycloak's claims, so that nothing else changes when Keycloak takes over.

It is an adapter that replaces a third party (ADR on identity): it says who somebody is and gives no right.
It refuses to start in production mode. No role, no grant and no passport may be put here.
"""
