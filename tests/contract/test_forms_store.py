"""One kit for the repositories of filings, run on the fake and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest
from pydantic import SecretStr

from chassis.database.engine import open_engine, sessions_of
from chassis.errors import Conflict
from chassis.identifiers import TimeSortableIdentifiers
from chassis.settings import DatabaseSettings
from formsets.workflow import APPROVED_ON
from services.forms.domain.accounts import AccountMapping, MappedPrefix
from services.forms.domain.activity import Activity
from services.forms.domain.attachment import Attachment
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.campaign import Extension
from services.forms.domain.cell import Origin, PutBack
from services.forms.domain.comment import CellComment
from services.forms.domain.deadlines import Deadlines
from services.forms.domain.errors import (
    AttachmentUnknown,
    EditStepUnknown,
    FilingUnknown,
    ImportUnknown,
    PublicationLeaseLost,
    PublicationUnknown,
)
from services.forms.domain.evaluation import Justification
from services.forms.domain.filing import Document, Lock, Step, Verdict
from services.forms.domain.form_set_change import Fate, SetAside, Why
from services.forms.domain.form_set_life import FormSetState
from services.forms.domain.form_set_preview import ValueCount
from services.forms.domain.importing import (
    Change,
    Disagreement,
    Effect,
    ImportChoice,
    ImportPreview,
    OwnRow,
    OwnTable,
    Problem,
    Sentences,
)
from services.forms.domain.publication import ChangedFiling, FailedFiling, Publication, PublicationState, Tally
from services.forms.domain.review import CellToReview, ReturnRequest, Review, ReviewState
from services.forms.domain.snapshot import Snapshot
from services.forms.domain.transmitted import TransmittedFilter
from services.forms.domain.undoing import AsideTrace, CellTrace, EditKind, EditStep
from services.forms.store.snapshots import SignedContents
from services.forms.store.unit_of_work import FormsUnitOfWork
from services.forms.usecases.ports import UnitOfWork
from tests.support.clocks import FrozenClock
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    GIVEN,
    NOON,
    SHARED,
    SIREN,
    TOTALLED,
    a_body,
    a_campaign,
    a_cell,
    a_filing,
    a_source,
    an_other_value,
)
from tests.support.forms_store import InMemoryStore
from tests.support.postgres import TestDatabase

OpensWork = Callable[[], UnitOfWork]
OTHER_ID = UUID(int=2)


@pytest.fixture(params=["memory", "postgresql"])
async def open_work(request: pytest.FixtureRequest, database: TestDatabase) -> AsyncIterator[OpensWork]:
    if request.param == "memory":
        yield InMemoryStore()
        return
    engine = open_engine(DatabaseSettings(url=SecretStr(database.fresh("forms")), pool_size=5), "forms")
    clock = FrozenClock(NOON)
    yield partial(
        FormsUnitOfWork, sessions_of(engine), clock, TimeSortableIdentifiers(clock), lambda: None, SignedContents()
    )
    await engine.dispose()


async def keep(open_work, *filings, cells=()):
    async with open_work() as work:
        for filing in filings:
            await work.filings.add(filing)
        if cells:
            await work.cells.save(filings[0].id, cells)
        await work.commit()


async def kept_cells(open_work):
    async with open_work() as work:
        return await work.cells.of(FILING_ID)


def a_snapshot(**changes):
    justification = Justification("A-06", "é" * 20, "Alix", NOON, "digest")
    cell = Justification("A-06", "à" * 20, "Alix", NOON, "digest", 8, "Vu.", True, "Alex", NOON, AMOUNT, "rounding")
    said = (justification, cell)
    snapshot = Snapshot(FILING_ID, 1, 3, {AMOUNT: "100"}, Verdict.REMARKS, "rules", "forms", said, NOON)
    return replace(snapshot, **changes)


def a_preview(**changes):
    sentences = Sentences("Quoi", "Où", "Comment")
    change = Change(AMOUNT, AMOUNT, 4, "1 500", "1500", "12", 3, Origin.TYPED, Effect.PROTECTED)
    problem = Problem(9, "valeur", "ZZ.1", "F-24", "x", sentences, sentences, {"nature": "mienne"})
    new = Change(SHARED, SHARED, 5, "1", "1", "", 0, None, Effect.FILL)
    found = Disagreement("F-22", sentences, sentences)
    total = Change(TOTALLED, TOTALLED, 6, "1", "1", "2", 0, None, Effect.COMPARED, disagreement=found)
    guesses = (("Encodage : UTF-8.", "Encoding: UTF-8."),)
    preview = ImportPreview(UUID(int=7), FILING_ID, "é.csv", "Alix", NOON, 2, (change, new, total), (problem,), guesses)
    return replace(preview, **{"package": "Sage", **changes})


# Filings


@pytest.mark.parametrize(
    "filing",
    [
        a_filing(),
        a_filing(
            document=Document.QDIS,
            step=Step.REVIEW,
            revision=2**40,
            verdict=Verdict.NOT_EVALUABLE,
            rule_set="r",
            signed_version=3,
            signed_at=NOON,
            receipt_number="N",
            reopened_at=NOON,
            lock=Lock("intent", NOON),
            review=Review(ReviewState.ANSWERED, "Alex", NOON, "Pourquoi ?", "Parce que."),
            return_request=ReturnRequest("Erreur", "Alix", NOON, "Trop tard", "Alex", NOON),
        ),
    ],
    ids=["new", "full"],
)
async def test_a_filing_comes_back_as_it_was_added(open_work, filing):
    await keep(open_work, filing)

    async with open_work() as work:
        assert await work.filings.get(FILING_ID) == filing
        assert await work.filings.find(SIREN, filing.document, 2024) == filing


async def test_a_saved_filing_comes_back_as_saved(open_work):
    await keep(open_work, a_filing())
    saved = a_filing(step=Step.SIGNATURE, verdict=Verdict.CLEAN, lock=Lock("i", NOON), revision=2)

    async with open_work() as work:
        await work.filings.get_for_change(FILING_ID)
        await work.filings.save(saved)
        await work.commit()

    async with open_work() as work:
        assert await work.filings.get(FILING_ID) == saved


async def test_what_is_not_committed_is_not_there(open_work):
    async with open_work() as work:
        await work.filings.add(a_filing())

    async with open_work() as work:
        assert await work.filings.find(SIREN, Document.ER, 2024) is None
        with pytest.raises(FilingUnknown):
            await work.filings.get(FILING_ID)
        with pytest.raises(FilingUnknown):
            await work.filings.get_for_change(FILING_ID)


async def test_a_body_has_one_filing_a_document_and_year(open_work):
    await keep(open_work, a_filing())

    with pytest.raises(Conflict):
        await keep(open_work, a_filing(id=OTHER_ID))


async def test_filings_of_bodies_are_listed_newest_year_first(open_work):
    older = a_filing(id=UUID(int=3), year=2023)
    elsewhere = a_filing(id=UUID(int=4), body=a_body(siren="552081317"))
    await keep(open_work, older, a_filing(), elsewhere)

    async with open_work() as work:
        assert await work.filings.of_bodies(frozenset({SIREN})) == [a_filing(), older]
        assert await work.filings.of_bodies(frozenset()) == []
        assert await work.filings.of_body_and_year(SIREN, 2023) == [older]


async def test_the_filings_of_a_campaign_come_in_pages_and_those_left_are_counted(open_work):
    siren = a_filing().body.siren
    filings = [
        replace(a_filing(), id=UUID(int=n), body=replace(a_filing().body, siren=f"{int(siren) + n:09}"), step=step)
        for n, step in enumerate((Step.ENTRY, Step.REVIEW, Step.SIGNATURE, Step.ENTRY), 1)
    ]
    await keep(open_work, *filings)
    campaign = filings[0].document, filings[0].year

    async with open_work() as work:
        page = await work.filings.page_of_campaign(*campaign, None, 2, with_signed=False)
        left = await work.filings.count_of_campaign(*campaign, page[-1].id, with_signed=False)
        rest = await work.filings.page_of_campaign(*campaign, page[-1].id, 2, with_signed=False)
        everything = await work.filings.count_of_campaign(*campaign, None, with_signed=True)
        others = await work.filings.count_of_campaign(filings[0].document, 1999, None, with_signed=True)

    assert ([one.id.int for one in page], [one.id.int for one in rest]) == ([1, 3], [4])
    assert (left, everything, others) == (1, 4, 0)


def transmitted_ones():
    """Filings at every step of two bodies, over two years; the first was never signed."""
    sent, reliable = {"step": Step.REVIEW, "signed_version": 1}, Review(ReviewState.RELIABLE, "Alex", NOON)
    epinal = a_body(siren="123456782", name="Office de l’habitat d’Épinal 100%")
    return [
        a_filing(id=UUID(int=1)),
        a_filing(id=UUID(int=2), year=2023, **sent),
        a_filing(id=UUID(int=3), document=Document.QDIS, review=reliable, **sent),
        a_filing(id=UUID(int=4), year=2023, document=Document.QDIS, review=reliable, **{**sent, "step": Step.CLOSED}),
        a_filing(id=UUID(int=5), body=epinal, **sent),
        a_filing(id=UUID(int=6), body=epinal, year=2023, signed_version=1, reopened_at=NOON),
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (TransmittedFilter(), [5, 3, 6, 2, 4]),
        (TransmittedFilter(year=2023), [6, 2, 4]),
        (TransmittedFilter(document=Document.QDIS), [3, 4]),
        (TransmittedFilter(body="EPINAL"), [5, 6]),
        (TransmittedFilter(body="d'é"), [5, 6]),
        (TransmittedFilter(body="0%"), [5, 6]),
        (TransmittedFilter(body="_"), []),
        (TransmittedFilter(body="1234"), [5, 6]),
        (TransmittedFilter(body="234"), []),
        (TransmittedFilter(step=Step.CLOSED), [4]),
        (TransmittedFilter(step=Step.ENTRY), [6]),
        (TransmittedFilter(review=ReviewState.WAITING), [5, 2]),
        (TransmittedFilter(review=ReviewState.RELIABLE), [3]),
        (TransmittedFilter("épinal", Document.ER, 2024, Step.REVIEW, ReviewState.WAITING), [5]),
    ],
)
async def test_transmitted_filings_are_found_by_body_document_year_step_and_review(open_work, wanted, found):
    await keep(open_work, *transmitted_ones())

    async with open_work() as work:
        assert [one.id.int for one in await work.filings.transmitted(wanted, None, 50)] == found


async def test_transmitted_filings_are_read_page_by_page_while_they_change(open_work):
    await keep(open_work, *transmitted_ones())
    wanted, pages, after = TransmittedFilter(), [], None

    while True:
        async with open_work() as work:
            page = await work.filings.transmitted(wanted, after, 2)
            for one in page:
                await work.filings.save(replace(one, changed_at=NOON + timedelta(days=1)))
            await work.commit()
        if not page:
            break
        pages.append([one.id.int for one in page])
        after = page[-1].id

    assert pages == [[5, 3], [6, 2], [4]]
    async with open_work() as work:
        assert await work.filings.transmitted(wanted, UUID(int=99), 2) == []


async def test_a_due_date_changes_for_its_document_and_year(open_work):
    qdis = a_filing(id=OTHER_ID, document=Document.QDIS)
    await keep(open_work, a_filing(), qdis)

    async with open_work() as work:
        await work.filings.reschedule(Document.ER, 2024, date(2025, 9, 1))
        await work.commit()

    async with open_work() as work:
        assert (await work.filings.get(FILING_ID)).due_on == date(2025, 9, 1)
        assert await work.filings.get(OTHER_ID) == qdis


async def test_counts_are_of_the_places_asked_and_of_conflicts_to_solve(open_work):
    cells = [
        a_cell(AMOUNT),
        a_cell("BA.020.brut", ""),
        a_cell(SHARED, conflict=an_other_value()),
        a_cell("BP.220.n", conflict=an_other_value(), is_sealed=True),
    ]
    await keep(open_work, a_filing(), a_filing(id=OTHER_ID, year=2023), cells=cells)

    async with open_work() as work:
        places = frozenset({AMOUNT, "BA.020.brut", SHARED})
        signed = await work.filings.counts([FILING_ID, OTHER_ID], places, ())
        unsigned = await work.filings.counts([FILING_ID, OTHER_ID], places, [FILING_ID])

    assert {f: (c.filled, c.conflicts, list(c.saved)) for f, c in signed.items()} == {FILING_ID: (2, [SHARED], [])}
    assert {f: sorted(counts.saved) for f, counts in unsigned.items()} == {FILING_ID: sorted(c.address for c in cells)}


async def test_what_was_saved_is_told_of_unsigned_filings_and_what_was_carried_is_left_out(open_work):
    carried = a_cell("BA.010.n1", "1", origin=Origin.LAST_YEAR)
    cells = (a_cell(AMOUNT, ""), carried, a_cell(APPROVED_ON, "2025-06-01"))
    await keep(open_work, a_filing(), cells=cells)

    async with open_work() as work:
        told = (await work.filings.counts([FILING_ID], frozenset(), [FILING_ID]))[FILING_ID]
        untold = (await work.filings.counts([FILING_ID], frozenset(), []))[FILING_ID]

    assert (set(told.saved), told.approved_on) == ({AMOUNT, APPROVED_ON}, "2025-06-01")
    assert tuple(untold.saved) == ()


# Trials

A_TRIAL = a_filing(id=OTHER_ID, form_set="2025.1", is_trial=True)


async def test_a_trial_stands_beside_the_real_filing_once_a_form_set(open_work):
    await keep(open_work, a_filing(), A_TRIAL)
    await keep(open_work, replace(A_TRIAL, id=UUID(int=3), form_set="2026.1"))

    async with open_work() as work:
        assert (await work.filings.find(SIREN, Document.ER, 2024)).id == FILING_ID
        assert await work.filings.find_trial(SIREN, Document.ER, 2024, "2025.1") == A_TRIAL
        assert await work.filings.find_trial(SIREN, Document.ER, 2023, "2025.1") is None
    with pytest.raises(Conflict):
        await keep(open_work, replace(A_TRIAL, id=UUID(int=4)))


async def test_a_trial_is_only_among_the_filings_of_its_body(open_work):
    await keep(open_work, a_filing(), A_TRIAL)

    async with open_work() as work:
        real = [
            await work.filings.of_campaign(Document.ER, 2024),
            await work.filings.page_of_campaign(Document.ER, 2024, None, 9, with_signed=True),
            await work.filings.of_body_and_year(SIREN, 2024),
        ]
        listed = await work.filings.of_bodies(frozenset({SIREN}))
        await work.filings.reschedule(Document.ER, 2024, date(2026, 1, 1))
        await work.commit()

    assert [[filing.id for filing in found] for found in real] == [[FILING_ID]] * 3
    assert [filing.is_trial for filing in listed] == [False, True]
    async with open_work() as work:
        assert (await work.filings.get(OTHER_ID)).due_on == A_TRIAL.due_on


async def test_trials_are_thrown_away_with_all_that_is_in_them(open_work):
    await keep(open_work, a_filing(), cells=(a_cell(),))
    await keep(open_work, A_TRIAL, cells=(a_cell(),))
    async with open_work() as work:
        await work.comments.add(CellComment(UUID(int=9), OTHER_ID, AMOUNT, "?", "Alix", NOON, is_flagged=True))
        await work.activities.add(Activity(OTHER_ID, NOON, "Alix", "TRIAL_OPENED", "Essai.", "Trial."))
        await work.commit()

    async with open_work() as work:
        gone = await work.filings.trials_of("2025.1")
        await work.filings.throw_away([trial.id for trial in gone])
        await work.commit()

    assert [trial.id for trial in gone] == [OTHER_ID]
    async with open_work() as work:
        with pytest.raises(FilingUnknown):
            await work.filings.get(OTHER_ID)
        assert await work.cells.of(OTHER_ID) == {}
        assert await work.comments.of(OTHER_ID) == []
        assert await work.activities.of(OTHER_ID) == []
        assert (await work.cells.of(FILING_ID))[AMOUNT].value == "100"


async def test_form_sets_in_trial_are_listed(open_work):
    async with open_work() as work:
        assert await work.form_set_states.hold("2025.1") is FormSetState.PUBLISHED
        for version, state in (("2026.1", FormSetState.TRIAL), ("2025.1", FormSetState.TRIAL)):
            await work.form_set_states.save(version, state, "Alix", NOON)
        await work.form_set_states.save("2026.1", FormSetState.DRAFT, "Alix", NOON)
        await work.commit()

    async with open_work() as work:
        assert await work.form_set_states.on_trial() == ["2025.1"]


# The year before


async def test_the_last_signed_version_of_the_year_before_is_found(open_work):
    last = a_filing(id=OTHER_ID, year=2023, signed_version=2)
    await keep(open_work, last, replace(A_TRIAL, id=UUID(int=3), year=2023))
    async with open_work() as work:
        for version, value in ((1, "1"), (2, "2")):
            await work.snapshots.add(a_snapshot(filing_id=OTHER_ID, version=version, cells={AMOUNT: value}))
            await work.snapshots.mark_signed(OTHER_ID, version, 3)
        await work.commit()

    async with open_work() as work:
        assert await work.snapshots.signed_before(a_filing()) == (f"{OTHER_ID}/2", {AMOUNT: "2"})
        assert await work.snapshots.signed_before(a_filing(document=Document.QDIS)) is None
        assert await work.snapshots.signed_before(last) is None


async def test_flags_count_while_they_are_up_and_were_raised_with_a_text(open_work):
    await keep(open_work, a_filing())
    said = [
        (AMOUNT, "Reclassé.", True),
        (AMOUNT, "", True),
        (SHARED, "Reclassé.", True),
        (SHARED, "", False),
        ("BA.020.brut", "", True),
        ("BA.030.brut", "Pourquoi ?", False),
    ]
    async with open_work() as work:
        for number, (address, text, is_flagged) in enumerate(said):
            comment = CellComment(UUID(int=100 + number), FILING_ID, address, text, "Alix", NOON, is_flagged)
            await work.comments.add(comment)
        await work.commit()

    async with open_work() as work:
        assert await work.comments.flagged(FILING_ID) == {AMOUNT}


async def test_changes_of_one_filing_follow_each_other(open_work):
    await keep(open_work, a_filing())

    async def change():
        async with open_work() as work:
            filing = await work.filings.get_for_change(FILING_ID)
            await asyncio.sleep(0.01)
            await work.filings.save(replace(filing, revision=filing.revision + 1))
            await work.commit()

    await asyncio.gather(*(change() for _ in range(4)))

    async with open_work() as work:
        assert (await work.filings.get(FILING_ID)).revision == 5


async def test_who_holds_a_body_and_year_makes_the_next_wait(open_work):
    order = []

    is_held = asyncio.Event()

    async def opens():
        async with open_work() as work:
            await work.filings.hold(SIREN, 2024)
            order.append("holds")
            is_held.set()
            await asyncio.sleep(0.05)
            await work.filings.add(a_filing())
            await work.commit()

    async def looks():
        await is_held.wait()
        async with open_work() as work:
            found = await work.filings.of_body_and_year(SIREN, 2024)
            order.append(f"sees {len(found)}")

    await asyncio.gather(opens(), looks())

    assert order == ["holds", "sees 1"]


# Cells


async def test_cells_come_back_as_they_were_saved(open_work):
    cells = [
        a_cell(),
        a_cell("ID.010.v", "L'Été ; « ça » 中", source=a_source(origin=Origin.IMPORTED, file="é.csv", line=12)),
        a_cell(SHARED, "", conflict=an_other_value(), is_provisional=True, is_sealed=True),
        a_cell("BA.020.brut", "9" * 300, source=a_source(origin=Origin.CHOSEN, server="MIN")),
        a_cell("BA.030.brut", "", source=a_source(put_back=PutBack("Alix", NOON, 0))),
    ]
    await keep(open_work, a_filing(), cells=cells)

    assert await kept_cells(open_work) == {cell.address: cell for cell in cells}


async def test_each_version_stays_in_the_history(open_work):
    first, later = a_cell(), a_source("Alix", at=NOON + timedelta(minutes=1))
    second = first.changed("", replace(later, put_back=PutBack("Alix", NOON, 3)))
    await keep(open_work, a_filing(), cells=[first])
    async with open_work() as work:
        await work.cells.save(FILING_ID, [second])
        await work.commit()

    async with open_work() as work:
        assert await work.cells.history(FILING_ID, AMOUNT) == [second, first]
        assert await work.cells.history(FILING_ID, SHARED) == []
    assert await kept_cells(open_work) == {AMOUNT: second}


async def test_a_mark_alone_is_no_line_of_history(open_work):
    await keep(open_work, a_filing(), cells=[a_cell(SHARED)])
    marked = a_cell(SHARED, conflict=an_other_value(), is_sealed=True)

    async with open_work() as work:
        await work.cells.save(FILING_ID, [marked])
        await work.commit()

    async with open_work() as work:
        assert await work.cells.history(FILING_ID, SHARED) == [a_cell(SHARED)]
    assert await kept_cells(open_work) == {SHARED: marked}


async def test_a_conflict_that_is_solved_is_gone(open_work):
    await keep(open_work, a_filing(), cells=[a_cell(SHARED, conflict=an_other_value())])

    async with open_work() as work:
        await work.cells.save(FILING_ID, [a_cell(SHARED)])
        await work.commit()

    assert (await kept_cells(open_work))[SHARED].conflict is None


async def test_saving_no_cell_does_nothing(open_work):
    await keep(open_work, a_filing())

    async with open_work() as work:
        await work.cells.save(FILING_ID, [])
        await work.commit()

    assert await kept_cells(open_work) == {}


async def test_computed_cells_that_moved_are_written_and_those_that_are_empty_go(open_work):
    await keep(open_work, a_filing())
    async with open_work() as work:
        assert await work.cells.computed(FILING_ID) == {}
        await work.cells.move_computed(FILING_ID, {GIVEN: "1.5", AMOUNT: "2", TOTALLED: "3"})
        await work.cells.move_computed(FILING_ID, {GIVEN: "0.1234567891", AMOUNT: ""})
        await work.cells.move_computed(FILING_ID, {})
        await work.filings.save(a_filing(revision=2))
        await work.commit()

    async with open_work() as work:
        assert await work.cells.computed(FILING_ID) == {GIVEN: "0.1234567891", TOTALLED: "3"}


async def test_some_cells_are_read_without_the_others(open_work):
    await keep(open_work, a_filing(), cells=[a_cell(AMOUNT, "1"), a_cell(SHARED, "2")])

    async with open_work() as work:
        assert await work.cells.some(FILING_ID, [SHARED, TOTALLED]) == {SHARED: a_cell(SHARED, "2")}
        assert await work.cells.some(FILING_ID, []) == {}


# Imports, campaigns, snapshots, activities


async def test_a_preview_comes_back_as_it_was_added(open_work):
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.imports.add(a_preview())
        await work.commit()

    async with open_work() as work:
        assert await work.imports.get(FILING_ID, a_preview().id) == a_preview()
        with pytest.raises(ImportUnknown):
            await work.imports.get(OTHER_ID, a_preview().id)
        with pytest.raises(ImportUnknown):
            await work.imports.get(FILING_ID, OTHER_ID)


async def test_the_persons_own_columns_keep_their_order(open_work):
    own = {"zone": "1", "Clé": "2", "a": "3", "é": "4"}
    (change, new, total), (problem,) = a_preview().changes, a_preview().problems
    changes = (replace(change, extra=own), replace(new, extra={"autre": "5", "zone": "6"}), total)
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.imports.add(a_preview(changes=changes, problems=(replace(problem, extra=own),)))
        await work.commit()

    async with open_work() as work:
        found = await work.imports.get(FILING_ID, a_preview().id)
    assert list(found.changes[0].extra) == list(own)
    assert found.changes[1].extra == {"autre": "5", "zone": "6"}
    assert list(found.problems[0].extra) == list(own)


@pytest.mark.parametrize("rows", [(), (OwnRow("", ("Compte", "é")), OwnRow("601", ("601", "")))])
async def test_the_rows_of_a_balance_come_back_as_they_were_added(open_work, rows):
    added = a_preview(table=OwnTable(0, rows))
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.imports.add(added)
        await work.commit()

    async with open_work() as work:
        assert await work.imports.get(FILING_ID, added.id) == added


async def test_a_preview_is_confirmed_with_its_choice_once_committed(open_work):
    await keep(open_work, a_filing())
    chosen = ImportChoice(frozenset({AMOUNT}), frozenset({"BP"}))
    async with open_work() as work:
        await work.imports.add(a_preview())
        await work.commit()
    async with open_work() as work:
        await work.imports.mark_confirmed(a_preview().id, chosen)
        await work.commit()

    async with open_work() as work:
        preview = await work.imports.get(FILING_ID, a_preview().id)
    assert (preview.is_confirmed, preview.choice) == (True, chosen)


async def test_a_campaign_is_replaced_by_its_next_plan(open_work):
    async with open_work() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    async with open_work() as work:
        await work.campaigns.save(a_campaign(families=frozenset({"ESH"})))
        await work.commit()

    async with open_work() as work:
        assert await work.campaigns.find(Document.ER, 2024) == a_campaign(families=frozenset({"ESH"}))
        assert await work.campaigns.find(Document.QDIS, 2024) is None


@pytest.mark.parametrize(
    ("on", "count"),
    [(date(2025, 3, 31), 0), (date(2025, 4, 1), 1), (date(2025, 12, 31), 1), (date(2026, 1, 1), 0)],
)
async def test_a_campaign_is_under_way_from_its_first_day_to_its_last(open_work, on, count):
    async with open_work() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()

    async with open_work() as work:
        assert len(await work.campaigns.open_on(on)) == count


async def test_a_snapshot_is_never_replaced(open_work):
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.snapshots.add(a_snapshot())
        await work.snapshots.add(a_snapshot(cells={AMOUNT: "999"}))
        await work.commit()

    async with open_work() as work:
        assert await work.snapshots.get(FILING_ID, 1, 3) == a_snapshot()


async def test_the_signed_snapshot_of_a_version_is_found(open_work):
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.snapshots.add(a_snapshot())
        await work.snapshots.add(a_snapshot(revision=4))
        await work.snapshots.mark_signed(FILING_ID, 1, 4)
        await work.commit()

    async with open_work() as work:
        assert await work.snapshots.get_signed(FILING_ID, 1) == a_snapshot(revision=4)
        with pytest.raises(FilingUnknown):
            await work.snapshots.get_signed(FILING_ID, 2)
        with pytest.raises(FilingUnknown):
            await work.snapshots.get(FILING_ID, 1, 5)


async def test_the_last_two_hundred_activities_are_listed_newest_first(open_work):
    await keep(open_work, a_filing(), a_filing(id=OTHER_ID, year=2023))
    async with open_work() as work:
        for number in range(205):
            await work.activities.add(Activity(FILING_ID, NOON, "Alix", f"K{number}", "fr", "en"))
        await work.activities.add(Activity(OTHER_ID, NOON, "Alix", "ELSEWHERE", "fr", "en"))
        await work.commit()

    async with open_work() as work:
        found = await work.activities.of(FILING_ID)
        pages, before = [], 0
        while page := await work.activities.page(FILING_ID, before, 100):
            pages.append([activity.kind for activity in page])
            before = page[-1].number
    newest_first = [f"K{number}" for number in range(204, -1, -1)]
    assert [activity.kind for activity in found] == newest_first[:200]
    assert pages == [newest_first[:100], newest_first[100:200], newest_first[200:]]


# Events of other services


async def test_an_event_is_first_once(open_work):
    async with open_work() as work:
        assert await work.is_first("ApplyFacts", "e1")
        await work.commit()

    async with open_work() as work:
        assert not await work.is_first("ApplyFacts", "e1")
        assert await work.is_first("SealFiling", "e1")


async def test_an_event_whose_work_was_rolled_back_is_first_again(open_work):
    async with open_work() as work:
        await work.is_first("ApplyFacts", "e1")

    async with open_work() as work:
        assert await work.is_first("ApplyFacts", "e1")


async def test_of_two_that_receive_an_event_at_once_one_is_first(open_work):
    async def receive():
        async with open_work() as work:
            first = await work.is_first("ApplyFacts", "e1")
            await asyncio.sleep(0.01)
            await work.commit()
            return first

    assert sorted(await asyncio.gather(receive(), receive(), receive())) == [False, False, True]


# Steps that can be undone


def a_step(number=1, **changes):
    trace = CellTrace(AMOUNT, "é", "2", 3, 2, Origin.IMPORTED, "er.csv", 7, "Camille", NOON, "FED-OPH", restores=1)
    step = EditStep(
        UUID(int=number), FILING_ID, EditKind.FILE_IMPORTED, "Alix", NOON, "Importé.", "Imported.", (trace,)
    )
    return replace(step, **changes)


async def test_steps_come_back_newest_first_though_their_times_are_equal(open_work):
    first, second = a_step(9), a_step(5, kind=EditKind.STEP_UNDONE, undoes=UUID(int=9))
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.steps.add(first)
        await work.steps.add(second)
        await work.steps.mark_undone(first.id, is_undone=True)
        await work.steps.mark_undone(second.id, is_undone=True)
        await work.steps.mark_undone(second.id, is_undone=False)
        await work.commit()

    async with open_work() as work:
        assert await work.steps.of(FILING_ID, None, 9) == [second, replace(first, is_undone=True)]
        assert await work.steps.undoings(FILING_ID) == [second]
        assert await work.steps.get(FILING_ID, second.id) == second
        assert await work.steps.of(OTHER_ID, None, 9) == []


async def test_a_step_keeps_the_conflict_it_settled_and_the_values_it_dropped(open_work):
    trace = replace(a_step().cells[0], before_conflict=an_other_value(), after_conflict=an_other_value("8"))
    settled = a_step(1, kind=EditKind.CONFLICT_RESOLVED, cells=(trace,))
    dropped = a_step(2, kind=EditKind.SET_ASIDE_DROPPED, cells=(), aside=(AsideTrace(AMOUNT, 4, is_dropped=True),))
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.steps.add(settled)
        await work.steps.add(dropped)
        await work.commit()

    async with open_work() as work:
        assert await work.steps.of(FILING_ID, None, 9) == [dropped, settled]


async def test_a_page_of_steps_begins_before_a_step_of_this_filing(open_work):
    steps = [a_step(number) for number in (3, 1, 2, 4)]
    await keep(open_work, a_filing())
    async with open_work() as work:
        for step in steps:
            await work.steps.add(step)
        await work.commit()

    async with open_work() as work:
        assert await work.steps.of(FILING_ID, None, 2) == [steps[3], steps[2]]
        assert await work.steps.of(FILING_ID, steps[2].id, 2) == [steps[1], steps[0]]
        assert await work.steps.of(FILING_ID, steps[0].id, 2) == []
        with pytest.raises(EditStepUnknown):
            await work.steps.of(OTHER_ID, steps[2].id, 2)


async def test_a_step_of_another_filing_is_unknown(open_work):
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.steps.add(a_step())
        await work.commit()

    async with open_work() as work:
        with pytest.raises(EditStepUnknown):
            await work.steps.get(OTHER_ID, UUID(int=1))
        with pytest.raises(EditStepUnknown):
            await work.steps.get(FILING_ID, UUID(int=2))


# Comments, extensions, attachments


async def test_comments_come_back_newest_first(open_work):
    first = CellComment(UUID(int=9), FILING_ID, AMOUNT, "é", "Alix", NOON, is_flagged=True)
    second = replace(first, id=UUID(int=3), address=SHARED, is_flagged=False)
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.comments.add(first)
        await work.comments.add(second)
        await work.commit()

    async with open_work() as work:
        assert await work.comments.of(FILING_ID) == [second, first]
        assert await work.comments.of(FILING_ID, AMOUNT) == [first]
        assert await work.comments.of(OTHER_ID) == []


async def test_an_extension_replaces_the_one_before_and_moves_one_filing_only(open_work):
    extension = Extension(Document.ER, 2024, SIREN, date(2025, 8, 1), "é", "Alix", NOON)
    later = replace(extension, due_on=date(2025, 9, 1))
    await keep(open_work, a_filing(), a_filing(id=OTHER_ID, body=a_body(siren="111111111")))
    async with open_work() as work:
        await work.campaigns.extend(extension)
        await work.campaigns.extend(later)
        await work.filings.reschedule(Document.ER, 2024, later.due_on, SIREN)
        await work.commit()

    async with open_work() as work:
        assert await work.campaigns.extension_of(Document.ER, 2024, SIREN) == later
        assert await work.campaigns.extension_of(Document.QDIS, 2024, SIREN) is None
        assert await work.campaigns.extensions(Document.ER, 2024) == [later]
        assert await work.campaigns.extensions_of({SIREN, "111111111"}) == [later]
        assert await work.campaigns.extensions_of({"111111111"}) == await work.campaigns.extensions_of(()) == []
        assert (await work.filings.get(FILING_ID)).due_on == later.due_on
        assert (await work.filings.get(OTHER_ID)).due_on == a_filing().due_on


async def test_the_authority_reads_shared_comments_and_raises_no_flag(open_work):
    await keep(open_work, a_filing())
    ours = CellComment(UUID(int=31), FILING_ID, AMOUNT, "Entre nous", "Alix", NOON, False)
    shared = CellComment(UUID(int=32), FILING_ID, SHARED, "Retraité", "Alix", NOON, True, True)
    theirs = CellComment(UUID(int=33), FILING_ID, AMOUNT, "Voyez ici", "Alex", NOON, True, True, True)
    async with open_work() as work:
        for comment in (ours, shared, theirs):
            await work.comments.add(comment)
        await work.commit()

    async with open_work() as work:
        assert await work.comments.of(FILING_ID, is_for_authority=True) == [theirs, shared]
        assert await work.comments.of(FILING_ID) == [theirs, shared, ours]
        assert await work.comments.flagged(FILING_ID) == {SHARED}


async def test_a_cell_to_review_is_left_while_it_holds_what_it_held(open_work):
    await keep(open_work, a_filing(), a_filing(id=OTHER_ID, year=2023), cells=[a_cell(AMOUNT, "100")])
    asked = [
        CellToReview(FILING_ID, AMOUNT, "100", "Pourquoi ?", "Alex", NOON),
        CellToReview(FILING_ID, GIVEN, "7", "Et là ?", "Alex", NOON),
        CellToReview(FILING_ID, SHARED, "", "Vide ?", "Alex", NOON),
        CellToReview(OTHER_ID, AMOUNT, "9", "Changé", "Alex", NOON),
    ]
    async with open_work() as work:
        await work.cells.move_computed(FILING_ID, {GIVEN: "7"})
        await work.to_review.ask(asked)
        await work.commit()

    async def left():
        async with open_work() as work:
            return [one.address for one in await work.to_review.left([FILING_ID, OTHER_ID])]

    assert await left() == sorted([AMOUNT, GIVEN, SHARED])
    async with open_work() as work:
        await work.cells.save(FILING_ID, [a_cell(AMOUNT, "101", 2)])
        await work.cells.move_computed(FILING_ID, {GIVEN: "8"})
        await work.commit()
    assert await left() == [SHARED]
    async with open_work() as work:
        again = CellToReview(FILING_ID, AMOUNT, "101", "Encore", "Alex", NOON)
        await work.to_review.ask([again])
        assert (await work.to_review.left([FILING_ID]))[0] == again
        await work.to_review.settle(FILING_ID, SHARED)
        await work.commit()
    assert await left() == [AMOUNT]
    async with open_work() as work:
        await work.to_review.settle(FILING_ID)
        await work.commit()
    assert await left() == []


async def test_closed_filings_of_campaigns_that_ended_are_found(open_work):
    closed = a_filing(step=Step.CLOSED)
    await keep(open_work, closed, a_filing(id=OTHER_ID, year=2023, step=Step.REVIEW))
    async with open_work() as work:
        await work.campaigns.save(a_campaign())
        await work.campaigns.save(a_campaign(year=2023))
        await work.commit()

    async with open_work() as work:
        found = work.filings.closed_in_campaigns_ended_before
        assert await found(date(2025, 12, 31), 10) == []
        assert await found(date(2026, 1, 1), 10) == [FILING_ID]
        assert await found(date(2026, 1, 1), 0) == []


async def test_a_filing_knows_its_last_days(open_work):
    await keep(open_work, a_filing(), a_filing(id=OTHER_ID, year=2023))
    async with open_work() as work:
        await work.campaigns.save(a_campaign(corrected_until=date(2026, 3, 31)))
        later = Extension(Document.ER, 2024, SIREN, date(2026, 2, 15), "Incendie", "Alex", NOON)
        await work.campaigns.extend(later)
        await work.commit()

    async with open_work() as work:
        expected = {FILING_ID: Deadlines(a_campaign().opens_on, date(2026, 2, 15), date(2026, 3, 31)), OTHER_ID: None}
        found = [
            await work.filings.get(FILING_ID),
            await work.filings.get_for_change(OTHER_ID),
            await work.filings.find(SIREN, Document.ER, 2024),
            *await work.filings.of_bodies(frozenset({SIREN})),
            *await work.filings.of_body_and_year(SIREN, 2024),
            *await work.filings.of_campaign(Document.ER, 2024),
            *await work.filings.page_of_campaign(Document.ER, 2024, None, 5, with_signed=True),
        ]
        assert [one.deadlines for one in found] == [expected[one.id] for one in found]
        assert len(found) == 8
        assert (await work.campaigns.find(Document.ER, 2024)).corrected_until == date(2026, 3, 31)
        assert len(await work.campaigns.open_on(date(2026, 2, 15))) == 1
        assert await work.campaigns.open_on(date(2026, 2, 16)) == []


async def test_activities_of_some_kinds_are_found_among_many(open_work):
    await keep(open_work, a_filing())
    lines = [Activity(FILING_ID, NOON, "Alix", kind, "Fait.", "Done.") for kind in ("A", *["B"] * 205)]
    async with open_work() as work:
        for line in lines:
            await work.activities.add(line)
        await work.commit()

    async with open_work() as work:
        assert await work.activities.of(FILING_ID, {"A"}) == lines[:1]
        assert len(await work.activities.of(FILING_ID)) == 200


async def test_a_campaign_keeps_what_it_demands(open_work):
    campaign = a_campaign(required_attachments=frozenset({AttachmentKind.DELIBERATION}))
    async with open_work() as work:
        await work.campaigns.save(campaign)
        await work.commit()

    async with open_work() as work:
        assert await work.campaigns.find(Document.ER, 2024) == campaign


async def test_a_scan_is_of_the_content_and_no_part_of_what_is_frozen(open_work):
    notes = Attachment(UUID(int=9), FILING_ID, AttachmentKind.NOTES, "é.pdf", "ab" * 32, 3, "Alix", NOON)
    report = replace(notes, id=UUID(int=3), kind=AttachmentKind.AUDITOR_REPORT, digest="cd" * 32)
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.attachments.add(notes, b"PDF")
        await work.attachments.add(replace(report, scanned_at=NOON), b"PDF 2")
        await work.snapshots.add(a_snapshot(attachments=(notes,)))
        await work.commit()

    async with open_work() as work:
        assert [one.scanned_at for one in await work.attachments.of(FILING_ID)] == [NOON, None]
        assert await work.attachments.scans([notes.digest, report.digest, "0" * 64]) == {report.digest: NOON}
        await work.attachments.note_scan(notes.digest, NOON)
        await work.commit()
    async with open_work() as work:
        assert [one.scanned_at for one in await work.attachments.of(FILING_ID)] == [NOON, NOON]
        assert (await work.snapshots.get(FILING_ID, 1, 3)).attachments == (notes,)


async def test_attachments_come_back_by_kind_and_equal_contents_are_kept_once(open_work):
    notes = Attachment(UUID(int=9), FILING_ID, AttachmentKind.NOTES, "é.pdf", "ab" * 32, 3, "Alix", NOON)
    report = replace(notes, id=UUID(int=3), kind=AttachmentKind.AUDITOR_REPORT)
    await keep(open_work, a_filing())
    async with open_work() as work:
        await work.attachments.add(notes, b"PDF")
        await work.attachments.add(report, b"PDF")
        await work.commit()

    async with open_work() as work:
        assert await work.attachments.of(FILING_ID) == [report, notes]
        assert await work.attachments.content(notes.digest) == b"PDF"
        await work.attachments.remove([report.id])
        await work.snapshots.add(a_snapshot(attachments=(notes,)))
        await work.commit()

    async with open_work() as work:
        assert await work.attachments.of(FILING_ID) == [notes]
        assert (await work.snapshots.get(FILING_ID, 1, 3)).attachments == (notes,)
        assert await work.attachments.content(report.digest) == b"PDF", "a signed version may list it"
        with pytest.raises(AttachmentUnknown):
            await work.attachments.content("0" * 64)


async def test_a_mapping_of_accounts_is_that_of_the_form_set_else_the_last_one_saved(open_work):
    def a_mapping(form_set, prefix, day):
        prefixes = (MappedPrefix(prefix, AMOUNT, "debit"),)
        return AccountMapping(SIREN, form_set, "Sage", prefixes, "Alix", NOON + timedelta(days=day))

    async with open_work() as work:
        for one in (a_mapping("2023.1", "1", 0), a_mapping("2024.1", "2", 2), a_mapping("2025.1", "3", 1)):
            await work.mappings.save(one)
        await work.commit()

    async with open_work() as work:
        own, last = [await work.mappings.find(SIREN, form_set, "Sage") for form_set in ("2025.1", "2026.1")]
        assert (own.form_set, own.prefixes[0].prefix) == ("2025.1", "3")
        assert (last.form_set, last.prefixes[0].prefix) == ("2024.1", "2")
        assert await work.mappings.find(SIREN, "2025.1", "Cegid") is None
        assert await work.mappings.packages(SIREN) == ["Sage"]


# Publications

PUBLICATION_ID = UUID(int=9)


def a_publication(**changes):
    publication = Publication(PUBLICATION_ID, Document.ER, 2024, "2024.1", "2025.1", "Alex", NOON).asked(NOON)
    return replace(publication, **changes)


def another_filing(number, **changes):
    return a_filing(id=UUID(int=number), body=a_body(siren=f"{number:09}"), **changes)


async def published(open_work, *publications):
    async with open_work() as work:
        for one in publications:
            await work.publications.add(one)
        await work.commit()


async def test_notices_are_those_of_the_filings_asked_about_since_a_moment(open_work):
    await keep(open_work, a_filing(), a_filing(id=OTHER_ID, year=2023))
    told = [
        Activity(FILING_ID, NOON - timedelta(days=1), "Alex", "FILING_REJUDGED", "avant", "before"),
        Activity(FILING_ID, NOON, "Alex", "FILING_REJUDGED", "jugé", "judged"),
        Activity(FILING_ID, NOON, "Alix", "CELLS_SAVED", "saisi", "typed"),
        Activity(OTHER_ID, NOON, "Alex", "DEADLINE_EXTENDED", "reporté", "extended"),
    ]
    async with open_work() as work:
        for one in told:
            await work.activities.add(one)
        await work.commit()

    async with open_work() as work:
        assert await work.activities.notices([FILING_ID, OTHER_ID], NOON) == [told[3], told[1]]
        assert await work.activities.notices([FILING_ID], NOON) == [told[1]]
        assert await work.activities.notices([], NOON) == []


async def test_values_set_aside_are_counted_while_they_wait_filing_by_filing(open_work):
    await keep(open_work, a_filing(), a_filing(id=OTHER_ID, year=2023))
    await published(open_work, a_publication())
    waiting = SetAside(PUBLICATION_ID, FILING_ID, AMOUNT, 1, "5", a_source(), Why.CLOSED)
    async with open_work() as work:
        dropped, elsewhere = replace(waiting, version=2, fate=Fate.DROPPED), replace(waiting, filing_id=OTHER_ID)
        await work.set_aside.save([waiting, replace(waiting, address=SHARED), dropped, elsewhere])
        await work.commit()

    async with open_work() as work:
        assert await work.set_aside.waiting([FILING_ID, OTHER_ID]) == {FILING_ID: 2, OTHER_ID: 1}
        assert await work.set_aside.waiting([UUID(int=77)]) == {}


async def taken(open_work, now=NOON):
    async with open_work() as work:
        found = await work.publications.take(now, now + timedelta(seconds=60))
        await work.commit()
    return found


async def test_a_publication_comes_back_as_it_was_saved(open_work):
    await published(open_work, a_publication())
    changed = a_publication(
        is_undone=True,
        undone_by="Lou",
        state=PublicationState.FAILED,
        token=3,
        attempts=5,
        due_at=None,
        finished_at=NOON,
        failure="INVALID",
        failed=(
            FailedFiling(FILING_ID, 5, "ENGINE_UNAVAILABLE", NOON, None),
            FailedFiling(OTHER_ID, 1, "NEVER_ENDED", NOON, NOON + timedelta(seconds=15)),
        ),
    )

    async with open_work() as work:
        assert await work.publications.get_for_change(PUBLICATION_ID) == a_publication()
        await work.publications.save(changed)
        await work.commit()

    async with open_work() as work:
        assert await work.publications.get(PUBLICATION_ID) == changed
        assert await work.publications.latest(1) == await work.publications.of(Document.ER, 2024) == [changed]
        assert await work.publications.under_way() == []
        with pytest.raises(PublicationUnknown):
            await work.publications.get(UUID(int=99))


async def test_the_publication_asked_for_first_is_given_out_once_it_is_due(open_work):
    later = a_publication(id=UUID(int=10), document=Document.QDIS, asked_at=NOON + timedelta(seconds=1))
    await published(open_work, later, a_publication(due_at=NOON + timedelta(seconds=5)))

    first, none = await taken(open_work), await taken(open_work)
    second = await taken(open_work, NOON + timedelta(seconds=5))

    assert (first.id, first.state, first.token, first.attempts) == (later.id, PublicationState.RUNNING, 1, 1)
    assert first.due_at == NOON + timedelta(seconds=60)
    assert none is None
    assert second.id == PUBLICATION_ID
    assert (await taken(open_work, NOON + timedelta(seconds=60))).token == 2, "its lease is over"


async def test_only_who_holds_a_publication_says_how_it_is(open_work):
    await published(open_work, a_publication())
    first = await taken(open_work)
    second = await taken(open_work, first.due_at)

    async with open_work() as work:
        with pytest.raises(PublicationLeaseLost):
            await work.publications.keep(first.done(NOON))
    async with open_work() as work:
        await work.publications.keep(second.done(NOON))
        await work.commit()
    async with open_work() as work:
        assert (await work.publications.get(PUBLICATION_ID)).state is PublicationState.DONE
        with pytest.raises(PublicationLeaseLost):
            await work.publications.keep(second.done(NOON))


async def test_a_publication_that_the_release_before_took_back_is_published_no_further(open_work):
    await published(open_work, a_publication())
    running = await taken(open_work)
    async with open_work() as work:
        await work.publications.save(replace(running, is_undone=True))
        await work.commit()

    async with open_work() as work:
        with pytest.raises(PublicationLeaseLost):
            await work.publications.keep(running.went_on(FILING_ID, NOON))
    again = await taken(open_work, running.due_at)
    assert (again.is_undone, again.token) == (True, 2)


async def test_what_a_publication_is_to_change_is_read_from_the_filings(open_work):
    reached = [another_filing(n) for n in (1, 2, 3)]
    others = [
        another_filing(4, form_set="2025.1"),
        another_filing(5, signed_version=1),
        another_filing(6, step=Step.REVIEW),
        another_filing(7, document=Document.QDIS),
        another_filing(8, year=2023),
        another_filing(9, is_trial=True),
    ]
    await keep(open_work, *reached, *others)
    await published(open_work, a_publication())

    async with open_work() as work:
        await work.publications.add_filing(ChangedFiling(PUBLICATION_ID, UUID(int=4), "2024.1"))
        assert await work.publications.left(a_publication(), None, 2) == [UUID(int=1), UUID(int=2)]
        assert await work.publications.left(a_publication(), UUID(int=2), 2) == [UUID(int=3)]
        assert await work.publications.tally(a_publication()) == Tally(1, 3)
        assert await work.filings.open_by_form_set(Document.ER, 2024) == {"2024.1": 3, "2025.1": 1}
        first, second, third = sorted(reached[:3], key=lambda one: one.body.siren)
        pages = [
            await work.filings.to_change(Document.ER, 2024, "2025.1", after, 2)
            for after in ("", second.body.siren, third.body.siren)
        ]
        assert [[one.id for one in page] for page in pages] == [[first.id, second.id], [third.id], []]


async def test_what_a_taking_back_is_to_put_back_was_changed_by_it_or_opened_since(open_work):
    under = {"form_set": "2025.1", "opened_at": NOON - timedelta(days=1)}
    changed, back, signed = (another_filing(n, **under) for n in (1, 2, 3))
    since = another_filing(4, form_set="2025.1")
    await keep(
        open_work,
        changed,
        back,
        replace(signed, signed_version=1),
        since,
        another_filing(5, **under),
        another_filing(6),
    )
    await published(open_work, a_publication())
    undone = a_publication(is_undone=True)

    async with open_work() as work:
        for filing in (changed, back, signed):
            await work.publications.add_filing(ChangedFiling(PUBLICATION_ID, filing.id, "2023.1"))
        await work.publications.add_filing(ChangedFiling(PUBLICATION_ID, back.id, "2023.1", is_undone=True))
        assert await work.publications.left(undone, None, 9) == [changed.id, since.id]
        assert await work.publications.tally(undone) == Tally(1, 2)
        assert (await work.publications.filing(PUBLICATION_ID, back.id)).is_undone
        assert await work.publications.filing(PUBLICATION_ID, since.id) is None


async def test_the_filled_cells_of_open_filings_are_counted_by_value_where_it_matters(open_work):
    async with open_work() as work:
        for number, form_set in ((1, "2024.1"), (2, "2024.1"), (3, "2025.1")):
            filing = another_filing(number, form_set=form_set)
            await work.filings.add(filing)
            cells = [a_cell(AMOUNT, "1"), a_cell(SHARED, "7"), a_cell(GIVEN, "")]
            await work.cells.save(filing.id, cells)
        await work.cells.save(UUID(int=2), [a_cell("CP.010.n", "0", conflict=an_other_value())])
        await work.commit()

    async with open_work() as work:
        found = await work.cells.filled_in_campaign(Document.ER, 2024, "2024.1", [AMOUNT, GIVEN])

    assert found.certain == 2
    assert sorted(found.others, key=lambda one: one.address) == [
        ValueCount(SHARED, "7", False, 2),
        ValueCount("CP.010.n", "0", True, 1),
    ]


async def test_the_filled_cells_of_a_filing_are_given_one_by_one_where_it_matters(open_work):
    async with open_work() as work:
        for number in (1, 2, 3, 4):
            await work.filings.add(another_filing(number))
            cells = [a_cell(AMOUNT, "1"), a_cell(SHARED, str(number)), a_cell(GIVEN, "")]
            await work.cells.save(UUID(int=number), cells if number < 4 else [a_cell(AMOUNT, "")])
        await work.cells.save(UUID(int=2), [a_cell("CP.010.n", "0", conflict=an_other_value())])
        await work.commit()

    async with open_work() as work:
        found = await work.cells.filled([UUID(int=number) for number in (1, 2, 4)], [AMOUNT, GIVEN])

    assert set(found) == {UUID(int=1), UUID(int=2)}, "nothing is said of an empty filing"
    assert [one.certain for one in found.values()] == [1, 1]
    assert list(found[UUID(int=1)].others) == [ValueCount(SHARED, "1", False, 1)]
    assert sorted(found[UUID(int=2)].others, key=lambda one: one.address) == [
        ValueCount(SHARED, "2", False, 1),
        ValueCount("CP.010.n", "0", True, 1),
    ]
