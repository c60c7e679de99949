"""`GrpcControls`: the controls port over gRPC."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC

from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as pb
from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc

from chassis.peers import Peers
from chassis.rpc.words import words_of
from services.forms.domain.evaluation import Evaluation, Explanation, Finding, Justification, Place, PreviousYear
from services.forms.domain.filing import Filing, Verdict
from services.forms.domain.importing import Sentences
from services.forms.usecases.ports import RawText, TextReading

_VERDICTS = {
    pb.VERDICT_CLEAN: Verdict.CLEAN,
    pb.VERDICT_REMARKS: Verdict.REMARKS,
    pb.VERDICT_TO_JUSTIFY: Verdict.TO_JUSTIFY,
    pb.VERDICT_BLOCKED: Verdict.BLOCKED,
    pb.VERDICT_NOT_EVALUABLE: Verdict.NOT_EVALUABLE,
}
_SEVERITIES = {
    pb.SEVERITY_BLOCKING: "B",
    pb.SEVERITY_TRANSMISSION: "T",
    pb.SEVERITY_ANOMALY: "A",
    pb.SEVERITY_REMARK: "R",
}
_REASONS = words_of(pb.JustificationReason.DESCRIPTOR)
_REASON_VALUES = {word: value for value, word in _REASONS.items()}
_STATUSES = {
    pb.CONTROL_STATUS_PASSED: "passed",
    pb.CONTROL_STATUS_FAILED: "failed",
    pb.CONTROL_STATUS_NOT_EVALUATED: "not_evaluated",
}


class GrpcControls:
    """The validation service of this stack.

    Args:
        peers: where it is.
        is_background: True when nobody waits for what is judged through this: people's filings go first.
    """

    def __init__(self, peers: Peers, *, is_background: bool = False) -> None:
        self._is_background = is_background
        self._stub = pb_grpc.ValidationServiceStub(peers.channel("validation"))

    async def read(self, form_set: str, year: int, texts: Sequence[RawText]) -> list[TextReading]:
        """Run the format controls on texts, in order."""
        cells = [pb.RawCell(address=text.address, text=text.text) for text in texts]
        request = pb.ReadCellsRequest(form_set=form_set, year=year, cells=cells)
        response = await self._stub.ReadCells(request)
        return [_reading(reading) for reading in response.readings]

    async def evaluate(
        self, filing: Filing, inputs: Mapping[str, str], given: Mapping[str, str], previous: PreviousYear | None
    ) -> Evaluation:
        """Compute every formula and run every control of the filing's document; some need the year before."""
        request = pb.EvaluateFilingRequest(
            form_set=filing.form_set,
            document=types.Document.Value(f"DOCUMENT_{filing.document}"),
            cells=_cells(inputs),
            given=_cells(given),
            filing_id=str(filing.id),
            year=filing.year,
            has_previous=previous is not None,
            previous=_cells(previous.cells) if previous else (),
            restated=sorted(previous.restated) if previous else (),
            basis=_basis(filing, previous),
            is_background=self._is_background,
        )
        response = await self._stub.EvaluateFiling(request)
        return Evaluation(
            computed={cell.address: cell.value for cell in response.computed if cell.value},
            findings=tuple(_finding(finding) for finding in response.findings),
            verdict=_VERDICTS[response.verdict],
            rule_set=response.rule_set,
            report=response.report,
        )

    async def recheck(
        self, filing: Filing, changed: Mapping[str, str], previous: PreviousYear | None, about: Collection[str]
    ) -> Evaluation | None:
        """Judge a change from the filing's last report; None when the validation asked does not remember it."""
        request = pb.RecheckFilingRequest(
            filing_id=str(filing.id),
            report=filing.report,
            changed=_cells(changed),
            basis=_basis(filing, previous),
            about=about,
        )
        response = await self._stub.RecheckFiling(request)
        if response.is_unknown:
            return None
        return Evaluation(
            computed={cell.address: cell.value for cell in response.moved},
            findings=tuple(_finding(finding) for finding in response.failed),
            verdict=_VERDICTS[response.verdict],
            rule_set=response.rule_set,
            report=response.report,
        )

    async def justify(
        self, request_id: str, filing: Filing, explanation: Explanation, author: str, operands: Mapping[str, str]
    ) -> Justification:
        """Keep a justification."""
        request = pb.RecordJustificationRequest(
            request_id=request_id,
            filing_id=str(filing.id),
            body=filing.body.siren,
            year=filing.year,
            control=explanation.control,
            text=explanation.text,
            author=author,
            operands=_cells(operands),
            cell=explanation.cell,
            reason=pb.JustificationReason.ValueType(_REASON_VALUES[explanation.reason]),
        )
        response = await self._stub.RecordJustification(request)
        return _justification(response.justification)


def _basis(filing: Filing, previous: PreviousYear | None) -> str:
    """Name everything but cells that an evaluation depends on here; equal names, equal inputs."""
    beside = [previous.version, *sorted(previous.restated)] if previous else []
    return " ".join([filing.form_set, *beside])


def _cells(values: Mapping[str, str]) -> list[types.Cell]:
    return [types.Cell(address=address, value=value) for address, value in values.items()]


def _reading(message: pb.CellReading) -> TextReading:
    if not message.control:
        return TextReading(message.address, message.value)
    return TextReading(
        message.address, "", message.control, _parts(message.message, "fr"), _parts(message.message, "en")
    )


def _parts(message: pb.ThreePartMessage, language: str) -> Sentences:
    return Sentences(getattr(message.what, language), getattr(message.where, language), getattr(message.how, language))


def _finding(message: pb.Finding) -> Finding:
    return Finding(
        control=message.control,
        severity=_SEVERITIES[message.severity],
        status=_STATUSES[message.status],
        message=(message.message.fr, message.message.en),
        fr=_parts(message.detail, "fr"),
        en=_parts(message.detail, "en"),
        cells=tuple(message.cells),
        missing=tuple(message.missing),
        operands={cell.address: cell.value for cell in message.operands},
        places=tuple(map(_place, message.places or _only_place(message))),
        # A validation service of the release before tells it so.
        is_justified=message.is_justified or message.HasField("justification"),
        instruction=message.instruction,
        line_instructions=tuple(message.line_instructions),
    )


def _only_place(message: pb.Finding) -> list[pb.FindingPlace]:
    """The place of a failed control as a validation service of the release before tells it: there is one."""
    if message.status != pb.CONTROL_STATUS_FAILED:
        return []
    return [
        pb.FindingPlace(
            cells=message.cells,
            operands=[cell.address for cell in message.operands],
            justification=message.justification if message.HasField("justification") else None,
            refused=message.refused if message.HasField("refused") else None,
        )
    ]


def _place(message: pb.FindingPlace) -> Place:
    return Place(
        cells=tuple(message.cells),
        operands=tuple(message.operands),
        justification=_justification(message.justification) if message.HasField("justification") else None,
        refused=_justification(message.refused) if message.HasField("refused") else None,
    )


def _justification(message: pb.Justification) -> Justification:
    return Justification(
        control=message.control,
        text=message.text,
        author=message.author,
        at=message.written_at.ToDatetime(tzinfo=UTC),
        operands_digest=message.operands_digest,
        number=message.number,
        answer=message.answer,
        is_accepted=message.is_accepted,
        answered_by=message.answered_by,
        answered_at=message.answered_at.ToDatetime(tzinfo=UTC) if message.answered_by else None,
        cell=message.cell,
        reason=_REASONS.get(message.reason, "other"),
    )
