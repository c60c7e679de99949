from uuid import UUID

import pytest

import formsets
from chassis.errors import NotFound
from services.validation.domain.errors import JustificationRefused
from services.validation.domain.verdict import Verdict
from services.validation.service import wire
from services.validation.usecases import UseCases
from services.validation.usecases.ports import Subject
from services.validation.usecases.recent_reports import RecentReports
from services.validation.usecases.record_justification import Written
from tests.support.hosting import a_stack
from tests.support.validation_fakes import InlineEngine, InMemoryJustifications, Transmitted

FILING = UUID("019aa000-0000-7000-8000-000000000001")
CELLS = {"BA.110.brut": "100", "BA.110.amort": "10"}
REQUIRED = {
    "ID.010.v": "Office",
    "ID.030.v": "000000018",
    "ID.040.v": "00000001800002",
    "ID.050.v": "OPH",
    "ID.160.v": "2024-01-01",
    "ID.170.v": "2024-12-31",
    "PL.010.n": "10",
}


def wired() -> UseCases:
    return wire(InMemoryJustifications(), InlineEngine(), Transmitted(), formsets, a_stack(), RecentReports(8))


def about(control: str, text: str = "Un bail emphytéotique explique ce cas.") -> Written:
    return Written(FILING, "000000018", 2024, control, text, "C. Exemple", {"BA.110.amort": "10"})


async def test_a_justification_counts_for_its_filing_only() -> None:
    use = wired()
    await use.record_justification(about("A-04"))

    its_own = (await use.evaluate_filing(Subject("2024.1", "ER", FILING), CELLS)).evaluation
    another = (await use.evaluate_filing(Subject("2024.1", "ER", None), CELLS)).evaluation

    assert next(f for f in its_own.findings if f.control == "A-04").is_justified
    assert not next(f for f in another.findings if f.control == "A-04").is_justified
    assert its_own.verdict is another.verdict is Verdict.NOT_EVALUABLE


async def test_a_later_justification_replaces_the_earlier_one() -> None:
    use = wired()
    await use.record_justification(about("A-04", "Première explication, un peu courte."))
    kept = await use.record_justification(about("A-04", "  Seconde explication,   bien meilleure. "))

    assert await use.list_justifications(FILING) == [kept]
    assert kept.justification.text == "Seconde explication, bien meilleure."


async def test_a_short_justification_is_not_kept() -> None:
    use = wired()

    with pytest.raises(JustificationRefused):
        await use.record_justification(about("A-04", "bof"))

    assert await use.list_justifications(FILING) == []


async def test_an_unknown_form_set_is_not_found() -> None:
    with pytest.raises(NotFound):
        await wired().evaluate_filing(Subject("1999.9", "ER", None), CELLS)


async def test_texts_are_read_without_being_kept() -> None:
    readings = await wired().read_cells("2024.1", 2024, [])

    assert readings == []
