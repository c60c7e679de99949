"""Another form set given to open filings, through the use cases: a made-up one with every kind of change."""

import asyncio
import itertools
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

import formsets
from chassis.errors import Conflict, Exhausted, Forbidden, Invalid, NotFound, Unavailable
from chassis.rpc.failures import InternalFailure
from formsets.values import written
from services.forms.domain.errors import (
    CampaignMalformed,
    CellsRefused,
    FilingNotReady,
    FormSetNotApplicable,
    ImportStale,
    NoCampaign,
    PublicationNotInForce,
    PublicationSuperseded,
    PublicationUnderWay,
    PublicationUnknown,
    SetAsideUnknown,
)
from services.forms.domain.filing import LOCK_LASTS, Document, Lock, Step, Verdict
from services.forms.domain.form_set_change import Fate
from services.forms.domain.importing import ImportChoice
from services.forms.domain.publication import (
    FIRST_DELAY,
    MOST_ATTEMPTS,
    USUAL_SECONDS,
    WAIT_FOR_OTHERS,
    PublicationState,
    Tally,
    seconds_left,
)
from services.forms.rpc.mapping import affected_message, form_set_preview_message, inputs_message
from services.forms.service import wire
from services.forms.usecases.carry_out_publications import CarryOutPublications
from services.forms.usecases.preview_form_set_change import (
    JUDGING_SECONDS,
    LARGEST_PAGE,
    MOST_CELLS,
    MOST_JUDGED,
    RECOMPUTING_SECONDS,
    USUAL_PAGE,
    ListAffectedFilings,
    PreviewFormSetChange,
)
from services.forms.usecases.publish_form_set import ListPublications
from services.forms.usecases.save_cells import TypedCell
from services.forms.workers.carrying_out import LoggedMishaps
from tests.support.form_sets import SAMPLE, rewritten, sample_cells
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    NOON,
    CannedControls,
    CountingIdentifiers,
    InlineFlatFiles,
    InlinePdfs,
    a_body,
    a_campaign,
    a_cell,
    a_filing,
    a_forms,
    an_other_value,
)
from tests.support.forms_store import InMemoryPublications
from tests.support.hosting import a_caller, a_stack

STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})
OLD = formsets.load("2024.1")
VARIANT = rewritten(OLD, dropped=["BA.020"], retyped=["BA.110"], computed=["BP.180"], closed=["CP.010.n"])
LATER = rewritten(OLD, closed=["CP.010.n"], version="2027.1")
CELLS = {AMOUNT: "1", "BA.020.brut": "2", "BA.110.amort": "3", "BP.180.n": "4", "CP.010.n": "5"}
UNFIT = set(CELLS) - {AMOUNT}
LEASE = timedelta(seconds=60)
OTHER_ID = UUID("0197aaaa-0000-7000-8000-000000000002")


class FewFormSets:
    """The form sets port, with made-up versions beside the shipped ones."""

    def __init__(self, *others):
        self._made_up = {one.version: one for one in (VARIANT, LATER, *others)}

    def load(self, version):
        return self._made_up.get(version) or formsets.load(version)

    def available(self):
        return (*formsets.available(), *self._made_up)


async def entered(**changes):
    """A campaign and one filing with the cells above."""
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN))
    stack = replace(a_stack(clock=forms.clock), identifiers=CountingIdentifiers())
    files, sets = InlineFlatFiles(), FewFormSets()
    forms.use = wire(forms.store, forms.controls, forms.facts, forms.bodies, files, InlinePdfs(), sets, stack)
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    await forms.keep(a_filing(**changes), *(a_cell(address, value) for address, value in CELLS.items()))
    return forms


def a_worker(forms, controls=None):
    """Who carries out what is asked for, as another process would."""
    return CarryOutPublications(
        forms.store, controls or forms.controls, FewFormSets(), LoggedMishaps(), forms.clock, LEASE
    )


async def carry_out(forms, worker=None):
    """Do all that is due."""
    while await (worker or a_worker(forms))():
        pass


async def publish(forms, version=VARIANT.version, *, is_forced=False):
    """Publish and see it done."""
    asked = await forms.use.publish_form_set(STAFF, Document.ER, 2024, version, is_forced=is_forced)
    await carry_out(forms)
    return await forms.use.get_publication(STAFF, asked.publication.id)


async def take_back(forms, publication):
    """Take a publication back and see it done."""
    await forms.use.undo_form_set_change(STAFF, publication.id)
    await carry_out(forms)
    return await forms.use.get_publication(STAFF, publication.id)


def fates(forms):
    return {one.address: one.fate for one in forms.store.kept.set_aside.values()}


async def test_what_cannot_stay_is_set_aside_and_told_and_comes_back():
    forms = await entered()

    done = await publish(forms)

    assert (done.tally.done, forms.filing.form_set, forms.values()) == (1, VARIANT.version, {AMOUNT: "1"})
    assert {one.address: one.value for one in forms.store.kept.set_aside.values()} == {a: CELLS[a] for a in UNFIT}
    assert forms.store.kept.campaigns[Document.ER, 2024].form_set == VARIANT.version
    assert forms.kinds() == ["FORM_SET_CHANGED"]
    told = {fact.address for event in forms.store.kept.events for fact in event.facts}
    assert not told & UNFIT

    await take_back(forms, done.publication)

    assert (forms.filing.form_set, forms.values()) == ("2024.1", CELLS)
    assert {one.source.author for one in forms.store.kept.cells[FILING_ID].values()} == {"Camille Compte"}


async def asked(forms, version=VARIANT.version):
    """Ask for a publication; nobody works on it yet."""
    return (await forms.use.publish_form_set(STAFF, Document.ER, 2024, version)).publication


async def with_another(forms):
    """A second filing, which comes after the first."""
    other = replace(a_filing(id=OTHER_ID), body=a_body(siren="000000026"))
    await forms.keep(other, a_cell("CP.010.n", "9"))
    return forms


def form_sets_of(forms):
    return [forms.store.kept.filings[one].form_set for one in (FILING_ID, OTHER_ID)]


class HangingWork:
    """A transaction of a process that hangs before it, until it wakes."""

    def __init__(self, work, reached, awake):
        self._work, self._reached, self._awake = work, reached, awake

    async def __aenter__(self):
        self._reached.set()
        await self._awake.wait()
        return await self._work.__aenter__()

    async def __aexit__(self, *error):
        return await self._work.__aexit__(*error)


