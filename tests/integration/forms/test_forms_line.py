"""The line of a filing over gRPC: from a file to a sealed version and the event that tells it."""

import asyncio
import csv

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation
from sqlalchemy import text

from chassis.errors import Conflict, Invalid, RuleBroken, Unavailable
from formsets import values
from formsets.formats import read
from tests.support.form_sets import SAMPLE
from tests.support.forms import ALIAS, AMOUNT, SHARED, SIREN, TOTALLED, a_form_set, concept_of

REASON = "Le montant tient à une reprise de provision exceptionnelle."


async def imported(running):
    filing_id = await running.open()
    preview = await running.preview(filing_id, SAMPLE.read_bytes())
    with running.by("director"):
        await running.stub.ConfirmImport(
            pb.ConfirmImportRequest(request_id=running.request_id(), filing_id=filing_id, import_id=preview.import_id)
        )
    return filing_id


async def move(running, filing_id, step, reason="", by="director"):
    with running.by(by):
        request = pb.MoveFilingRequest(request_id=running.request_id(), filing_id=filing_id, step=step, reason=reason)
        return (await running.stub.MoveFiling(request)).filing


async def freeze(running, filing_id):
    with running.by("director"):
        return (await running.stub.FreezeFiling(pb.FreezeFilingRequest(filing_id=filing_id))).frozen


async def lock(running, frozen, intent="intent-1"):
    return await running.stub.LockFiling(
        pb.LockFilingRequest(
            filing_id=frozen.identity.filing_id, version=frozen.version, revision=frozen.revision, intent_id=intent
        )
    )


def seal_request(frozen, event="event-1"):
    request = pb.SealFilingRequest(
        event_id=event,
        filing_id=frozen.identity.filing_id,
        version=frozen.version,
        revision=frozen.revision,
        receipt_number="ER-2024-MIN-000001",
        signatory="Dominique Directeur",
    )
    request.signed_at.FromSeconds(1748865600)
    return request


async def published(running, count):
    async with asyncio.timeout(30):
        while len(running.sync.published) < count:
            running.sync.arrived.clear()
            await running.sync.arrived.wait()
    return running.sync.published


async def test_the_sample_fills_the_er_as_the_formulas_say(running):
    filing_id = await running.open()

    preview = await running.preview(filing_id, SAMPLE.read_bytes())

    effects = [pb.ImportEffect.Name(change.effect) for change in preview.changes]
    assert (effects.count("IMPORT_EFFECT_FILL"), effects.count("IMPORT_EFFECT_ELSEWHERE")) == (670, 168)
    assert sum(change.is_written and change.is_open_to_choice for change in preview.changes) == 670
    assert not preview.problems
    assert (await running.read(filing_id))[1] == {}
    with running.by("accountant"):
        done = await running.stub.ConfirmImport(
            pb.ConfirmImportRequest(request_id="r", filing_id=filing_id, import_id=preview.import_id)
        )
    assert (done.written, done.filing.filled, done.filing.verdict) == (670, 670, validation.VERDICT_CLEAN)
    filing, cells = await running.read(filing_id)
    assert (filing.filled, filing.fillable) == (670, 671)
    assert cells[AMOUNT].author == "Camille Compte"
    assert (cells[AMOUNT].origin, cells[AMOUNT].file, cells[AMOUNT].line > 1) == (pb.ORIGIN_IMPORTED, "er.csv", True)
    assert computed_as_in_the_sample(cells) == 315


def computed_as_in_the_sample(cells):
    form_set, found = a_form_set(), 0
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter=";") if row["nature"] == "calcul"]
    for row in rows:
        address = f"{row['code']}.{row['colonne']}"
        if form_set.document_of(address) == "ER":
            cell_type = form_set.cell_type(address)
            expected = read(form_set, address, row["valeur"], 2024, origin="file").value
            computed = values.rounded(values.parse(cells[address].value, cell_type), cell_type)
            assert computed == expected, address
            found += 1
    return found


