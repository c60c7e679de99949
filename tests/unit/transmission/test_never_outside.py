"""Random matrices, permits, agreements and boxes against an oracle of forty lines: never a release outside."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.transmission.domain.decision import Mode
from services.transmission.domain.dispatch import Dispatch, ReleasedTo, ReleaseTerms, check_terms
from services.transmission.domain.release_matrix import Period, ReleaseMatrix, ReleaseRule, decide
from services.transmission.domain.release_settings import Agreement, Permit, ReleaseSettings
from services.transmission.domain.routing import KnownVersions, route
from tests.support.transmission import NOON, a_signed_filing, numbered

OWN = {"OPH": "FED-OPH", "ESH": "FED-ESH", "COOP": "FED-COOP", "SEM": "FED-EPL"}
FAMILIES, DOCUMENTS = list(OWN), ["ER", "QDIS"]
PATTERNS = ["MIN", "CDC", "ANCOLS", "PREFET_OF_SEAT", "OTHER_FED", "OWN_FED"]
RECIPIENTS = ["MIN", "CDC", "ANCOLS", "CGLLS", *OWN.values(), "PREFET-21", "PREFET-69"]
DAYS = st.dates(date(2008, 1, 1), date(2030, 1, 1))


# --- the oracle -----------------------------------------------------------------------------------------------------
def oracle(world: dict[str, Any], document: str, family: str, seat: str, recipient: str, on: date) -> bool:
    for rule in world["rules"]:
        if rule["document"] != document or rule["family"] != family:
            continue
        own = OWN[family]
        if rule["recipient"] == "OTHER_FED":
            meant = recipient.startswith("FED-") and recipient != own
        elif rule["recipient"] == "OWN_FED":
            meant = recipient == own
        elif rule["recipient"] == "PREFET_OF_SEAT":
            meant = recipient == "PREFET-" + seat
        else:
            meant = recipient == rule["recipient"]
        if not meant:
            continue
        modes = [mode for (first, last, mode) in rule["periods"] if first <= on <= last]
        if not modes or modes[0] in ("closed", "none"):
            return False
        if modes[0] == "auto":
            return True
        if modes[0] == "statutes":
            return recipient in world["statutes"]
        controller = own if rule["controller"] == "FED" else rule["controller"]
        return (
            (controller, document, recipient, family) in world["permits"]
            and any(who == recipient and first <= on <= last for (who, first, last) in world["agreements"])
            and (document, recipient) in world["boxes"]
        )
    return False


# --------------------------------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    keys = [(d, f, p) for d in DOCUMENTS for f in FAMILIES for p in PATTERNS]
    rules = []
    for document, family, pattern in draw(st.lists(st.sampled_from(keys), unique=True, max_size=24)):
        days = sorted(draw(st.lists(DAYS, min_size=2, max_size=4, unique=True)))
        periods = [
            (first, last - timedelta(days=1), draw(st.sampled_from(list(Mode))).value) for first, last in pairwise(days)
        ]
        rules.append(
            {
                "document": document,
                "family": family,
                "recipient": pattern,
                "controller": draw(st.sampled_from(["MIN", "FED", None])),
                "periods": periods,
            }
        )
    pairs = st.tuples(st.sampled_from(DOCUMENTS), st.sampled_from(RECIPIENTS))
    controllers = st.sampled_from(["MIN", *OWN.values()])
    permits = st.tuples(controllers, *[st.sampled_from(v) for v in (DOCUMENTS, RECIPIENTS, FAMILIES)])
    return {
        "rules": rules,
        "statutes": draw(st.frozensets(st.sampled_from(list(OWN.values())))),
        "permits": draw(st.frozensets(permits, max_size=60)),
        "agreements": draw(st.lists(st.tuples(st.sampled_from(RECIPIENTS), DAYS, DAYS), max_size=8)),
        "boxes": draw(st.frozensets(pairs)),
    }


def matrix_of(world: dict[str, Any]) -> ReleaseMatrix:
    def rule(number: int, entry: dict[str, Any]) -> ReleaseRule:
        recipient = OWN[entry["family"]] if entry["recipient"] == "OWN_FED" else entry["recipient"]
        periods = tuple(Period(first, last, Mode(mode)) for first, last, mode in entry["periods"])
        families = frozenset({entry["family"]})
        return ReleaseRule(f"R-{number}", entry["document"], families, recipient, entry["controller"], periods)

    return ReleaseMatrix("d" * 64, tuple(rule(*pair) for pair in enumerate(world["rules"])))


def settings_of(world: dict[str, Any]) -> ReleaseSettings:
    return ReleaseSettings(
        statutes=dict.fromkeys(world["statutes"], True),
        permits=frozenset(Permit(c, d, r, frozenset({f})) for c, d, r, f in world["permits"]),
        agreements=frozenset(Agreement(*entry) for entry in world["agreements"]),
        boxes=world["boxes"],
    )


@settings(max_examples=300, deadline=None)
@given(
    world=worlds(),
    document=st.sampled_from(DOCUMENTS),
    family=st.sampled_from(FAMILIES),
    seat=st.sampled_from(["21", "69", "75"]),
    on=DAYS,
)
def test_no_release_outside_the_oracle_and_none_missing(
    world: dict[str, Any], document: str, family: str, seat: str, on: date
) -> None:
    matrix, given_settings = matrix_of(world), settings_of(world)

    for recipient in [*RECIPIENTS, "PREFET-" + seat, "NOBODY", ""]:
        decision = decide(matrix, document, family, seat, recipient, on, given_settings)

        assert decision.is_allowed is oracle(world, document, family, seat, recipient, on)
        assert decision.reason_fr
        assert decision.reason_en


@settings(max_examples=150, deadline=None)
@given(
    world=worlds(), later_boxes=st.lists(st.frozensets(st.sampled_from(RECIPIENTS)), min_size=1, max_size=4), on=DAYS
)
def test_what_is_sent_is_what_was_allowed_when_that_version_was_signed(
    world: dict[str, Any], later_boxes: list[frozenset[str]], on: date
) -> None:
    matrix, new_id = matrix_of(world), numbered()
    known: dict[object, Dispatch] = {}
    allowed: dict[int, set[str]] = {}
    for version, boxes in enumerate(later_boxes, start=1):
        world["boxes"] = frozenset(("ER", recipient) for recipient in boxes)
        chosen = settings_of(world)
        table = [
            decide(matrix, "ER", "OPH", "21", recipient, on, chosen) for recipient in matrix.recipients("21", chosen)
        ]
        released = tuple(ReleasedTo(d.question.recipient, d.rule or "", d.level.number) for d in table if d.is_allowed)
        filing, terms = a_signed_filing(version), ReleaseTerms(matrix.digest, on, released)
        check_terms(filing, terms, matrix)
        routing = route(filing, terms, list(known.values()), KnownVersions(), NOON, new_id)
        known |= {dispatch.id: dispatch for dispatch in (*routing.added, *routing.changed)}
        allowed[version] = {r for r in RECIPIENTS if oracle(world, "ER", "OPH", "21", r, on)}

    for version, recipients in allowed.items():
        assert {d.recipient for d in known.values() if d.filing.version == version} == recipients
    for recipient in {d.recipient for d in known.values()}:
        current = [d.filing.version for d in known.values() if (d.recipient, d.standing) == (recipient, "current")]
        assert current == ([max(allowed)] if recipient in allowed[max(allowed)] else [])