async def stopped_after_the_first(forms):
    """Work on what is due until the second filing, there like a process that hangs; return what it would do on waking."""
    await with_another(forms)
    reached, awake, opened = asyncio.Event(), asyncio.Event(), itertools.count(1)

    def open_work():
        # Taken, looked at what is left, changed the first: the fourth is about the second.
        return HangingWork(forms.store(), reached, awake) if next(opened) == 4 else forms.store()

    worker = CarryOutPublications(open_work, forms.controls, FewFormSets(), LoggedMishaps(), forms.clock, LEASE)
    work = asyncio.create_task(worker())
    await reached.wait()

    async def wake():
        awake.set()
        return await work

    return wake


async def test_what_was_asked_for_changes_the_campaign_at_once_and_the_filings_in_the_background():
    forms = await entered()

    publication = await asked(forms)

    assert forms.store.kept.campaigns[Document.ER, 2024].form_set == VARIANT.version
    assert forms.filing.form_set == "2024.1"
    standing = await forms.use.get_publication(STAFF, publication.id)
    assert (standing.publication.state, standing.tally.left, standing.place) == (PublicationState.WAITING, 1, 1)
    assert standing.seconds > 0
    await carry_out(forms)
    (listed,) = await forms.use.list_publications(STAFF)
    assert (listed.publication.state, listed.tally.done, listed.tally.left) == (PublicationState.DONE, 1, 0)
    assert (listed.place, listed.publication.finished_at) == (0, forms.clock.now())


async def test_a_publication_killed_in_the_middle_goes_on_where_it_stopped_once_its_lease_is_over():
    forms = await entered()
    publication = await asked(forms)
    await stopped_after_the_first(forms)
    half = form_sets_of(forms)

    await carry_out(forms)
    assert form_sets_of(forms) == half == [VARIANT.version, "2024.1"], "its lease is not over"
    forms.clock.advance(seconds=LEASE.total_seconds())
    await carry_out(forms)

    done = await forms.use.get_publication(STAFF, publication.id)
    assert (done.publication.state, done.tally.done, len(forms.store.kept.publications)) == (
        PublicationState.DONE,
        2,
        1,
    )
    assert form_sets_of(forms) == [VARIANT.version] * 2
    assert len(forms.store.kept.set_aside) == len(UNFIT) + 1
    assert forms.kinds() == ["FORM_SET_CHANGED"] * 2


async def test_a_worker_that_wakes_after_its_lease_changes_nothing_more():
    forms = await entered()
    publication = await asked(forms)
    wake = await stopped_after_the_first(forms)
    forms.clock.advance(seconds=LEASE.total_seconds())
    await carry_out(forms)
    kept = forms.store.kept

    await wake()

    assert forms.store.kept == kept
    assert (await forms.use.get_publication(STAFF, publication.id)).publication.state is PublicationState.DONE


async def test_a_half_done_publication_is_taken_back_and_whoever_publishes_it_does_nothing_more():
    forms = await entered()
    publication = await asked(forms)
    wake = await stopped_after_the_first(forms)

    back = await take_back(forms, publication)
    await wake()

    assert (back.publication.state, back.tally.done, back.tally.left) == (PublicationState.DONE, 1, 0)
    assert form_sets_of(forms) == ["2024.1"] * 2
    assert {a: cell.value for a, cell in forms.store.kept.cells[FILING_ID].items()} == CELLS
    assert forms.store.kept.campaigns[Document.ER, 2024].form_set == "2024.1"


async def test_a_publication_taken_back_before_anybody_began_changes_no_filing():
    forms = await entered()

    back = await take_back(forms, await asked(forms))

    assert (back.publication.state, back.tally.done) == (PublicationState.DONE, 0)
    assert (forms.filing.form_set, forms.filing.revision, forms.kinds()) == ("2024.1", 1, [])


async def test_one_change_of_form_set_at_a_time():
    forms = await entered()
    first = await asked(forms)

    with pytest.raises(PublicationUnderWay):
        await asked(forms, LATER.version)
    assert (await asked(forms)).id == first.id, "asking again for what is under way is no other one"
    await carry_out(forms)
    await forms.use.undo_form_set_change(STAFF, first.id)
    for version in (LATER.version, VARIANT.version):
        with pytest.raises(PublicationUnderWay):
            await asked(forms, version)
    await carry_out(forms)
    again = await publish(forms)

    assert (again.publication.id != first.id, again.tally.done) == (True, 1)


async def test_a_publication_tells_its_place_and_how_long_it_still_takes():
    forms = await entered()
    async with forms.store() as work:
        await work.campaigns.save(a_campaign(Document.QDIS))
        await work.commit()
    first = await asked(forms)
    forms.clock.advance(seconds=1)
    second = (await forms.use.publish_form_set(STAFF, Document.QDIS, 2024, VARIANT.version)).publication

    ahead, behind = [await forms.use.get_publication(STAFF, one.id) for one in (first, second)]

    assert (ahead.place, behind.place) == (1, 2)
    assert ahead.seconds == behind.seconds == USUAL_SECONDS, "the other one has no filing"
    at_work = replace(first, state=PublicationState.RUNNING)
    assert seconds_left(at_work, Tally(done=10, left=20), NOON + timedelta(hours=1, seconds=5)) == 10.0


async def test_an_earlier_publication_is_taken_back_only_once_the_later_one_is():
    forms = await entered()
    first = (await publish(forms)).publication
    second = (await publish(forms, LATER.version)).publication
    await forms.use.undo_form_set_change(STAFF, second.id)

    with pytest.raises(PublicationUnderWay):
        await forms.use.undo_form_set_change(STAFF, first.id)
    with pytest.raises(PublicationUnderWay):
        await asked(forms)


def lock(forms, filing_id, since):
    """Lock a filing for a signature that was asked for then."""
    kept = forms.store.kept.filings
    kept[filing_id] = replace(kept[filing_id], step=Step.SIGNATURE, lock=Lock("intent", since))