async def test_a_figure_that_breaks_a_control_is_saved_shown_and_justified(running):
    filing_id = await imported(running)

    saved = await running.save(filing_id, ("BA.010.amort", "5", 1))

    assert {cell.address for cell in saved.cells} >= {"BA.010.amort", "BA.010.net"}
    failed = {finding.control: finding for finding in saved.findings}
    assert "A-03" in failed
    assert failed["A-03"].detail.how.fr
    with running.by("director"):
        request = pb.JustifyFindingRequest(
            request_id="j1",
            filing_id=filing_id,
            control="A-03",
            text=REASON,
            cell="BA.010.amort",
            reason=validation.JUSTIFICATION_REASON_SPECIAL_RULE,
        )
        first = await running.stub.JustifyFinding(request)
        again = await running.stub.JustifyFinding(request)
        report = await running.stub.CheckFiling(pb.CheckFilingRequest(filing_id=filing_id))
    assert first == again
    finding = next(f for f in report.findings if f.control == "A-03")
    (place,) = finding.places
    assert finding.is_justified
    assert (place.justification.text, place.justification.author) == (REASON, "Dominique Directeur")
    assert (place.justification.cell, place.justification.reason) == (
        "BA.010.amort",
        validation.JUSTIFICATION_REASON_SPECIAL_RULE,
    )


async def test_a_refused_text_says_where_what_and_how(running):
    filing_id = await running.open()

    with pytest.raises(Invalid) as caught:
        await running.save(filing_id, (AMOUNT, "1.234,56", 0), ("BA.020.brut", "12", 0))

    assert caught.value.code == "CELLS_REFUSED"
    (violation,) = caught.value.violations
    assert (violation.field, bool(violation.reason), len(violation.description) > 20) == (AMOUNT, True, True)
    assert (await running.read(filing_id))[1] == {}


async def test_a_whole_form_of_refused_cells_arrives_whole(running):
    filing_id = await running.open()
    addresses = [a for a in a_form_set().cells("ER") if a_form_set().cell_type(a) == "M"][:300]

    with pytest.raises(Invalid) as caught:
        await running.save(filing_id, *((address, "douze mille euros", 0) for address in addresses))

    assert caught.value.code == "CELLS_REFUSED"
    assert len(caught.value.violations) >= 100
    assert str(caught.value).startswith("300 cases sont refusées")


async def test_two_people_merge_or_the_second_is_told(running):
    filing_id = await running.open()

    results = await asyncio.gather(
        running.save(filing_id, (AMOUNT, "1", 0), by="director"),
        running.save(filing_id, ("BA.020.brut", "2", 0), by="accountant"),
        running.save(filing_id, (AMOUNT, "3", 0), by="accountant"),
        return_exceptions=True,
    )

    refused = [result for result in results if isinstance(result, Conflict)]
    assert [failure.code for failure in refused] == ["CELLS_CHANGED"]
    filing, cells = await running.read(filing_id)
    assert filing.revision == 3
    assert (cells[AMOUNT].value in ("1", "3"), cells["BA.020.brut"].value) == (True, "2")


async def test_from_entry_to_seal(running):
    filing_id = await imported(running)
    await move(running, filing_id, pb.STEP_ACCOUNTING, by="accountant")
    await move(running, filing_id, pb.STEP_SIGNATURE, by="accountant")

    frozen = await freeze(running, filing_id)
    again = await freeze(running, filing_id)
    held = await lock(running, frozen)

    assert frozen == again
    assert len(frozen.cells) == 670 + 315
    assert held.is_locked
    for _ in range(2):
        await running.stub.SealFiling(seal_request(frozen))
    await running.stub.SealFiling(seal_request(frozen, event="event-2"))
    filing, _ = await running.read(filing_id)
    assert (filing.step, filing.signed_version, filing.is_locked) == (pb.STEP_REVIEW, 1, False)
    events = await published(running, 2)
    assert [event.seals for event in events] == [False, True]
    assert (len(events[1].facts), events[1].body) == (137, SIREN)
    with running.by("officer"):
        listed = await running.stub.ListTransmittedFilings(pb.ListTransmittedFilingsRequest(year=2024))
        shown = await running.stub.GetTransmittedFiling(pb.GetTransmittedFilingRequest(filing_id=filing_id))
    assert [one.receipt_number for one in listed.filings] == ["ER-2024-MIN-000001"]
    assert list(shown.cells) == list(frozen.cells)


