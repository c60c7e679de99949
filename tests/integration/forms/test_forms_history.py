"""What happened to cells and filings, over gRPC and PostgreSQL: steps undone, comments, years, reopening."""

import asyncio
import csv
import json
import zlib
from datetime import UTC

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from sqlalchemy import text

from chassis.errors import Invalid, NotFound
from tests.support.form_sets import SAMPLE
from tests.support.forms import AMOUNT, SHARED, SIREN, a_form_set
from tests.support.pdfs import a_pdf, stream


async def steps_of(running, filing_id):
    with running.by("reader"):
        return (await running.stub.ListSteps(pb.ListStepsRequest(filing_id=filing_id))).steps


async def undo(running, filing_id, step_id):
    with running.by("accountant"):
        request = pb.UndoStepRequest(request_id=running.request_id(), filing_id=filing_id, step_id=step_id)
        return await running.stub.UndoStep(request)


async def test_an_import_is_undone_around_what_was_typed_since(running):
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "5", 0))
    preview = await running.preview(filing_id, SAMPLE.read_bytes())
    with running.by("director"):
        request = pb.ConfirmImportRequest(
            request_id=running.request_id(), filing_id=filing_id, import_id=preview.import_id, accept_partial=True
        )
        imported = await running.stub.ConfirmImport(request)
    _, cells = await running.read(filing_id)
    other = next(c for c in cells.values() if c.origin == pb.ORIGIN_IMPORTED and c.address.startswith("BP."))
    await running.save(filing_id, (other.address, "77", other.version))
    step = next(one for one in await steps_of(running, filing_id) if one.kind == "FILE_IMPORTED")

    undone = await undo(running, filing_id, step.step_id)

    assert (len(undone.restored), list(undone.kept)) == (imported.written - 1, [other.address])
    _, cells = await running.read(filing_id)
    kept = {c.address: c.value for c in cells.values() if c.value and c.origin != pb.ORIGIN_COMPUTED}
    assert kept == {AMOUNT: "5", other.address: "77"}
    assert [(one.kind, one.is_undone) for one in await steps_of(running, filing_id)] == [
        ("STEP_UNDONE", False),
        ("CELLS_SAVED", False),
        ("FILE_IMPORTED", True),
        ("CELLS_SAVED", False),
    ]


async def test_what_a_person_left_out_of_an_import_is_told_kept_and_given_back(running):
    filing_id = await running.open()
    content = b"code;colonne;valeur\nBA.010;brut;1\nBA.010;amort;2\nBA.020;brut;3\nBP.180;n;4\n"
    preview = await running.preview(filing_id, content)
    ids = {"filing_id": filing_id, "import_id": preview.import_id}
    with running.by("director"):
        choice = pb.ImportChoice(taken=["BA.010.net"], left=["ZZ"])
        with pytest.raises(Invalid) as refused:
            await running.stub.ConfirmImport(pb.ConfirmImportRequest(request_id="a", choice=choice, **ids))
        choice = pb.ImportChoice(left=["BA"], taken=["BA.010.amort"])
        done = await running.stub.ConfirmImport(pb.ConfirmImportRequest(request_id="b", choice=choice, **ids))
        kept = (await running.stub.GetImport(pb.GetImportRequest(**ids))).preview
        file = await running.stub.GetImportErrorFile(pb.GetImportErrorFileRequest(**ids))

    assert [(v.field, v.fr.what) for v in refused.value.violations] == [
        ("BA.010.net", "L'aperçu de cet import n'a rien de ce nom."),
        ("ZZ", "L'aperçu de cet import n'a rien de ce nom."),
    ]
    assert (done.written, list(done.left_out)) == (2, [AMOUNT, "BA.020.brut"])
    assert (kept.is_confirmed, list(kept.left_out)) == (True, [AMOUNT, "BA.020.brut"])
    rows = csv.DictReader(file.content.decode("utf-8-sig").splitlines(), delimiter=";")
    assert [row["état"] for row in rows] == ["laissée de côté", "à remplir", "laissée de côté", "à remplir"]
    (step,) = await steps_of(running, filing_id)
    assert (step.cells, "2 cases laissées de côté" in step.summary.fr) == (2, True)