async def test_a_filing_being_signed_waits_and_the_others_do_not():
    forms = await with_another(await entered())
    lock(forms, FILING_ID, forms.clock.now())

    standing = await publish(forms)

    assert form_sets_of(forms) == ["2024.1", VARIANT.version]
    assert (standing.publication.state, standing.tally.done, standing.tally.left) == (PublicationState.WAITING, 1, 1)
    assert standing.publication.failure == "SIGNATURE_UNDER_WAY"
    forms.store.kept.filings[FILING_ID] = replace(forms.store.kept.filings[FILING_ID], lock=None)
    forms.clock.advance(seconds=WAIT_FOR_OTHERS.total_seconds())
    await carry_out(forms)
    standing = await forms.use.get_publication(STAFF, standing.publication.id)
    assert (standing.publication.state, standing.publication.failure) == (PublicationState.DONE, "")
    assert form_sets_of(forms) == [VARIANT.version] * 2


async def test_a_signature_that_never_came_ends_the_publication_and_does_not_block_the_campaign():
    forms = await with_another(await entered())
    lock(forms, FILING_ID, forms.clock.now())
    publication = await asked(forms)
    await carry_out(forms)

    forms.clock.advance(seconds=LOCK_LASTS.total_seconds())
    await carry_out(forms)

    ended = await forms.use.get_publication(STAFF, publication.id)
    assert (ended.publication.state, ended.publication.failure) == (PublicationState.FAILED, "SIGNATURE_UNDER_WAY")
    assert (ended.tally.done, ended.tally.left) == (1, 1)
    assert form_sets_of(forms) == ["2024.1", VARIANT.version], "the signature may come late: its filing is not changed"
    assert (await take_back(forms, publication)).publication.state is PublicationState.DONE
    assert (await publish(forms, LATER.version)).publication.state is PublicationState.FAILED
    forms.store.kept.filings[FILING_ID] = replace(forms.store.kept.filings[FILING_ID], lock=None)
    assert (await publish(forms, LATER.version)).publication.state is PublicationState.DONE
    assert form_sets_of(forms) == [LATER.version] * 2


async def test_a_signature_that_may_still_come_is_waited_for_beside_one_that_never_came():
    forms = await with_another(await entered())
    lock(forms, FILING_ID, forms.clock.now() - LOCK_LASTS)
    lock(forms, OTHER_ID, forms.clock.now())

    assert (await publish(forms)).publication.state is PublicationState.WAITING


class PickyControls(CannedControls):
    """Cannot read what the first filing holds."""

    async def evaluate(self, filing, inputs, given, previous=None):
        if filing.id == FILING_ID:
            raise Invalid(reason="CELLS_MALFORMED")  # as another service said it
        return await super().evaluate(filing, inputs, given, previous)


async def test_a_filing_that_cannot_be_judged_is_left_and_the_others_change():
    forms = await with_another(await entered())

    publication = await asked(forms)
    with capture_logs() as logged:
        await carry_out(forms, a_worker(forms, PickyControls()))

    about = {"publication": str(publication.id), "filing": str(FILING_ID), "reason": "CELLS_MALFORMED"}
    assert logged == [{"event": "a publication left a filing out", "log_level": "warning", **about}]
    left = await forms.use.get_publication(STAFF, publication.id)
    assert (left.publication.state, left.publication.failure) == (PublicationState.FAILED, "CELLS_MALFORMED")
    assert (left.tally.done, left.tally.left) == (1, 1)
    assert form_sets_of(forms) == ["2024.1", VARIANT.version]
    assert (await publish(forms)).tally.done == 2, "asked again, it goes on with what was left"
    assert len(forms.store.kept.publications) == 1


async def test_a_publication_that_was_replaced_does_not_go_on_until_the_one_in_force_is_taken_back():
    forms = await with_another(await entered())
    first = await asked(forms)
    await carry_out(forms, a_worker(forms, PickyControls()))
    second = (await publish(forms, LATER.version)).publication

    async def go_on():
        asked = forms.use.publish_form_set(STAFF, Document.ER, 2024, VARIANT.version, publication_id=first.id)
        publication = (await asked).publication
        await carry_out(forms)
        return publication

    with pytest.raises(PublicationNotInForce) as refused:
        await go_on()

    assert form_sets_of(forms) == [LATER.version] * 2
    (told,) = refused.value.violations
    assert (told.fr.where, told.en.where) == ("Campagne ER 2024.", "Campaign ER 2024.")
    assert all(part for one in (told.fr, told.en) for part in (one.what, one.how))
    later, replaced = await forms.use.list_publications(STAFF)
    assert replaced == await forms.use.get_publication(STAFF, first.id)
    assert (replaced.publication.state, replaced.is_superseded, replaced.tally) == (
        PublicationState.FAILED,
        True,
        Tally(done=1, left=0),
    ), "what is under the later form set is not left"
    assert (later.publication.id, later.is_superseded) == (second.id, False)

    await take_back(forms, second)
    assert (await forms.use.get_publication(STAFF, first.id)).is_superseded is False
    assert (await go_on()).id == first.id
    assert form_sets_of(forms) == [VARIANT.version] * 2


async def test_a_publication_that_was_taken_back_or_never_was_does_not_go_on():
    forms = await entered()
    first = (await publish(forms)).publication
    await take_back(forms, first)

    for publication_id in (first.id, UUID(int=99)):
        with pytest.raises(PublicationNotInForce):
            await forms.use.publish_form_set(STAFF, Document.ER, 2024, VARIANT.version, publication_id=publication_id)
    assert len(forms.store.kept.publications) == 1


@pytest.mark.parametrize("failure", [Unavailable(reason="NO_ANSWER"), Exhausted(reason="TOO_MANY")])
async def test_a_publication_waits_as_long_as_another_service_does_not_answer(failure):
    forms = await entered()
    publication = await asked(forms)
    worker = failing(forms, failure, answers=False)

    for _ in range(3 * MOST_ATTEMPTS):
        assert await worker()
        waiting = (await forms.use.get_publication(STAFF, publication.id)).publication
        assert (waiting.state, waiting.failure) == (PublicationState.WAITING, failure.code)
        assert not await worker(), "not at once"
        forms.clock.advance(seconds=WAIT_FOR_OTHERS.total_seconds())
    await carry_out(forms)

    assert (await forms.use.get_publication(STAFF, publication.id)).publication.state is PublicationState.DONE


async def test_what_interrupts_a_publication_is_told_even_when_its_lease_is_gone():
    forms = await entered()
    publication = await asked(forms)
    lost = ConnectionError()

    def loses_its_lease():
        kept = forms.store.kept.publications
        kept[publication.id] = replace(kept[publication.id], token=9)

    with capture_logs() as logged:
        await failing(forms, lost, loses_its_lease)()

    about = {"publication": str(publication.id), "exc_info": lost}
    assert logged == [{"event": "a publication was interrupted", "log_level": "error", **about}]
    assert (await forms.use.get_publication(STAFF, publication.id)).publication.failure == "", "it was not its to write"


