"""Who decides about which control, and what a server makes of another's decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

import formsets
from services.validation.domain.adjustment import HERE, Adjustment, Jurisdiction
from services.validation.domain.errors import AdjustmentRefused, NotTheAuthority
from services.validation.domain.run import RunKind
from services.validation.domain.verdict import Verdict
from services.validation.service import wire
from services.validation.usecases import UseCases
from services.validation.usecases.adjust_control import Decision
from services.validation.usecases.ports import Subject
from services.validation.usecases.recent_reports import RecentReports
from tests.support.form_sets import sample_cells
from tests.support.hosting import a_caller, a_stack
from tests.support.validation_fakes import InlineEngine, InMemoryJustifications, Transmitted

STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})
AT = datetime(2025, 6, 1, tzinfo=UTC)
REASON = "L'instruction de campagne admet ce cas."
ER_CELLS = {
    a: formsets.values.written(v)
    for a, v in sample_cells("saisie").items()
    if formsets.load("2024.1").document_of(a) == "ER"
} | {"ID.200.v": "2025-07-01"}


class Place:
    """The validation service of one server, on fakes."""

    def __init__(self, server: str) -> None:
        self.work = InMemoryJustifications()
        ports = self.work, InlineEngine(), Transmitted(), formsets
        self.use: UseCases = wire(*ports, a_stack(server), RecentReports(8))

    async def verdict(self) -> Verdict:
        return (await self.use.evaluate_filing(Subject("2024.1", "ER", year=2024), ER_CELLS)).evaluation.verdict

    async def listed(self, document: str = "ER") -> list[tuple[str, str, str, bool]]:
        found = await self.use.list_adjustments(STAFF, document, 2024)
        return [(one.control, one.severity, one.authority, applies) for one, applies in found]


def from_the_ministry(number: int = 1, severity: str = "R", **changes: object) -> Adjustment:
    about = "2024.1", "ER", 2024, "A-20", severity, REASON, "Maud Ministère", AT + timedelta(minutes=number)
    return replace(Adjustment(*about, UUID(int=number), "MIN"), **changes)  # type: ignore[arg-type]


def from_a_federation(server: str = "FED-OPH", **changes: object) -> Adjustment:
    return from_the_ministry(**{"document": "QDIS", "control": "Q-02", "authority": server, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("server", "document", "authority"),
    [("MIN", "ER", HERE), ("MIN", "QDIS", None), ("FED-OPH", "ER", "MIN"), ("FED-OPH", "QDIS", HERE)],
)
def test_filings_are_judged_under_the_decisions_of_the_authority_of_their_document(
    server: str, document: str, authority: str | None
) -> None:
    assert Jurisdiction(server, "MIN").over(document) == authority


@pytest.mark.parametrize(("server", "document", "control"), [("MIN", "QDIS", "Q-02"), ("FED-OPH", "ER", "A-20")])
async def test_nobody_adjusts_or_tries_a_control_of_another_authority(server: str, document: str, control: str) -> None:
    place = Place(server)
    decision = Decision("2024.1", document, 2024, control, "R", REASON)

    for decide in (place.use.adjust_control, place.use.preview_adjustment):
        with pytest.raises(NotTheAuthority):
            await decide(STAFF, decision)

    assert (place.work.queue.queued, place.work.published, await place.listed(document)) == ([], [], [])


async def test_a_decision_taken_here_is_published_and_replaces_the_one_before() -> None:
    place = Place("MIN")
    for severity in ("R", ""):
        await place.use.adjust_control(STAFF, Decision("2024.1", "ER", 2024, "A-20", severity, REASON))

    assert await place.listed() == [("A-20", "", HERE, True)]
    first, second = (event.adjustment for event in place.work.published)
    assert (first.severity, second.severity) == ("R", "")
    assert first.at < second.at, "the frozen clock gave both the same time"


async def test_the_ministrys_decision_counts_at_a_federation_and_queues_its_filings_once() -> None:
    place = Place("FED-OPH")
    before = await place.verdict()

    run = await place.use.apply_adjustment(from_the_ministry())
    again = await place.use.apply_adjustment(from_the_ministry())

    assert (before, await place.verdict()) == (Verdict.TO_JUSTIFY, Verdict.REMARKS)
    assert await place.listed() == [("A-20", "R", "MIN", True)]
    (queued,) = place.work.queue.queued
    assert (queued.id, queued.kind, again) == (run, RunKind.REJUDGE, None)
    assert queued.subject["author"] == "Maud Ministère (MIN)"
    assert place.work.published == [], "what was heard is not told again: sync did"


async def test_decisions_that_arrive_in_another_order_leave_the_latest_in_force() -> None:
    place = Place("FED-OPH")
    back_again, softer = from_the_ministry(2, severity="A"), from_the_ministry(1)

    await place.use.apply_adjustment(back_again)
    late = await place.use.apply_adjustment(softer)

    assert late is None, "it was replaced before it arrived: there is nothing to judge again"
    assert await place.listed() == [("A-20", "A", "MIN", True)]
    assert await place.verdict() is Verdict.TO_JUSTIFY


@pytest.mark.parametrize("server", ["MIN", "FED-ESH"])
async def test_a_federations_decision_is_shown_elsewhere_and_changes_nothing_there(server: str) -> None:
    place = Place(server)

    assert await place.use.apply_adjustment(from_a_federation()) is None

    assert await place.listed("QDIS") == [("Q-02", "R", "FED-OPH", False)]
    assert place.work.queue.queued == []


async def test_two_federations_decide_about_the_same_control_each_for_itself() -> None:
    place = Place("FED-OPH")
    await place.use.adjust_control(STAFF, Decision("2024.1", "QDIS", 2024, "Q-02", "", REASON))

    await place.use.apply_adjustment(from_a_federation("FED-ESH"))

    assert await place.listed("QDIS") == [("Q-02", "", HERE, True), ("Q-02", "R", "FED-ESH", False)]


@pytest.mark.parametrize(
    "decision",
    [
        from_the_ministry(authority="FED-ESH"),
        from_a_federation("MIN"),
    ],
)
async def test_a_peer_that_decides_about_anothers_document_is_turned_down(decision: Adjustment) -> None:
    place = Place("FED-OPH")

    with pytest.raises(NotTheAuthority):
        await place.use.apply_adjustment(decision)

    assert await place.listed() == await place.listed("QDIS") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"control": "A-20", "document": "QDIS", "authority": "FED-ESH"},
        {"severity": "T"},
        {"reason": "bof"},
        {"reason": "x" * 2_001, "form_set": "2031.1"},
    ],
)
async def test_a_peers_unsound_decision_is_turned_down_like_our_own(changes: dict[str, object]) -> None:
    place = Place("FED-OPH")

    with pytest.raises(AdjustmentRefused):
        await place.use.apply_adjustment(from_the_ministry(**changes))  # type: ignore[arg-type]


async def test_a_decision_about_a_form_set_to_come_is_kept_until_it_is_there() -> None:
    place = Place("FED-OPH")

    await place.use.apply_adjustment(from_the_ministry(form_set="2031.1", control="Z-01"))

    assert await place.listed() == [("Z-01", "R", "MIN", True)]
    assert await place.verdict() is Verdict.TO_JUSTIFY
