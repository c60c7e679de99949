import asyncio
import json
from dataclasses import replace
from uuid import UUID

import pytest

from services.forms.clients.exports.files import ThreadedExportFiles
from services.forms.domain.errors import FilingUnknown, FormSetNoLongerShipped
from services.forms.domain.export import ExportFormat
from services.forms.domain.filing import Verdict
from services.forms.domain.snapshot import Snapshot
from tests.support.exports import an_export
from tests.support.forms import AMOUNT, FILING_ID, NOON, TOTALLED, a_cell, a_filing, a_form_set, a_forms
from tests.support.hosting import a_caller


async def exported(forms, version=0, chosen=ExportFormat.JSON):
    return await forms.use.export_filing(forms.caller, FILING_ID, chosen, version)


async def signed_once(forms, value="100"):
    """The filing is signed with a value, then moves on."""
    await forms.evaluated(a_filing(), a_cell(AMOUNT, "999"))
    snapshot = Snapshot(FILING_ID, 1, 1, {AMOUNT: value}, Verdict.CLEAN, "rules", a_form_set().digest, (), NOON)
    async with forms.store() as work:
        await work.snapshots.add(snapshot)
        await work.snapshots.mark_signed(FILING_ID, 1, 1)
        await work.commit()


async def test_the_filing_is_exported_as_it_is_now_with_its_totals():
    forms = a_forms()
    await forms.evaluated(a_filing(), a_cell(AMOUNT, "100"))
    cells = json.loads((await exported(forms)).content)["cells"]
    assert cells[AMOUNT] == cells[TOTALLED] == "100"


async def test_a_signed_version_is_exported_as_it_was_signed():
    forms = a_forms()
    await signed_once(forms, "100")
    answer = json.loads((await exported(forms, version=1)).content)
    assert answer["cells"] == {AMOUNT: "100"}
    assert answer["version"] == 1


async def test_a_file_names_the_verdict_on_its_own_content():
    forms = a_forms()
    await signed_once(forms)
    async with forms.store() as work:
        await work.filings.save(replace(await work.filings.get_for_change(FILING_ID), verdict=Verdict.BLOCKED))
        await work.commit()
    assert json.loads((await exported(forms, version=1)).content)["verdict"] == "clean"
    assert json.loads((await exported(forms)).content)["verdict"] == "blocked"


async def test_a_signed_version_keeps_the_form_set_of_its_signature():
    forms = a_forms()
    await signed_once(forms)
    async with forms.store() as work:
        await work.filings.save(replace(await work.filings.get_for_change(FILING_ID), form_set="2025.1"))
        await work.commit()
    assert json.loads((await exported(forms, version=1)).content)["form_set"]["version"] == "2024.1"
    assert json.loads((await exported(forms)).content)["form_set"]["version"] == "2025.1"


async def test_a_version_whose_form_set_is_no_longer_shipped_is_not_exported_under_another_one():
    forms = a_forms()
    await signed_once(forms)
    snapshots = forms.store.kept.snapshots
    snapshots.update({key: replace(one, form_set_digest="ab" * 32) for key, one in snapshots.items()})

    with pytest.raises(FormSetNoLongerShipped) as refused:
        await exported(forms, version=1)

    assert "conteneur" in str(refused.value)
    assert json.loads((await exported(forms)).content)["version"] == 0


async def test_a_version_that_was_never_signed_is_unknown():
    forms = a_forms()
    await signed_once(forms)
    with pytest.raises(FilingUnknown):
        await exported(forms, version=2)


async def test_a_stranger_does_not_learn_that_the_filing_exists():
    forms = a_forms(caller=a_caller(on={"000000026": ["filing.read"]}))
    await forms.evaluated(a_filing(), a_cell())
    with pytest.raises(FilingUnknown):
        await exported(forms)
    with pytest.raises(FilingUnknown):
        await forms.use.export_filing(forms.caller, UUID(int=7), ExportFormat.CSV, 0)


@pytest.mark.parametrize("chosen", list(ExportFormat))
async def test_every_format_has_a_name_and_a_media_type(chosen):
    file = await ThreadedExportFiles().write(an_export(), chosen)
    assert file.content
    assert file.file_name.startswith("harmonia-2024.1." if chosen is ExportFormat.TAXONOMY else "er-2024-000000018.")
    assert "/" in file.media_type


async def test_the_event_loop_goes_on_while_a_workbook_is_written():
    content, loop = an_export(), asyncio.get_running_loop()
    writing = asyncio.create_task(ThreadedExportFiles().write(content, ExportFormat.XLSX))
    turns, started = 0, loop.time()
    while not writing.done():
        await asyncio.sleep(0.001)
        turns += 1
    await writing
    # On the loop itself the count would be one: the whole writing would be one turn.
    assert turns >= 5, f"{turns} turns in {loop.time() - started:.3f} s"
