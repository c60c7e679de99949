"""What the authority does with a transmitted filing, and what the body answers, through the use cases."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from chassis.errors import Forbidden, NotFound
from services.forms.domain.activity import NOTICES_LAST
from services.forms.domain.errors import CellsRefused, FilingUnknown, ReasonMissing, StepRefused
from services.forms.domain.events import FilingReopened
from services.forms.domain.filing import Document, Step, Verdict
from services.forms.domain.review import Review, ReviewState
from services.forms.domain.snapshot import Snapshot
from services.forms.domain.transmitted import TransmittedFilter
from services.forms.usecases.close_filing import ArchiveDueFilings
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import (
    ALIAS,
    AMOUNT,
    FILING_ID,
    NOON,
    SHARED,
    SIREN,
    TOTALLED,
    a_campaign,
    a_cell,
    a_filing,
    a_form_set,
    a_forms,
)
from tests.support.hosting import ACCOUNTANT, OFFICER, a_caller

ALEX = a_caller("Alex Agent", on={"*": OFFICER})
CLERK = a_caller("Sam Statistique", on={"*": ["staff.read"]})
DATA_ENTRY = a_caller("Noa Saisie", on={SIREN: ["filing.read", "filing.edit", "filing.justify"]})
READER = a_caller("Lou Lecteur", on={SIREN: ["filing.read"]})
STRANGER = a_caller("Sacha Ailleurs", on={"111111111": ACCOUNTANT})
OTHER_ID = UUID(int=78)
QUESTION = "Pourquoi cette hausse ?"
IN_PROGRESS, ASKED, ANSWERED, RELIABLE = list(ReviewState)[1:]


async def sent(*cells, forms=None, **changes):
    """A filing transmitted to the authority, as signed."""
    forms = forms or a_forms()
    filing = a_filing(**{"step": Step.REVIEW, "signed_version": 1, "verdict": Verdict.CLEAN, **changes})
    await forms.evaluated(filing, *cells)
    content = {cell.address: cell.value for cell in cells}
    snapshot = Snapshot(filing.id, 1, 3, content, Verdict.CLEAN, "r", a_form_set().digest, (), NOON)
    async with forms.store() as work:
        await work.snapshots.add(snapshot)
        await work.snapshots.mark_signed(filing.id, 1, 3)
        await work.commit()
    return forms


async def review(forms, state, text="", cells=(), by=ALEX):
    return await forms.use.review_filing(by, FILING_ID, state, text, cells)


async def left(forms, by=None):
    card, _, _ = await forms.use.get_filing(by or forms.caller, FILING_ID)
    return [(cell.address, cell.reason, cell.author) for cell in card.to_review]


async def test_a_filing_goes_from_arrival_to_the_archive_with_a_line_for_each_move():
    forms = await sent(a_cell())

    await review(forms, IN_PROGRESS)
    await review(forms, ASKED, QUESTION, [AMOUNT])
    await forms.use.answer_review(DATA_ENTRY, FILING_ID, "Deux acquisitions.")
    await review(forms, RELIABLE)
    await forms.use.close_filing(ALEX, FILING_ID)
    await forms.use.archive_filing(ALEX, FILING_ID)

    assert (forms.filing.step, forms.filing.review.answer) == (Step.ARCHIVED, "Deux acquisitions.")
    assert forms.kinds() == [
        *("FILING_REVIEWED", "FILING_REVIEWED", "REVIEW_ANSWERED", "FILING_REVIEWED"),
        *("FILING_CLOSED", "FILING_ARCHIVED"),
    ]
    lines = forms.store.kept.activities
    assert all(line.fr and line.en and line.fr != line.en for line in lines)
    assert lines[1].fr == f"Fiabilisation : question posée : {QUESTION} ({AMOUNT})"
    _, _, told = await forms.use.get_transmitted_filing(CLERK, FILING_ID)
    assert [line.kind for line in reversed(told)] == forms.kinds()


async def test_moves_asked_twice_are_made_once():
    forms = await sent(review=Review(RELIABLE))

    for _ in range(2):
        await review(forms, RELIABLE)
    for _ in range(2):
        await forms.use.close_filing(ALEX, FILING_ID)
    for _ in range(2):
        await forms.use.archive_filing(ALEX, FILING_ID)

    assert forms.kinds() == ["FILING_CLOSED", "FILING_ARCHIVED"]


@pytest.mark.parametrize("by", [CLERK, READER, STRANGER], ids=["clerk", "reader", "stranger"])
async def test_only_officers_with_the_right_review_close_decide_and_archive(by):
    forms = await sent(review=Review(RELIABLE))
    use, before = forms.use, forms.filing

    for act in (
        review(forms, IN_PROGRESS, by=by),
        use.close_filing(by, FILING_ID),
        use.archive_filing(by, FILING_ID),
        use.decide_return(by, FILING_ID, "Oui", is_accepted=True),
        use.reopen_filing(by, FILING_ID, "Erreur", []),
    ):
        with pytest.raises((Forbidden, NotFound)):
            await act
    assert (forms.filing, forms.kinds()) == (before, [])


async def test_the_directors_of_a_body_do_not_review_their_own_filing():
    forms = await sent(review=Review(RELIABLE))

    with pytest.raises(NotFound):
        await review(forms, IN_PROGRESS, by=forms.caller)
    with pytest.raises(NotFound):
        await forms.use.close_filing(forms.caller, FILING_ID)


async def test_officers_cannot_tell_an_unsent_filing_from_nothing():
    forms = a_forms()
    await forms.keep(a_filing(), a_cell())
    use = forms.use

    for act in (
        lambda one: use.review_filing(ALEX, one, IN_PROGRESS, ""),
        lambda one: use.close_filing(ALEX, one),
        lambda one: use.archive_filing(ALEX, one),
        lambda one: use.decide_return(ALEX, one, "Oui", is_accepted=True),
        lambda one: use.reopen_filing(ALEX, one, "Erreur", []),
        lambda one: use.comment_cell(ALEX, one, AMOUNT, "?", is_flagged=False),
        lambda one: use.list_comments(ALEX, one),
        lambda one: use.compare_filings(ALEX, one, 1, one, 1),
        lambda one: use.get_signed_version(ALEX, one, 1),
    ):
        said = []
        for filing_id in (FILING_ID, OTHER_ID):
            with pytest.raises(FilingUnknown) as caught:
                await act(filing_id)
            said.append((caught.value.code, caught.value.message, caught.value.metadata))
        assert said[0] == said[1]
    assert await use.get_series(ALEX, SIREN, Document.ER, [AMOUNT], 0) == []
    assert await use.get_series(ALEX, "999999999", Document.ER, [AMOUNT], 0) == []


# The question, its cells, the answer


async def test_the_cells_of_a_question_are_left_to_do_until_it_is_answered():
    forms = await sent(a_cell())
    await review(forms, ASKED, QUESTION, [AMOUNT, TOTALLED])

    asked = await left(forms)
    await forms.use.answer_review(forms.caller, FILING_ID, "Deux acquisitions.")

    assert asked == [(AMOUNT, QUESTION, "Alex Agent"), (TOTALLED, QUESTION, "Alex Agent")]
    assert await left(forms) == []


async def test_an_answer_needs_a_question_and_the_right_to_justify():
    forms = await sent()

    with pytest.raises(StepRefused):
        await forms.use.answer_review(forms.caller, FILING_ID, "Voici.")
    await review(forms, ASKED, QUESTION)
    with pytest.raises(Forbidden):
        await forms.use.answer_review(READER, FILING_ID, "Voici.")
    with pytest.raises(FilingUnknown):
        await forms.use.answer_review(STRANGER, FILING_ID, "Voici.")
    with pytest.raises(ReasonMissing):
        await forms.use.answer_review(forms.caller, FILING_ID, " ")
    assert forms.filing.review.state is ASKED


async def test_a_question_about_a_cell_of_nowhere_is_not_asked():
    forms = await sent()

    with pytest.raises(CellsRefused) as caught:
        await review(forms, ASKED, QUESTION, [AMOUNT, "ZZ.1.n", ALIAS])
    with pytest.raises(CellsRefused):
        await review(forms, ASKED, QUESTION, [AMOUNT] * 501)
    assert [violation.field for violation in caught.value.violations] == ["ZZ.1.n", ALIAS]
    assert forms.filing.review.state is ReviewState.WAITING


# Returns


async def test_a_return_names_cells_that_stay_left_to_do_until_changed_or_commented():
    forms = a_forms()
    await forms.evaluated(a_filing(step=Step.ACCOUNTING), a_cell(), a_cell("BA.020.brut", "5"))

    await forms.use.move_filing(forms.caller, FILING_ID, Step.ENTRY, "À revoir", [AMOUNT, "BA.020.brut", TOTALLED])

    assert [address for address, _, _ in await left(forms)] == [AMOUNT, TOTALLED, "BA.020.brut"]
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(AMOUNT, "101", 1)])
    assert [address for address, _, _ in await left(forms)] == ["BA.020.brut"], "the total moved with its operand"
    await forms.use.comment_cell(forms.caller, FILING_ID, "BA.020.brut", "Vu, c'est juste.", is_flagged=False)
    assert await left(forms) == []
    assert forms.store.kept.activities[0].fr == f"Étape 2 → étape 1 : À revoir ({AMOUNT}, BA.020.brut, {TOTALLED})"


async def test_a_value_put_back_as_it_was_is_left_to_do_again():
    forms = a_forms()
    await forms.evaluated(a_filing(step=Step.ACCOUNTING), a_cell())
    await forms.use.move_filing(forms.caller, FILING_ID, Step.ENTRY, "À revoir", [AMOUNT])

    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(AMOUNT, "101", 1)])
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(AMOUNT, "100", 2)])

    assert [address for address, _, _ in await left(forms)] == [AMOUNT]


async def test_an_alias_is_named_by_the_cell_that_keeps_it():
    forms = a_forms()
    await forms.evaluated(a_filing(step=Step.ACCOUNTING, document=Document.QDIS), a_cell(SHARED, "7"))

    await forms.use.move_filing(forms.caller, FILING_ID, Step.ENTRY, "À revoir", [ALIAS])

    assert [address for address, _, _ in await left(forms)] == [SHARED]


async def test_cells_named_going_forward_are_not_kept():
    forms = a_forms()
    await forms.evaluated(a_filing(), a_cell())

    await forms.use.move_filing(forms.caller, FILING_ID, Step.ACCOUNTING, "", [AMOUNT])

    assert await left(forms) == []


async def test_a_return_with_a_cell_of_nowhere_moves_nothing():
    forms = a_forms()
    await forms.evaluated(a_filing(step=Step.ACCOUNTING), a_cell())

    with pytest.raises(CellsRefused):
        await forms.use.move_filing(forms.caller, FILING_ID, Step.ENTRY, "À revoir", ["ZZ.1.n"])
    assert (forms.filing.step, forms.kinds()) == (Step.ACCOUNTING, [])


async def test_the_authority_returns_a_signed_filing_and_recipients_will_be_told():
    forms = await sent(a_cell())

    card = await forms.use.reopen_filing(ALEX, FILING_ID, "Bilan à revoir", [AMOUNT])

    assert (forms.filing.step, forms.filing.signed_version) == (Step.ENTRY, 1)
    (event,) = [one for one in forms.store.kept.events if isinstance(one, FilingReopened)]
    assert (event.author, event.reason, event.cells, event.version) == ("Alex Agent", "Bilan à revoir", (AMOUNT,), 1)
    assert await left(forms) == [(AMOUNT, "Bilan à revoir", "Alex Agent")]
    assert (card.filled, card.fillable, card.conflicts, card.to_review) == (0, 0, (), ()), "a draft is the body's"
    with pytest.raises(StepRefused):
        await forms.use.close_filing(ALEX, FILING_ID)


async def test_a_signature_settles_what_was_named():
    forms = await sent(a_cell())
    await forms.use.reopen_filing(ALEX, FILING_ID, "Bilan à revoir", [AMOUNT])
    async with forms.store() as work:
        filing = await work.filings.get_for_change(FILING_ID)
        await work.filings.save(replace(filing, step=Step.SIGNATURE, verdict=Verdict.CLEAN))
        await work.snapshots.add(Snapshot(FILING_ID, 2, 9, {AMOUNT: "100"}, Verdict.CLEAN, "r", "d", (), NOON))
        await work.commit()

    await forms.use.seal_filing("event", FILING_ID, 2, 9, "R2", "Dominique", NOON)

    assert forms.store.kept.to_review == {}
    assert forms.filing.review.state is ReviewState.WAITING


async def test_the_authority_sees_no_verdict_of_a_reopened_filing():
    forms = await sent(a_cell())
    await forms.use.reopen_filing(forms.caller, FILING_ID, "Erreur", [])

    (listed,) = (await forms.use.list_transmitted_filings(ALEX)).filings
    shown, _, _ = await forms.use.get_transmitted_filing(ALEX, FILING_ID)

    assert forms.filing.verdict is Verdict.NOT_EVALUABLE
    assert (listed.verdict, shown.verdict) == (None, Verdict.CLEAN)


async def test_who_comes_back_finds_what_happened_in_the_last_thirty_days():
    forms = a_forms()
    await forms.evaluated(a_filing(step=Step.ACCOUNTING), a_cell())
    for n in range(11):
        await forms.use.move_filing(forms.caller, FILING_ID, Step.ENTRY, f"raison {n}")
        await forms.use.move_filing(forms.caller, FILING_ID, Step.ACCOUNTING, "")

    (listed, *_), *_ = await forms.use.list_filings(forms.caller, "")
    got, *_ = await forms.use.get_filing(forms.caller, FILING_ID)
    forms.clock.advance(days=NOTICES_LAST.days, seconds=1)
    late, *_ = await forms.use.get_filing(forms.caller, FILING_ID)

    assert [one.fr for one in got.notices] == [f"Étape 2 → étape 1 : raison {n}" for n in range(10, 0, -1)]
    assert (list(listed.notices), list(late.notices)) == (got.notices, [])


async def test_the_authority_reads_its_list_fifty_filings_a_page():
    forms = await sent(a_cell())
    for year in range(1900, 1960):
        await forms.keep(replace(forms.store.kept.filings[FILING_ID], id=UUID(int=year), year=year))

    first = await forms.use.list_transmitted_filings(ALEX)
    last = await forms.use.list_transmitted_filings(ALEX, after=first.next)
    few = await forms.use.list_transmitted_filings(ALEX, TransmittedFilter(year=1950), limit=1)

    assert (len(first.filings), first.filings[0].year, first.next) == (50, 2024, first.filings[-1].id)
    assert ([one.year for one in last.filings], last.next) == (list(range(1910, 1899, -1)), None)
    assert ([one.year for one in few.filings], few.next) == ([1950], None)


# The request to return


async def test_a_closed_filing_comes_back_when_the_authority_accepts():
    forms = await sent(step=Step.CLOSED)

    with pytest.raises(StepRefused, match="clôturé"):
        await forms.use.reopen_filing(forms.caller, FILING_ID, "Erreur", [])
    await forms.use.request_return(forms.caller, FILING_ID, "Erreur de saisie")
    refused = await forms.use.decide_return(ALEX, FILING_ID, "Trop tard", is_accepted=False)
    await forms.use.request_return(forms.caller, FILING_ID, "Erreur grave")
    back = await forms.use.decide_return(ALEX, FILING_ID, "", is_accepted=True)

    assert (refused.step, refused.return_request.refusal) == (Step.CLOSED, "Trop tard")
    assert (back.step, back.return_request) == (Step.REVIEW, None)
    assert forms.kinds() == ["RETURN_REQUESTED", "RETURN_REFUSED", "RETURN_REQUESTED", "RETURN_ACCEPTED"]


@pytest.mark.parametrize(("by", "failure"), [(READER, Forbidden), (DATA_ENTRY, Forbidden), (STRANGER, FilingUnknown)])
async def test_who_may_not_return_a_filing_does_not_ask_for_it_back(by, failure):
    forms = await sent(step=Step.CLOSED)

    with pytest.raises(failure):
        await forms.use.request_return(by, FILING_ID, "Erreur")


# The archive


async def test_the_system_archives_closed_filings_long_after_their_campaign():
    forms = await sent(step=Step.CLOSED)
    await sent(forms=forms, id=OTHER_ID, year=2023)
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.campaigns.save(a_campaign(year=2023))
        await work.commit()
    archive = ArchiveDueFilings(forms.store, forms.clock, timedelta(days=30))

    early = await archive()
    forms.clock.advance(days=213 + 30)
    late, again = await archive(), await archive()

    assert (early, late, again) == (0, 1, 0)
    steps = {filing.id: filing.step for filing in forms.store.kept.filings.values()}
    assert steps == {FILING_ID: Step.ARCHIVED, OTHER_ID: Step.REVIEW}, "only what is closed"
    assert [(line.kind, line.author) for line in forms.store.kept.activities] == [("FILING_ARCHIVED", "Harmonia")]


async def test_an_archived_filing_is_read_and_nothing_is_added():
    forms = await sent(a_cell(), step=Step.ARCHIVED)

    for by in (forms.caller, ALEX):
        with pytest.raises(StepRefused):
            await forms.use.comment_cell(by, FILING_ID, AMOUNT, "Encore un mot", is_flagged=True)
    with pytest.raises(StepRefused):
        await forms.use.reopen_filing(ALEX, FILING_ID, "Erreur", [])
    assert (await forms.use.get_signed_version(ALEX, FILING_ID, 0)).cells == {AMOUNT: "100"}
    assert (await forms.use.get_signed_version(READER, FILING_ID, 1)).cells == {AMOUNT: "100"}


# What officers read


async def test_officers_compare_signed_versions_and_never_the_draft():
    forms = await sent(a_cell())
    await sent(a_cell(value="90"), forms=forms, id=OTHER_ID, year=2023)
    await forms.use.reopen_filing(forms.caller, FILING_ID, "Erreur", [])
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(AMOUNT, "999", 1)])

    years = await forms.use.compare_filings(ALEX, FILING_ID, 1, OTHER_ID, 1)
    points = await forms.use.get_series(ALEX, SIREN, Document.ER, [AMOUNT], 0)

    assert [(one.address, one.value, one.other_value) for one in years] == [(AMOUNT, "100", "90")]
    assert [(point.year, point.value) for point in points] == [(2023, "90"), (2024, "100")]
    for version, other in ((0, 1), (1, 0), (2, 1), (-1, 1)):
        with pytest.raises(FilingUnknown):
            await forms.use.compare_filings(ALEX, FILING_ID, version, OTHER_ID, other)
    assert (await forms.use.get_signed_version(ALEX, FILING_ID, 0)).cells == {AMOUNT: "100"}


async def test_officers_read_what_is_shared_and_the_body_reads_officers():
    forms = await sent(a_cell())
    comment = forms.use.comment_cell
    await comment(forms.caller, FILING_ID, AMOUNT, "Entre nous", is_flagged=True)
    await comment(forms.caller, FILING_ID, AMOUNT, "Pour l'autorité", is_flagged=True, is_shared=True)
    await comment(ALEX, FILING_ID, AMOUNT, "Merci, vu.", is_flagged=False)

    theirs = await forms.use.list_comments(ALEX, FILING_ID)
    ours = await forms.use.list_comments(READER, FILING_ID, AMOUNT)

    assert [one.text for one in theirs] == ["Merci, vu.", "Pour l'autorité"]
    assert [one.text for one in ours] == ["Merci, vu.", "Pour l'autorité", "Entre nous"]
    assert (ours[0].is_by_authority, ours[0].is_flagged) == (True, True), "flags are the body's"


async def test_an_officers_comment_restates_nothing_and_answers_nothing():
    forms = await sent(a_cell("BA.140.n1", "5"))
    await review(forms, ASKED, QUESTION, ["BA.140.n1"])
    await forms.use.comment_cell(forms.caller, FILING_ID, AMOUNT, "", is_flagged=True)

    await forms.use.comment_cell(ALEX, FILING_ID, AMOUNT, "Texte de l'autorité", is_flagged=True)
    await forms.use.comment_cell(ALEX, FILING_ID, "BA.140.n1", "Voyez ici", is_flagged=True)

    async with forms.store() as work:
        assert await work.comments.flagged(FILING_ID) == frozenset()
    assert len(await left(forms)) == 1


async def test_reading_does_not_let_an_officer_write():
    forms = await sent(a_cell())

    with pytest.raises(Forbidden):
        await forms.use.comment_cell(CLERK, FILING_ID, AMOUNT, "Un mot", is_flagged=False)
    assert (await forms.use.list_comments(CLERK, FILING_ID)) == []
