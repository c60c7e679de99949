"""Lets a caller act on a filing, without telling strangers that it exists."""

from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.errors import BodyUnknown, FilingUnknown
from services.forms.domain.filing import Filing

READ = "filing.read"
STAFF = "staff.read"
"""Held on every body by officers of the authority, who see a filing once it is transmitted and never before (T-26)."""


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


def is_officer(caller: Caller, siren: str) -> bool:
    """Tell whether somebody acts on this body's filings as the authority, and not as one of the body's people."""
    return not caller.may(READ, siren) and caller.may(STAFF, EVERY_SCOPE)


def require_transmitted(caller: Caller, permission: str, filing: Filing) -> None:
    """Let an officer act on a filing, or refuse.

    Raises:
        FilingUnknown: it was never transmitted; same answer as for a filing that is not there.
        Forbidden: the caller is no officer, or lacks this permission.
    """
    caller.require(STAFF, EVERY_SCOPE)
    if not filing.signed_version:
        raise FilingUnknown
    caller.require(permission, EVERY_SCOPE)


def require_on_either(caller: Caller, body_permission: str, officer_permission: str, filing: Filing) -> bool:
    """Let one of the body's people or an officer act on a filing; return whether it is an officer.

    Raises:
        FilingUnknown: neither may know of it.
        Forbidden: the one who may know of it lacks the permission.
    """
    if not is_officer(caller, filing.body.siren):
        require_on(caller, body_permission, filing)
        return False
    require_transmitted(caller, officer_permission, filing)
    return True


def require_version(caller: Caller, filing: Filing, version: int) -> None:
    """Let a version be read: any by the people of the body, a signed one (and not 0, which is now) by officers.

    Raises:
        FilingUnknown: the caller may not know of that filing or version.
    """
    if require_on_either(caller, READ, STAFF, filing) and not 1 <= version <= filing.signed_version:
        raise FilingUnknown