async def test_a_list_looks_once_for_what_is_under_way():
    forms = await entered()
    await take_back(forms, await asked(forms))
    await asked(forms)
    async with forms.store() as work:
        await work.campaigns.save(a_campaign(Document.QDIS))
        await work.commit()
    await forms.use.publish_form_set(STAFF, Document.QDIS, 2024, VARIANT.version)
    looked = []

    class CountingPublications(InMemoryPublications):
        async def under_way(self):
            looked.append(True)
            return await super().under_way()

    @asynccontextmanager
    async def open_work():
        async with forms.store() as work:
            work.publications = CountingPublications(work)
            yield work

    listed = await ListPublications(open_work, forms.clock)(STAFF)

    assert ([one.place for one in listed], len(looked)) == ([2, 1, 0], 1)


def failing(forms, failure, meanwhile=lambda: None, *, of=FILING_ID, answers=True):
    """A worker whose controls fail on a filing, and on everything when they do not answer."""

    class FailingControls(CannedControls):
        async def read(self, form_set, year, texts):
            if not answers:
                raise failure
            return await super().read(form_set, year, texts)

        async def evaluate(self, filing, inputs, given, previous=None):
            if filing.id == of or not answers:
                meanwhile()
                raise failure
            return await super().evaluate(filing, inputs, given, previous)

    return a_worker(forms, FailingControls())


FAILURES = pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Conflict(reason="CELL_CHANGED"), "CELL_CHANGED"),
        (Unavailable(reason="ENGINE_UNAVAILABLE"), "ENGINE_UNAVAILABLE"),
        (ConnectionError(), "ConnectionError"),
    ],
)


@FAILURES
async def test_a_filing_on_which_a_service_always_fails_is_put_aside_and_the_others_go_on(failure, told):
    forms = await with_another(await entered())
    publication = await asked(forms)
    worker = failing(forms, failure)
    waits = []
    for _ in range(MOST_ATTEMPTS):
        with capture_logs() as logged:
            assert await worker()
        assert str(FILING_ID) in {entry.get("filing") for entry in logged}, "no page names it: T-26"
        standing = (await forms.use.get_publication(STAFF, publication.id)).publication
        (failed,) = standing.failed
        assert (failed.filing_id, failed.why, standing.failure) == (FILING_ID, told, told)
        assert form_sets_of(forms) == ["2024.1", VARIANT.version], "from the first time on"
        if standing.due_at:
            waits.append((standing.due_at - forms.clock.now()) / FIRST_DELAY)
            assert not await worker(), "not at once"
            forms.clock.advance(seconds=(standing.due_at - forms.clock.now()).total_seconds())

    assert waits == [1, 2, 4, 8]
    assert (standing.state, failed.attempts, failed.due_at) == (PublicationState.FAILED, MOST_ATTEMPTS, None)
    assert not await worker()
    assert await values_of(forms, FILING_ID) == CELLS, "nothing of it is lost"
    assert (await forms.use.get_publication(STAFF, publication.id)).tally == Tally(1, 1)


@FAILURES
async def test_what_was_put_aside_is_tried_again_when_the_publication_is_asked_for_again(failure, told):
    forms = await with_another(await entered())
    publication = await put_aside(forms, await asked(forms), failing(forms, failure))

    standing = await publish(forms)

    assert publication.failed[0].why == told
    assert (standing.publication.state, standing.publication.failed) == (PublicationState.DONE, ())
    assert form_sets_of(forms) == [VARIANT.version] * 2


async def test_what_was_put_aside_is_no_matter_to_the_taking_back():
    forms = await with_another(await entered())
    publication = await put_aside(forms, await asked(forms), failing(forms, ConnectionError()))

    await take_back(forms, publication)

    standing = await forms.use.get_publication(STAFF, publication.id)
    assert (standing.publication.state, standing.publication.failed) == (PublicationState.DONE, ())
    assert (form_sets_of(forms), await values_of(forms, FILING_ID)) == (["2024.1"] * 2, CELLS)


async def test_a_filing_that_cannot_be_put_back_is_put_aside_under_the_form_set_it_has():
    forms = await with_another(await entered())
    publication = (await publish(forms)).publication
    await forms.use.undo_form_set_change(STAFF, publication.id)

    aside = await put_aside(forms, publication, failing(forms, ConnectionError()))

    assert (aside.is_undone, [one.filing_id for one in aside.failed]) == (True, [FILING_ID])
    assert form_sets_of(forms) == [VARIANT.version, "2024.1"]
    assert (await forms.use.undo_form_set_change(STAFF, publication.id)).publication.failed == ()


async def test_a_filing_that_its_worker_dies_of_does_not_hold_the_others_up():
    forms = await with_another(await entered())
    publication = await asked(forms)
    killing = failing(forms, KilledWorker())
    for _ in range(2 * MOST_ATTEMPTS):
        with suppress(KilledWorker):
            await killing()
        forms.clock.advance(seconds=FIRST_DELAY.total_seconds() * 16)

    standing = (await forms.use.get_publication(STAFF, publication.id)).publication
    assert (standing.state, standing.failure) == (PublicationState.FAILED, "NEVER_ENDED")
    assert [(one.filing_id, one.attempts) for one in standing.failed] == [(FILING_ID, MOST_ATTEMPTS)]
    assert form_sets_of(forms) == ["2024.1", VARIANT.version]


async def test_a_filing_put_aside_that_is_signed_since_keeps_its_form_set_and_is_forgotten():
    forms = await with_another(await entered())
    publication = await put_aside(forms, await asked(forms), failing(forms, ConnectionError()))
    async with forms.store() as work:
        filing = await work.filings.get_for_change(FILING_ID)
        await work.filings.save(replace(filing, signed_version=1, step=Step.REVIEW))
        held = await work.publications.get_for_change(publication.id)
        await work.publications.save(replace(held, state=PublicationState.WAITING, due_at=forms.clock.now()))
        await work.commit()

    await carry_out(forms)

    standing = await forms.use.get_publication(STAFF, publication.id)
    assert (standing.publication.state, standing.publication.failed) == (PublicationState.DONE, ())
    assert form_sets_of(forms) == ["2024.1", VARIANT.version]


