"""Justifications that live: proposed again the year after, answered by the authority."""

from uuid import UUID

import pytest
from harmonia.validation.v1 import validation_pb2 as pb

import formsets
from chassis.errors import Forbidden, NotFound
from chassis.rpc.words import words_of
from services.validation.domain.errors import AnswerRefused, FilingArchived, JustificationChanged
from services.validation.domain.justification import ReasonCode
from services.validation.service import wire
from services.validation.usecases import UseCases
from services.validation.usecases.ports import Subject
from services.validation.usecases.recent_reports import RecentReports
from services.validation.usecases.record_justification import Written
from tests.support.hosting import a_caller, a_stack
from tests.support.validation_fakes import InlineEngine, InMemoryJustifications, Transmitted

FILING, LAST_YEARS = UUID(int=2024), UUID(int=2023)
SIREN = "000000018"
CELLS = {"BA.110.brut": "100", "BA.110.amort": "10"}
OPERANDS = {"BA.110.amort": "10"}
STAFF = a_caller("Alex Agent", on={"*": ["staff.read", "filing.review"]})
FILER = a_caller()
TEXT = "Un bail emphytéotique explique ce cas."


def test_the_contract_says_every_kind_of_reason_and_no_other() -> None:
    assert set(words_of(pb.JustificationReason.DESCRIPTOR).values()) == set(ReasonCode)


def wired(transmitted: Transmitted | None = None) -> UseCases:
    transmitted = transmitted or Transmitted(FILING, LAST_YEARS)
    return wire(InMemoryJustifications(), InlineEngine(), transmitted, formsets, a_stack(), RecentReports(8))


def about(control: str = "A-04", filing: UUID = FILING, year: int = 2024, text: str = TEXT, cell: str = "") -> Written:
    return Written(filing, SIREN, year, control, text, "C. Exemple", OPERANDS, cell, ReasonCode.SPECIAL_RULE)


async def judged(use: UseCases, control: str = "A-04"):  # type: ignore[no-untyped-def]
    found = await use.evaluate_filing(Subject("2024.1", "ER", FILING), CELLS)
    (place,) = next(f for f in found.evaluation.findings if f.control == control).places
    return place.justification, place.refused


async def test_a_refused_justification_no_longer_counts_and_says_why() -> None:
    use = wired()
    kept = await use.record_justification(about())
    assert (await judged(use))[0] is not None

    await use.answer_justification(
        STAFF, FILING, "A-04", kept.number, is_accepted=False, text="Le bail n'est pas au bilan."
    )

    counting, refused = await judged(use)
    assert counting is None
    assert refused is not None
    assert refused.answer is not None
    assert (refused.answer.text, refused.answer.author) == ("Le bail n'est pas au bilan.", "Alex Agent")


async def test_an_accepted_justification_counts_and_carries_its_answer() -> None:
    use = wired()
    kept = await use.record_justification(about())

    await use.answer_justification(STAFF, FILING, "A-04", kept.number, is_accepted=True, text="")

    assert (await judged(use))[0] is not None
    (listed,) = await use.review_justifications(STAFF, FILING)
    assert listed.answer is not None
    assert listed.answer.is_accepted


async def test_the_last_answer_holds() -> None:
    use = wired()
    kept = await use.record_justification(about())
    await use.answer_justification(
        STAFF, FILING, "A-04", kept.number, is_accepted=False, text="Pièce manquante au dossier."
    )
    await use.answer_justification(STAFF, FILING, "A-04", kept.number, is_accepted=True, text="")

    assert (await judged(use))[0] is not None


async def test_a_new_text_after_a_refusal_counts_again() -> None:
    use = wired()
    kept = await use.record_justification(about())
    await use.answer_justification(
        STAFF, FILING, "A-04", kept.number, is_accepted=False, text="Pièce manquante au dossier."
    )
    await use.record_justification(about(text="Le bail est joint en pièce 4 du rapport."))

    counting, refused = await judged(use)
    assert counting is not None
    assert refused is None


async def test_an_answer_is_to_the_text_that_was_read() -> None:
    use = wired()
    kept = await use.record_justification(about())
    await use.record_justification(about(text="Une autre explication, plus complète."))

    with pytest.raises(JustificationChanged):
        await use.answer_justification(STAFF, FILING, "A-04", kept.number, is_accepted=True, text="")
    with pytest.raises(JustificationChanged):
        await use.answer_justification(STAFF, FILING, "A-06", 1, is_accepted=True, text="")


async def test_a_refusal_needs_a_reason() -> None:
    use = wired()
    kept = await use.record_justification(about())

    with pytest.raises(AnswerRefused):
        await use.answer_justification(STAFF, FILING, "A-04", kept.number, is_accepted=False, text="non")


async def test_only_staff_answers_and_only_about_what_was_transmitted() -> None:
    use = wired()
    kept = await use.record_justification(about())

    with pytest.raises((Forbidden, NotFound)):
        await use.answer_justification(FILER, FILING, "A-04", kept.number, is_accepted=True, text="")
    with pytest.raises(NotFound):
        await use.review_justifications(STAFF, UUID(int=7))


