"""Trials of a form set, over gRPC and PostgreSQL: beside the real filing, and gone without a trace."""

import asyncio

import pytest
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from sqlalchemy import text

from chassis.errors import NotFound, RuleBroken
from tests.support.forms import AMOUNT, SHARED, SIREN

TRIED = "2025.1"
ABOUT_A_FILING = (
    "cells",
    "cell_versions",
    "imports",
    "edit_steps",
    "changed_filings",
    "set_aside_cells",
    "snapshots",
    "comments",
    "attachments",
    "activities",
)


async def set_state(running, state):
    with running.by("officer"):
        await running.stub.SetFormSetState(pb.SetFormSetStateRequest(form_set=TRIED, state=state))


async def open_trial(running, by="director"):
    request = pb.OpenTrialRequest(body=SIREN, document=types.DOCUMENT_ER, year=2024, form_set=TRIED)
    with running.by(by):
        return await running.stub.OpenTrial(request)


async def rows_about(running, filing_id):
    async with running.engine.connect() as connection:
        return {
            table: count
            for table in ABOUT_A_FILING
            if (
                count := await connection.scalar(
                    text(f"SELECT count(*) FROM {table} WHERE filing_id = :id"),
                    {"id": filing_id},
                )
            )
        }


@pytest.fixture
async def filled(running):
    """A real filing with a figure, and 2025.1 in trial."""
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "100", 0), ("CP.380.n", "40", 0))
    await set_state(running, "TRIAL")
    return filing_id


async def test_a_trial_stands_beside_the_real_filing_and_is_thrown_away_whole(running, filled):
    opened = await open_trial(running)
    trial_id = opened.filing.identity.filing_id
    again = await open_trial(running)

    assert (opened.is_new, opened.taken, list(opened.left_out)) == (True, 1, ["CP.380.n"])
    assert (again.is_new, again.filing.identity.filing_id) == (False, trial_id)
    assert opened.filing.is_trial
    assert await running.open() == filled
    running.sync.published.clear()
    await running.save(trial_id, (AMOUNT, "7", 1), (SHARED, "9", 0))
    preview = await running.preview(trial_id, b"code;colonne;valeur\nBA.020;brut;7\n")
    with running.by("director"):
        await running.stub.ConfirmImport(
            pb.ConfirmImportRequest(request_id=running.request_id(), filing_id=trial_id, import_id=preview.import_id)
        )
        await running.stub.CommentCell(
            pb.CommentCellRequest(request_id=running.request_id(), filing_id=trial_id, address=AMOUNT, text="?")
        )
        report = await running.stub.CheckFiling(pb.CheckFilingRequest(filing_id=trial_id))
    assert report.findings
    real, cells = await running.read(filled)
    assert (real.is_trial, cells[AMOUNT].value) == (False, "100")
    async with running.engine.connect() as connection:
        told = await connection.execute(text("SELECT payload->>'filing_id' FROM outbox_events"))
        assert trial_id not in {filing_id for (filing_id,) in told}
    assert set(await rows_about(running, trial_id)) >= {"cells", "imports", "edit_steps", "comments", "activities"}

    await set_state(running, "PUBLISHED")

    assert await rows_about(running, trial_id) == {}
    with running.by("director"):
        with pytest.raises(NotFound):
            await running.stub.GetFiling(pb.GetFilingRequest(filing_id=trial_id))
        listed = (await running.stub.ListFilings(pb.ListFilingsRequest())).filings
    assert [one.identity.filing_id for one in listed] == [filled]


async def test_a_trial_goes_no_further_than_entry(running, filled):
    trial_id = (await open_trial(running)).filing.identity.filing_id

    with running.by("director"):
        for request in (
            running.stub.MoveFiling(
                pb.MoveFilingRequest(request_id=running.request_id(), filing_id=trial_id, step=pb.STEP_SIGNATURE)
            ),
            running.stub.FreezeFiling(pb.FreezeFilingRequest(filing_id=trial_id)),
            running.stub.ExportFiling(pb.ExportFilingRequest(filing_id=trial_id, format=pb.EXPORT_FORMAT_JSON)),
        ):
            with pytest.raises(RuleBroken) as caught:
                await request
            assert caught.value.code == "TRIAL_ONLY"


async def test_lists_say_what_may_be_tried_and_what_is_a_trial(running, filled):
    async def listed():
        with running.by("director"):
            return await running.stub.ListFilings(pb.ListFilingsRequest())

    before = await listed()
    await open_trial(running)
    after = await listed()

    assert [(one.body, one.year, one.form_set) for one in before.tryable if one.document == types.DOCUMENT_ER] == [
        (SIREN, 2024, TRIED)
    ]
    assert [one.is_trial for one in after.filings] == [False, True]
    assert not [one for one in after.tryable if one.document == types.DOCUMENT_ER]


async def test_a_body_throws_its_own_trial_away(running, filled):
    trial_id = (await open_trial(running)).filing.identity.filing_id

    with running.by("director"):
        await running.stub.DiscardTrial(pb.DiscardTrialRequest(request_id=running.request_id(), filing_id=trial_id))

    assert await rows_about(running, trial_id) == {}
    assert (await open_trial(running)).is_new


async def test_a_trial_opened_while_its_form_set_leaves_is_refused_or_thrown_away(running, filled):
    opened, _ = await asyncio.gather(open_trial(running), set_state(running, "DRAFT"), return_exceptions=True)

    assert isinstance(opened, RuleBroken | pb.OpenTrialResponse)
    async with running.engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM filings WHERE is_trial")) == 0


async def test_two_who_try_at_once_get_one_trial(running, filled):
    first, second = await asyncio.gather(open_trial(running), open_trial(running))

    assert first.filing.identity.filing_id == second.filing.identity.filing_id
