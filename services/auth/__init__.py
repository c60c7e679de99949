"""Decides who is acting, for whom and with what right; it never reads nor writes a figure of a filing.

The identity provider (Keycloak, or the embedded one on a lone machine) says *who*; the roles matrix of this service says
*what*. The answer travels as a *passport*, a signed statement of five minutes that every other service checks by itself.
"""
