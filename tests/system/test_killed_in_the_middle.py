"""Killed with SIGKILL during an import, a save or a signature: after the restart the step is wholly there or wholly absent."""

import asyncio
import random
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.signature.v1 import signature_pb2 as signature
from harmonia.types.v1 import types_pb2 as types

from chassis.errors import Failure
from chassis.peers import Peers
from chassis.rpc.identity import carrying
from demo.federation import SAMPLE_OPH, YEAR
from tests.support.stacks import RunningStack, kill_and_restart, one_process
from tests.support.story import SIREN, Story, request_id

KILLS_AT_SECONDS = (0.0, 0.02, 0.06, 0.12)


async def interrupted(stack: RunningStack, call: Awaitable[Any], seconds: float) -> None:
    """Start a call, kill the server so many seconds later, and bring the server back."""
    task = asyncio.ensure_future(call)
    await asyncio.sleep(seconds)
    await kill_and_restart(stack)
    with suppress(Failure):
        await task


async def ready_again(story: Story, username: str) -> str:
    """Return a passport as soon as the restarted server gives one."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await story.passport(username)
            except Exception:
                await asyncio.sleep(0.2)


async def brought_to_the_signatory(story: Story) -> str:
    filing_id, _ = await story.open_and_import()
    await story.forms.MoveFiling(
        forms.MoveFilingRequest(request_id=request_id(), filing_id=filing_id, step=forms.STEP_SIGNATURE)
    )
    return filing_id


@pytest.mark.slow
async def test_an_interrupted_import_is_whole_or_absent_and_may_be_repeated(private_folder: Path) -> None:
    async with one_process(private_folder) as stack, stack.peers() as peers:
        story, token = await opened(stack, peers)
        with carrying(token):
            filing_id = await open_er(story)
            preview = await story.forms.PreviewImport(
                forms.PreviewImportRequest(
                    request_id=request_id(), filing_id=filing_id, file_name="oph.csv", content=SAMPLE_OPH.read_bytes()
                )
            )
        confirm = forms.ConfirmImportRequest(
            request_id=request_id(), filing_id=filing_id, import_id=preview.preview.import_id
        )

        for seconds in KILLS_AT_SECONDS:
            with carrying(token):
                await interrupted(stack, story.forms.ConfirmImport(confirm), seconds)
            token = await ready_again(story, "comptable.oph")
            with carrying(token):
                filled = (await story.forms.GetFiling(forms.GetFilingRequest(filing_id=filing_id))).filing.filled
            assert filled in (0, 670), f"killed after {seconds} s"

        with carrying(token), suppress(Failure):
            await story.forms.ConfirmImport(confirm)
        with carrying(token):
            repeated = await story.forms.GetFiling(forms.GetFilingRequest(filing_id=filing_id))
        assert repeated.filing.filled == 670


@pytest.mark.slow
async def test_an_interrupted_signature_ends_in_one_receipt_that_is_dispatched_once(private_folder: Path) -> None:
    async with one_process(private_folder) as stack, stack.peers() as peers:
        story, token = await opened(stack, peers)
        with carrying(token):
            filing_id = await brought_to_the_signatory(story)
        with carrying(await story.passport("directeur.oph")):
            prepared = await story.signature.PrepareSignature(signature.PrepareSignatureRequest(filing_id=filing_id))
            sign = signature.SignFilingRequest(
                request_id=request_id(), intent_id=prepared.intent_id, digest=prepared.digest, accepts_recipients=True
            )
            await interrupted(stack, story.signature.SignFiling(sign), random.Random(3).uniform(0.02, 0.1))

        with carrying(await ready_again(story, "directeur.oph")):
            first = (await story.signature.SignFiling(sign)).receipt
            second = (await story.signature.SignFiling(sign)).receipt
        delivered = await story.wait_for_feed("CDC")
        assert first == second
        assert [entry.receipt_number for entry in delivered] == [first.number]


@pytest.mark.slow
async def test_an_interrupted_save_is_whole_or_absent_and_counts_once_when_repeated(private_folder: Path) -> None:
    async with one_process(private_folder) as stack, stack.peers() as peers:
        story, token = await opened(stack, peers)
        with carrying(token):
            filing_id = await open_er(story)
        edits = [forms.CellEdit(address=address, text="7") for address in ("PL.100.n", "PL.110.n")]
        save = forms.SaveCellsRequest(request_id=request_id(), filing_id=filing_id, edits=edits)

        for seconds in (0.01, 0.05):
            with carrying(token):
                await interrupted(stack, story.forms.SaveCells(save), seconds)
            token = await ready_again(story, "comptable.oph")
            with carrying(token):
                cells = (await story.forms.GetFiling(forms.GetFilingRequest(filing_id=filing_id))).cells
            assert sum(cell.address in ("PL.100.n", "PL.110.n") for cell in cells) in (0, 2), (
                f"killed after {seconds} s"
            )

        with carrying(token):
            with suppress(Failure):
                await story.forms.SaveCells(save)
            history = await story.forms.GetCellHistory(
                forms.GetCellHistoryRequest(filing_id=filing_id, address="PL.100.n")
            )
        assert [cell.value for cell in history.versions] == ["7"]


@pytest.mark.slow
async def test_a_server_killed_right_after_a_signature_still_transmits_it_once(private_folder: Path) -> None:
    async with one_process(private_folder) as stack, stack.peers() as peers:
        story, token = await opened(stack, peers)
        with carrying(token):
            filing_id = await brought_to_the_signatory(story)
        with carrying(await story.passport("directeur.oph")):
            _, receipt, _ = await story.sign(filing_id)

        await kill_and_restart(stack)

        await ready_again(story, "comptable.oph")
        delivered = await story.wait_for_feed("CDC")
        assert [entry.receipt_number for entry in delivered] == [receipt.number]


async def opened(stack: RunningStack, peers: Peers) -> tuple[Story, str]:
    """Return a story and the accountant's passport."""
    story = Story(stack, peers)
    return story, await story.passport("comptable.oph")


async def open_er(story: Story) -> str:
    """Open the ER and return its identifier."""
    asked = forms.OpenFilingRequest(body=SIREN, document=types.DOCUMENT_ER, year=YEAR)
    return (await story.forms.OpenFiling(asked)).filing.identity.filing_id
