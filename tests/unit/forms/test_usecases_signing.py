"""Checking, justifying, moving, freezing, locking, sealing, and what other servers send."""

from datetime import timedelta
from uuid import UUID

import pytest

from chassis.errors import Forbidden, Invalid
from formsets.workflow import APPROVED_ON
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.cell import Origin
from services.forms.domain.errors import (
    FilingNotEditable,
    FilingNotReady,
    FilingUnknown,
    LockHeld,
    NoConflict,
    NotAFinding,
    SignatureUnderWay,
    StepRefused,
)
from services.forms.domain.evaluation import Explanation
from services.forms.domain.filing import Document, Lock, Step, Verdict
from services.forms.domain.sharing import FactSource
from services.forms.domain.transmitted import TransmittedFilter
from services.forms.domain.undoing import EditKind
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import (
    ALIAS,
    AMOUNT,
    FILING_ID,
    GIVEN,
    NOON,
    OTHER_ALIAS,
    SHARED,
    SIREN,
    TOTALLED,
    CannedControls,
    a_cell,
    a_fact,
    a_filing,
    a_finding,
    a_forms,
    an_other_value,
    begun,
)
from tests.support.hosting import ACCOUNTANT, a_caller
from tests.support.pdfs import a_pdf, stream

ACCOUNTANT_CALLER = a_caller("Camille Compte", on={SIREN: ACCOUNTANT})
READER = a_caller("Lou Lecteur", on={SIREN: ["filing.read"]})
FILING_ID_OF_QDIS = UUID("0197aaaa-0000-7000-8000-0000000000aa")
REASON = "Le montant tient à une reprise de provision."


def judged(verdict=Verdict.CLEAN, *findings):
    """Forms whose controls always say this."""
    controls = CannedControls(verdict, *findings)
    return a_forms(lambda _: controls), controls


async def ready_to_sign(*cells, **changes):
    """Forms with a clean filing at the signatory."""
    forms, controls = judged()
    controls.computed = {TOTALLED: "100.4"}
    filing = a_filing(step=Step.ENTRY, **changes)
    await forms.keep(filing, *begun(filing.document), *(cells or [a_cell()]))
    await forms.use.move_filing(forms.caller, FILING_ID, Step.SIGNATURE, "")
    return forms, controls


async def seal(forms, event="event-1", version=1, revision=2):
    await forms.use.seal_filing(event, FILING_ID, version, revision, f"ER-{version}", "Dominique Directeur", NOON)


async def lock(forms, intent="mine", version=1, revision=2):
    return await forms.use.lock_filing(FILING_ID, version, revision, intent)


# Checking and justifying


async def test_a_check_returns_every_control_and_stores_nothing():
    forms = a_forms()
    await forms.keep(a_filing(), a_cell())

    filing, report = await forms.use.check_filing(READER, FILING_ID)

    assert filing.revision == forms.filing.revision == 1
    assert report.computed[TOTALLED] == "100"
    assert {finding.status for finding in report.findings} >= {"failed", "not_evaluated"}


def finding_of(report, control="A-03"):
    return next(finding for finding in report.findings if finding.control == control)


def only_place(report):
    (place,) = finding_of(report).places
    return place


async def failing_filing():
    """A depreciation above its asset: A-03 fails."""
    forms = a_forms()
    await forms.evaluated(a_filing(), a_cell(), a_cell("BA.010.amort", "250"))
    return forms


async def test_a_justified_anomaly_counts_until_its_figures_change():
    forms = await failing_filing()

    await forms.use.justify_finding(forms.caller, FILING_ID, Explanation("A-03", f"  {REASON}\n"), "request-1")

    _, report = await forms.use.check_filing(forms.caller, FILING_ID)
    kept = only_place(report).justification
    assert (kept.text, kept.author) == (REASON, "Camille Compte")
    assert (forms.filing.revision, forms.kinds()) == (2, ["FINDING_JUSTIFIED"])
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell("BA.010.amort", "251", 1)])
    _, report = await forms.use.check_filing(forms.caller, FILING_ID)
    assert only_place(report).justification is None


