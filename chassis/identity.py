"""Who is calling: the value that the identity interceptor proves and that use cases ask for rights.

Pure: no technology. A *scope* is what a right applies to (one body, or ``*``); the chassis does not know more of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chassis.errors import Forbidden, NotFound

EVERY_SCOPE = "*"


@dataclass(frozen=True, slots=True)
class Caller:
    """A proven caller and the permissions granted to them, scope by scope. Default: nothing is permitted."""

    subject: str
    """Stable identifier given by the identity provider, or the service name for a service."""
    name: str = ""
    """The name people know the caller by."""
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Scope → permissions; ``*`` is every scope."""
    authenticated_at: datetime | None = None
    """When the person last typed a proof of identity; what re-authentication before a signature is measured from."""
    partner: str = ""
    """Code of the partner this credential belongs to, empty for people and services."""
    is_service: bool = False
    """True for another service of the same stack (or a peer server, then ``peer`` is set)."""
    peer: str = ""
    """Name of the peer server proven by mutual TLS, empty inside the stack."""

    def may(self, permission: str, scope: str) -> bool:
        """Tell whether the permission is granted on this scope; a service of the stack may everything internal."""
        return permission in self.held(scope)

    def held(self, scope: str) -> frozenset[str]:
        """Return what is granted on this scope, what is granted on every scope included."""
        return self.grants.get(scope, frozenset()) | self.grants.get(EVERY_SCOPE, frozenset())

    def may_somewhere(self, permission: str) -> bool:
        """Tell whether the permission is granted on at least one scope."""
        return any(permission in held for held in self.grants.values())

    def require(self, permission: str, scope: str) -> None:
        """Let pass, or refuse.

        Raises:
            NotFound: the caller may not even read this scope, and so must not learn that it exists.
            Forbidden: the caller knows the scope but lacks this permission.
        """
        if self.may(permission, scope):
            return
        if not self.grants.get(scope) and EVERY_SCOPE not in self.grants:
            raise NotFound
        raise Forbidden(f"Permission « {permission} » requise.", metadata={"permission": permission})

    def scopes(self, permission: str) -> frozenset[str]:
        """Return the scopes on which the permission is granted; contains ``*`` if it is granted everywhere."""
        return frozenset(scope for scope, held in self.grants.items() if permission in held)
