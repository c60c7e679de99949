"""Several years and versions of a filing: carried, compared, reopened."""

from dataclasses import replace
from uuid import UUID

import pytest

from chassis.errors import Forbidden, Invalid
from services.forms.domain.cell import Origin
from services.forms.domain.errors import BodyUnknown, CellsRefused, FilingUnknown, ReasonMissing, StepRefused
from services.forms.domain.events import FilingReopened
from services.forms.domain.filing import Document, Step, Verdict
from services.forms.domain.snapshot import Snapshot
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    NOON,
    SHARED,
    SIREN,
    TOTALLED,
    RecordingFacts,
    a_campaign,
    a_cell,
    a_fact,
    a_filing,
    a_form_set,
    a_forms,
)
from tests.support.hosting import a_caller

LAST_ID = UUID(int=77)
READER = a_caller("Lou Lecteur", on={SIREN: ["filing.read"]})
STRANGER = a_caller("Sacha Ailleurs", on={"111111111": ["filing.read", "filing.edit", "filing.return"]})
REASON = "Erreur sur les stocks"


async def with_last_year(forms, *cells, signed=None):
    """Keep a filing for 2023, signed with other values when asked."""
    last = replace(a_filing(id=LAST_ID, year=2023), signed_version=1 if signed else 0)
    await forms.evaluated(last, *cells)
    if signed:
        await keep_signed(forms, LAST_ID, 1, signed)
    return forms


async def keep_signed(forms, filing_id, version, cells):
    snapshot = Snapshot(filing_id, version, 3, cells, Verdict.CLEAN, "r", a_form_set().digest, (), NOON)
    async with forms.store() as work:
        await work.snapshots.add(snapshot)
        await work.snapshots.mark_signed(filing_id, version, 3)
        await work.commit()


async def signed_filing(forms, *cells, **changes):
    filing = a_filing(**{"step": Step.REVIEW, "signed_version": 1, **changes})
    await forms.keep(filing, *cells)
    await keep_signed(forms, FILING_ID, 1, {cell.address: cell.value for cell in cells})
    return filing


# Last year


async def test_a_filing_opens_with_the_columns_of_the_year_before():
    forms = await with_last_year(a_forms(), a_cell(AMOUNT, "5"), a_cell("ID.010.v", "OPH"))
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()

    card, _ = await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)

    cells = forms.store.kept.cells[card.filing.id]
    assert (cells["BA.010.n1"].value, cells["BA.010.n1"].source.origin) == ("5", Origin.LAST_YEAR)
    assert "ID.010.v" not in cells
    assert forms.last_step.filing_id == card.filing.id


async def test_carrying_fills_takes_what_was_signed_and_is_undone_as_one_step():
    signed = {"ID.010.v": "Signé", AMOUNT: "5"}
    forms = await with_last_year(a_forms(), a_cell("ID.010.v", "Changé depuis"), signed=signed)
    await forms.keep(a_filing(), a_cell("ID.020.v", "Sigle"))

    done = await forms.use.carry_last_year(forms.caller, FILING_ID)

    cells = forms.store.kept.cells[FILING_ID]
    assert (done.carried, cells["ID.010.v"].value, done.beside[AMOUNT]) == (1, "Signé", "5")
    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert forms.store.kept.cells[FILING_ID]["ID.010.v"].value == ""
    assert forms.store.kept.cells[FILING_ID]["ID.020.v"].value == "Sigle"


async def test_last_years_answers_are_shown_as_signed_to_whoever_reads_and_to_nobody_else():
    forms = await with_last_year(a_forms(), a_cell(AMOUNT, "7"), signed={"ID.010.v": "Signé", AMOUNT: "5"})
    await forms.keep(a_filing())

    assert await forms.use.show_last_year(READER, FILING_ID) == {AMOUNT: "5"}, "a name is carried, not compared"
    with pytest.raises(FilingUnknown):
        await forms.use.show_last_year(STRANGER, FILING_ID)


