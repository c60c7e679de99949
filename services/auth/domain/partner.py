"""A partner that reads what was released to it, through its own credential."""

from dataclasses import dataclass
from datetime import datetime

from chassis.identity import EVERY_SCOPE
from services.auth.domain.role import Grant, Role


@dataclass(frozen=True, slots=True)
class Partner:
    """A recipient of filings: CDC, CGLLS, ANCOLS, a préfet (``PREFET-21``)."""

    code: str
    name: str
    client_id: str
    """Identifier of its credential at the identity provider; the secret is kept there, never here."""
    subject: str
    """What its tokens carry as ``sub``; what a login is matched on."""
    registered_at: datetime
    is_active: bool = True

    @property
    def grants(self) -> frozenset[Grant]:
        """The one role of a partner; which filings it sees is the release matrix's decision, not ours."""
        return frozenset({Grant(EVERY_SCOPE, Role.PARTNER)})