async def test_a_cell_is_justified_with_its_reason_where_the_control_fails():
    forms = a_forms()
    more = a_cell("BA.030.brut", "5"), a_cell("BA.030.amort", "8")
    lines = a_cell(), a_cell("BA.010.amort", "250"), *more
    await forms.evaluated(a_filing(), *lines)

    explanation = Explanation("A-03", REASON, "BA.010.amort", "scope_change")
    await forms.use.justify_finding(forms.caller, FILING_ID, explanation, "request-1")

    _, report = await forms.use.check_filing(forms.caller, FILING_ID)
    places = {place.cells[0][:6]: place.justification for place in finding_of(report).places}
    assert (places["BA.010"].cell, places["BA.010"].reason) == ("BA.010.amort", "scope_change")
    assert places["BA.030"] is None
    with pytest.raises(NotAFinding) as caught:
        await forms.use.justify_finding(forms.caller, FILING_ID, Explanation("A-03", REASON, "BA.020.amort"), "r")
    assert [(one.field, one.reason) for one in caught.value.violations] == [("cell", "NOT_A_PLACE")]


@pytest.mark.parametrize("text", ["", "trop court", "x" * 2001, " " * 30])
async def test_a_justification_has_from_twenty_to_two_thousand_characters(text):
    forms = await failing_filing()

    with pytest.raises(Invalid) as caught:
        await forms.use.justify_finding(forms.caller, FILING_ID, Explanation("A-03", text), "r")

    assert [(one.field, one.reason) for one in caught.value.violations] == [("text", "W-02")]
    assert forms.controls.justifications == {}


@pytest.mark.parametrize(
    "finding",
    [a_finding(severity="B"), a_finding(severity="T"), a_finding(status="passed"), a_finding(control="A-99")],
    ids=["blocking", "transmission", "passed", "another"],
)
async def test_only_a_failed_anomaly_or_remark_is_justified(finding):
    forms, _ = judged(Verdict.BLOCKED, finding)
    await forms.keep(a_filing(), a_cell())

    with pytest.raises(NotAFinding):
        await forms.use.justify_finding(forms.caller, FILING_ID, Explanation("A-06", REASON), "r")


async def test_nothing_is_justified_once_at_the_signatory():
    forms, _ = await ready_to_sign()

    with pytest.raises(FilingNotEditable):
        await forms.use.justify_finding(forms.caller, FILING_ID, Explanation("A-06", REASON), "r")


# Moving


async def test_a_move_keeps_what_the_rules_say_now():
    forms, controls = judged(Verdict.BLOCKED)
    controls.computed = {GIVEN: "12"}
    await forms.keep(a_filing(), a_cell())

    card = await forms.use.move_filing(forms.caller, FILING_ID, Step.ACCOUNTING, "")

    assert (card.filing.step, card.filing.verdict, card.filled) == (Step.ACCOUNTING, Verdict.BLOCKED, 1)
    assert forms.store.kept.computed[FILING_ID] == {GIVEN: "12"}
    assert [fact.address for fact in forms.store.kept.events[0].facts] == [GIVEN]


async def test_a_move_to_the_same_step_changes_nothing():
    forms, controls = judged()
    await forms.keep(a_filing())

    card = await forms.use.move_filing(READER, FILING_ID, Step.ENTRY, "")

    assert (card.filing.revision, controls.evaluated, forms.kinds()) == (1, 0, [])


async def test_each_move_needs_its_own_permission():
    forms, _ = judged()
    await forms.keep(a_filing())

    with pytest.raises(Forbidden):
        await forms.use.move_filing(READER, FILING_ID, Step.ACCOUNTING, "")
    with pytest.raises(StepRefused):
        await forms.use.move_filing(forms.caller, FILING_ID, Step.REVIEW, "")


async def test_the_reason_of_a_return_is_told():
    forms, _ = await ready_to_sign()

    await forms.use.move_filing(forms.caller, FILING_ID, Step.ENTRY, " total à revoir ")

    assert forms.store.kept.activities[-1].fr == "Étape 3 → étape 1 : total à revoir"


# Freezing