async def test_a_filing_that_lacks_a_form_or_its_approval_is_not_signed_and_says_so(running):
    filing_id = await imported(running)
    _, cells = await running.read(filing_id)
    await running.save(filing_id, ("ID.200.v", "", cells["ID.200.v"].version))
    async with running.engine.begin() as connection:
        await connection.execute(text("DELETE FROM cells WHERE address LIKE 'TF.%'"))
    filing = await move(running, filing_id, pb.STEP_SIGNATURE)
    assert [(one.control, one.severity) for one in filing.lacking] == [
        ("W-01", validation.SEVERITY_TRANSMISSION),
        ("W-04", validation.SEVERITY_TRANSMISSION),
    ]

    with pytest.raises(RuleBroken) as caught:
        await freeze(running, filing_id)

    found = {violation.reason: violation for violation in caught.value.violations}
    assert {"W-01", "W-04"} <= found.keys()
    assert "TF (" in found["W-01"].description
    assert str(found["W-04"].en).startswith("The accounts are not approved.")


async def test_carried_columns_do_not_count_as_a_form_that_was_saved(running):
    last = await imported(running)
    async with running.engine.begin() as connection:
        await connection.execute(text("UPDATE filings SET year = 2023"))

    filing_id = await running.open()

    filing, cells = await running.read(filing_id)
    assert cells["BA.010.n1"].origin == pb.ORIGIN_LAST_YEAR
    (missed,) = [one for one in filing.lacking if one.control == "W-01"]
    assert "BA (" in missed.detail.where.fr
    assert last != filing_id


async def test_from_seal_to_archive_over_the_wire(running):
    filing_id = await imported(running)
    await move(running, filing_id, pb.STEP_SIGNATURE)
    frozen = await freeze(running, filing_id)
    await lock(running, frozen)
    await running.stub.SealFiling(seal_request(frozen))

    async def by(name, method, **fields):
        with running.by(name):
            request = getattr(pb, f"{method}Request")(request_id=running.request_id(), filing_id=filing_id, **fields)
            return await getattr(running.stub, method)(request), request

    await by("officer", "ReviewFiling", state=pb.REVIEW_STATE_ASKED, text="Pourquoi ?", cells=[AMOUNT, TOTALLED])
    asked, _ = await running.read(filing_id)
    await by("accountant", "AnswerReview", text="Deux acquisitions")
    await by("officer", "CommentCell", address=AMOUNT, text="Merci.")
    await by("officer", "ReviewFiling", state=pb.REVIEW_STATE_RELIABLE)
    closed, request = await by("officer", "CloseFiling")
    with running.by("officer"):
        again = await running.stub.CloseFiling(request)
    await by("director", "RequestReturn", reason="Erreur de saisie")
    back, _ = await by("officer", "DecideReturn", is_accepted=True)
    await by("officer", "ReviewFiling", state=pb.REVIEW_STATE_RELIABLE)
    await by("officer", "CloseFiling")
    archived, _ = await by("officer", "ArchiveFiling")

    assert [(cell.address, cell.reason) for cell in asked.to_review] == [
        (AMOUNT, "Pourquoi ?"),
        (TOTALLED, "Pourquoi ?"),
    ]
    assert (closed, closed.filing.step) == (again, pb.STEP_CLOSED)
    assert (back.filing.step, back.filing.review.state) == (pb.STEP_REVIEW, pb.REVIEW_STATE_IN_PROGRESS)
    assert (archived.filing.step, archived.filing.review.answer) == (pb.STEP_ARCHIVED, "Deux acquisitions")
    with running.by("officer"):
        shown = await running.stub.GetTransmittedFiling(pb.GetTransmittedFilingRequest(filing_id=filing_id))
        compared = await running.stub.CompareFilings(
            pb.CompareFilingsRequest(filing_id=filing_id, version=1, other_version=1)
        )
        series = await running.stub.GetSeries(
            pb.GetSeriesRequest(body=SIREN, document=types.DOCUMENT_ER, addresses=[AMOUNT])
        )
    kinds = [line.kind for line in shown.activities]
    assert (kinds[0], kinds[-1], len(kinds)) == ("FILING_ARCHIVED", "FILING_SIGNED", 10)
    assert "FILE_IMPORTED" not in kinds
    assert not compared.differences
    assert [point.is_signed for point in series.points] == [True]
    refused = []
    for name in ("director", "officer"):
        with running.by(name), pytest.raises(RuleBroken) as caught:
            await running.stub.ReopenFiling(pb.ReopenFilingRequest(filing_id=filing_id, reason="Erreur"))
        refused.append(caught.value.code)
    assert refused == ["STEP_REFUSED", "STEP_REFUSED"]
    answer = {"filing_id": filing_id, "control": "A-06", "number": 1, "is_accepted": True}
    with running.by("officer"), pytest.raises(RuleBroken) as too_late:
        await running.validation.AnswerJustification(validation.AnswerJustificationRequest(request_id="a", **answer))
    assert too_late.value.code == "FILING_ARCHIVED"
    with running.by("director"):
        whole = await running.stub.ListActivity(pb.ListActivityRequest(filing_id=filing_id))
        walked, token = [], ""
        while not walked or token:
            page = pb.ListActivityRequest(filing_id=filing_id, page_size=5, page_token=token)
            answer = await running.stub.ListActivity(page)
            walked, token = [*walked, *answer.activities], answer.next_page_token
        with pytest.raises(Invalid):
            await running.stub.ListActivity(pb.ListActivityRequest(filing_id=filing_id, page_token="step-1"))
    assert walked == list(whole.activities)
    assert whole.activities[-1].kind == "FILING_OPENED"


