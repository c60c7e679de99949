import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as pb
from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc
from pydantic import SecretStr

import formsets
from chassis.errors import Exhausted, Forbidden, Invalid, NotFound
from chassis.rpc.identity import carrying
from chassis.settings import DatabaseSettings
from formsets.values import parse, written
from services.validation.service import ValidationService, make_service
from services.validation.settings import ValidationSettings
from synthetic import series
from tests.support.form_sets import SAMPLE, sample_cells
from tests.support.hosting import FakePassports, a_caller, a_stack, hosting, until_ready
from tests.support.postgres import TestDatabase

FILING = "019aa000-0000-7000-8000-000000000001"


@asynccontextmanager
async def validation(database: TestDatabase, **settings: float) -> AsyncIterator[pb_grpc.ValidationServiceStub]:
    own = DatabaseSettings(url=SecretStr(database.fresh("validation")))
    service = ValidationService(a_stack(), ValidationSettings(database=own, **settings))  # type: ignore[arg-type]
    async with hosting(a_stack(), [service], FakePassports(), "forms") as (peers, hosted):
        await until_ready(hosted)
        yield pb_grpc.ValidationServiceStub(peers.channel("validation"))


def er_request(filing_id: str = "", **changes: str) -> pb.EvaluateFilingRequest:
    form_set = formsets.load("2024.1")
    cells = {a: written(v) for a, v in sample_cells("saisie").items() if form_set.document_of(a) == "ER"}
    cells.update({name.replace("_", "."): value for name, value in changes.items()})
    return pb.EvaluateFilingRequest(
        form_set="2024.1",
        document=types.DOCUMENT_ER,
        cells=[types.Cell(address=a, value=v) for a, v in cells.items()],
        filing_id=filing_id,
    )


def justification(
    request_id: str, text: str, approved_on: str = "2025-07-01", cell: str = ""
) -> pb.RecordJustificationRequest:
    operands = {"ID.200.v": approved_on, "ID.170.v": "2024-12-31"}
    return pb.RecordJustificationRequest(
        request_id=request_id,
        filing_id=FILING,
        body="000000018",
        year=2024,
        control="A-20",
        text=text,
        author="C. Exemple",
        operands=[types.Cell(address=a, value=v) for a, v in operands.items()],
        cell=cell,
        reason=pb.JUSTIFICATION_REASON_EXCEPTIONAL_EVENT,
    )


async def test_the_er_and_the_qdis_of_the_example_are_clean(database: TestDatabase) -> None:
    form_set = formsets.load("2024.1")
    async with validation(database) as stub:
        er = await stub.EvaluateFiling(er_request())
        known = {c.address: c.value for c in er_request().cells} | {c.address: c.value for c in er.computed}
        facts = {c.cell: known[c.cell] for c in form_set.concepts if c.cell in known}
        own = {a: written(v) for a, v in sample_cells("saisie").items() if form_set.document_of(a) == "QDIS"}
        qdis = await stub.EvaluateFiling(
            pb.EvaluateFilingRequest(
                form_set="2024.1",
                document=types.DOCUMENT_QDIS,
                cells=[
                    types.Cell(address=a, value=v) for a, v in {**facts, **own}.items() if not form_set.is_computed(a)
                ],
                given=[types.Cell(address=a, value=v) for a, v in facts.items() if form_set.is_computed(a)],
            )
        )

    assert (er.verdict, len(er.findings)) == (pb.VERDICT_CLEAN, 87)
    assert (qdis.verdict, len(qdis.findings)) == (pb.VERDICT_CLEAN, 29)
    shown = {
        c.address: written(parse(c.value, form_set.cell_type(c.address)), form_set.cell_type(c.address))
        for c in [*er.computed, *qdis.computed]
    }
    assert shown == {a: written(v) for a, v in sample_cells("calcul").items()}


async def test_a_whole_file_is_read_in_a_worker(database: TestDatabase) -> None:
    rows = [line.split(";") for line in SAMPLE.read_text(encoding="utf-8").splitlines()[1:]]
    cells = [pb.RawCell(address=f"{code}.{column}", text=value) for code, column, value, _ in rows]
    cells.append(pb.RawCell(address="BA.010.brut", text="1.234,56"))

    async with validation(database) as stub:
        response = await stub.ReadCells(pb.ReadCellsRequest(form_set="2024.1", year=2024, cells=cells))

    assert [reading.control for reading in response.readings] == [""] * 1190 + ["F-01"]
    assert "123456" in response.readings[-1].message.how.fr
    assert "123456" in response.readings[-1].message.how.en


async def test_a_justification_is_kept_once_counts_and_stops_counting_when_figures_change(
    database: TestDatabase,
) -> None:
    async with validation(database) as stub:
        before = await stub.EvaluateFiling(er_request(FILING, ID_200_v="2025-07-01"))
        first = await stub.RecordJustification(justification("r-1", "Le conseil s'est réuni le 1er juillet."))
        again = await stub.RecordJustification(justification("r-1", "Le conseil s'est réuni le 1er juillet."))
        counted = await stub.EvaluateFiling(er_request(FILING, ID_200_v="2025-07-01"))
        moved = await stub.EvaluateFiling(er_request(FILING, ID_200_v="2025-07-02"))
        await stub.RecordJustification(justification("r-2", "Le quorum manquait fin juin, voir le PV."))
        listed = await stub.ListJustifications(pb.ListJustificationsRequest(filing_id=FILING))

    assert before.verdict == pb.VERDICT_TO_JUSTIFY
    assert first == again
    assert counted.verdict == pb.VERDICT_REMARKS
    assert moved.verdict == pb.VERDICT_TO_JUSTIFY
    assert [one.text for one in listed.justifications] == ["Le quorum manquait fin juin, voir le PV."]
    assert listed.justifications[0].author == "C. Exemple"


