"""The four dates of a campaign: after its closing nothing is typed, imported or signed, but for extensions and corrections."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.deadlines import Deadlines, deadlines_of
from services.forms.domain.errors import CampaignClosed, CampaignNotOpen, NoCampaign
from services.forms.domain.filing import Document, Lock, Step, Verdict
from services.forms.domain.importing import ImportChoice
from services.forms.domain.snapshot import Snapshot
from services.forms.domain.undoing import EditKind, EditStep
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    NOON,
    SHARED,
    SIREN,
    CannedControls,
    CountingIdentifiers,
    a_campaign,
    a_cell,
    a_filing,
    a_finding,
    a_forms,
    an_other_value,
    begun,
)
from tests.support.hosting import OFFICER, a_caller
from tests.support.pdfs import a_pdf

ALEX = a_caller("Alex Agent", on={"*": OFFICER})
OPENS, CLOSES, CORRECTIONS, EXTENDED = date(2025, 4, 1), date(2025, 12, 31), date(2026, 3, 31), date(2026, 2, 15)
PDF = a_pdf()
STEP_ID = CountingIdentifiers().next()


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("corrected_until", "extended_to", "entry", "correction"),
    [
        (None, None, CLOSES, CLOSES),
        (CORRECTIONS, None, CLOSES, CORRECTIONS),
        (CORRECTIONS, EXTENDED, EXTENDED, CORRECTIONS),
        (None, EXTENDED, EXTENDED, EXTENDED),
        (CORRECTIONS, date(2026, 4, 30), date(2026, 4, 30), date(2026, 4, 30)),
        (None, date(2025, 9, 1), CLOSES, CLOSES),
    ],
)
def test_the_last_days_follow_from_the_campaign_and_the_extension(corrected_until, extended_to, entry, correction):
    assert deadlines_of(OPENS, CLOSES, corrected_until, extended_to) == Deadlines(OPENS, entry, correction)


@pytest.mark.parametrize(
    ("version", "midnight"),
    [(0, datetime(2025, 12, 31, 23, tzinfo=UTC)), (1, datetime(2026, 3, 31, 22, tzinfo=UTC))],
    ids=["entry, in winter", "corrections, in summer"],
)
def test_the_last_day_is_included_until_midnight_in_paris(version, midnight):
    filing = a_filing(signed_version=version, deadlines=Deadlines(OPENS, CLOSES, CORRECTIONS))

    filing.require_in_time(midnight - timedelta(seconds=1))
    with pytest.raises(CampaignClosed):
        filing.require_in_time(midnight)


def test_the_first_day_is_included_from_midnight_in_paris():
    filing, midnight = a_filing(deadlines=Deadlines(OPENS, CLOSES, CLOSES)), datetime(2025, 3, 31, 22, tzinfo=UTC)

    filing.require_in_time(midnight)
    with pytest.raises(CampaignNotOpen) as caught:
        filing.require_in_time(midnight - timedelta(seconds=1))

    (told,) = caught.value.violations
    assert caught.value.metadata["first_day"] == "2025-04-01"
    assert "ouvre le 01/04/2025" in str(told.fr)
    assert "opens on 2025-04-01" in str(told.en)


def test_a_filing_without_a_known_campaign_is_never_too_late():
    a_filing().require_in_time(noon(date(2099, 1, 1)))


@pytest.mark.parametrize(
    ("document", "ask_fr", "ask_en"),
    [(Document.ER, "au ministère", "the ministry"), (Document.QDIS, "à votre fédération", "your federation")],
)
def test_a_refusal_says_the_date_and_whom_to_ask_in_both_languages(document, ask_fr, ask_en):
    filing = a_filing(document=document, deadlines=Deadlines(OPENS, CLOSES, CLOSES))

    with pytest.raises(CampaignClosed) as caught:
        filing.require_in_time(noon(date(2026, 1, 1)))

    (told,) = caught.value.violations
    assert (caught.value.code, caught.value.metadata["last_day"]) == ("CAMPAIGN_CLOSED", "2025-12-31")
    assert "31/12/2025" in str(told.fr)
    assert "2025-12-31" in str(told.en)
    assert f"Demandez une prolongation {ask_fr}." == told.fr.how
    assert f"Ask {ask_en} for an extension." == told.en.how
    assert str(told.fr) == caught.value.message


# Through the use cases


async def late(day=date(2026, 1, 1), **changes):
    """A filing with one cell of each kind, on a day."""
    forms = a_forms(lambda _: CannedControls(Verdict.CLEAN, a_finding()))
    async with forms.store() as work:
        await work.campaigns.save(a_campaign(corrected_until=CORRECTIONS))
        await work.commit()
    await forms.keep(a_filing(**changes), a_cell(), a_cell(SHARED, "7", conflict=an_other_value("8")))
    async with forms.store() as work:
        await work.steps.add(EditStep(STEP_ID, FILING_ID, EditKind.CELLS_SAVED, "Camille", NOON, "Fait.", "Done.", ()))
        await work.commit()
    preview = await forms.use.preview_import(forms.caller, FILING_ID, "a.csv", b"code;colonne;valeur\nBA.020;brut;5\n")
    forms.clock.advance(seconds=(noon(day) - forms.clock.now()).total_seconds())
    return forms, preview.id


def acts(forms, import_id):
    """Every way to fill a filing."""
    use, by = forms.use, forms.caller
    return {
        "type": lambda: use.save_cells(by, FILING_ID, [TypedCell(AMOUNT, "1", 1)]),
        "preview": lambda: use.preview_import(by, FILING_ID, "a.csv", b"code;colonne;valeur\nBA.030;brut;5\n"),
        "import": lambda: use.confirm_import(by, FILING_ID, import_id, ImportChoice(), accept_partial=True),
        "undo": lambda: use.undo_step(by, FILING_ID, STEP_ID),
        "carry": lambda: use.carry_last_year(by, FILING_ID),
        "resolve": lambda: use.resolve_conflict(by, FILING_ID, SHARED, "7", "r"),
        "attach": lambda: use.attach_file(by, FILING_ID, AttachmentKind.NOTES, "n.pdf", PDF),
    }


ACTS = sorted(acts(a_forms(), None))


@pytest.mark.parametrize("act", ACTS)
async def test_after_the_closing_nothing_is_filled(act):
    forms, import_id = await late()
    before = forms.store.kept

    with pytest.raises(CampaignClosed):
        await acts(forms, import_id)[act]()
    assert forms.store.kept == before


@pytest.mark.parametrize("act", [*ACTS, "sign"])
async def test_in_a_campaign_moved_to_open_later_nothing_is_filled_or_signed_in_what_was_opened_already(act):
    forms, import_id = await late(date(2025, 6, 3))
    await forms.use.plan_campaign(ALEX, a_campaign(opens_on=date(2025, 6, 4)))
    before = forms.store.kept

    with pytest.raises(CampaignNotOpen):
        await (acts(forms, import_id) | {"sign": lambda: forms.use.freeze_filing(forms.caller, FILING_ID)})[act]()
    assert forms.store.kept == before

    forms.clock.advance(days=1)
    if act != "sign":
        await acts(forms, import_id)[act]()


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("day", [CLOSES, EXTENDED])
async def test_until_the_closing_or_the_end_of_an_extension_everything_is(act, day):
    forms, import_id = await late(day)
    if day is EXTENDED:
        await forms.use.extend_deadline(ALEX, Document.ER, 2024, SIREN, EXTENDED, "Incendie")

    await acts(forms, import_id)[act]()


@pytest.mark.parametrize("act", ACTS)
async def test_what_was_signed_and_is_open_again_is_corrected_until_its_own_day(act):
    forms, import_id = await late(CORRECTIONS, signed_version=1)
    await acts(forms, import_id)[act]()

    forms, import_id = await late(date(2026, 4, 1), signed_version=1)
    with pytest.raises(CampaignClosed):
        await acts(forms, import_id)[act]()


async def test_after_the_closing_nothing_is_signed():
    forms, _ = await late(CLOSES)
    async with forms.store() as work:
        await work.cells.save(FILING_ID, [*begun(), a_cell(SHARED, "7", 2)])
        await work.commit()
    await forms.use.move_filing(forms.caller, FILING_ID, Step.SIGNATURE, "")
    _, snapshot = await forms.use.freeze_filing(forms.caller, FILING_ID)
    forms.clock.advance(days=1)

    with pytest.raises(CampaignClosed):
        await forms.use.freeze_filing(forms.caller, FILING_ID)
    with pytest.raises(CampaignClosed):
        await forms.use.lock_filing(FILING_ID, snapshot.version, snapshot.revision, "mine")


async def test_a_signature_that_took_its_lock_in_time_may_ask_again():
    forms, _ = await late(date(2026, 1, 1), step=Step.ENTRY)
    async with forms.store() as work:
        filing = await work.filings.get_for_change(FILING_ID)
        held = replace(filing, step=Step.SIGNATURE, verdict=Verdict.CLEAN, lock=Lock("mine", noon(CLOSES)))
        await work.filings.save(held)
        content = {AMOUNT: "100", SHARED: "7"}
        await work.snapshots.add(Snapshot(FILING_ID, 1, 1, content, Verdict.CLEAN, "r", "d", (), NOON))
        await work.commit()

    assert await forms.use.lock_filing(FILING_ID, 1, 1, "mine") == []


async def test_nothing_is_reopened_when_it_could_not_be_signed_again():
    forms, _ = await late(CORRECTIONS)
    async with forms.store() as work:
        filing = await work.filings.get_for_change(FILING_ID)
        await work.filings.save(replace(filing, step=Step.REVIEW, signed_version=1))
        await work.commit()
    forms.clock.advance(days=1)

    for by in (forms.caller, ALEX):
        with pytest.raises(CampaignClosed):
            await forms.use.reopen_filing(by, FILING_ID, "Erreur", [])
    forms.clock.advance(days=-1)
    await forms.use.reopen_filing(ALEX, FILING_ID, "Erreur", [])


async def test_a_body_with_more_time_opens_its_filing_after_the_closing():
    forms = a_forms()
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    await forms.use.extend_deadline(ALEX, Document.ER, 2024, SIREN, EXTENDED, "Incendie")
    forms.clock.advance(seconds=(noon(EXTENDED) - forms.clock.now()).total_seconds())

    _, openable, _ = await forms.use.list_filings(forms.caller, "")
    card, is_new = await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)

    assert [one.body.siren for one in openable] == [SIREN]
    assert (is_new, card.filing.last_day, card.filing.due_on) == (True, EXTENDED, EXTENDED)


async def test_a_body_without_more_time_does_not():
    forms = a_forms()
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    forms.clock.advance(seconds=(noon(EXTENDED) - forms.clock.now()).total_seconds())

    _, openable, _ = await forms.use.list_filings(forms.caller, "")

    assert openable == []
    with pytest.raises(NoCampaign):
        await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)