class KilledWorker(BaseException):
    """The end of a process: nothing catches it."""


async def values_of(forms, filing_id):
    async with forms.store() as work:
        return {address: cell.value for address, cell in (await work.cells.of(filing_id)).items()}


async def put_aside(forms, publication, worker):
    """Let a worker fail on a filing until it gives that filing up."""
    for _ in range(MOST_ATTEMPTS):
        with capture_logs():
            await worker()
        forms.clock.advance(seconds=FIRST_DELAY.total_seconds() * 16)
    kept = (await forms.use.get_publication(STAFF, publication.id)).publication
    assert kept.state is PublicationState.FAILED
    return kept


async def test_a_publication_whose_workers_die_without_a_word_is_given_up():
    forms = await entered()
    publication = await asked(forms)
    for _ in range(MOST_ATTEMPTS):
        async with forms.store() as work:
            assert await work.publications.take(forms.clock.now(), forms.clock.now() + LEASE)
            await work.commit()
        forms.clock.advance(seconds=LEASE.total_seconds())

    await carry_out(forms)

    given_up = (await forms.use.get_publication(STAFF, publication.id)).publication
    assert (given_up.state, given_up.failure) == (PublicationState.FAILED, "NEVER_ENDED")


async def test_an_edit_before_its_filing_is_reached_is_carried_with_the_rest():
    forms = await entered()
    await asked(forms)

    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(AMOUNT, "8", 1), TypedCell("CP.010.n", "6", 1)])
    await carry_out(forms)

    assert (forms.filing.form_set, forms.values()) == (VARIANT.version, {AMOUNT: "8"})
    assert forms.store.kept.set_aside[FILING_ID, "CP.010.n", 2].value == "6"


async def test_a_signed_filing_keeps_its_form_set_even_reopened():
    forms = await entered(signed_version=1)

    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)
    done = await publish(forms)

    assert (preview.found.concerned, preview.untouched, done.tally.done) == (0, 1, 0)
    assert (forms.filing.form_set, forms.values()) == ("2024.1", CELLS)


async def test_a_publication_waits_for_a_save_under_way_and_loses_nothing_of_it():
    forms = await entered()
    read, publishing = forms.controls.read, []

    async def read_while_publishing(form_set, year, texts):
        publishing.append(asyncio.create_task(publish(forms)))
        await asyncio.sleep(0)
        return await read(form_set, year, texts)

    forms.controls.read = read_while_publishing
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell("BA.020.brut", "8", 1)])
    await publishing[0]

    assert forms.filing.form_set == VARIANT.version
    kept = {one.address: one.value for one in forms.store.kept.set_aside.values()}
    assert kept["BA.020.brut"] == "8"


async def test_an_import_previewed_before_the_publication_is_previewed_again():
    forms = await entered()
    preview = await forms.use.preview_import(forms.caller, FILING_ID, "er.csv", SAMPLE.read_bytes())
    await publish(forms)

    with pytest.raises(ImportStale):
        await forms.use.confirm_import(forms.caller, FILING_ID, preview.id, ImportChoice(), accept_partial=True)


async def test_a_choice_puts_the_value_in_an_empty_cell_only():
    forms = await entered()
    await publish(forms)

    with pytest.raises(CellsRefused):
        await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", AMOUNT)
    with pytest.raises(CellsRefused):
        await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.010.n")
    with pytest.raises(SetAsideUnknown):
        await forms.use.choose_set_aside(forms.caller, FILING_ID, AMOUNT, "")
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "BA.020.brut", "")

    assert forms.values() == {AMOUNT: "1", "CP.020.n": "5"}
    assert (fates(forms)["CP.010.n"], fates(forms)["BA.020.brut"]) == (Fate.KEPT, Fate.DROPPED)
    assert forms.kinds()[1:] == ["SET_ASIDE_CHOSEN", "SET_ASIDE_CHOSEN"]


async def test_undoing_a_choice_opens_it_again_and_undoing_the_undo_keeps_it_again():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert (fates(forms)["CP.010.n"], forms.values()) == (Fate.WAITING, {AMOUNT: "1"})

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert (fates(forms)["CP.010.n"], forms.values()) == (Fate.KEPT, {AMOUNT: "1", "CP.020.n": "5"})

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.110.n")
    assert (fates(forms)["CP.010.n"], forms.values()) == (Fate.KEPT, {AMOUNT: "1", "CP.110.n": "5"})


async def test_dropping_a_value_is_a_step_and_undoing_it_lets_the_value_wait_again():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "")
    assert (str(forms.last_step.kind), forms.last_step.cells) == ("SET_ASIDE_DROPPED", ())

    done = await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert (done.restored, done.kept, fates(forms)["CP.010.n"]) == (["CP.010.n"], [], Fate.WAITING)

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert fates(forms)["CP.010.n"] is Fate.DROPPED

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")
    assert (fates(forms)["CP.010.n"], forms.values()["CP.020.n"]) == (Fate.KEPT, "5")


async def test_a_value_dropped_then_kept_after_an_undo_stays_kept_when_the_undo_is_undone():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "")
    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    undoing = forms.last_step
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")

    done = await forms.use.undo_step(forms.caller, FILING_ID, undoing.id)

    assert (done.restored, done.kept, fates(forms)["CP.010.n"]) == ([], ["CP.010.n"], Fate.KEPT)


async def test_a_choice_whose_cell_was_edited_since_stays_when_it_is_undone():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")
    choice = forms.last_step
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell("CP.020.n", "6", 1)])

    undone = await forms.use.undo_step(forms.caller, FILING_ID, choice.id)

    assert (undone.restored, fates(forms)["CP.010.n"]) == ([], Fate.KEPT)


async def test_undoing_a_later_edit_of_the_same_cell_leaves_the_choice():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")
    choice = forms.last_step
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell("CP.020.n", "6", 1)])

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert (fates(forms)["CP.010.n"], forms.values()["CP.020.n"]) == (Fate.KEPT, "5")

    await forms.use.undo_step(forms.caller, FILING_ID, choice.id)
    assert (fates(forms)["CP.010.n"], "CP.020.n" in forms.values()) == (Fate.WAITING, False)


async def test_taking_a_publication_back_takes_back_the_choices_it_asked_for():
    forms = await entered()
    done = await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")

    await take_back(forms, done.publication)

    assert forms.values() == CELLS
    assert set(fates(forms).values()) == {Fate.RETURNED}