async def test_the_authority_returns_a_filing_and_the_outbox_tells_it(running):
    filing_id = await imported(running)
    await move(running, filing_id, pb.STEP_SIGNATURE)
    frozen = await freeze(running, filing_id)
    await lock(running, frozen)
    await running.stub.SealFiling(seal_request(frozen))

    with running.by("officer"):
        request = pb.ReopenFilingRequest(request_id="r", filing_id=filing_id, reason="Bilan à revoir", cells=[AMOUNT])
        answers = [await running.stub.ReopenFiling(request) for _ in range(2)]

    filing, _ = await running.read(filing_id)
    assert answers[0] == answers[1]
    assert (answers[0].filing.filled, list(answers[0].filing.to_review)) == (0, [])
    assert (filing.step, filing.signed_version) == (pb.STEP_ENTRY, 1)
    assert [(cell.address, cell.author) for cell in filing.to_review] == [(AMOUNT, "Alex Agent")]
    async with running.engine.connect() as connection:
        rows = await connection.execute(text("select payload from outbox_events where kind = 'FilingReopened'"))
        (payload,) = [row.payload for row in rows]
    assert (payload["author"], payload["cells"], payload["version"]) == ("Alex Agent", [AMOUNT], 1)


async def test_a_fact_that_changed_since_the_snapshot_is_named_by_the_lock(running):
    filing_id = await imported(running)
    await move(running, filing_id, pb.STEP_SIGNATURE)
    frozen = await freeze(running, filing_id)

    applied = await running.stub.ApplyFacts(facts_request("fact-1", "987654"))

    assert applied.changed == 1
    refused = await lock(running, frozen)
    assert (refused.is_locked, SHARED in refused.changed) == (False, True)


def facts_request(event, value, **changes):
    fact = pb.SharedFact(
        concept=concept_of(SHARED), address=SHARED, value=value, server="FED-OPH", author="Dom", **changes
    )
    fact.changed_at.FromSeconds(1748865600)
    return pb.ApplyFactsRequest(event_id=event, body=SIREN, year=2024, facts=[fact])


