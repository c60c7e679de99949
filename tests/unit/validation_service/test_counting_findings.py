"""A whole campaign checked: counts of verdicts and findings, and nothing about anybody."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

import formsets
from chassis.errors import Forbidden
from services.validation.domain.adjustment import Adjustment, Jurisdiction
from services.validation.domain.justification import Justification, digest_of
from services.validation.domain.run import Run, RunKind
from services.validation.rpc.mapping import check_message
from services.validation.service import wire
from services.validation.usecases.campaign_runs import CountFindings
from services.validation.usecases.ports import FilingToTry, InputsPage
from services.validation.usecases.recent_reports import RecentReports
from tests.support.form_sets import sample_cells
from tests.support.hosting import a_caller, a_stack
from tests.support.validation_fakes import InlineEngine, InMemoryJustifications, Transmitted

FORM_SET = formsets.load("2024.1")
ER = {a: formsets.values.written(v) for a, v in sample_cells("saisie").items() if FORM_SET.document_of(a) == "ER"}
LATE = {**ER, "ID.200.v": "2025-07-01"}
AT = datetime(2025, 6, 2, tzinfo=UTC)


class PagedFilings:
    """A campaign of a few filings, two a page."""

    def __init__(self, *cells: Mapping[str, str]) -> None:
        self._filings = [
            FilingToTry({"body": f"00000000{n}"}, UUID(int=n), "ER", "2024.1", one) for n, one in enumerate(cells, 1)
        ]

    async def inputs(self, document: str, year: int, after: str, *, with_signed: bool, form_set: str) -> InputsPage:
        assert (document, year, with_signed, form_set) == ("ER", 2024, True, "")
        begun = int(after or 0)
        end = begun + 2
        more = str(end) if end < len(self._filings) else ""
        return InputsPage(self._filings[begun:end], more, max(len(self._filings) - end, 0))

    async def rejudge(self, *_: object) -> Any:
        raise NotImplementedError("a check changes nothing")


class Counting:
    """The work of a check, on fakes; notes how far it says it is."""

    def __init__(self, *cells: Mapping[str, str]) -> None:
        self.work = InMemoryJustifications()
        self.advanced: list[tuple[int, int]] = []
        parts = InlineEngine(), PagedFilings(*cells), formsets, Jurisdiction("MIN", "MIN")
        self._count = CountFindings(self.work, *parts)  # type: ignore[arg-type]

    async def __call__(self, progress: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        async def advance(found: Mapping[str, Any], done: int) -> None:
            self.advanced.append((done, found["left"]))
            json.dumps(found)

        about = {"document": "ER", "year": 2024}
        return await self._count(Run(UUID(int=9), RunKind.CHECK, about, AT, progress=progress or {}), advance)


async def test_verdicts_and_the_most_frequent_findings_are_counted_page_by_page() -> None:
    counting = Counting(ER, LATE, LATE, {**LATE, "BA.010.brut": "not a number"}, {**LATE, "BA.010.brut": "7"})

    message = check_message(await counting())

    assert (message.checked, message.skipped) == (4, 1)
    assert counting.advanced == [(2, 3), (4, 1), (5, 0)]
    assert sum(one.filings for one in message.verdicts) == 4
    assert (message.controls[0].control, message.controls[0].failing) == ("A-20", 3)
    assert message.controls[0].message.fr == FORM_SET.control("A-20").text("fr").what
    assert [one.failing for one in message.controls] == sorted((one.failing for one in message.controls), reverse=True)
    assert "00000000" not in str(message), "no body is named"


async def test_justified_findings_are_told_apart_and_the_rules_in_force_are_those_that_count() -> None:
    counting = Counting(LATE, LATE)
    operands = {"ID.200.v": "2025-07-01", "ID.170.v": "2024-12-31"}
    async with counting.work as work:
        await work.add(
            Justification(
                UUID(int=1),
                "000000001",
                2024,
                "A-20",
                "Le quorum manquait fin juin, voir le PV.",
                "C.",
                AT,
                digest_of(operands),
            )
        )
        await work.commit()
    before = check_message(await counting())
    about = "2024.1", "ER", 2024, "A-20", "", "Instruction contraire.", "Alex Agent", AT
    await counting.work.adjustments.add(Adjustment(*about, UUID(int=5)))

    after = check_message(await counting())

    (found,) = [one for one in before.controls if one.control == "A-20"]
    assert (found.failing, found.justified) == (2, 1)
    assert "A-20" not in {one.control for one in after.controls}


async def test_the_next_worker_counts_on_from_the_last_page() -> None:
    whole = await Counting(ER, LATE, LATE)()
    first = Counting(ER, LATE, LATE)
    pages: list[Mapping[str, Any]] = []

    async def keep(found: Mapping[str, Any], done: int) -> None:
        pages.append(json.loads(json.dumps(found)))

    await first._count(Run(UUID(int=9), RunKind.CHECK, {"document": "ER", "year": 2024}, AT), keep)

    assert check_message(await Counting(ER, LATE, LATE)(pages[0])) == check_message(whole)


async def test_a_check_is_queued_for_those_who_manage_campaigns_only() -> None:
    work = InMemoryJustifications()
    use = wire(work, InlineEngine(), Transmitted(), formsets, a_stack(), RecentReports(8))

    with pytest.raises(Forbidden):
        await use.check_campaign(a_caller(on={"*": ["staff.read"]}), "ER", 2024)
    run_id = await use.check_campaign(a_caller("Alex Agent", on={"*": ["campaign.manage"]}), "ER", 2024)

    assert [(one.id, one.kind, one.subject) for one in work.queue.queued] == [
        (run_id, RunKind.CHECK, {"document": "ER", "year": 2024})
    ]
