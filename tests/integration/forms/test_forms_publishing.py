"""Another form set published during entry (F9), over gRPC and PostgreSQL, with 2024.1 and 2025.1."""

import asyncio

import pytest
from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation
from sqlalchemy import text

import formsets
from chassis.errors import Failure, Forbidden, Invalid, NotFound, RuleBroken
from services.forms.service import make_service
from tests.integration.forms.conftest import JULY, PASSPORTS, Running, plan
from tests.support.clocks import FrozenClock
from tests.support.forms import AMOUNT, SIREN
from tests.support.forms_neighbours import (
    ControlsServicer,
    FactsServicer,
    RecipientsServicer,
    a_sync_service,
    a_transmission_service,
    a_validation_service,
    an_auth_service,
)
from tests.support.hosting import FakePassports, a_stack, hosting

CLOSED_LATER = "CP.380.n"
ER = types.DOCUMENT_ER


OVER = (validation.RUN_STATE_DONE, validation.RUN_STATE_FAILED)


async def ask(running, form_set="2025.1"):
    """Ask for a publication, which is carried out in the background."""
    with running.by("officer"):
        request = pb.PublishFormSetRequest(document=ER, year=2024, form_set=form_set, is_forced=True)
        return await running.stub.PublishFormSet(request)


async def once_over(running, publication_id):
    """Return a publication once nobody works on it any more."""
    async with asyncio.timeout(30):
        while True:
            with running.by("officer"):
                request = pb.GetPublicationRequest(publication_id=publication_id)
                found = (await running.stub.GetPublication(request)).publication
            if found.state in OVER:
                return found
            await asyncio.sleep(0.05)


async def publish(running, form_set="2025.1"):
    return await once_over(running, (await ask(running, form_set)).publication_id)


async def take_back(running, publication_id):
    with running.by("officer"):
        await running.stub.UndoFormSetChange(pb.UndoFormSetChangeRequest(publication_id=publication_id))
    return await once_over(running, publication_id)


async def set_aside(running, filing_id):
    with running.by("reader"):
        found = await running.stub.ListSetAside(pb.ListSetAsideRequest(filing_id=filing_id))
    return {one.address: (one.value, one.why, one.fate) for one in found.cells}


async def typed(running, filing_id):
    filing, cells = await running.read(filing_id)
    kept = {c.address: c.value for c in cells.values() if c.value and c.origin == pb.ORIGIN_TYPED}
    return filing.identity.form_set, kept


async def affected(running, by="officer", **asked):
    with running.by(by):
        request = pb.ListAffectedFilingsRequest(document=ER, year=2024, form_set="2025.1", **asked)
        return await running.stub.ListAffectedFilings(request)


async def test_the_filings_that_a_preview_names_are_changed_as_it_says(running):
    filing_id = await running.open()
    await running.save(
        filing_id, (AMOUNT, "12", 0), ("CP.320.n", "1", 0), (CLOSED_LATER, "40", 0), ("CP.570.n", "0", 0)
    )

    page = await affected(running)

    (named,) = page.filings
    assert (named.body, named.body_name, page.next_page_token) == (SIREN, "OPH de l'exemple", "")
    assert (named.document, named.year, named.form_set, named.step) == (ER, 2024, "2024.1", pb.STEP_ENTRY)
    assert [(cell.address, cell.why) for cell in named.to_choose] == [(CLOSED_LATER, "CLOSED")], "a 0 is its own value"
    assert named.to_choose[0].label == formsets.load("2024.1").label(CLOSED_LATER)
    _, before = await running.read(filing_id)
    assert (await publish(running)).done == 1
    _, after = await running.read(filing_id)

    def computed(cells):
        return {a: one.value for a, one in cells.items() if one.origin == pb.ORIGIN_COMPUTED and one.value}

    moved = dict(computed(before).items() ^ computed(after).items())
    assert named.HasField("recomputed")
    assert named.recomputed == len(moved) > 0
    assert len((await typed(running, filing_id))[1]) == named.carried == 2
    waiting = [a for a, (_, _, fate) in (await set_aside(running, filing_id)).items() if fate == "WAITING"]
    assert waiting == [cell.address for cell in named.to_choose]
    assert not (await affected(running)).filings, "what is done is not to do"