async def test_nothing_is_signed_while_a_value_waits_for_a_choice():
    forms = await entered(step=Step.SIGNATURE, verdict=Verdict.CLEAN, rule_set="rules-1")
    await publish(forms)

    with pytest.raises(FilingNotReady) as refused:
        await forms.use.freeze_filing(forms.caller, FILING_ID)

    assert [violation.reason for violation in refused.value.violations] == ["SET_ASIDE", "W-01", "W-04"]


async def test_a_zero_in_a_cell_that_is_closed_now_stands_in_nobodys_way():
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN))
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    await forms.keep(
        a_filing(step=Step.SIGNATURE, verdict=Verdict.CLEAN, rule_set="rules-1"),
        a_cell(AMOUNT, "1"),
        a_cell("CP.380.n", "0"),
    )

    await publish(forms, "2025.1", is_forced=True)

    assert fates(forms) == {"CP.380.n": Fate.DROPPED}
    assert forms.values() == {AMOUNT: "1"}
    assert "0 mise de côté" in forms.store.kept.activities[-1].fr
    with pytest.raises(FilingNotReady) as refused:
        await forms.use.freeze_filing(forms.caller, FILING_ID)
    assert [violation.reason for violation in refused.value.violations] == ["W-01", "W-04"]


async def test_a_later_publication_is_taken_back_first():
    forms = await entered()
    first = await publish(forms)
    second = await publish(forms, LATER.version)
    with pytest.raises(PublicationSuperseded):
        await forms.use.undo_form_set_change(STAFF, first.publication.id)

    await take_back(forms, second.publication)
    await take_back(forms, first.publication)

    assert (forms.filing.form_set, forms.values()) == ("2024.1", CELLS)
    assert forms.store.kept.campaigns[Document.ER, 2024].form_set == "2024.1"


async def test_a_publication_is_refused_to_others_and_for_what_is_not_there():
    forms = await entered()
    with pytest.raises(NotFound):
        await forms.use.publish_form_set(forms.caller, Document.ER, 2024, VARIANT.version)
    with pytest.raises(NotFound):
        await forms.use.preview_form_set_change(forms.caller, Document.ER, 2024, VARIANT.version)
    with pytest.raises(CampaignMalformed):
        await publish(forms, "1999.1")
    with pytest.raises(NoCampaign):
        await forms.use.publish_form_set(STAFF, Document.QDIS, 2024, VARIANT.version)
    with pytest.raises(NoCampaign):
        await forms.use.preview_form_set_change(STAFF, Document.QDIS, 2024, VARIANT.version)
    with pytest.raises(PublicationUnknown):
        await forms.use.undo_form_set_change(STAFF, UUID(int=99))


# What a preview says


async def with_the_sample():
    """The worked example, ready to be given the form set of the next year."""
    forms = a_forms()
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    typed = {a: written(v) for a, v in sample_cells("saisie").items() if OLD.document_of(a) == "ER"}
    await forms.evaluated(a_filing(), *(a_cell(address, value) for address, value in typed.items()))
    return forms


async def test_a_preview_judges_filings_under_both_form_sets_and_changes_nothing():
    forms = await with_the_sample()
    before = forms.store.kept

    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, "2025.1")

    found = preview.found
    assert (found.concerned, found.judged, found.changed, preview.is_applicable) == (1, 1, 1, False)
    assert (found.verdicts_before, found.verdicts_after) == ({Verdict.CLEAN: 1}, {Verdict.BLOCKED: 1})
    assert forms.filing.verdict is Verdict.CLEAN
    assert found.newly_failing
    assert found.recomputed > 0
    assert forms.store.kept == before


async def test_what_a_preview_says_is_what_the_publication_does():
    forms = await with_the_sample()
    found = (await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, "2025.1")).found
    computed = dict(forms.store.kept.computed[FILING_ID])

    await publish(forms, "2025.1", is_forced=True)

    after = forms.store.kept.computed[FILING_ID]
    moved = {a for a in computed.keys() | after.keys() if computed.get(a, "") != after.get(a, "")}
    assert found.verdicts_after == {forms.filing.verdict: 1}
    assert len(moved) == found.recomputed
    (told,) = [one for one in forms.store.kept.activities if one.kind == "FORM_SET_CHANGED"]
    assert f" {found.carried} valeur(s) reprise(s)" in told.fr or f" {found.carried} valeurs reprises" in told.fr
    waiting = [one.address for one in forms.store.kept.set_aside.values() if one.fate is Fate.WAITING]
    assert [one.address for one in found.to_choose.values()] == waiting
    _, report = await forms.use.check_filing(forms.caller, FILING_ID)
    assert set(found.newly_failing) <= {one.control for one in report.findings if one.is_failed}


async def test_a_preview_evaluates_so_many_filings_and_no_more():
    forms = await entered()
    for number in range(2, 3 + MOST_JUDGED):
        other = a_filing(id=UUID(int=number), body=a_body(siren=f"{number + 100_000_000}"))
        await forms.keep(other, a_cell(AMOUNT, "1"))

    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)

    found = preview.found
    assert (found.concerned, found.carried) == (MOST_JUDGED + 2, MOST_JUDGED + 2)
    assert (found.judged, forms.controls.evaluated) == (MOST_JUDGED, 2 * MOST_JUDGED)


async def test_a_preview_evaluates_no_longer_than_somebody_waits():
    forms = await with_another(await entered())
    times = iter([0.0, 0.0, JUDGING_SECONDS])
    preview = PreviewFormSetChange(forms.store, forms.controls, FewFormSets(), lambda: next(times))

    found = (await preview(STAFF, Document.ER, 2024, VARIANT.version)).found

    assert (found.concerned, found.judged) == (2, 1)


async def test_a_preview_counts_the_cells_to_choose_and_names_no_filing():
    forms = await with_another(await entered())

    found = (await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)).found

    counted = {one.address: (one.why.name, one.filings) for one in found.to_choose.values()}
    assert counted == {
        "BA.020.brut": ("DROPPED", 1),
        "BA.110.amort": ("RETYPED", 1),
        "BP.180.n": ("COMPUTED", 1),
        "CP.010.n": ("CLOSED", 2),
    }
    assert found.carried == 1
    message = str(form_set_preview_message(await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, "2025.1")))
    assert not any(secret in message for secret in (str(FILING_ID), "000000018", "000000026", "Camille"))