async def test_nothing_is_shown_beside_without_a_year_before():
    forms = a_forms()
    await forms.keep(a_filing())

    assert await forms.use.show_last_year(READER, FILING_ID) == {}


async def test_without_a_year_before_or_anything_new_nothing_is_carried():
    forms = a_forms()
    await forms.keep(a_filing())

    assert (await forms.use.carry_last_year(forms.caller, FILING_ID)).carried == 0
    await with_last_year(forms, a_cell("ID.010.v", "OPH"))
    assert (await forms.use.carry_last_year(forms.caller, FILING_ID)).carried == 1
    assert (await forms.use.carry_last_year(forms.caller, FILING_ID)).carried == 0
    with pytest.raises(Forbidden):
        await forms.use.carry_last_year(READER, FILING_ID)


# As it was


async def test_a_signed_version_is_returned_as_signed():
    forms = a_forms()
    await signed_filing(forms, a_cell())
    forms.store.kept.cells[FILING_ID][AMOUNT] = a_cell(value="999", version=2)

    found = await forms.use.get_signed_version(READER, FILING_ID, 0)

    assert (found.version, found.form_set, found.cells) == (1, "2024.1", {AMOUNT: "100"})
    for version in (2, -1):
        with pytest.raises(FilingUnknown):
            await forms.use.get_signed_version(READER, FILING_ID, version)
    with pytest.raises(FilingUnknown):
        await forms.use.get_signed_version(STRANGER, FILING_ID, 1)


def no_longer_shipped(forms):
    """The package every version was signed under was corrected since, under the same number."""
    snapshots = forms.store.kept.snapshots
    snapshots.update({key: replace(one, form_set_digest="ab" * 32) for key, one in snapshots.items()})


async def test_labels_of_another_form_set_than_the_signed_one_are_said_to_be():
    forms = a_forms()
    await signed_filing(forms, a_cell())
    forms.store.kept.cells[FILING_ID][AMOUNT] = a_cell(value="999", version=2)

    async def told():
        signed = await forms.use.get_signed_version(READER, FILING_ID, 1)
        points = await forms.use.get_series(READER, SIREN, Document.ER, [AMOUNT], 1)
        differences = await forms.use.compare_filings(READER, FILING_ID, 1, FILING_ID, 0)
        return [signed.has_other_labels, *(one.has_other_labels for one in (*points, *differences))]

    assert await told() == [False, False, False]
    no_longer_shipped(forms)
    assert await told() == [True, True, True]
    assert (await forms.use.get_signed_version(READER, FILING_ID, 1)).cells == {AMOUNT: "100"}


async def test_a_series_shows_signed_values_and_the_present_ones_of_an_open_year():
    forms = await with_last_year(a_forms(), a_cell(AMOUNT, "7"), signed={AMOUNT: "5"})
    await forms.keep(a_filing(), a_cell(AMOUNT, "9"))

    points = await forms.use.get_series(READER, SIREN, Document.ER, [AMOUNT, AMOUNT], 0)

    assert [(p.year, p.value, p.is_signed) for p in points] == [(2023, "5", True), (2024, "9", False)]
    newest = await forms.use.get_series(READER, SIREN, Document.ER, [AMOUNT], 1)
    assert [p.year for p in newest] == [2024]


@pytest.mark.parametrize(("addresses", "years"), [([], 0), ([AMOUNT] * 51, 0), ([AMOUNT], 6), ([AMOUNT], -1)])
async def test_a_series_has_its_limits(addresses, years):
    with pytest.raises(Invalid):
        await a_forms().use.get_series(READER, SIREN, Document.ER, addresses, years)


async def test_a_series_of_a_strangers_body_is_unknown():
    with pytest.raises(BodyUnknown):
        await a_forms().use.get_series(STRANGER, SIREN, Document.ER, [AMOUNT], 1)


