"""Lets a caller act on a filing, without telling strangers that it exists."""

from chassis.identity import Caller
from services.forms.domain.errors import BodyUnknown, FilingUnknown
from services.forms.domain.filing import Filing

READ = "filing.read"


def require_on(caller: Caller, permission: str, filing: Filing) -> None:
    """Let pass, or refuse.

    Raises:
        FilingUnknown: the caller may not read this body's filings; same answer as for a filing that is not there.
        Forbidden: the caller reads them but lacks this permission.
    """
    if not caller.may(READ, filing.body.siren):
        raise FilingUnknown
    caller.require(permission, filing.body.siren)


def require_on_body(caller: Caller, permission: str, siren: str) -> None:
    """Let pass, or refuse.

    Raises:
        BodyUnknown: the caller may not read this body's filings; same answer as for a body that is not there.
        Forbidden: the caller reads them but lacks this permission.
    """
    if not caller.may(READ, siren):
        raise BodyUnknown
    caller.require(permission, siren)
