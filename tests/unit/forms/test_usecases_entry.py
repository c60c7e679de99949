"""Opening, saving, importing, reading."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from chassis.errors import Forbidden
from services.forms.domain.cell import Origin
from services.forms.domain.errors import (
    BodyUnknown,
    CampaignMalformed,
    CellsChanged,
    CellsRefused,
    FilingNotEditable,
    FilingUnknown,
    ImportHasProblems,
    ImportRefused,
    ImportUnknown,
    NoCampaign,
)
from services.forms.domain.filing import Document, Lock, Step
from services.forms.domain.importing import Effect, ImportChoice
from services.forms.domain.sharing import FactSource
from services.forms.usecases.save_cells import TypedCell
from tests.support.form_sets import SAMPLE
from tests.support.forms import (
    ALIAS,
    AMOUNT,
    CLOSED,
    FILING_ID,
    GIVEN,
    NOON,
    SHARED,
    SIREN,
    TOTALLED,
    RecordingFacts,
    a_campaign,
    a_cell,
    a_fact,
    a_filing,
    a_forms,
)
from tests.support.hosting import a_caller

STRANGER = a_caller("Sacha Ailleurs", on={"111111111": ["filing.open", "filing.read", "filing.edit", "filing.import"]})
OFFICER = a_caller("Alex Agent", on={"*": ["staff.read", "campaign.manage"]})
READER = a_caller("Lou Lecteur", on={SIREN: ["filing.read"]})


async def with_campaign(forms, campaign=None):
    async with forms.store() as work:
        await work.campaigns.save(campaign or a_campaign())
        await work.commit()
    return forms


async def save(forms, *typed, caller=None):
    return await forms.use.save_cells(caller or forms.caller, FILING_ID, [TypedCell(*one) for one in typed])


async def preview(forms, content, caller=None):
    return await forms.use.preview_import(caller or forms.caller, FILING_ID, "er.csv", content)


async def confirm(forms, preview_id, accept_partial=False, **choice):
    choice = ImportChoice(**choice)
    return await forms.use.confirm_import(forms.caller, FILING_ID, preview_id, choice, accept_partial=accept_partial)


# Opening


async def test_a_filing_is_pinned_to_the_form_set_of_its_campaign():
    forms = await with_campaign(a_forms())

    card, is_new = await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)

    assert is_new
    assert (card.filing.form_set, card.filing.due_on) == ("2024.1", date(2025, 7, 15))
    assert (card.filing.revision, card.filing.step, card.filled, card.fillable) == (1, Step.ENTRY, 0, 671)
    assert forms.kinds() == ["FILING_OPENED"]


async def test_opening_again_returns_the_filing_that_is_there():
    forms = await with_campaign(a_forms())
    first, _ = await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)

    second, is_new = await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)

    assert (second.filing, is_new) == (first.filing, False)


async def test_two_who_open_at_once_get_one_filing():
    forms = await with_campaign(a_forms())

    opened = await asyncio.gather(*(forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024) for _ in range(4)))

    assert len({card.filing.id for card, _ in opened}) == 1
    assert sorted(is_new for _, is_new in opened) == [False, False, False, True]
    assert forms.kinds() == ["FILING_OPENED"]


async def test_a_new_filing_starts_with_the_facts_known_here():
    forms = a_forms(facts=RecordingFacts(a_fact(), a_fact(GIVEN, "1.5", is_computed=True, is_provisional=True)))
    await with_campaign(forms, a_campaign(Document.QDIS))

    card, _ = await forms.use.open_filing(forms.caller, SIREN, Document.QDIS, 2024)

    assert (forms.cell(SHARED).value, forms.cell(GIVEN).is_provisional) == ("7", True)
    assert (card.filled, card.fillable) == (1, 78)


async def test_the_er_computes_its_own_totals():
    forms = await with_campaign(a_forms(facts=RecordingFacts(a_fact(GIVEN, "1.5", is_computed=True))))

    await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)

    assert forms.store.kept.cells.get(forms.filing.id, {}) == {}


async def test_a_fact_that_arrives_while_a_filing_opens_is_not_lost():
    """It reaches sync after sync was asked what it knows, and forms before the filing is there to be seen."""
    forms = await with_campaign(a_forms())
    asked, applied = asyncio.Event(), []

    class SlowFacts(RecordingFacts):
        async def known(self, siren, year):
            asked.set()
            await asyncio.sleep(0.01)
            return []

    forms.facts = SlowFacts()
    forms.__post_init__()

    async def arrive():
        await asked.wait()
        applied.append(await forms.use.apply_facts("event", SIREN, 2024, [a_fact()]))

    await asyncio.gather(forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024), arrive())

    assert applied == [1]
    assert forms.cell(SHARED).value == "7"


async def test_a_stranger_and_an_unknown_body_get_the_same_answer():
    forms = await with_campaign(a_forms())

    with pytest.raises(BodyUnknown) as stranger:
        await forms.use.open_filing(STRANGER, SIREN, Document.ER, 2024)
    with pytest.raises(BodyUnknown) as nobody:
        await forms.use.open_filing(STRANGER, "999999999", Document.ER, 2024)

    assert stranger.value.args == nobody.value.args


async def test_a_reader_opens_nothing():
    forms = await with_campaign(a_forms())

    with pytest.raises(Forbidden):
        await forms.use.open_filing(READER, SIREN, Document.ER, 2024)


@pytest.mark.parametrize(("document", "year"), [(Document.QDIS, 2024), (Document.ER, 2023), (Document.ER, -5)])
async def test_without_a_campaign_nothing_is_opened(document, year):
    forms = await with_campaign(a_forms())

    with pytest.raises(NoCampaign):
        await forms.use.open_filing(forms.caller, SIREN, document, year)
    assert forms.store.kept.filings == {}


# Campaigns


async def test_a_later_due_date_reaches_the_filings_that_are_open():
    forms = a_forms()
    await forms.keep(a_filing())

    await forms.use.plan_campaign(OFFICER, a_campaign(due_on=date(2025, 9, 30)))

    assert forms.filing.due_on == date(2025, 9, 30)


async def test_only_staff_of_the_server_plans_a_campaign():
    forms = a_forms()

    with pytest.raises(Forbidden):
        await forms.use.plan_campaign(replace(OFFICER, grants={"*": frozenset({"staff.read"})}), a_campaign())


async def test_a_campaign_on_a_form_set_that_is_not_shipped_is_refused():
    with pytest.raises(CampaignMalformed) as caught:
        await a_forms().use.plan_campaign(OFFICER, a_campaign(form_set="1999.9"))

    assert caught.value.violations[0].field == "form_set"


# Saving


async def test_a_save_computes_what_follows_and_counts():
    forms = a_forms()
    await forms.keep(a_filing())

    saved = await save(forms, (AMOUNT, "1 500", 0))

    assert [(cell.address, cell.value) for cell in saved.cells] == [(AMOUNT, "1500")]
    assert saved.computed[TOTALLED] == "1500"
    assert (saved.card.filing.revision, saved.card.filled) == (2, 1)
    assert forms.store.kept.computed[FILING_ID][TOTALLED] == "1500"
    assert forms.kinds() == ["CELLS_SAVED"]


async def test_every_refused_text_is_named_and_nothing_is_saved():
    forms = a_forms()
    await forms.keep(a_filing())

    with pytest.raises(CellsRefused) as caught:
        await save(forms, (AMOUNT, "12", 0), ("BA.020.brut", "douze", 0), (TOTALLED, "1", 0), ("ZZ.1.z", "1", 0))

    assert {(v.field, v.reason) for v in caught.value.violations} == {
        ("BA.020.brut", "F-01"),
        (TOTALLED, "F-20"),
        ("ZZ.1.z", "F-24"),
    }
    assert forms.store.kept.cells == {}


async def test_a_closed_cell_takes_a_zero_that_is_not_stored():
    forms = a_forms()
    await forms.keep(a_filing())

    saved = await save(forms, (CLOSED, "0", 0))

    assert (list(saved.cells), forms.store.kept.cells) == ([], {})
    with pytest.raises(CellsRefused) as caught:
        await save(forms, (CLOSED, "12", 0))
    assert caught.value.violations[0].reason == "F-19"


async def test_a_save_that_changes_nothing_is_no_revision():
    forms = a_forms()
    await forms.keep(a_filing(), a_cell())

    saved = await save(forms, (AMOUNT, "100", 1))

    assert saved.card.filing.revision == forms.filing.revision == 1
    assert forms.kinds() == []


async def test_the_second_of_two_people_learns_what_the_first_typed():
    forms = a_forms()
    await forms.keep(a_filing(), a_cell())
    await save(forms, (AMOUNT, "1", 1), caller=a_caller("Alix"))

    with pytest.raises(CellsChanged, match=r"BA\.010\.brut") as caught:
        await save(forms, (AMOUNT, "2", 1))

    assert "Alix a saisi « 1 »" in caught.value.violations[0].description
    assert forms.cell().value == "1"


async def test_edits_of_different_cells_at_the_same_time_merge():
    forms = a_forms()
    await forms.keep(a_filing())

    await asyncio.gather(save(forms, (AMOUNT, "1", 0)), save(forms, ("BA.020.brut", "2", 0)))

    assert forms.filing.revision == 3
    assert {forms.cell().value, forms.cell("BA.020.brut").value} == {"1", "2"}


async def test_a_save_that_dies_before_its_commit_leaves_nothing():
    forms = a_forms()
    await forms.keep(a_filing())
    forms.store.fails_at_commit = True

    with pytest.raises(RuntimeError):
        await save(forms, (SHARED, "1", 0))

    assert (forms.store.kept.cells, forms.store.kept.events, forms.filing.revision) == ({}, [], 1)


@pytest.mark.parametrize("changes", [{"step": Step.SIGNATURE}, {"lock": Lock("intent", NOON)}], ids=str)
async def test_a_filing_that_is_not_editable_is_neither_saved_nor_imported(changes):
    forms = a_forms()
    await forms.keep(a_filing(**changes))

    with pytest.raises(FilingNotEditable):
        await save(forms, (AMOUNT, "1", 0))
    with pytest.raises(FilingNotEditable):
        await preview(forms, b"code;colonne;valeur\nBA.010;brut;1\n")


async def test_a_save_publishes_shared_facts_and_the_computed_ones_that_follow():
    forms = a_forms()
    await forms.keep(a_filing())

    await save(forms, (SHARED, "40", 0), (AMOUNT, "1", 0))

    (event,) = forms.store.kept.events
    facts = {fact.address: fact.source for fact in event.facts}
    assert facts.pop(SHARED) is FactSource.TYPED
    assert set(facts.values()) <= {FactSource.COMPUTED}
    assert (event.siren, event.year, event.seals) == (SIREN, 2024, False)


async def test_an_alias_is_kept_under_its_fact_and_problems_are_told_under_the_alias():
    forms = a_forms()
    await forms.keep(a_filing(document=Document.QDIS))

    await save(forms, (ALIAS, "40", 0))

    assert forms.cell(SHARED).value == "40"
    assert forms.store.kept.computed[FILING_ID][ALIAS] == "40"
    with pytest.raises(CellsChanged) as caught:
        await save(forms, (ALIAS, "41", 0))
    assert caught.value.violations[0].field == ALIAS


async def test_findings_about_what_was_saved_come_back():
    forms = a_forms()
    await forms.keep(a_filing())

    saved = await save(forms, (AMOUNT, "10", 0), ("BA.010.amort", "20", 0))

    assert "A-03" in {finding.control for finding in saved.findings}
    assert all(finding.is_failed for finding in saved.findings)


# Importing


async def test_the_sample_fills_the_er_and_lists_the_rest_as_elsewhere():
    forms = a_forms()
    await forms.keep(a_filing())

    shown = await preview(forms, SAMPLE.read_bytes())

    effects = [change.effect for change in shown.changes]
    assert shown.problems == ()
    assert (effects.count(Effect.FILL), effects.count(Effect.ELSEWHERE)) == (670, 168)
    lines = {c.address.rpartition(".")[0] for c in shown.changes if c.effect is not Effect.ELSEWHERE}
    assert len(lines) == 414
    assert forms.store.kept.cells == {}


async def test_a_confirmed_import_is_written_once():
    forms = a_forms()
    await forms.keep(a_filing())
    shown = await preview(forms, SAMPLE.read_bytes())

    first = await confirm(forms, shown.id)
    second = await confirm(forms, shown.id)

    assert (first.written, second.written) == (670, 0)
    assert (first.card.filled, second.card.filing.revision) == (670, 2)
    assert forms.kinds() == ["FILE_IMPORTED"]
    assert forms.cell(AMOUNT).source.origin is Origin.IMPORTED


async def test_two_who_confirm_at_once_write_once():
    forms = a_forms()
    await forms.keep(a_filing())
    shown = await preview(forms, SAMPLE.read_bytes())

    done = await asyncio.gather(confirm(forms, shown.id), confirm(forms, shown.id))

    assert sorted(one.written for one in done) == [0, 670]


async def test_typed_values_are_protected_and_counted():
    forms = a_forms()
    await forms.keep(a_filing(), a_cell(value="12"))
    shown = await preview(forms, b"code;colonne;valeur\nBA.010;brut;1\nBA.020;brut;2\n")

    done = await confirm(forms, shown.id)

    assert (done.written, done.kept, forms.cell().value) == (1, 1, "12")


async def test_a_cell_emptied_by_hand_stays_empty_when_the_file_comes_again():
    forms = a_forms()
    await forms.keep(a_filing())
    content = b"code;colonne;valeur\nBA.010;brut;1\n"
    await confirm(forms, (await preview(forms, content)).id)
    await save(forms, (AMOUNT, "", 1))

    again = await preview(forms, content)
    done = await confirm(forms, again.id)

    assert [(change.effect, change.current) for change in again.changes] == [(Effect.PROTECTED, "")]
    assert (done.written, done.kept, forms.values()) == (0, 1, {})


async def test_a_refused_line_keeps_the_good_ones_waiting_for_a_decision():
    forms = a_forms()
    await forms.keep(a_filing())
    shown = await preview(forms, b"code;colonne;valeur;nature\nBA.010;brut;1.234,56;mienne\nBA.020;brut;2;\n")

    (problem,) = shown.problems
    assert (problem.line, problem.code, problem.text, problem.extra) == (2, AMOUNT, "1.234,56", {"nature": "mienne"})
    with pytest.raises(ImportHasProblems):
        await confirm(forms, shown.id)
    assert (await confirm(forms, shown.id, accept_partial=True)).written == 1


async def test_a_file_about_another_body_is_refused_whole():
    forms = a_forms()
    await forms.keep(a_filing())

    with pytest.raises(ImportRefused) as refusal:
        await preview(forms, b"code;colonne;valeur\nID.030;v;552081317\nBA.010;brut;1\n")
    (told,) = refusal.value.violations
    assert told.reason == "F-26"
    assert told.fr.where == "Le fichier : SIREN 552081317 ; ce dossier : SIREN 000000018."
    assert told.en.where == "The file: SIREN 552081317; this filing: SIREN 000000018."
    assert forms.store.kept.imports == {}


async def test_a_preview_belongs_to_its_filing():
    forms = a_forms()
    await forms.keep(a_filing())

    with pytest.raises(ImportUnknown):
        await forms.use.get_import(forms.caller, FILING_ID, UUID(int=404))
    with pytest.raises(ImportUnknown):
        await confirm(forms, UUID(int=404))


# Reading


async def test_a_stranger_and_an_unknown_filing_get_the_same_answer():
    forms = a_forms()
    await forms.keep(a_filing())

    with pytest.raises(FilingUnknown) as stranger:
        await forms.use.get_filing(STRANGER, FILING_ID)
    with pytest.raises(FilingUnknown) as nobody:
        await forms.use.get_filing(STRANGER, UUID(int=9))

    assert str(stranger.value) == str(nobody.value) == "Ce dossier n'existe pas."


async def test_staff_do_not_learn_that_an_unsent_filing_exists():
    forms = a_forms()
    await forms.keep(a_filing())

    cards, _, _ = await forms.use.list_filings(OFFICER, "")

    assert cards == []
    assert (await forms.use.list_transmitted_filings(OFFICER)).filings == []
    for read in (forms.use.get_filing, forms.use.get_transmitted_filing, forms.use.list_activity):
        with pytest.raises(FilingUnknown, match="n'existe pas"):
            await read(OFFICER, FILING_ID)
    with pytest.raises(BodyUnknown):
        await forms.use.list_filings(OFFICER, SIREN)


async def test_a_right_on_the_whole_server_lists_no_filing():
    """No role gives it; if one did by mistake, unsent filings would still not be listed (T-26)."""
    forms = a_forms()
    await forms.keep(a_filing())

    assert (await forms.use.list_filings(a_caller(on={"*": ["filing.read"]}), ""))[0] == []


async def test_what_may_be_opened_is_listed_until_it_is_open():
    forms = await with_campaign(a_forms())

    _, openable, _ = await forms.use.list_filings(forms.caller, SIREN)
    await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)
    cards, rest, _ = await forms.use.list_filings(forms.caller, SIREN)

    assert [one.campaign.document for one in openable] == [Document.ER]
    assert (len(cards), rest) == (1, [])


async def test_a_reader_is_offered_nothing_to_open():
    forms = await with_campaign(a_forms())

    assert (await forms.use.list_filings(READER, ""))[1] == []


async def test_the_history_of_an_alias_is_that_of_its_fact():
    forms = a_forms()
    await forms.keep(a_filing(document=Document.QDIS))
    await save(forms, (ALIAS, "1", 0))
    forms.clock.advance(minutes=1)
    await save(forms, (ALIAS, "2", 1), caller=a_caller("Alix"))

    history = await forms.use.get_cell_history(forms.caller, FILING_ID, ALIAS)

    assert [(cell.version, cell.value, cell.source.author) for cell in history] == [
        (2, "2", "Alix"),
        (1, "1", "Camille Compte"),
    ]
    assert history[0].source.at - history[1].source.at == timedelta(minutes=1)


async def test_facts_of_the_er_do_not_count_as_filled_in_the_qdis():
    forms = a_forms()
    await forms.keep(a_filing(document=Document.QDIS), a_cell(SHARED), a_cell(GIVEN), a_cell("CC.020.nr"))

    card, cells, _ = await forms.use.get_filing(forms.caller, FILING_ID)

    assert (card.filled, len(cells)) == (1, 3)
