"""Whom the gateway calls: the services, the identity provider, Redis; each behind a port of `ports`.

No page, no wording and no rule belongs here.
"""
