"""A control that is softened, across services: verdicts change in the background, filers have a notice, once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.forms.v1 import forms_pb2_grpc as forms_grpc
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as pb
from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc

import formsets
from chassis.errors import Forbidden, Invalid, NotFound
from chassis.rpc.identity import carrying
from formsets.values import written
from services.forms.service import make_service as make_forms
from services.validation.service import make_service
from tests.support.clocks import FrozenClock
from tests.support.form_sets import sample_cells
from tests.support.forms_neighbours import FactsServicer, a_sync_service, an_auth_service
from tests.support.hosting import DIRECTOR, FakePassports, a_caller, a_stack, hosting
from tests.support.postgres import TestDatabase

BODIES = {"000000018": "OPH de l'exemple", "552081317": "OPH voisin"}
PASSPORTS = {
    "director": a_caller(on=dict.fromkeys(BODIES, DIRECTOR)),
    "officer": a_caller("Alex Agent", on={"*": ["staff.read", "campaign.manage"]}),
}
REASON = "L'instruction de campagne admet ce cas."


@dataclass
class Running:
    forms: forms_grpc.FormsServiceStub
    validation: pb_grpc.ValidationServiceStub

    async def plan(self, year: int) -> None:
        """Open a campaign."""
        campaign = forms.Campaign(
            document=types.DOCUMENT_ER,
            year=year,
            form_set="2024.1",
            opens_on="2025-04-01",
            due_on="2025-07-15",
            closes_on="2025-12-31",
            families=[types.FAMILY_OPH],
        )
        await self.forms.ProvisionCampaign(forms.ProvisionCampaignRequest(campaign=campaign))

    async def open(self, siren: str, year: int = 2024, **changes: str) -> str:
        """Open a filing and fill it with the example, changed."""
        with carrying("director"):
            opened = await self.forms.OpenFiling(
                forms.OpenFilingRequest(body=siren, document=types.DOCUMENT_ER, year=year)
            )
            filing_id = opened.filing.identity.filing_id
            form_set = formsets.load("2024.1")
            cells = {a: written(v) for a, v in sample_cells("saisie").items() if form_set.document_of(a) == "ER"}
            cells.update({name.replace("_", "."): value for name, value in changes.items()}, **{"ID.030.v": siren})
            there = (await self.forms.GetFiling(forms.GetFilingRequest(filing_id=filing_id))).cells
            versions = {cell.address: cell.version for cell in there}
            carried = {cell.address for cell in there if cell.origin == forms.ORIGIN_LAST_YEAR}
            edits = [
                forms.CellEdit(
                    address=a, text=v.replace(".", ",") if a[:2] != "ID" else v, base_version=versions.get(a, 0)
                )
                for a, v in cells.items()
                if a not in carried
            ]
            await self.forms.SaveCells(
                forms.SaveCellsRequest(request_id=f"{siren}-{year}", filing_id=filing_id, edits=edits)
            )
        return filing_id

    async def sign(self, filing_id: str) -> None:
        """Sign a filing as the signature service would."""
        with carrying("director"):
            request = forms.MoveFilingRequest(request_id="move", filing_id=filing_id, step=forms.STEP_SIGNATURE)
            await self.forms.MoveFiling(request)
            frozen = (await self.forms.FreezeFiling(forms.FreezeFilingRequest(filing_id=filing_id))).frozen
        seal = forms.SealFilingRequest(
            event_id="seal",
            filing_id=filing_id,
            version=frozen.version,
            revision=frozen.revision,
            receipt_number="N1",
            signatory="D",
        )
        seal.signed_at.GetCurrentTime()
        await self.forms.SealFiling(seal)

    async def verdict(self, filing_id: str) -> int:
        with carrying("director"):
            return (await self.forms.GetFiling(forms.GetFilingRequest(filing_id=filing_id))).filing.verdict

    async def notices(self, filing_id: str) -> list[str]:
        with carrying("director"):
            found = await self.forms.ListActivity(forms.ListActivityRequest(filing_id=filing_id))
        return [one.summary.fr for one in found.activities if one.kind == "FILING_REJUDGED"]

    async def adjust(self, control: str = "A-20", request_id: str = "r-1", **what: object) -> pb.AdjustControlResponse:
        with carrying("officer"):
            request = pb.AdjustControlRequest(request_id=request_id, adjustment=a_decision(control, **what))
            return await self.validation.AdjustControl(request)

    async def until_done(self, run_id: str) -> pb.GetQueueStatusResponse:
        async with asyncio.timeout(30):
            while True:
                with carrying("officer"):
                    status = await self.validation.GetQueueStatus(pb.GetQueueStatusRequest(run_id=run_id))
                if status.state in (pb.RUN_STATE_DONE, pb.RUN_STATE_FAILED):
                    assert status.failure == ""
                    return status
                await asyncio.sleep(0.1)


def a_decision(control: str = "A-20", **what: object) -> pb.Adjustment:
    chosen = what or {"severity": pb.SEVERITY_REMARK}
    return pb.Adjustment(
        form_set="2024.1",
        document=types.DOCUMENT_ER,
        year=2024,
        control=control,
        reason=REASON,
        **chosen,  # type: ignore[arg-type]
    )


@pytest.fixture
async def running(database: TestDatabase) -> AsyncIterator[Running]:
    stack = a_stack(clock=FrozenClock(datetime(2025, 7, 1, 9, 0, tzinfo=UTC)))
    bodies = [auth.Body(siren=s, name=n, family="OPH", departement="21") for s, n in BODIES.items()]
    # In a thread: emptying may wait for a transaction of the forms service of other tests, which needs this loop to end.
    apart = await asyncio.to_thread(database.apart, "rejudging")
    services = [
        make_forms(stack, await asyncio.to_thread(apart.fresh, "forms")),
        make_service(stack, await asyncio.to_thread(apart.fresh, "validation")),
        an_auth_service(*bodies),
        a_sync_service(FactsServicer()),
    ]
    async with hosting(stack, services, FakePassports(PASSPORTS)) as (peers, _):
        stub = forms_grpc.FormsServiceStub(peers.channel("forms"))
        made = Running(stub, pb_grpc.ValidationServiceStub(peers.channel("validation")))
        await made.plan(2024)
        yield made


async def test_a_softened_control_rejudges_open_filings_and_tells_those_concerned_once(running: Running) -> None:
    late = await running.open("000000018", ID_200_v="2025-07-01")
    clean = await running.open("552081317")
    before = await running.verdict(late), await running.verdict(clean)

    with carrying("officer"):
        trial = await running.validation.PreviewAdjustment(
            pb.PreviewAdjustmentRequest(request_id="p-1", adjustment=a_decision())
        )
    preview = (await running.until_done(trial.run_id)).preview
    untouched = await running.verdict(late)
    kept = await running.adjust()
    done = await running.until_done(kept.run_id)
    after = await running.verdict(late), await running.verdict(clean)
    again = await running.until_done((await running.adjust(request_id="r-2")).run_id)

    assert before[0] == untouched == pb.VERDICT_TO_JUSTIFY
    assert (preview.tried, preview.changed, preview.failing, preview.skipped) == (2, 1, 1, 0)
    assert not preview.examples, "nobody is named who has transmitted nothing (T-26)"
    assert preview.milliseconds_before > 0 < preview.milliseconds_after
    assert (done.changed, done.done, done.place) == (1, 2, 0)
    assert after == (pb.VERDICT_REMARKS, before[1])
    assert again.changed == 0
    assert await running.notices(late) == [
        f"Le contrôle A-20 est désormais une remarque : {REASON} Verdict : à justifier → avec remarques."
    ]
    assert await running.notices(clean) == []
    with carrying("director"):
        asked = pb.GetRuleSetRequest(form_set="2024.1", document=types.DOCUMENT_ER, year=2024)
        rules = await running.validation.GetRuleSet(asked)
        report = await running.forms.CheckFiling(forms.CheckFilingRequest(filing_id=late))
    assert rules.form_set_digest == formsets.load("2024.1").digest != rules.rule_set
    assert report.rule_set == rules.rule_set
    assert [(one.control, one.severity, one.author) for one in rules.adjustments] == [("A-20", pb.SEVERITY_REMARK, "")]
    with carrying("officer"):
        request = pb.ListAdjustmentsRequest(document=types.DOCUMENT_ER, year=2024)
        listed = (await running.validation.ListAdjustments(request)).adjustments
    assert [(one.control, one.severity, one.author) for one in listed] == [("A-20", pb.SEVERITY_REMARK, "Alex Agent")]


async def test_a_control_put_back_rejudges_the_other_way(running: Running) -> None:
    late = await running.open("000000018", ID_200_v="2025-07-01")
    await running.until_done((await running.adjust(is_withdrawn=True)).run_id)
    withdrawn = await running.verdict(late)
    await running.until_done((await running.adjust(request_id="r-2", severity=pb.SEVERITY_ANOMALY)).run_id)

    assert withdrawn == pb.VERDICT_CLEAN
    assert await running.verdict(late) == pb.VERDICT_TO_JUSTIFY
    assert len(await running.notices(late)) == 2


async def test_only_the_authority_adjusts_and_never_a_blocking_control(running: Running) -> None:
    blocking = next(c.id for c in formsets.load("2024.1").controls if c.severity == "B" and c.expression)
    with pytest.raises(Invalid):
        await running.adjust(blocking)
    with pytest.raises(Invalid):
        await running.adjust(is_withdrawn=True, severity=pb.SEVERITY_REMARK)
    with carrying("director"), pytest.raises(Forbidden):
        await running.validation.AdjustControl(pb.AdjustControlRequest(request_id="x", adjustment=a_decision()))


async def test_a_whole_campaign_is_checked_from_the_queue_and_nothing_changes(running: Running) -> None:
    late = await running.open("000000018", ID_200_v="2025-07-01")
    await running.open("552081317")
    with carrying("officer"):
        asked = await running.validation.CheckCampaign(
            pb.CheckCampaignRequest(request_id="c-1", document=types.DOCUMENT_ER, year=2024)
        )
        again = await running.validation.CheckCampaign(
            pb.CheckCampaignRequest(request_id="c-1", document=types.DOCUMENT_ER, year=2024)
        )
    done = await running.until_done(asked.run_id)

    with carrying("officer"):
        listed = (await running.validation.ListRuns(pb.ListRunsRequest())).runs
    assert (listed[0].run_id, listed[0].state) == (asked.run_id, pb.RUN_STATE_DONE)
    assert not listed[0].HasField("check"), "what it found is asked for by its name"
    assert again.run_id == asked.run_id
    assert (done.kind, done.done, done.check.checked, done.check.skipped) == ("check", 2, 2, 0)
    assert {one.verdict: one.filings for one in done.check.verdicts}[pb.VERDICT_TO_JUSTIFY] == 1
    assert [(one.control, one.failing) for one in done.check.controls if one.severity == pb.SEVERITY_ANOMALY] == [
        ("A-20", 1)
    ]
    assert await running.notices(late) == []
    with carrying("director"), pytest.raises(Forbidden):
        await running.validation.CheckCampaign(
            pb.CheckCampaignRequest(request_id="c-2", document=types.DOCUMENT_ER, year=2024)
        )


async def test_a_trial_on_a_past_campaign_names_the_signed_filings_that_would_change(running: Running) -> None:
    late = await running.open("000000018", ID_200_v="2025-07-01")
    with carrying("director"):
        text = "Le quorum manquait fin juin, voir le PV."
        request = forms.JustifyFindingRequest(request_id="j-1", filing_id=late, control="A-20", text=text)
        await running.forms.JustifyFinding(request)
    await running.sign(late)
    withdrawn = a_decision("A-20", is_withdrawn=True)
    with carrying("officer"):
        asked = pb.PreviewAdjustmentRequest(request_id="p-4", adjustment=withdrawn, tried_on=2024)
        trial = await running.validation.PreviewAdjustment(asked)

    preview = (await running.until_done(trial.run_id)).preview

    assert (preview.tried, preview.changed) == (1, 1)
    assert [one.identity.filing_id for one in preview.examples] == [late]


async def test_a_form_set_is_tried_on_a_whole_campaign_and_only_what_was_signed_is_named(running: Running) -> None:
    draft = await running.open("552081317")
    signed = await running.open("000000018")
    await running.sign(signed)
    before = await running.verdict(draft), await running.verdict(signed)
    request = pb.CheckCampaignRequest(request_id="t-1", document=types.DOCUMENT_ER, year=2024, form_set="2025.1")

    with carrying("officer"):
        asked = await running.validation.CheckCampaign(request)
        with pytest.raises(NotFound):
            await running.validation.CheckCampaign(
                pb.CheckCampaignRequest(request_id="t-2", document=types.DOCUMENT_ER, year=2024, form_set="1999.1")
            )
    done = await running.until_done(asked.run_id)

    found = done.trial
    assert (done.kind, done.document, done.year, done.form_set) == ("trial", types.DOCUMENT_ER, 2024, "2025.1")
    assert (done.done, found.checked, found.skipped, found.to_choose) == (2, 2, 0, 2), "CP.380.n of each"
    (new,) = [one for one in found.controls if one.control == "X-01"]
    assert (new.failing_before, new.failing_after, new.newly_failing) == (0, 2, 2)
    assert [one.filing_id for one in new.examples] == [signed]
    assert draft not in str(done)
    assert found.milliseconds_before > 0 < found.milliseconds_after
    assert (await running.verdict(draft), await running.verdict(signed)) == before, "nothing was changed"
    assert await running.notices(draft) == []


async def test_a_request_has_its_receipt_and_its_place_within_a_second_whatever_the_queue(running: Running) -> None:
    await running.open("000000018", ID_200_v="2025-07-01")
    loop = asyncio.get_running_loop()
    receipts, places = [], []
    for number in range(20):
        asked_at = loop.time()
        with carrying("officer"):
            request = pb.CheckCampaignRequest(request_id=f"q-{number}", document=types.DOCUMENT_ER, year=2024)
            run_id = (await running.validation.CheckCampaign(request)).run_id
            receipts.append(loop.time() - asked_at)
            status = await running.validation.GetQueueStatus(pb.GetQueueStatusRequest(run_id=run_id))
        places.append(status.place)
    done = await running.until_done(run_id)

    assert max(receipts) < 1
    assert max(places) > 1
    assert done.check.checked == 1


async def test_a_justification_of_a_filing_that_was_not_sent_cannot_be_read_by_the_authority(running: Running) -> None:
    filing_id = await running.open("000000018", ID_200_v="2025-07-01")
    with carrying("director"):
        await running.forms.JustifyFinding(
            forms.JustifyFindingRequest(
                request_id="j-1", filing_id=filing_id, control="A-20", text="Le quorum manquait fin juin, voir le PV."
            )
        )
        proposals = await running.validation.ProposeJustifications(
            pb.ProposeJustificationsRequest(body="000000018", year=2025, controls=["A-20"])
        )
    with carrying("officer"), pytest.raises(NotFound):
        await running.validation.ReviewJustifications(pb.ReviewJustificationsRequest(filing_id=filing_id))

    assert [(one.year, one.text) for one in proposals.proposals] == [(2024, "Le quorum manquait fin juin, voir le PV.")]


async def test_a_trial_compares_with_the_filing_signed_the_year_before(running: Running) -> None:
    await running.plan(2023)
    await running.sign(await running.open("000000018", 2023))
    await running.open("000000018")
    repeated = pb.PreviewAdjustmentRequest(request_id="p-3", adjustment=a_decision("H-15", is_withdrawn=True))

    with carrying("officer"):
        trial = await running.validation.PreviewAdjustment(repeated)
    preview = (await running.until_done(trial.run_id)).preview

    assert (preview.tried, preview.skipped, preview.failing) == (1, 0, 1), "the same figures twice are H-15"
