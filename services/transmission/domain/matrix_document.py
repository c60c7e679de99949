"""Reads a published matrix document (JSON bytes) into rules, and refuses one that contradicts itself."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from itertools import combinations, pairwise
from typing import Any

from services.transmission.domain.decision import Mode
from services.transmission.domain.errors import MatrixUnreadable
from services.transmission.domain.recipient import FEDERATION_OF, OTHER_FEDERATION, Recipient, RecipientKind
from services.transmission.domain.release_matrix import Period, ReleaseMatrix, ReleaseRule
from services.transmission.domain.release_settings import Agreement, Permit, ReleaseSettings


def read_matrix(document: bytes, expected_digest: str | None = None) -> ReleaseMatrix:
    """Read the rules of a matrix document.

    Raises:
        MatrixUnreadable: not JSON, a field is missing, the digest is not the expected one, two rules speak of the
            same recipient, or the periods of a rule overlap.
    """
    digest = hashlib.sha256(document).hexdigest()
    if expected_digest is not None and digest != expected_digest:
        raise MatrixUnreadable(f"The matrix has digest {digest}, not {expected_digest}.")
    try:
        rules = tuple(_rule(entry) for entry in json.loads(document)["rules"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MatrixUnreadable(f"The matrix cannot be read: {error!r}.") from error
    _refuse_contradictions(rules)
    return ReleaseMatrix(digest, rules)


def read_settings(document: bytes, family: str) -> ReleaseSettings:
    """Read what a matrix document sets for one family: ``settings``, or ``demo`` in the shipped document.

    The boxes are the family's defaults, for bodies that have not chosen themselves.

    Raises:
        MatrixUnreadable: the document carries no such settings.
    """
    try:
        content = json.loads(document)
        given = content["settings"] if "settings" in content else content["demo"]
        boxes = given["boxes"].get(family, {})
        return ReleaseSettings(
            statutes=dict(given["statutes"]),
            permits=frozenset(
                Permit(entry["controller"], entry["document"], entry["recipient"], frozenset(entry["families"]))
                for entry in given["permits"]
            ),
            agreements=frozenset(
                Agreement(entry["recipient"], date.fromisoformat(entry["from"]), _day(entry["to"]))
                for entry in given["agreements"]
            ),
            prefets=tuple(given["prefets"]),
            boxes=frozenset((kind, recipient) for kind, recipients in boxes.items() for recipient in recipients),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MatrixUnreadable(f"Settings of the matrix: {error!r}.") from error


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _rule(entry: Mapping[str, Any]) -> ReleaseRule:
    periods = (
        Period(date.fromisoformat(period["from"]), _day(period["to"]), Mode(period["mode"]))
        for period in entry["modes"]
    )
    return ReleaseRule(
        id=str(entry["id"]),
        document=str(entry["document"]),
        families=frozenset(map(str, entry["families"])),
        recipient=str(entry["recipient"]),
        controller=None if entry["controller"] is None else str(entry["controller"]),
        periods=tuple(sorted(periods, key=lambda period: period.starts_on)),
    )


def _refuse_contradictions(rules: tuple[ReleaseRule, ...]) -> None:
    for rule in rules:
        if any(one.ends_on is None or one.ends_on >= other.starts_on for one, other in pairwise(rule.periods)):
            raise MatrixUnreadable(f"Release matrix: the periods of {rule.id} overlap.")
        if _names_one_recipient_of_a_pattern(rule):
            raise MatrixUnreadable(f"Release matrix: {rule.id} names {rule.recipient}, which a general rule covers.")
    for one, other in combinations(rules, 2):
        if (one.document, one.recipient) == (other.document, other.recipient) and one.families & other.families:
            raise MatrixUnreadable(f"Release matrix: {one.id} and {other.id} speak of the same recipient.")


def _names_one_recipient_of_a_pattern(rule: ReleaseRule) -> bool:
    """A préfet is reached by the seat, a federation by its own families: a rule that names others would overlap."""
    if rule.recipient == OTHER_FEDERATION:
        return False
    kind = Recipient(rule.recipient).kind
    if kind is RecipientKind.FEDERATION:
        return any(FEDERATION_OF.get(family) != rule.recipient for family in rule.families)
    return kind is RecipientKind.PREFET