async def test_what_the_workflow_finds_lacking_refuses_the_signature_in_both_languages():
    forms, _ = judged()
    await forms.keep(a_filing(step=Step.SIGNATURE, verdict=Verdict.CLEAN, rule_set="rules-1"), a_cell())

    with pytest.raises(FilingNotReady) as caught:
        await forms.use.freeze_filing(forms.caller, FILING_ID)

    found = {violation.reason: violation for violation in caught.value.violations}
    assert list(found) == ["W-01", "W-04"]
    assert "PR (" in found["W-01"].description
    assert "BA (" not in found["W-01"].description
    assert "A mandatory form was never opened." in str(found["W-01"].en)
    assert (found["W-04"].field, "The accounts are not approved." in str(found["W-04"].en)) == ("ID.200.v", True)


async def test_a_late_signature_is_flagged_and_never_refused():
    forms, _ = await ready_to_sign()
    forms.clock.advance(days=60)

    card, _, _ = await forms.use.get_filing(forms.caller, FILING_ID)
    await forms.use.freeze_filing(forms.caller, FILING_ID)

    assert [(one.control, one.severity) for one in card.lacking] == [("W-08", "R")]


async def test_a_signed_filing_says_whether_it_was_late_when_it_was_signed():
    forms, _ = await signed()
    forms.clock.advance(days=60)

    card, _, _ = await forms.use.get_filing(forms.caller, FILING_ID)

    assert (card.lacking, card.filing.signed_at, card.filing.was_late) == ((), NOON, False)
    await forms.use.reopen_filing(forms.caller, FILING_ID, "Erreur", [])
    card, _, _ = await forms.use.get_filing(forms.caller, FILING_ID)
    assert [one.control for one in card.lacking] == ["W-08"], "the next version will be late"
    assert not card.filing.was_late, "the first was not"


async def test_filings_in_a_list_say_what_they_lack():
    forms, _ = await ready_to_sign()
    other = a_filing(id=FILING_ID_OF_QDIS, document=Document.QDIS)
    await forms.keep(other)

    cards, _, _ = await forms.use.list_filings(forms.caller, SIREN)

    found = {card.filing.document: [one.control for one in card.lacking] for card in cards}
    assert found == {Document.ER: [], Document.QDIS: ["W-01"]}


async def test_a_snapshot_holds_inputs_and_computed_cells_rounded_for_release():
    forms, _ = await ready_to_sign(a_cell(), a_cell("BA.020.brut", ""))

    _, snapshot = await forms.use.freeze_filing(forms.caller, FILING_ID)

    assert dict(snapshot.cells) == {AMOUNT: "100", TOTALLED: "100", APPROVED_ON: "2025-06-01"}
    assert (snapshot.version, snapshot.revision, snapshot.verdict) == (1, 2, Verdict.CLEAN)


async def test_freezing_the_same_revision_again_returns_the_first_snapshot():
    forms, _ = await ready_to_sign()
    _, first = await forms.use.freeze_filing(forms.caller, FILING_ID)
    forms.clock.advance(minutes=3)

    _, second = await forms.use.freeze_filing(forms.caller, FILING_ID)

    assert second == first


async def test_a_filing_is_judged_by_the_rules_of_the_day_it_is_frozen():
    forms, controls = await ready_to_sign()
    controls.verdict, controls.rule_set = Verdict.BLOCKED, "rules-2"

    with pytest.raises(FilingNotReady):
        await forms.use.freeze_filing(forms.caller, FILING_ID)

    controls.verdict = Verdict.REMARKS
    filing, snapshot = await forms.use.freeze_filing(forms.caller, FILING_ID)
    assert (snapshot.rule_set, snapshot.revision) == ("rules-2", filing.revision) == ("rules-2", 3)
    assert await lock(forms, revision=3) == []


async def test_a_conflict_stands_in_the_way_unless_the_er_is_signed():
    open_conflict = a_cell(SHARED, conflict=an_other_value())
    forms, _ = await ready_to_sign(open_conflict)
    with pytest.raises(FilingNotReady) as caught:
        await forms.use.freeze_filing(forms.caller, FILING_ID)
    assert [v.reason for v in caught.value.violations] == ["W-07", "Q-01"]
    differs = caught.value.violations[1]
    assert (differs.field, differs.fr.where) == (SHARED, f"Case {SHARED} : « 100 » ici, « 7 » sur FED-OPH.")
    assert differs.en.how == "Choose the value to keep."

    sealed = a_cell(SHARED, conflict=an_other_value(), is_sealed=True)
    forms, _ = await ready_to_sign(sealed, document=Document.QDIS)
    await forms.use.freeze_filing(forms.caller, FILING_ID)