async def test_affected_filings_come_page_by_page_and_agree_with_the_sums(running):
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "12", 0), (CLOSED_LATER, "40", 0))
    copied = "family, departement, document, year, form_set, opened_by, opened_at, changed_at, due_on, step, revision, computed"
    async with running.engine.begin() as connection:
        for number in range(1, 6):
            statement = f"""
                INSERT INTO filings (id, siren, body_name, rule_set, report, signed_version, receipt_number, {copied})
                SELECT gen_random_uuid(), :siren, :siren, '', '', 0, '', {copied} FROM filings WHERE id = CAST(:id AS uuid)
            """
            await connection.execute(text(statement), {"siren": f"90000000{number}", "id": filing_id})

    pages, token = [], ""
    while not pages or token:
        page = await affected(running, page_size=4, page_token=token)
        pages.append([one.body for one in page.filings])
        token = page.next_page_token
    with running.by("officer"):
        request = pb.PreviewFormSetChangeRequest(document=ER, year=2024, form_set="2025.1", is_counted_only=True)
        sums = await running.stub.PreviewFormSetChange(request)

    assert pages == [[SIREN, "900000001", "900000002", "900000003"], ["900000004", "900000005"]]
    assert (sums.concerned, sums.carried, sums.judged) == (6, 1, 0)


@pytest.mark.parametrize("token", ["1", "x" * 500, "٣٣٣٣٣٣٣٣٣"])
async def test_a_page_that_no_page_gave_is_refused_with_what_to_do(running, token):
    with pytest.raises(Invalid) as refused:
        await affected(running, page_token=token)
    (told,) = refused.value.violations
    assert (told.fr.what, told.en.how) == ("Page inconnue.", "Start again from the first page.")


@pytest.mark.parametrize("by", ["director", "accountant", "reader", "stranger"])
async def test_affected_filings_are_named_to_nobody_who_may_not_publish(running, by):
    await running.open()
    with pytest.raises(Failure) as refused:
        await affected(running, by=by)
    assert isinstance(refused.value, (Forbidden, NotFound))


async def test_a_preview_counts_what_is_concerned_and_names_nobody(running):
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "12", 0), (CLOSED_LATER, "40", 0))

    with running.by("officer"):
        request = pb.PreviewFormSetChangeRequest(document=ER, year=2024, form_set="2025.1")
        preview = await running.stub.PreviewFormSetChange(request)

    assert (preview.concerned, preview.carried, preview.untouched) == (1, 1, 0)
    assert (preview.judged, preview.changed, preview.is_applicable) == (1, 0, False)
    not_evaluable = [validation.VerdictCount(verdict=validation.VERDICT_NOT_EVALUABLE, filings=1)]
    assert list(preview.verdicts_before) == list(preview.verdicts_after) == not_evaluable
    assert preview.recomputed > 0
    assert [(one.address, one.why, one.filings) for one in preview.to_choose] == [(CLOSED_LATER, "CLOSED", 1)]
    assert not any(secret in str(preview) for secret in (filing_id, SIREN))
    assert (await typed(running, filing_id))[0] == "2024.1"


async def test_a_publication_carries_sets_aside_and_is_taken_back_around_edits(running):
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "12", 0), (CLOSED_LATER, "40", 0))

    published = await publish(running)

    assert (published.state, published.done, published.left) == (validation.RUN_STATE_DONE, 1, 0)
    assert await typed(running, filing_id) == ("2025.1", {AMOUNT: "12"})
    assert await set_aside(running, filing_id) == {CLOSED_LATER: ("40", "CLOSED", "WAITING")}
    with pytest.raises(Invalid):
        await running.save(filing_id, (CLOSED_LATER, "41", 2))
    await running.save(filing_id, (AMOUNT, "13", 1))

    back = await take_back(running, published.publication_id)

    assert (back.done, back.is_undone, back.undone_by, back.author) == (1, True, "Alex Agent", "Alex Agent")
    assert await typed(running, filing_id) == ("2024.1", {AMOUNT: "13", CLOSED_LATER: "40"})
    assert await set_aside(running, filing_id) == {CLOSED_LATER: ("40", "CLOSED", "RETURNED")}
    assert (await take_back(running, published.publication_id)).done == 1