async def test_an_import_confirmed_without_a_choice_writes_everything(running):
    filing_id = await running.open()
    preview = await running.preview(filing_id, b"code;colonne;valeur\nBA.010;brut;1\nBP.180;n;4\n")
    with running.by("director"):
        request = pb.ConfirmImportRequest(request_id="a", filing_id=filing_id, import_id=preview.import_id)
        done = await running.stub.ConfirmImport(request)

    assert (done.written, list(done.left_out)) == (2, [])


async def test_steps_are_walked_page_by_page(running):
    filing_id = await running.open()
    for number in range(5):
        await running.save(filing_id, (AMOUNT, str(number + 1), number))
    pages, token = [], ""
    with running.by("reader"):
        while not pages or token:
            request = pb.ListStepsRequest(filing_id=filing_id, page_size=2, page_token=token)
            page = await running.stub.ListSteps(request)
            pages.append(len(page.steps))
            token = page.next_page_token
        with pytest.raises(NotFound):
            await running.stub.ListSteps(pb.ListStepsRequest(filing_id=filing_id, page_token="nothing"))

    assert pages == [2, 2, 1]


async def test_a_value_put_back_has_its_first_origin_and_author_and_says_who_put_it_back(running):
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "111", 0))
    await running.save(filing_id, (AMOUNT, "5", 1), by="accountant")
    (step, *_) = await steps_of(running, filing_id)

    await undo(running, filing_id, step.step_id)

    _, cells = await running.read(filing_id)
    cell = cells[AMOUNT]
    assert (cell.value, cell.author, cell.put_back_by) == ("111", "Dominique Directeur", "Camille Compte")
    with running.by("reader"):
        request = pb.GetCellHistoryRequest(filing_id=filing_id, address=AMOUNT)
        versions = (await running.stub.GetCellHistory(request)).versions
    assert [(one.value, one.author, one.put_back_by) for one in versions] == [
        ("111", "Dominique Directeur", "Camille Compte"),
        ("5", "Camille Compte", ""),
        ("111", "Dominique Directeur", ""),
    ]


async def test_a_step_kept_by_the_release_before_is_undone(running):
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "111", 0))
    await running.save(filing_id, (AMOUNT, "5", 1), by="accountant")
    async with running.engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE edit_steps SET cells = (SELECT jsonb_agg(one - 'before_author' - 'before_at' - 'before_server')"
                " FROM jsonb_array_elements(cells) AS one)"
            )
        )
    (step, *_) = await steps_of(running, filing_id)

    undone = await undo(running, filing_id, step.step_id)

    _, cells = await running.read(filing_id)
    assert (list(undone.restored), cells[AMOUNT].value, cells[AMOUNT].author) == ([AMOUNT], "111", "Camille Compte")


async def seal(running, filing_id):
    """Sign what the filing says now, as the signature service would, whatever the controls say."""
    async with running.engine.begin() as connection:
        await connection.execute(text("UPDATE filings SET step = 3, verdict = 'clean'"))
        await connection.execute(
            text(
                "INSERT INTO snapshots (filing_id, version, revision, content, frozen_at, is_signed)"
                " VALUES (:id, 1, 2, :content, now(), false)"
            ),
            {"id": filing_id, "content": zlib.compress(json.dumps(FROZEN).encode())},
        )
    at = Timestamp()
    at.FromDatetime(running.clock.now())
    await running.stub.SealFiling(
        pb.SealFilingRequest(
            event_id="seal",
            filing_id=filing_id,
            version=1,
            revision=2,
            receipt_number="N1",
            signatory="D",
            signed_at=at,
        )
    )


FROZEN = {
    "cells": {AMOUNT: "5"},
    "verdict": "clean",
    "rule_set": "r",
    "form_set_digest": a_form_set().digest,
    "justifications": [],
}


async def test_a_reopened_filing_is_changed_and_compared_with_what_was_signed(running):
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "5", 0))
    await seal(running, filing_id)

    with running.by("director"):
        request = pb.ReopenFilingRequest(
            request_id=running.request_id(), filing_id=filing_id, reason="Erreur de saisie", cells=[AMOUNT]
        )
        reopened = (await running.stub.ReopenFiling(request)).filing
    await running.save(filing_id, (AMOUNT, "6", 1))

    assert (reopened.step, reopened.signed_version) == (pb.STEP_ENTRY, 1)
    assert reopened.reopened_at.ToDatetime(UTC) == running.clock.now()
    with running.by("reader"):
        signed = await running.stub.GetSignedVersion(pb.GetSignedVersionRequest(filing_id=filing_id))
        compare = pb.CompareFilingsRequest(filing_id=filing_id, version=1)
        found = (await running.stub.CompareFilings(compare)).differences
    assert ([(c.address, c.value) for c in signed.cells], list(signed.versions)) == ([(AMOUNT, "5")], [1])
    assert (AMOUNT, "5", "6") in [(d.address, d.value, d.other_value) for d in found]