@pytest.mark.parametrize("refusal", [Invalid(), Unavailable(), Exhausted()])
async def test_what_cannot_be_evaluated_is_previewed_without_verdicts(refusal):
    forms = await entered()

    async def refuses(*_):
        raise refusal

    forms.controls.evaluate = refuses
    found = (await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)).found

    assert (found.concerned, found.judged, len(found.to_choose)) == (1, 0, 4)


async def test_a_form_set_of_other_exercices_is_published_only_when_that_is_asked_for():
    forms = await with_the_sample()

    with pytest.raises(FormSetNotApplicable) as caught:
        await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1")
    assert (forms.filing.form_set, forms.store.kept.publications) == ("2024.1", {})
    (told,) = caught.value.violations
    assert "F-28" in str(told.fr)
    assert "not filed with form set 2025.1" in str(told.en)

    done = await publish(forms, "2025.1", is_forced=True)
    again = await publish(forms, "2025.1")

    assert (done.tally.done, again.publication.id) == (1, done.publication.id), (
        "going on with it needs no second asking"
    )


@pytest.mark.parametrize(("year", "form_set"), [(2024, "2025.1"), (2025, "2024.1")])
async def test_a_campaign_is_not_planned_with_a_form_set_of_other_exercices(year, form_set):
    forms = a_forms()

    with pytest.raises(FormSetNotApplicable):
        await forms.use.plan_campaign(STAFF, a_campaign(year=year, form_set=form_set))
    assert forms.store.kept.campaigns == {}


async def test_a_campaign_that_was_given_one_is_planned_on():
    forms = await with_the_sample()
    await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1", is_forced=True)

    await forms.use.plan_campaign(STAFF, a_campaign(form_set="2025.1", closes_on=date(2026, 1, 31)))

    assert forms.store.kept.campaigns[Document.ER, 2024].closes_on == date(2026, 1, 31)


async def test_inputs_say_what_a_form_set_that_is_tried_would_set_aside():
    forms = await entered(step=Step.REVIEW, signed_version=1)
    reopened = replace(a_filing(id=OTHER_ID, signed_version=1), body=a_body(siren="000000026"))
    await forms.keep(reopened, a_cell("CP.010.n", "0"))

    async def inputs(form_set):
        page = await forms.use.list_inputs(Document.ER, 2024, None, 10, with_signed=True, form_set=form_set)
        return {one.filing.id: one for one in page.filings}

    asked, as_they_are = await inputs(VARIANT.version), await inputs("")

    assert set(asked[FILING_ID].left_out) == UNFIT
    assert asked[FILING_ID].to_choose == len(UNFIT)
    assert asked[FILING_ID].inputs == as_they_are[FILING_ID].inputs == CELLS
    assert (asked[OTHER_ID].left_out, asked[OTHER_ID].to_choose) == (("CP.010.n",), 0), "a 0 says nothing else"
    assert {(one.left_out, one.to_choose) for one in as_they_are.values()} == {((), 0)}
    messages = {one.identity.filing_id: one for one in map(inputs_message, asked.values())}
    assert messages[str(FILING_ID)].is_transmitted
    assert not messages[str(OTHER_ID)].is_transmitted, "what is in it since is a draft, for the body alone"
    with pytest.raises(CampaignMalformed):
        await inputs("1999.1")


# Which filings it would change


def in_figures(page):
    return [
        (one.filing.body.siren, one.carried, [(cell.address, cell.why.name) for cell in one.to_choose], one.recomputed)
        for one in page.filings
    ]


async def test_the_filings_that_would_change_are_named_with_the_cells_in_the_way_and_no_value():
    forms = await with_another(await entered())
    forms.store.kept.cells[FILING_ID][AMOUNT] = a_cell(AMOUNT, "987654321")
    forms.controls.computed = {"BA.010.net": "1", "BA.030.net": "2"}

    page = await forms.use.list_affected_filings(STAFF, Document.ER, 2024, VARIANT.version)

    others = [("BA.020.brut", "DROPPED"), ("BA.110.amort", "RETYPED"), ("BP.180.n", "COMPUTED"), ("CP.010.n", "CLOSED")]
    assert in_figures(page) == [("000000018", 1, others, 2), ("000000026", 0, [("CP.010.n", "CLOSED")], 2)]
    assert page.next == ""
    first, _ = (affected_message(one) for one in page.filings)
    assert (first.body, first.body_name, first.year, first.form_set) == ("000000018", a_body().name, 2024, "2024.1")
    assert (first.document, first.step) == (types.DOCUMENT_ER, pb.STEP_ENTRY)
    assert [cell.label for cell in first.to_choose] == [OLD.label(address) for address, _ in others]
    assert not any(secret in str(first) for secret in ("987654321", "Camille", str(FILING_ID), "VERDICT"))


async def test_a_filing_that_would_not_change_is_counted_and_not_named():
    forms = await with_another(await entered())
    kept = forms.store.kept.filings
    kept[OTHER_ID] = replace(kept[OTHER_ID], form_set=VARIANT.version)
    signed = a_filing(id=UUID(int=3), body=a_body(siren="000000034"), step=Step.REVIEW, signed_version=1)
    reopened = a_filing(id=UUID(int=4), body=a_body(siren="000000042"), signed_version=1)
    trial = a_filing(id=UUID(int=5), body=a_body(siren="000000059"), is_trial=True)
    for filing in (signed, reopened, trial):
        await forms.keep(filing)

    page = await forms.use.list_affected_filings(STAFF, Document.ER, 2024, VARIANT.version)
    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)

    assert [one.filing.body.siren for one in page.filings] == ["000000018"]
    assert (preview.found.concerned, preview.already, preview.untouched) == (1, 1, 2)


async def test_the_filings_come_page_by_page_and_one_opened_meanwhile_moves_no_other():
    forms = await entered()
    for number in (2, 4, 6, 8):
        await forms.keep(a_filing(id=UUID(int=number), body=a_body(siren=f"1000000{number}0")))

    seen, after = [], ""
    while True:
        page = await forms.use.list_affected_filings(STAFF, Document.ER, 2024, VARIANT.version, after, 2)
        seen.append([one.filing.body.siren for one in page.filings])
        if not (after := page.next):
            break
        await forms.keep(a_filing(id=UUID(int=len(seen)), body=a_body(siren=f"0000000{len(seen)}9")))

    assert seen == [["000000018", "100000020"], ["100000040", "100000060"], ["100000080"]]