async def test_publishing_again_is_the_same_publication(running):
    await running.open()
    first = await publish(running)
    again = await publish(running)
    assert (first.publication_id, first.done) == (again.publication_id, again.done)


async def test_a_publication_that_is_not_the_one_in_force_does_not_go_on(running):
    await running.open()
    first = await publish(running)
    request = pb.PublishFormSetRequest(document=ER, year=2024, form_set="2025.1", publication_id=first.publication_id)
    with running.by("officer"):
        same = await running.stub.PublishFormSet(request)
    await take_back(running, first.publication_id)
    second = await publish(running)

    with running.by("officer"), pytest.raises(RuleBroken) as refused:
        await running.stub.PublishFormSet(request)
    with running.by("officer"):
        found = (await running.stub.ListPublications(pb.ListPublicationsRequest())).publications

    assert same.publication_id == first.publication_id
    assert refused.value.code == "PUBLICATION_NOT_IN_FORCE"
    assert [(one.what, one.where) for one in (refused.value.violations[0].fr, refused.value.violations[0].en)] == [
        ("Cette publication n'est pas celle en vigueur : rien n'a été relancé.", "Campagne ER 2024."),
        ("This publication is not the one in force: nothing was started again.", "Campaign ER 2024."),
    ]
    assert [(one.publication_id, one.is_superseded) for one in found] == [
        (second.publication_id, False),
        (first.publication_id, True),
    ]


async def test_a_publication_holds_a_filing_no_longer_than_people_s_controls_take(database):
    clock, controls = FrozenClock(JULY), ControlsServicer()
    services = [
        make_service(a_stack(clock=clock), database.apart("hurried").fresh("forms")),
        a_validation_service(controls),
        an_auth_service(auth.Body(siren=SIREN, name="OPH de l'exemple", family="OPH", departement="21")),
        a_sync_service(FactsServicer()),
        a_transmission_service(RecipientsServicer()),
    ]
    async with hosting(a_stack(clock=clock), services, FakePassports(PASSPORTS)) as (peers, _):
        running = Running(pb_grpc.FormsServiceStub(peers.channel("forms")), None, None, clock)
        await plan(running.stub)
        await running.open()
        controls.evaluated.clear()
        published = await publish(running)

    assert published.done == 1
    assert [(one.form_set, one.is_background) for one in controls.evaluated] == [("2025.1", False)]


async def test_a_filing_opened_after_has_the_new_form_set_and_the_old_one_once_taken_back(running):
    published = await publish(running)
    filing_id = await running.open()
    assert (await typed(running, filing_id))[0] == "2025.1"
    await take_back(running, published.publication_id)
    assert (await typed(running, filing_id))[0] == "2024.1"


async def test_a_value_set_aside_is_kept_in_another_cell_or_dropped(running):
    filing_id = await running.open()
    await running.save(filing_id, ("CP.380.n", "40", 0), ("CP.570.n", "50", 0))
    await publish(running)

    with running.by("accountant"):
        for address, keep_as in (("CP.380.n", "CP.620.n"), ("CP.570.n", "")):
            request = pb.ChooseSetAsideRequest(
                request_id=running.request_id(), filing_id=filing_id, address=address, keep_as=keep_as
            )
            await running.stub.ChooseSetAside(request)

    assert await typed(running, filing_id) == ("2025.1", {"CP.620.n": "40"})
    assert await set_aside(running, filing_id) == {
        "CP.380.n": ("40", "CLOSED", "KEPT"),
        "CP.570.n": ("50", "CLOSED", "DROPPED"),
    }