async def test_what_is_attached_after_the_freeze_is_not_signed():
    forms, _ = await ready_to_sign()
    await attach(forms, b"1")
    _, frozen = await forms.use.freeze_filing(forms.caller, FILING_ID)

    await attach(forms, b"2")

    assert await lock(forms, revision=frozen.revision) == ["*"]
    _, again = await forms.use.freeze_filing(forms.caller, FILING_ID)
    assert (len(frozen.attachments), len(again.attachments)) == (1, 2)
    assert await lock(forms, revision=again.revision) == []
    with pytest.raises(FilingNotEditable):
        await attach(forms, b"3")
    await seal(forms, revision=again.revision)
    with pytest.raises(FilingNotEditable):
        await attach(forms, b"3")
    assert (await forms.use.get_frozen_filing(FILING_ID, 1, again.revision))[1].attachments == again.attachments


async def test_a_rectifying_version_says_what_it_replaces_and_ends_the_suspension():
    forms, _ = await ready_to_sign()
    await forms.use.freeze_filing(forms.caller, FILING_ID)
    await lock(forms)
    await seal(forms)
    await forms.use.reopen_filing(forms.caller, FILING_ID, REASON, [])
    await forms.use.move_filing(forms.caller, FILING_ID, Step.SIGNATURE, "")
    _, frozen = await forms.use.freeze_filing(forms.caller, FILING_ID)
    await lock(forms, version=2, revision=frozen.revision)

    await seal(forms, "event-2", version=2, revision=frozen.revision)

    assert (forms.filing.signed_version, forms.filing.reopened_at) == (2, None)
    assert "remplace la version 1" in forms.store.kept.activities[-1].fr
    assert "replaces version 1" in forms.store.kept.activities[-1].en


async def attach(forms, content):
    pdf = a_pdf(stream(content))
    return await forms.use.attach_file(forms.caller, FILING_ID, AttachmentKind.OTHER, "annexe.pdf", pdf)


async def test_only_a_signatory_freezes():
    forms, _ = await ready_to_sign()

    with pytest.raises(Forbidden):
        await forms.use.freeze_filing(ACCOUNTANT_CALLER, FILING_ID)


# Locking and sealing


async def test_a_lock_is_held_when_nothing_changed():
    forms, _ = await ready_to_sign()
    await forms.use.freeze_filing(forms.caller, FILING_ID)

    assert await lock(forms) == []
    assert await lock(forms) == []
    with pytest.raises(LockHeld):
        await lock(forms, "theirs")


async def test_a_lock_names_the_cells_that_changed():
    forms, _ = await ready_to_sign()
    await forms.use.freeze_filing(forms.caller, FILING_ID)
    await forms.use.apply_facts("fact-1", SIREN, 2024, [a_fact()])

    assert await lock(forms) == [SHARED]
    assert forms.filing.lock is None


async def test_a_lock_says_star_when_only_the_step_moved():
    forms, _ = await ready_to_sign()
    await forms.use.freeze_filing(forms.caller, FILING_ID)
    await forms.use.move_filing(forms.caller, FILING_ID, Step.ENTRY, "à revoir")
    await forms.use.move_filing(forms.caller, FILING_ID, Step.SIGNATURE, "")

    assert await lock(forms) == ["*"]


async def test_a_snapshot_that_was_never_taken_is_not_locked():
    forms, _ = await ready_to_sign()

    with pytest.raises(FilingUnknown):
        await lock(forms)


async def signed():
    forms, controls = await ready_to_sign(a_cell(), a_cell(SHARED, author="Alix"))
    await forms.use.freeze_filing(forms.caller, FILING_ID)
    await lock(forms)
    await seal(forms)
    return forms, controls


async def test_a_seal_transmits_and_tells_every_shared_fact():
    forms, _ = await signed()

    assert (forms.filing.step, forms.filing.receipt_number, forms.filing.lock) == (Step.REVIEW, "ER-1", None)
    event = forms.store.kept.events[-1]
    facts = {fact.address: fact for fact in event.facts}
    assert event.seals
    assert len(facts) == 137
    assert (facts[SHARED].value, facts[SHARED].author, facts[SHARED].source) == ("100", "Alix", FactSource.TYPED)