@pytest.mark.parametrize(("limit", "given"), [(0, USUAL_PAGE), (-1, USUAL_PAGE), (10_000, LARGEST_PAGE)])
async def test_a_page_has_so_many_filings_and_no_more(limit, given):
    forms = await entered()
    for number in range(2, LARGEST_PAGE + 3):
        await forms.keep(a_filing(id=UUID(int=number), body=a_body(siren=f"{number + 100_000_000}")))

    page = await forms.use.list_affected_filings(STAFF, Document.ER, 2024, VARIANT.version, "", limit)

    assert len(page.filings) == given
    assert page.next == page.filings[-1].filing.body.siren


async def test_a_page_whose_filings_have_many_cells_to_choose_ends_earlier():
    forms = await with_another(await entered())
    everywhere = rewritten(OLD, closed=OLD.cells("ER"), version="2028.1")
    addresses = [a for a in OLD.cells("ER") if not OLD.is_computed(a) and not OLD.is_closed(a)]
    filings = MOST_CELLS // len(addresses) + 2
    for number in range(filings):
        filing = a_filing(id=UUID(int=number + 10), body=a_body(siren=f"{number + 100_000_000}"))
        await forms.keep(filing, *(a_cell(address, "1") for address in addresses))
    listed = ListAffectedFilings(forms.store, forms.controls, FewFormSets(everywhere))

    first = await listed(STAFF, Document.ER, 2024, everywhere.version, limit=LARGEST_PAGE)
    second = await listed(STAFF, Document.ER, 2024, everywhere.version, first.next, LARGEST_PAGE)

    assert sum(len(one.to_choose) for one in first.filings) <= MOST_CELLS
    assert (len(first.filings) + len(second.filings), second.next) == (filings + 2, "")


async def test_the_rest_of_a_page_is_not_recomputed_once_somebody_waited_long_enough():
    forms = await with_another(await entered())
    times = iter([0.0, 0.0, RECOMPUTING_SECONDS])
    listed = ListAffectedFilings(forms.store, forms.controls, FewFormSets(), lambda: next(times))

    page = await listed(STAFF, Document.ER, 2024, VARIANT.version)

    assert [one.recomputed for one in page.filings] == [0, None]
    assert [affected_message(one).HasField("recomputed") for one in page.filings] == [True, False]


@pytest.mark.parametrize(
    ("refusal", "evaluated"), [(Unavailable(), 1), (Exhausted(), 1), (Invalid(), 2), (InternalFailure(), 2)]
)
async def test_what_cannot_be_evaluated_is_named_with_its_cells_all_the_same(refusal, evaluated):
    forms = await with_another(await entered())
    asked_about = []

    async def refuses(filing, *_):
        asked_about.append(filing.id)
        raise refusal

    forms.controls.evaluate = refuses
    page = await forms.use.list_affected_filings(STAFF, Document.ER, 2024, VARIANT.version)

    assert [(len(one.to_choose), one.recomputed) for one in page.filings] == [(4, None), (1, None)]
    assert len(asked_about) == evaluated, "what one filing holds is no fault of the others; a service that is gone is"


async def test_a_preview_that_only_counts_evaluates_nothing():
    forms = await entered()

    found = (
        await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version, is_counted_only=True)
    ).found

    assert (found.concerned, found.judged, len(found.to_choose), forms.controls.evaluated) == (1, 0, 4, 0)


async def test_affected_filings_are_named_to_those_only_who_may_publish():
    forms = await entered()
    elsewhere = a_caller("Alex Agent", on={"000000018": ["campaign.manage", "filing.read"]})
    for caller in (forms.caller, elsewhere, a_caller("Ali", on={"*": ["staff.read", "filing.review"]})):
        with pytest.raises((Forbidden, NotFound)):
            await forms.use.list_affected_filings(caller, Document.ER, 2024, VARIANT.version)
    with pytest.raises(CampaignMalformed):
        await forms.use.list_affected_filings(STAFF, Document.ER, 2024, "1999.1")
    with pytest.raises(NoCampaign):
        await forms.use.list_affected_filings(STAFF, Document.QDIS, 2024, VARIANT.version)


VALUES = st.sampled_from(["", "0", "1", "12.5", "oui"])
FILINGS = st.lists(
    st.dictionaries(st.sampled_from(sorted(CELLS)), st.tuples(VALUES, st.booleans())), min_size=1, max_size=4
)


@given(FILINGS, st.lists(st.sampled_from(["BA.010.net", "BA.030.net", "BA.040.net"]), unique=True))
def test_what_is_said_of_each_filing_is_what_the_publication_does_to_it(filings, computed):
    async def live():
        forms = await entered()
        forms.store.kept.filings.clear()
        for number, cells in enumerate(filings, start=1):
            filing = a_filing(id=UUID(int=number), body=a_body(siren=f"{number + 100_000_000}"))
            given_cells = [
                a_cell(address, value, conflict=an_other_value() if is_in_conflict else None)
                for address, (value, is_in_conflict) in cells.items()
            ]
            await forms.keep(filing, *given_cells)
        forms.controls.computed = dict.fromkeys(computed, "7")
        page = await forms.use.list_affected_filings(STAFF, Document.ER, 2024, VARIANT.version)
        found = (await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)).found
        await publish(forms)
        kept = forms.store.kept
        done = [
            (
                one.filing.body.siren,
                sum(1 for cell in kept.cells.get(one.filing.id, {}).values() if cell.value),
                sorted(
                    (aside.address, aside.why.name)
                    for aside in kept.set_aside.values()
                    if aside.filing_id == one.filing.id and aside.fate is Fate.WAITING
                ),
                len(kept.computed.get(one.filing.id, {})),
            )
            for one in page.filings
        ]
        assert in_figures(page) == done
        assert {filing.form_set for filing in kept.filings.values()} == {VARIANT.version}
        assert len(page.filings) == found.concerned == len(filings)
        assert found.carried == sum(one.carried for one in page.filings)
        assert sum(one.filings for one in found.to_choose.values()) == sum(len(one.to_choose) for one in page.filings)
        assert found.dropped == sum(1 for aside in kept.set_aside.values() if aside.fate is Fate.DROPPED)

    asyncio.run(live())