async def test_a_start_of_the_node_keeps_the_form_set_that_was_published(running):
    before = await running.open()
    await publish(running)

    await plan(running.stub)

    after = await running.open(types.DOCUMENT_ER)
    assert after == before
    assert (await typed(running, after))[0] == "2025.1"
    async with running.engine.connect() as connection:
        kept = await connection.execute(text("SELECT form_set FROM campaigns WHERE document = 'ER' AND year = 2024"))
        assert kept.scalar_one() == "2025.1"


async def test_a_choice_that_is_undone_waits_again(running):
    filing_id = await running.open()
    await running.save(filing_id, ("CP.380.n", "40", 0))
    await publish(running)
    with running.by("accountant"):
        request = pb.ChooseSetAsideRequest(
            request_id=running.request_id(), filing_id=filing_id, address="CP.380.n", keep_as="CP.620.n"
        )
        await running.stub.ChooseSetAside(request)
        (step, *_) = (await running.stub.ListSteps(pb.ListStepsRequest(filing_id=filing_id))).steps
        undo = pb.UndoStepRequest(request_id=running.request_id(), filing_id=filing_id, step_id=step.step_id)
        await running.stub.UndoStep(undo)
        listed = (await running.stub.ListSetAside(pb.ListSetAsideRequest(filing_id=filing_id))).cells

    assert await typed(running, filing_id) == ("2025.1", {})
    assert [(cell.address, cell.fate, cell.kept_as) for cell in listed] == [("CP.380.n", "WAITING", "")]


async def test_saves_in_flight_lose_nothing(running):
    filing_id = await running.open()
    addresses = ["BA.010.brut", "BA.020.brut", "BA.110.brut", "BP.180.n", "BP.220.n", "CP.380.n", "CP.570.n"]

    async def save(address):
        try:
            await running.save(filing_id, (address, "7", 0))
        except Failure as error:
            return error
        return address

    *saved, published = await asyncio.gather(*(save(a) for a in addresses), publish(running))

    _, kept = await typed(running, filing_id)
    aside = await set_aside(running, filing_id)
    assert {*kept, *aside} == {one for one in saved if isinstance(one, str)}
    assert all(isinstance(one, Invalid) for one in saved if not isinstance(one, str))
    assert set(aside) <= {"CP.380.n", "CP.570.n"}
    assert published.done == 1


async def test_only_who_manages_campaigns_publishes_and_an_unknown_form_set_is_refused(running):
    request = pb.PublishFormSetRequest(document=ER, year=2024, form_set="2025.1")
    with running.by("director"), pytest.raises(Forbidden):
        await running.stub.PublishFormSet(request)
    with running.by("director"), pytest.raises(Forbidden):
        await running.stub.ListPublications(pb.ListPublicationsRequest())
    with running.by("officer"), pytest.raises(NotFound):
        await running.stub.GetPublication(pb.GetPublicationRequest(publication_id="none"))
    with pytest.raises(Invalid):
        await publish(running, "1999.1")


async def test_a_draft_is_not_published_to_filings_until_it_is_published(running):
    async def state(name):
        await running.stub.SetFormSetState(pb.SetFormSetStateRequest(form_set="2025.1", state=name))

    with running.by("officer"):
        await state("DRAFT")
        with pytest.raises(RuleBroken):
            await running.stub.PublishFormSet(pb.PublishFormSetRequest(document=ER, year=2024, form_set="2025.1"))
        await state("TRIAL")
        await state("PUBLISHED")
        with pytest.raises(Invalid):
            await state("WHATEVER")
        found = await running.stub.ListFormSets(pb.ListFormSetsRequest())

    assert [(one.form_set, one.state) for one in found.form_sets] == [("2024.1", "PUBLISHED"), ("2025.1", "PUBLISHED")]
    assert (await publish(running)).publication_id
