"""Files leave over gRPC and come back: what was exported is what an import reads."""

import io
import json
import zipfile

import pytest
from harmonia.forms.v1 import forms_pb2 as pb

from chassis.errors import Invalid, NotFound
from tests.support.form_sets import SAMPLE
from tests.support.forms import AMOUNT

FORMATS = {
    pb.EXPORT_FORMAT_CSV: "er-2024-000000018.csv",
    pb.EXPORT_FORMAT_XLSX: "er-2024-000000018.xlsx",
    pb.EXPORT_FORMAT_JSON: "er-2024-000000018.json",
    pb.EXPORT_FORMAT_XBRL_JSON: "er-2024-000000018.xbrl.json",
    pb.EXPORT_FORMAT_XBRL_CSV: "er-2024-000000018.xbrl-csv.zip",
    pb.EXPORT_FORMAT_TAXONOMY: "harmonia-2024.1.taxonomy.zip",
}
HOSTILE = "-2 rue du Test"
TEXT, EMPTY, SIREN_OF_GROUP = "ID.070.v", "ID.260.v", "552081317"


async def export(running, filing_id, chosen, by="director", version=0):
    with running.by(by):
        request = pb.ExportFilingRequest(filing_id=filing_id, format=chosen, version=version)
        return await running.stub.ExportFiling(request)


async def confirm(running, filing_id, preview):
    with running.by("director"):
        return await running.stub.ConfirmImport(
            pb.ConfirmImportRequest(
                request_id=running.request_id(),
                filing_id=filing_id,
                import_id=preview.import_id,
                overwrite_typed=True,
            )
        )


async def filled(running):
    """A filing filled by the worked example, with a text that a spreadsheet would execute."""
    filing_id = await running.open()
    await confirm(running, filing_id, await running.preview(filing_id, SAMPLE.read_bytes()))
    _, cells = await running.read(filing_id)
    await running.save(filing_id, (TEXT, HOSTILE, cells[TEXT].version))
    return filing_id


async def values_of(running, filing_id):
    _, cells = await running.read(filing_id)
    return {address: cell.value for address, cell in cells.items() if cell.value}


@pytest.mark.parametrize("chosen", list(FORMATS))
async def test_a_filing_leaves_in_every_format(running, chosen):
    filing_id = await filled(running)

    file = await export(running, filing_id, chosen, by="reader")

    assert file.file_name == FORMATS[chosen]
    assert file.media_type.split(";")[0].startswith(("text/csv", "application/"))
    if file.file_name.endswith(("zip", "xlsx")):
        assert zipfile.ZipFile(io.BytesIO(file.content)).testzip() is None
    elif file.file_name.endswith("json"):
        assert json.loads(file.content)
    else:
        assert f"'{HOSTILE}" in file.content.decode("utf-8-sig")


@pytest.mark.parametrize("chosen", [pb.EXPORT_FORMAT_CSV, pb.EXPORT_FORMAT_XLSX])
async def test_importing_an_export_gives_the_same_filing_again(running, chosen):
    filing_id = await filled(running)
    before = await values_of(running, filing_id)
    file = await export(running, filing_id, chosen)
    _, cells = await running.read(filing_id)
    await running.save(filing_id, (TEXT, "autre", cells[TEXT].version), (AMOUNT, "123456", cells[AMOUNT].version))
    assert await values_of(running, filing_id) != before

    preview = await running.preview(filing_id, file.content, file.file_name)
    await confirm(running, filing_id, preview)

    assert not preview.problems
    assert await values_of(running, filing_id) == before


async def test_a_flat_export_also_empties_what_was_empty(running):
    filing_id = await filled(running)
    file = await export(running, filing_id, pb.EXPORT_FORMAT_CSV)
    await running.save(filing_id, (EMPTY, SIREN_OF_GROUP, 0))

    await confirm(running, filing_id, await running.preview(filing_id, file.content))

    assert EMPTY not in await values_of(running, filing_id)


async def test_strangers_and_unknown_versions_find_nothing(running):
    filing_id = await filled(running)
    with pytest.raises(NotFound):
        await export(running, filing_id, pb.EXPORT_FORMAT_CSV, by="stranger")
    with pytest.raises(NotFound):
        await export(running, filing_id, pb.EXPORT_FORMAT_CSV, version=1)


async def test_a_format_must_be_chosen(running):
    filing_id = await running.open()
    with pytest.raises(Invalid):
        await export(running, filing_id, pb.EXPORT_FORMAT_UNSPECIFIED)
