"""What happened to cells and filings, over gRPC and PostgreSQL: steps undone, comments, years, reopening."""

from harmonia.forms.v1 import forms_pb2 as pb

from tests.support.form_sets import SAMPLE
from tests.support.forms import AMOUNT


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