async def test_transmission_hears_of_a_reopening_whether_or_not_sync_answers(running):
    filing_id = await running.open()
    running.sync.is_down = True
    await running.save(filing_id, (SHARED, "5", 0))
    await seal(running, filing_id)
    running.transmission.arrived.clear()

    with running.by("director"):
        await running.stub.ReopenFiling(
            pb.ReopenFilingRequest(request_id=running.request_id(), filing_id=filing_id, reason="Le total est 123456")
        )
    async with asyncio.timeout(30):
        await running.transmission.arrived.wait()

    (request,) = running.transmission.suspended
    assert (request.filing_id, request.version) == (filing_id, 1)
    assert request.reopened_at.ToDatetime(UTC) == running.clock.now()
    assert b"123456" not in request.SerializeToString()
    assert running.sync.published == []


async def test_last_years_answers_are_carried_and_its_figures_are_in_the_series(running):
    last = await running.open()
    await running.save(last, (AMOUNT, "5", 0), ("ID.020.v", "OPHE", 0))
    async with running.engine.begin() as connection:
        await connection.execute(text("UPDATE filings SET year = 2023"))

    filing_id = await running.open()
    with running.by("accountant"):
        request = pb.CarryLastYearRequest(request_id=running.request_id(), filing_id=filing_id)
        carried = await running.stub.CarryLastYear(request)

    _, cells = await running.read(filing_id)
    assert (cells["BA.010.n1"].value, cells["BA.010.n1"].origin) == ("5", pb.ORIGIN_LAST_YEAR)
    assert (cells["ID.020.v"].value, carried.carried) == ("OPHE", 1)
    assert (AMOUNT, "5") in [(cell.address, cell.value) for cell in carried.beside]
    with running.by("reader"):
        shown = await running.stub.GetLastYear(pb.GetLastYearRequest(filing_id=filing_id))
    assert list(shown.beside) == list(carried.beside)
    with running.by("reader"):
        request = pb.GetSeriesRequest(body=SIREN, document=types.DOCUMENT_ER, addresses=[AMOUNT])
        points = (await running.stub.GetSeries(request)).points
    assert [(p.year, p.value, p.is_signed) for p in points] == [(2023, "5", False), (2024, "", False)]


async def test_comments_deadlines_and_attachments_go_around_the_figures(running):
    filing_id = await running.open()
    pdf = a_pdf(stream(b"\0" * 5_000_000))
    with running.by("accountant"):
        said = pb.CommentCellRequest(
            request_id=running.request_id(), filing_id=filing_id, address=AMOUNT, text="À voir", is_flagged=True
        )
        await running.stub.CommentCell(said)
        sent = pb.AttachFileRequest(
            request_id=running.request_id(), filing_id=filing_id, kind="DELIBERATION", file_name="pv.pdf", content=pdf
        )
        attached = (await running.stub.AttachFile(sent)).attachment
    with running.by("officer"):
        more = pb.ExtendDeadlineRequest(
            request_id=running.request_id(),
            document=types.DOCUMENT_ER,
            year=2024,
            body=SIREN,
            due_on="2025-08-31",
            reason="Commissaire malade",
        )
        await running.stub.ExtendDeadline(more)

    filing, _ = await running.read(filing_id)
    with running.by("reader"):
        comments = (await running.stub.ListComments(pb.ListCommentsRequest(filing_id=filing_id))).comments
        listed = (await running.stub.ListAttachments(pb.ListAttachmentsRequest(filing_id=filing_id))).attachments
        got = await running.stub.GetAttachment(
            pb.GetAttachmentRequest(filing_id=filing_id, attachment_id=attached.attachment_id)
        )
    assert [(one.text, one.is_flagged) for one in comments] == [("À voir", True)]
    assert filing.due_on == "2025-08-31"
    assert (list(listed), got.attachment, got.content) == ([attached], attached, pdf)
    assert not attached.HasField("scanned_at"), "no scanner is set: nobody looked for viruses"