@pytest.mark.parametrize("event", ["event-1", "event-2"])
async def test_a_seal_reported_again_changes_nothing(event):
    forms, _ = await signed()
    before = forms.store.kept.copied()

    await seal(forms, event)

    after = forms.store.kept
    assert (after.filings, after.events, after.activities) == (before.filings, before.events, before.activities)


async def test_a_qdis_seals_no_fact():
    forms, _ = await ready_to_sign(document=Document.QDIS)
    await forms.use.freeze_filing(forms.caller, FILING_ID)
    await lock(forms)

    await seal(forms)

    assert not any(event.seals for event in forms.store.kept.events)


async def test_the_authority_reads_what_was_signed():
    forms, _ = await signed()
    officer = a_caller("Alex Agent", on={"*": ["staff.read"]})

    (listed,) = (await forms.use.list_transmitted_filings(officer, TransmittedFilter(year=2024))).filings
    filing, snapshot, told = await forms.use.get_transmitted_filing(officer, FILING_ID)

    assert listed == filing
    assert snapshot.cells[AMOUNT] == "100"
    assert [one.kind for one in told] == ["FILING_SIGNED"]
    assert (await forms.use.list_transmitted_filings(officer, TransmittedFilter(year=2023))).filings == []


# What other servers send


async def test_a_fact_changes_the_open_filings_of_its_body_and_year_once():
    forms = a_forms()
    await forms.keep(a_filing())
    facts = [a_fact()]

    first = await forms.use.apply_facts("event", SIREN, 2024, facts)
    again = await forms.use.apply_facts("event", SIREN, 2024, [a_fact(value="8")])

    assert (first, again, forms.cell(SHARED).value) == (1, 0, "7")
    assert (forms.filing.revision, forms.kinds()) == (2, ["FACTS_RECEIVED"])
    assert not any(SHARED in {f.address for f in event.facts} for event in forms.store.kept.events)


@pytest.mark.parametrize(("siren", "year"), [(SIREN, 2023), ("552081317", 2024)])
async def test_a_fact_about_another_body_or_year_changes_nothing(siren, year):
    forms = a_forms()
    await forms.keep(a_filing())

    assert await forms.use.apply_facts("event", siren, year, [a_fact()]) == 0


async def test_a_malformed_fact_does_not_hold_up_the_others():
    forms = a_forms()
    await forms.keep(a_filing())

    changed = await forms.use.apply_facts("event", SIREN, 2024, [a_fact(value="sept"), a_fact("BP.220.n", "8")])

    assert (changed, forms.cell("BP.220.n").value) == (1, "8")


async def test_what_is_signed_stays_as_signed():
    forms, _ = await signed()

    assert await forms.use.apply_facts("event", SIREN, 2024, [a_fact()]) == 0
    assert forms.cell(SHARED).value == "100"


async def test_a_fact_waits_while_the_key_is_used_and_is_applied_when_told_again():
    forms = a_forms()
    await forms.keep(a_filing(step=Step.SIGNATURE, lock=Lock("mine", NOON)), a_cell())

    with pytest.raises(SignatureUnderWay):
        await forms.use.apply_facts("event", SIREN, 2024, [a_fact()])

    assert forms.store.kept.applied == set()


async def test_the_signature_of_the_er_seals_its_facts_at_the_federation():
    forms = a_forms()
    await forms.keep(a_filing(document=Document.QDIS), a_cell(SHARED, "7"))

    await forms.use.apply_facts("event", SIREN, 2024, [a_fact(is_sealed=True)])

    assert forms.cell(SHARED).is_sealed
    content = f"code;colonne;valeur\n{ALIAS.rpartition('.')[0]};n;8\n".encode()
    preview = await forms.use.preview_import(forms.caller, FILING_ID, "qdis.csv", content)
    assert [str(change.effect) for change in preview.changes] == ["sealed"]


async def in_conflict():
    forms = a_forms()
    await forms.keep(a_filing(document=Document.QDIS), a_cell(SHARED, "3", conflict=an_other_value("7")))
    return forms