async def test_the_justifications_of_an_archived_filing_are_read_and_answered_no_more() -> None:
    transmitted = Transmitted(FILING)
    use = wired(transmitted)
    kept = await use.record_justification(about())
    await use.answer_justification(STAFF, FILING, "A-04", kept.number, is_accepted=True, text="Vu au bail.")
    transmitted.archived.add(FILING)

    with pytest.raises(FilingArchived) as refused:
        await use.answer_justification(STAFF, FILING, "A-04", kept.number, is_accepted=False, text="Trop tard, et non.")

    (told,) = refused.value.violations
    assert told.fr is not None
    assert told.en is not None
    assert all(part for one in (told.fr, told.en) for part in (one.what, one.where, one.how))
    (listed,) = await use.review_justifications(STAFF, FILING)
    assert listed.answer is not None
    assert (listed.answer.is_accepted, listed.answer.text) == (True, "Vu au bail.")


async def test_who_only_reads_transmitted_filings_reads_the_texts_and_answers_none() -> None:
    use, reader = wired(), a_caller("Rémi Relecteur", on={"*": ["staff.read"]})
    kept = await use.record_justification(about())

    with pytest.raises(Forbidden):
        await use.answer_justification(reader, FILING, "A-04", kept.number, is_accepted=True, text="")

    (listed,) = await use.review_justifications(reader, FILING)
    assert (listed.number, listed.answer) == (kept.number, None)


async def test_last_years_text_is_proposed_for_a_control_that_fails_again() -> None:
    use = wired()
    await use.record_justification(about(filing=UUID(int=2022), year=2022, text="Le texte d'il y a deux ans, oublié."))
    await use.record_justification(about(filing=LAST_YEARS, year=2023))
    await use.record_justification(about("A-06", LAST_YEARS, 2023))

    (proposal,) = await use.propose_justifications(FILER, SIREN, 2024, ["A-04", "A-20"])

    assert (proposal.justification.text, proposal.justification.year) == (TEXT, 2023)
    assert (await judged(use))[0] is None, "a proposal counts for nothing"


async def test_a_text_that_was_refused_is_not_proposed_again() -> None:
    use = wired()
    kept = await use.record_justification(about(filing=LAST_YEARS, year=2023))
    await use.answer_justification(
        STAFF, LAST_YEARS, "A-04", kept.number, is_accepted=False, text="Pièce manquante au dossier."
    )

    assert await use.propose_justifications(FILER, SIREN, 2024, ["A-04"]) == []


async def test_nobody_reads_the_texts_of_a_body_that_is_not_theirs() -> None:
    with pytest.raises(NotFound):
        await wired().propose_justifications(FILER, "552081317", 2024, ["A-04"])


async def test_texts_about_several_cells_of_a_control_are_kept_answered_and_proposed_apart() -> None:
    use = wired()
    whole = await use.record_justification(about(filing=LAST_YEARS, year=2023))
    cell = await use.record_justification(
        about(filing=LAST_YEARS, year=2023, cell="BA.110.amort", text="Cette case suit le bail emphytéotique.")
    )
    await use.answer_justification(
        STAFF, LAST_YEARS, "A-04", whole.number, is_accepted=False, text="Dites de quelle case il s'agit."
    )

    in_force = await use.review_justifications(STAFF, LAST_YEARS)
    assert [(one.number, one.is_refused) for one in in_force] == [(whole.number, True), (cell.number, False)]
    (proposal,) = await use.propose_justifications(FILER, SIREN, 2024, ["A-04"])
    assert (proposal.justification.cell, proposal.justification.reason) == ("BA.110.amort", ReasonCode.SPECIAL_RULE)


async def test_a_refused_text_about_a_cell_is_not_saved_by_an_older_one_about_the_whole_control() -> None:
    use = wired()
    await use.record_justification(about())
    cell = await use.record_justification(about(cell="BA.110.amort", text="Cette case suit le bail emphytéotique."))
    await use.answer_justification(
        STAFF, FILING, "A-04", cell.number, is_accepted=False, text="Ce bail n'est pas au bilan."
    )

    counting, refused = await judged(use)
    assert counting is None
    assert refused is not None
    assert refused.number == cell.number


async def test_a_text_about_the_whole_control_counts_when_it_comes_after_the_refusal_of_one_about_a_cell() -> None:
    use = wired()
    cell = await use.record_justification(about(cell="BA.110.amort", text="Cette case suit le bail emphytéotique."))
    await use.answer_justification(
        STAFF, FILING, "A-04", cell.number, is_accepted=False, text="Ce bail n'est pas au bilan."
    )
    whole = await use.record_justification(about(text="Le bail est joint en pièce 4 du rapport."))

    counting, refused = await judged(use)
    assert counting is not None
    assert (counting.number, refused) == (whole.number, None)
