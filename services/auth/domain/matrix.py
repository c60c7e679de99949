"""The roles matrix: role × permission, as data. What is not ticked is refused, and so is whatever is unknown."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.auth.domain.permissions import Permission
from services.auth.domain.role import Grant, Role

_ENTRY = frozenset(
    {
        Permission.FILING_OPEN,
        Permission.FILING_READ,
        Permission.FILING_EDIT,
        Permission.FILING_IMPORT,
        Permission.FILING_JUSTIFY,
        Permission.RELEASE_READ,
        Permission.RECEIPT_READ,
        Permission.DELIVERY_READ,
    }
)
_ACCOUNTING = _ENTRY | {Permission.FILING_VALIDATE, Permission.FILING_RETURN}

TICKS: Mapping[Role, frozenset[Permission]] = {
    Role.TECHNICAL_ADMINISTRATOR: frozenset({Permission.MEMBER_MANAGE}),
    Role.DATA_ENTRY: _ENTRY,
    Role.ACCOUNTANT: _ACCOUNTING,
    Role.DIRECTOR: _ACCOUNTING | {Permission.RELEASE_CHOOSE, Permission.FILING_SIGN},
    Role.READER: frozenset(
        {Permission.FILING_READ, Permission.RELEASE_READ, Permission.RECEIPT_READ, Permission.DELIVERY_READ}
    ),
    Role.AUTHORITY_OFFICER: frozenset(
        {
            Permission.STAFF_READ,
            Permission.FILING_REVIEW,
            Permission.FILING_CLOSE,
            Permission.FILING_RETURN,
            Permission.DELIVERY_READ,
            Permission.CAMPAIGN_MANAGE,
        }
    ),
    Role.PARTNER: frozenset({Permission.FEED_READ}),
}
"""The ticked boxes of the product (domain.md §3, roles inside a body)."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One line of the exported table: a permission, its sentence, and who holds it."""

    permission: Permission
    meaning: str
    holders: frozenset[Role]


class RolesMatrix:
    """Answers which permissions a role carries."""

    def __init__(self, ticks: Mapping[Role, frozenset[Permission]] = TICKS) -> None:
        self._ticks = dict(ticks)

    def permissions(self, role: Role) -> frozenset[Permission]:
        """Return what the role allows; nothing when the matrix has no line for it."""
        return self._ticks.get(role, frozenset())

    def rights(self, grants: Iterable[Grant]) -> dict[str, frozenset[str]]:
        """Add up the permissions of several grants, scope by scope; a scope without any permission is left out."""
        rights: dict[str, frozenset[str]] = {}
        for grant in grants:
            held = frozenset(permission.value for permission in self.permissions(grant.role))
            if held:
                rights[grant.scope] = rights.get(grant.scope, frozenset()) | held
        return rights

    def table(self) -> list[MatrixRow]:
        """Export the matrix for an administrator or an auditor, one row a permission, in declaration order."""
        return [
            MatrixRow(
                permission,
                permission.meaning,
                frozenset(role for role in Role if permission in self.permissions(role)),
            )
            for permission in Permission
        ]

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change when any box changes."""
        text = "\n".join(f"{row.permission}:{','.join(sorted(row.holders))}" for row in self.table())
        return hashlib.sha256(text.encode()).hexdigest()[:12]
