"""Controls that are asked of a whole document and of what surrounds it: W-01, W-03, W-04, W-08, Q-01.

Pure answers over what the caller knows; where a filing stands, and who is told, is the caller's business.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from functools import lru_cache

from formsets.package import FormSet
from formsets.values import Value

APPROVED_ON = "ID.200.v"
"""Cell of the day on which the accounts were approved."""

ATTACHMENTS = ("rapport_gestion", "deliberation", "rapport_cac")
"""Kinds of documents that go with an ER: management report, deliberation, auditor's report."""

_OPTIONAL = {"SEM": frozenset({"AF", "SF", "TF"})}
"""Family → forms it may leave out."""

_LATE_AFTER = (7, 15)
"""Month and day of the year after the exercice until which an ER is on time."""


def forms_never_saved(form_set: FormSet, document: str, saved: Collection[str], family: str = "") -> tuple[str, ...]:
    """W-01: forms asked of the family in which something is typed and nothing was ever saved, in official order.

    Args:
        form_set: the package of the filing.
        document: ER or QDIS.
        saved: addresses of every cell that was ever saved, emptied ones included.
        family: OPH, ESH, COOP or SEM (domain.md 5.5); every form is asked when it is not said.
    """
    begun = {address[:2] for address in saved} | _OPTIONAL.get(family, frozenset())
    return tuple(
        form.code
        for form in form_set.forms
        if form.document == document and form.code not in begun and _is_typed(form_set, form.code, document)
    )


def missing_attachments(demanded: Collection[str], present: Collection[str]) -> tuple[str, ...]:
    """W-03: kinds of documents that the campaign demands and the filing does not have, in official order."""
    return tuple(kind for kind in ATTACHMENTS if kind in demanded and kind not in present)


def is_approved(cells: Mapping[str, Value], today: dt.date) -> bool:
    """W-04: the accounts were approved, today at the latest."""
    approved_on = cells.get(APPROVED_ON)
    return isinstance(approved_on, dt.date) and approved_on <= today


def is_late(year: int, transmitted_on: dt.date) -> bool:
    """W-08: the ER is transmitted after 15 July of the year that follows its exercice; flagged, never refused."""
    return transmitted_on > dt.date(year + 1, *_LATE_AFTER)


def differing_facts(here: Mapping[str, str], there: Mapping[str, str]) -> tuple[str, ...]:
    """Q-01: shared facts that two servers hold, each with another value, in the order of this one.

    Args:
        here: fact → written form on this server; empty for an emptied one.
        there: the same on the other server. A fact that one of the two was never told of differs from nothing.
    """
    return tuple(fact for fact, value in here.items() if fact in there and there[fact] != value)


@lru_cache(maxsize=256)
def _is_typed(form_set: FormSet, form: str, document: str) -> bool:
    return any(
        address[:2] == form and form_set.accepts_input(address) and not form_set.is_computed(address)
        for address in form_set.cells(document)
    )