@pytest.mark.parametrize("address", [SHARED, ALIAS])
async def test_a_person_chooses_between_two_values(address):
    forms = await in_conflict()

    cell = await forms.use.resolve_conflict(forms.caller, FILING_ID, address, "7", "request")

    assert (cell.value, cell.source.origin, cell.source.author) == ("7", Origin.CHOSEN, "Camille Compte")
    assert [(value, author) for _, value, author in forms.facts.resolved] == [("7", "Camille Compte")]
    assert forms.store.kept.events == []
    assert forms.kinds() == ["CONFLICT_RESOLVED"]
    history = await forms.use.get_cell_history(forms.caller, FILING_ID, address)
    assert history[0].source.origin is Origin.CHOSEN


@pytest.mark.parametrize(("address", "value"), [(SHARED, "8"), (AMOUNT, "7"), ("ZZ.1.n", "7")])
async def test_sync_is_not_asked_about_what_is_no_choice(address, value):
    forms = await in_conflict()

    with pytest.raises(NoConflict):
        await forms.use.resolve_conflict(forms.caller, FILING_ID, address, value, "request")

    assert forms.facts.resolved == []


async def test_a_choice_is_a_step_and_undoing_it_opens_the_conflict_again_and_tells_the_other_server():
    forms = await in_conflict()
    await forms.use.resolve_conflict(forms.caller, FILING_ID, SHARED, "7", "request")
    assert (str(forms.last_step.kind), forms.last_step.fr) == ("CONFLICT_RESOLVED", f"{SHARED} : valeur « 7 » choisie.")
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(OTHER_ALIAS, "4", 0)])
    step = next(one for one in forms.store.kept.steps.values() if one.kind is EditKind.CONFLICT_RESOLVED)

    done = await forms.use.undo_step(forms.caller, FILING_ID, step.id)

    cell = forms.cell(SHARED)
    assert (done.restored, cell.value, cell.conflict) == ([SHARED], "3", an_other_value("7"))
    assert (cell.source.origin, done.card.conflicts) == (Origin.TYPED, [SHARED])
    (told,) = [fact for event in forms.store.kept.events for fact in event.facts if fact.address == SHARED]
    assert (told.value, told.beside) == ("3", an_other_value("7"))


async def test_a_choice_is_not_undone_once_its_cell_has_changed():
    forms = await in_conflict()
    await forms.use.resolve_conflict(forms.caller, FILING_ID, SHARED, "7", "request")
    step = forms.last_step
    await forms.use.apply_facts("later", SIREN, 2024, [a_fact(value="8", at=NOON + timedelta(hours=3))])

    done = await forms.use.undo_step(forms.caller, FILING_ID, step.id)

    assert (done.restored, done.kept, forms.cell(SHARED).value) == ([], [SHARED], "8")


async def test_a_conflict_opened_again_and_told_back_by_sync_changes_nothing():
    forms = await in_conflict()
    await forms.use.resolve_conflict(forms.caller, FILING_ID, SHARED, "7", "request")
    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)

    told = a_fact(value="3", conflict=an_other_value("7"))

    assert await forms.use.apply_facts("told", SIREN, 2024, [told]) == 0


@pytest.mark.parametrize("mark", [{"conflict": an_other_value("7")}, {"is_sealed": True}])
async def test_what_only_marks_our_own_value_is_not_told_back_as_a_change_of_ours(mark):
    forms = a_forms()
    await forms.keep(a_filing(document=Document.QDIS), a_cell(SHARED, "3"))

    changed = await forms.use.apply_facts("told", SIREN, 2024, [a_fact(value="3", **mark)])

    assert (changed, forms.filing.revision) == (1, 2)
    assert (forms.cell(SHARED).conflict, forms.cell(SHARED).is_sealed) == (mark.get("conflict"), "is_sealed" in mark)
    assert [fact for event in forms.store.kept.events for fact in event.facts] == []


async def test_a_choice_told_back_by_sync_changes_nothing():
    forms = await in_conflict()
    await forms.use.resolve_conflict(forms.caller, FILING_ID, SHARED, "7", "request")
    forms.clock.advance(seconds=1)

    changed = await forms.use.apply_facts("told", SIREN, 2024, [a_fact(value="7", at=NOON + timedelta(hours=2))])

    assert changed == 0