async def test_facts_wait_while_the_key_is_used(running):
    filing_id = await imported(running)
    await move(running, filing_id, pb.STEP_SIGNATURE)
    frozen = await freeze(running, filing_id)
    await lock(running, frozen)

    with pytest.raises(Unavailable) as caught:
        await running.stub.ApplyFacts(facts_request("fact-1", "987654"))
    await running.stub.SealFiling(seal_request(frozen))

    assert caught.value.code == "SIGNATURE_UNDER_WAY"
    assert (await running.stub.ApplyFacts(facts_request("fact-1", "987654"))).changed == 0


async def test_a_sealed_fact_is_read_only_at_the_federation(running):
    filing_id = await running.open(types.DOCUMENT_QDIS)
    await running.stub.ApplyFacts(facts_request("fact-1", "40", is_sealed=True))

    _, cells = await running.read(filing_id)
    with pytest.raises(Invalid) as caught:
        await running.save(filing_id, (ALIAS, "41", 1))

    assert cells[SHARED].is_sealed
    assert [(v.field, v.reason) for v in caught.value.violations] == [(ALIAS, "FACT_SEALED")]


async def test_a_person_chooses_and_the_history_says_who(running):
    filing_id = await running.open(types.DOCUMENT_QDIS)
    await running.save(filing_id, (ALIAS, "40", 0), by="accountant")
    other = pb.CellConflict(value="50", server="MIN", author="Alix")
    await running.stub.ApplyFacts(facts_request("fact-1", "40", conflict=other))
    assert (await running.read(filing_id))[0].conflicts == [SHARED]

    with running.by("director"):
        chosen = await running.stub.ResolveConflict(
            pb.ResolveConflictRequest(request_id="c", filing_id=filing_id, address=SHARED, value="50")
        )
        history = await running.stub.GetCellHistory(pb.GetCellHistoryRequest(filing_id=filing_id, address=ALIAS))

    assert (chosen.cell.value, chosen.cell.origin) == ("50", pb.ORIGIN_CHOSEN)
    assert [(one.author, one.value) for one in history.versions] == [
        ("Dominique Directeur", "50"),
        ("Camille Compte", "40"),
    ]
    assert [request.value for request in running.sync.resolved] == ["50"]


async def test_a_choice_between_two_servers_is_undone_like_any_step_and_the_other_server_hears_of_it(running):
    filing_id = await running.open(types.DOCUMENT_QDIS)
    await running.save(filing_id, (ALIAS, "40", 0), by="accountant")
    at = Timestamp(seconds=1_750_000_000, nanos=5_000_000)
    other = pb.CellConflict(value="50", server="MIN", author="Alix", changed_at=at)
    await running.stub.ApplyFacts(facts_request("fact-1", "40", conflict=other))
    before = (await running.read(filing_id))[1][SHARED]
    with running.by("director"):
        await running.stub.ResolveConflict(
            pb.ResolveConflictRequest(request_id="c", filing_id=filing_id, address=SHARED, value="50")
        )
        (step, *_) = (await running.stub.ListSteps(pb.ListStepsRequest(filing_id=filing_id))).steps
        undone = await running.stub.UndoStep(
            pb.UndoStepRequest(request_id="u", filing_id=filing_id, step_id=step.step_id)
        )

    after = (await running.read(filing_id))[1][SHARED]
    assert (step.kind, list(undone.restored)) == ("CONFLICT_RESOLVED", [SHARED])
    assert (after.value, after.conflict, after.author) == (before.value, before.conflict, before.author)
    assert undone.filing.conflicts == [SHARED]
    told = await told_of(running, "40", beside=True)
    assert (told.beside.value, told.beside.server, told.beside.author, told.beside.changed_at) == (
        "50",
        "MIN",
        "Alix",
        at,
    )
    again = facts_request("fact-2", "40", conflict=other)
    assert (await running.stub.ApplyFacts(again)).changed == 0