async def test_a_justification_of_a_cell_stands_beside_that_of_the_whole_control(database: TestDatabase) -> None:
    async with validation(database) as stub:
        await stub.RecordJustification(justification("r-1", "Le conseil s'est réuni le 1er juillet."))
        await stub.RecordJustification(justification("r-2", "Le quorum manquait le 30 juin.", cell="ID.200.v"))
        await stub.RecordJustification(
            justification("r-3", "Le quorum manquait fin juin, voir le PV.", cell="ID.200.v")
        )
        listed = await stub.ListJustifications(pb.ListJustificationsRequest(filing_id=FILING))
        judged = await stub.EvaluateFiling(er_request(FILING, ID_200_v="2025-07-01"))

    assert [(one.cell, one.text) for one in listed.justifications] == [
        ("", "Le conseil s'est réuni le 1er juillet."),
        ("ID.200.v", "Le quorum manquait fin juin, voir le PV."),
    ]
    assert {one.reason for one in listed.justifications} == {pb.JUSTIFICATION_REASON_EXCEPTIONAL_EVENT}
    finding = next(one for one in judged.findings if one.control == "A-20")
    (place,) = finding.places
    assert place.justification.cell == "ID.200.v", "what is written of the cell comes before what is of all"
    assert set(place.operands) == {"ID.200.v", "ID.170.v"}
    assert finding.is_justified
    assert finding.justification == place.justification, "for who does not read places yet"


async def test_bad_requests_are_refused_by_name(database: TestDatabase) -> None:
    async with validation(database) as stub:
        with pytest.raises(NotFound) as unknown:
            await stub.EvaluateFiling(pb.EvaluateFilingRequest(form_set="1999.9", document=types.DOCUMENT_ER))
        with pytest.raises(Invalid) as malformed:
            await stub.EvaluateFiling(er_request(BA_010_brut="1 234"))
        with pytest.raises(Invalid):
            await stub.EvaluateFiling(pb.EvaluateFilingRequest(form_set="2024.1"))
        with pytest.raises(Invalid) as short:
            await stub.RecordJustification(justification("r-3", "bof"))
        with pytest.raises(Invalid):
            await stub.ListJustifications(pb.ListJustificationsRequest(filing_id="x"))

    assert unknown.value.code == "FORM_SET_UNKNOWN"
    assert malformed.value.code == "CELLS_MALFORMED"
    assert [violation.field for violation in malformed.value.violations] == ["BA.010.brut"]
    assert short.value.code == "JUSTIFICATION_REFUSED"


async def test_people_do_not_call_validation(database: TestDatabase) -> None:
    service = make_service(a_stack(), database.fresh("validation"))
    passports = FakePassports({"director": a_caller()})
    async with hosting(a_stack(), [service], passports, "") as (peers, _):
        stub = pb_grpc.ValidationServiceStub(peers.channel("validation"))
        with carrying("director"), pytest.raises(Forbidden):
            await stub.ListJustifications(pb.ListJustificationsRequest(filing_id=FILING))


async def test_the_filing_of_the_year_before_is_read_when_there_is_one(database: TestDatabase) -> None:
    before, after = series("OPH", 5, (2023, 2024))
    async with validation(database) as stub:
        request = pb.EvaluateFilingRequest(form_set="2024.1", document=types.DOCUMENT_ER)
        request.cells.extend(types.Cell(address=a, value=v) for a, v in before.of_document("ER").items())
        first = await stub.EvaluateFiling(request)
        request = pb.EvaluateFilingRequest(form_set="2024.1", document=types.DOCUMENT_ER, has_previous=True)
        typed = {**after.of_document("ER"), "BP.110.n1": "5"}
        request.cells.extend(types.Cell(address=a, value=v) for a, v in typed.items())
        request.previous.extend(types.Cell(address=a, value=v) for a, v in before.of_document("ER").items())
        request.previous.extend(first.computed)
        second = await stub.EvaluateFiling(request)
        request.restated.append("BP.110.n1")
        restated = await stub.EvaluateFiling(request)

    assert (len(first.findings), len(second.findings)) == (87, 93)
    found = next(finding for finding in second.findings if finding.control == "H-01")
    assert (found.status, list(found.cells)) == (pb.CONTROL_STATUS_FAILED, ["BP.110.n1"])
    assert {cell.address: cell.value for cell in found.operands}["BP.110.n1"] == "5"
    assert "H-01" not in {f.control for f in restated.findings if f.status == pb.CONTROL_STATUS_FAILED}


async def test_more_filings_than_the_workers_can_judge_are_told_to_come_back_and_none_times_out(
    database: TestDatabase,
) -> None:
    async with validation(database, longest_wait_seconds=0.5) as stub:
        await stub.EvaluateFiling(er_request())
        asked = [stub.EvaluateFiling(er_request()) for _ in range(60)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        patient = er_request()
        patient.is_background = True
        after = await asyncio.gather(*(stub.EvaluateFiling(patient) for _ in range(20)))

    refused = [one for one in found if isinstance(one, BaseException)]
    assert 0 < len(refused) < 60
    assert {(type(one), getattr(one, "code", "")) for one in refused} == {(Exhausted, "ENGINE_BUSY")}
    assert all(int(one.metadata["retry_after"]) >= 1 for one in refused if isinstance(one, Exhausted))
    assert {one.verdict for one in after} == {pb.VERDICT_CLEAN}
