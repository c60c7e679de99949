"""The second year of a body beside its first, signed: forms, validation and PostgreSQL."""

import pytest
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation
from sqlalchemy import text

import formsets
from chassis.errors import Invalid
from synthetic import series
from tests.integration.forms.test_forms_line import freeze, lock, move, seal_request
from tests.support.forms import SIREN

RESTATED, THEN = "PL.040.n1", "PL.040.n"
"""A cell of the previous year's column, and the cell it repeats."""


async def filled(running, synthetic):
    """A filing of this year with the ER cells of a synthetic one, in a campaign of its own."""
    campaign = pb.Campaign(
        document=types.DOCUMENT_ER,
        year=synthetic.year,
        form_set=synthetic.form_set,
        opens_on="2025-04-01",
        due_on="2025-07-15",
        closes_on="2025-12-31",
        families=[types.FAMILY_OPH],
    )
    await running.stub.ProvisionCampaign(pb.ProvisionCampaignRequest(campaign=campaign))
    form_set = formsets.load(synthetic.form_set)
    with running.by("director"):
        request = pb.OpenFilingRequest(body=SIREN, document=types.DOCUMENT_ER, year=synthetic.year)
        filing_id = (await running.stub.OpenFiling(request)).filing.identity.filing_id
    _, there = await running.read(filing_id)
    cells = {a: v for a, v in synthetic.cells.items() if form_set.document_of(a) == "ER"}
    await running.save(filing_id, *((a, v, there[a].version if a in there else 0) for a, v in cells.items()))
    return filing_id


async def sign(running, filing_id, event_id):
    await move(running, filing_id, pb.STEP_SIGNATURE)
    frozen = await freeze(running, filing_id)
    await lock(running, frozen)
    await running.stub.SealFiling(seal_request(frozen, event=event_id))


async def check(running, filing_id):
    with running.by("director"):
        report = await running.stub.CheckFiling(pb.CheckFilingRequest(filing_id=filing_id))
    return {finding.control: finding for finding in report.findings}, report.verdict


@pytest.fixture
async def years(running):
    """The filing of 2023, signed, and that of 2024."""
    before, after = series("OPH", 5, (2023, 2024))
    first = await filled(running, before)
    await sign(running, first, "first")
    return first, await filled(running, after)


async def test_the_first_year_blocks_the_second_until_it_is_mended_or_said_to_be_restated(running, years):
    _, filing_id = years
    findings, verdict = await check(running, filing_id)
    assert (findings["H-01"].status, verdict) == (validation.CONTROL_STATUS_PASSED, validation.VERDICT_CLEAN)
    _, cells = await running.read(filing_id)
    right = cells[RESTATED]

    with pytest.raises(Invalid) as caught:
        await running.save(filing_id, (RESTATED, "1", right.version))
    assert [(one.field, one.reason) for one in caught.value.violations] == [(RESTATED, "F-21")]

    await comment(running, filing_id, "Reclassé, voir l'annexe.", is_flagged=True)
    restated = await running.save(filing_id, (RESTATED, "1", right.version))
    assert (restated.filing.verdict, list(restated.findings)) == (validation.VERDICT_CLEAN, [])

    await comment(running, filing_id, "Non.", is_flagged=False)
    findings, verdict = await check(running, filing_id)
    operands = {cell.address: cell.value for cell in findings["H-01"].operands}
    assert (findings["H-01"].status, verdict) == (validation.CONTROL_STATUS_FAILED, validation.VERDICT_BLOCKED)
    assert (operands[RESTATED], operands[f"PREV({THEN})"]) == ("1", right.value)
    mended = await running.save(filing_id, (RESTATED, right.value, right.version + 1))
    assert (mended.filing.verdict, list(mended.findings)) == (validation.VERDICT_CLEAN, [])


async def comment(running, filing_id, text, *, is_flagged):
    with running.by("accountant"):
        await running.stub.CommentCell(
            pb.CommentCellRequest(
                request_id=running.request_id(),
                filing_id=filing_id,
                address=RESTATED,
                text=text,
                is_flagged=is_flagged,
            )
        )


async def test_a_rectified_first_year_is_compared_with_from_its_signature_on(running, years):
    first, second = years
    with running.by("director"):
        request = pb.ReopenFilingRequest(request_id=running.request_id(), filing_id=first, reason="Erreur de saisie")
        await running.stub.ReopenFiling(request)
    _, cells = await running.read(first)
    await running.save(first, (THEN, str(int(cells[THEN].value) + 1), cells[THEN].version))
    assert (await check(running, second))[0]["H-01"].status == validation.CONTROL_STATUS_PASSED

    await sign(running, first, "second")

    findings, verdict = await check(running, second)
    assert (findings["H-01"].status, verdict) == (validation.CONTROL_STATUS_FAILED, validation.VERDICT_BLOCKED)


async def test_what_was_signed_is_read_once(running, years):
    _, filing_id = years
    findings, verdict = await check(running, filing_id)
    async with running.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE snapshots RENAME TO snapshots_out_of_reach"))

    assert await check(running, filing_id) == (findings, verdict)