async def told_of(running, value, *, beside):
    """What sync hears of `SHARED` with this value, waited for."""
    for _ in range(200):
        facts = [fact for request in running.sync.published for fact in request.facts if fact.address == SHARED]
        for fact in facts:
            if fact.value == value and fact.HasField("beside") == beside:
                return fact
        await asyncio.sleep(0.05)
    raise AssertionError(f"sync was not told of {value}")


async def test_every_write_may_be_repeated_under_its_request_id(running):
    filing_id = await running.open()
    again = await running.open()
    assert again == filing_id
    content = b"code;colonne;valeur\nBA.020;brut;7\n"
    with running.by("director"):
        save = pb.SaveCellsRequest(request_id="1", filing_id=filing_id, edits=[pb.CellEdit(address=AMOUNT, text="5")])
        preview = pb.PreviewImportRequest(request_id="2", filing_id=filing_id, file_name="f", content=content)
        previews = [(await running.stub.PreviewImport(preview)).preview for _ in range(2)]
        confirm = pb.ConfirmImportRequest(request_id="3", filing_id=filing_id, import_id=previews[0].import_id)
        move_on = pb.MoveFilingRequest(request_id="4", filing_id=filing_id, step=pb.STEP_ACCOUNTING)
        saves = [await running.stub.SaveCells(save) for _ in range(2)]
        confirms = [await running.stub.ConfirmImport(confirm) for _ in range(2)]
        moves = [await running.stub.MoveFiling(move_on) for _ in range(2)]
        with pytest.raises(Invalid) as reused:
            await running.stub.SaveCells(pb.SaveCellsRequest(request_id="1", filing_id=filing_id))
        activity = await running.stub.ListActivity(pb.ListActivityRequest(filing_id=filing_id))

    for first, second in (previews, saves, confirms, moves):
        assert first == second
    assert reused.value.code == "REQUEST_ID_REUSED"
    kinds = [one.kind for one in reversed(activity.activities)]
    assert kinds == ["FILING_OPENED", "CELLS_SAVED", "FILE_IMPORTED", "FILING_MOVED"]


async def test_two_who_open_at_once_get_one_filing(running):
    opened = await asyncio.gather(*(running.open() for _ in range(5)))

    assert len(set(opened)) == 1


async def test_a_save_that_dies_between_flush_and_commit_leaves_nothing(running):
    filing_id = await running.open()
    async with running.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE outbox_head RENAME TO outbox_head_away"))

    with pytest.raises(Exception, match="Erreur interne"):
        await running.save(filing_id, (SHARED, "5", 0))

    async with running.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE outbox_head_away RENAME TO outbox_head"))
    filing, cells = await running.read(filing_id)
    assert (filing.revision, cells) == (1, {})
    assert (await running.save(filing_id, (SHARED, "5", 0))).filing.revision == 2


async def test_facts_saved_while_sync_is_down_arrive_later_in_order(running):
    filing_id = await running.open()
    running.sync.is_down = True
    await running.save(filing_id, (SHARED, "5", 0))
    await running.save(filing_id, (SHARED, "6", 1))
    await asyncio.sleep(0.1)

    running.sync.is_down = False
    running.clock.advance(minutes=10)

    events = await published(running, 2)
    found = [fact.value for event in events for fact in event.facts if fact.address == SHARED]
    assert found == ["5", "6"]


async def test_a_return_needs_a_reason_and_makes_the_filing_editable_again(running):
    filing_id = await imported(running)
    await move(running, filing_id, pb.STEP_SIGNATURE)

    with pytest.raises(RuleBroken) as shut:
        await running.save(filing_id, (AMOUNT, "9", 1))
    with pytest.raises(Invalid) as caught:
        await move(running, filing_id, pb.STEP_ENTRY)
    await move(running, filing_id, pb.STEP_ENTRY, "total à revoir")

    assert (shut.value.code, caught.value.code) == ("FILING_NOT_EDITABLE", "REASON_MISSING")
    assert (await running.save(filing_id, (AMOUNT, "9", 1))).cells[0].value == "9"