async def test_two_years_and_two_versions_are_compared():
    forms = await with_last_year(a_forms(), a_cell(AMOUNT, "5"))
    await signed_filing(forms, a_cell())
    forms.store.kept.cells[FILING_ID][AMOUNT] = a_cell(value="999", version=2)

    years = await forms.use.compare_filings(READER, FILING_ID, 1, LAST_ID, 0)
    versions = await forms.use.compare_filings(READER, FILING_ID, 1, FILING_ID, 0)

    assert [(d.address, d.value, d.other_value) for d in years if d.address == AMOUNT] == [(AMOUNT, "100", "5")]
    assert TOTALLED in {d.address for d in years}
    assert [(d.address, d.value, d.other_value) for d in versions] == [(AMOUNT, "100", "999")]


async def test_filings_of_two_documents_are_not_compared():
    forms = a_forms()
    await forms.keep(a_filing())
    await forms.keep(a_filing(id=LAST_ID, document=Document.QDIS))

    with pytest.raises(Invalid):
        await forms.use.compare_filings(READER, FILING_ID, 0, LAST_ID, 0)
    with pytest.raises(FilingUnknown):
        await forms.use.compare_filings(STRANGER, FILING_ID, 0, LAST_ID, 0)


# Reopening


async def test_a_reopened_filing_is_edited_again_and_its_signed_version_stays():
    forms = a_forms()
    await signed_filing(forms, a_cell())

    card = await forms.use.reopen_filing(forms.caller, FILING_ID, REASON, [AMOUNT])

    assert (card.filing.step, card.filing.signed_version, card.filing.next_version) == (Step.ENTRY, 1, 2)
    (event,) = [one for one in forms.store.kept.events if isinstance(one, FilingReopened)]
    assert (event.version, event.reason, event.cells) == (1, REASON, (AMOUNT,))
    assert card.filing.reopened_at == event.at == forms.clock.now()
    assert "Version 1" in forms.store.kept.activities[-1].en
    assert "suspended" in forms.store.kept.activities[-1].en
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(AMOUNT, "101", 1)])
    assert (await forms.use.get_signed_version(READER, FILING_ID, 1)).cells == {AMOUNT: "100"}
    assert forms.kinds()[0] == "FILING_REOPENED"


async def test_a_reopened_filing_takes_in_what_arrived_meanwhile():
    forms = a_forms(facts=RecordingFacts(a_fact(SHARED, "8", is_sealed=True)))
    await signed_filing(forms, a_cell(SHARED, "7"))
    assert await forms.use.apply_facts("event", SIREN, 2024, [a_fact(SHARED, "8")]) == 0

    await forms.use.reopen_filing(forms.caller, FILING_ID, REASON, [])

    assert (forms.cell(SHARED).value, forms.cell(SHARED).is_sealed) == ("8", False)
    assert await forms.use.apply_facts("later", SIREN, 2024, [a_fact(SHARED, "9")]) == 1


async def test_only_a_signed_filing_is_reopened_with_a_reason_by_who_may():
    forms = a_forms()
    await signed_filing(forms, a_cell())

    with pytest.raises(ReasonMissing):
        await forms.use.reopen_filing(forms.caller, FILING_ID, " x ", [])
    with pytest.raises(CellsRefused):
        await forms.use.reopen_filing(forms.caller, FILING_ID, REASON, ["ZZ.1.n"])
    with pytest.raises(Forbidden):
        await forms.use.reopen_filing(READER, FILING_ID, REASON, [])
    with pytest.raises(FilingUnknown):
        await forms.use.reopen_filing(STRANGER, FILING_ID, REASON, [])
    await forms.use.reopen_filing(forms.caller, FILING_ID, REASON, [])
    with pytest.raises(StepRefused):
        await forms.use.reopen_filing(forms.caller, FILING_ID, REASON, [])
    assert forms.kinds() == ["FILING_REOPENED"]
