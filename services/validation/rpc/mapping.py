"""Messages ↔ domain, both directions side by side."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as pb

from chassis.errors import Invalid, malformed
from formsets import ControlText
from formsets.verdicts import verdict_told
from services.validation.domain.adjustment import WITHDRAWN, Adjustment
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.evaluation import Finding, Place
from services.validation.domain.form_set_trial import FormSetTrial
from services.validation.domain.justification import ReasonCode
from services.validation.domain.reading import RawCell, TextReading
from services.validation.domain.run import RunKind, Standing
from services.validation.domain.verdict import CheckedDocument, Verdict
from services.validation.usecases.adjust_control import Decision, decision_of
from services.validation.usecases.get_rule_set import RulesInForce
from services.validation.usecases.judging import Judged
from services.validation.usecases.ports import PreviousYear, Subject
from services.validation.usecases.record_justification import Written

_DOCUMENTS: Mapping[int, CheckedDocument] = {types.DOCUMENT_ER: "ER", types.DOCUMENT_QDIS: "QDIS"}
_SEVERITIES = {
    "B": pb.SEVERITY_BLOCKING,
    "T": pb.SEVERITY_TRANSMISSION,
    "A": pb.SEVERITY_ANOMALY,
    "R": pb.SEVERITY_REMARK,
}
_LETTERS = {value: letter for letter, value in _SEVERITIES.items()}
_STATUSES = {
    "passed": pb.CONTROL_STATUS_PASSED,
    "failed": pb.CONTROL_STATUS_FAILED,
    "not_evaluated": pb.CONTROL_STATUS_NOT_EVALUATED,
}
_REASONS = {pb.JustificationReason.Value(f"JUSTIFICATION_REASON_{code.name}"): code for code in ReasonCode}
_REASON_VALUES = {code: value for value, code in _REASONS.items()}

_A_UUID = ("Donnez un UUID.", "Give a UUID.")


def to_document(value: types.Document.ValueType) -> CheckedDocument:
    """Return the document asked for.

    Raises:
        Invalid: none was said.
    """
    if value not in _DOCUMENTS:
        what, how = ("Document attendu.", "A document is expected."), ("ER ou QDIS.", "ER or QDIS.")
        raise Invalid(violations=[malformed("document", "DOCUMENT_MISSING", what, how)])
    return _DOCUMENTS[value]


def to_filing_id(text: str) -> UUID:
    """Return the identifier of a filing.

    Raises:
        Invalid: the text is not one.
    """
    try:
        return UUID(text)
    except ValueError:
        what = ("Identifiant de dossier attendu.", "The identifier of a filing is expected.")
        raise Invalid(violations=[malformed("filing_id", "FILING_ID", what, _A_UUID)]) from None


def to_run_id(text: str) -> UUID:
    """Return the identifier of a run.

    Raises:
        Invalid: the text is not one.
    """
    try:
        return UUID(text)
    except ValueError:
        what = ("Identifiant de traitement attendu.", "The identifier of a run is expected.")
        raise Invalid(violations=[malformed("run_id", "RUN_ID", what, _A_UUID)]) from None


def to_decision(message: pb.Adjustment) -> Decision:
    """Return what the authority asks for.

    Raises:
        Invalid: neither a severity nor a withdrawal, or both.
    """
    severity = _LETTERS.get(message.severity, WITHDRAWN)
    if bool(severity) == message.is_withdrawn:
        what = ("Gravité ou retrait attendu.", "A severity or a withdrawal is expected.")
        how = ("Donnez une gravité, ou le retrait du contrôle.", "Give a severity, or withdraw the control.")
        raise Invalid(violations=[malformed("severity", "SEVERITY", what, how)])
    document = to_document(message.document)
    return Decision(message.form_set, document, message.year, message.control, severity, message.reason)


def to_adjustment(message: pb.Adjustment) -> Adjustment:
    """Return another authority's decision.

    Raises:
        Invalid: no identifier, no authority, or no decision.
    """
    decision = to_decision(message)
    try:
        identifier = UUID(message.id)
    except ValueError:
        what = ("Identifiant de décision attendu.", "The identifier of a decision is expected.")
        raise Invalid(violations=[malformed("id", "ADJUSTMENT_ID", what, _A_UUID)]) from None
    if not message.authority:
        what = ("Serveur de l'autorité attendu.", "The server of the authority is expected.")
        how = ("Donnez son nom, par exemple MIN.", "Give its name, for instance MIN.")
        raise Invalid(violations=[malformed("authority", "AUTHORITY_MISSING", what, how)])
    about = decision.form_set, decision.document, decision.year, decision.control, decision.severity
    at = message.adjusted_at.ToDatetime(tzinfo=UTC)
    return Adjustment(*about, decision.reason, message.author, at, identifier, message.authority)


def to_raw_cells(messages: Iterable[pb.RawCell]) -> list[RawCell]:
    """Return texts to read."""
    return [RawCell(message.address, message.text) for message in messages]


def to_cells(*messages: Iterable[types.Cell]) -> dict[str, str]:
    """Return cells by address, those of the first list winning over the next."""
    return {cell.address: cell.value for some in reversed(messages) for cell in some}


def to_subject(request: pb.EvaluateFilingRequest) -> Subject:
    """Return what is to be judged."""
    filing_id = to_filing_id(request.filing_id) if request.filing_id else None
    return Subject(request.form_set, to_document(request.document), filing_id, request.year, request.basis)


def to_previous_year(request: pb.EvaluateFilingRequest) -> PreviousYear | None:
    """Return what the body filed the year before, None when it filed nothing."""
    return PreviousYear(to_cells(request.previous), tuple(request.restated)) if request.has_previous else None


def to_written(request: pb.RecordJustificationRequest) -> Written:
    """Return what a person wrote."""
    return Written(
        to_filing_id(request.filing_id),
        request.body,
        request.year,
        request.control,
        request.text,
        request.author,
        to_cells(request.operands),
        request.cell,
        to_reason(request.reason),
    )


def to_reason(value: pb.JustificationReason.ValueType) -> ReasonCode:
    """Return the kind of reason that was given; who says none, or one of a later release, gave another."""
    return _REASONS.get(value, ReasonCode.OTHER)


def reading_message(reading: TextReading) -> pb.CellReading:
    """Return what became of one text."""
    message = pb.CellReading(address=reading.address, value=reading.value, control=reading.control)
    if reading.french and reading.english:
        message.message.CopyFrom(three_parts(reading.french, reading.english))
    return message


def finding_message(finding: Finding) -> pb.Finding:
    """Return one control and what came of it; the three parts go with a failed one."""
    message = pb.Finding(
        control=finding.control,
        severity=_SEVERITIES[finding.severity],
        status=_STATUSES[finding.status],
        message=types.Sentence(fr=finding.french.what, en=finding.english.what),
        cells=finding.cells,
        missing=finding.missing,
        operands=cell_messages(dict(finding.operands)),
        is_justified=finding.is_justified,
        instruction=finding.instruction,
        line_instructions=finding.line_instructions,
    )
    if finding.status == "failed":
        message.detail.CopyFrom(three_parts(finding.french, finding.english))
        message.places.extend(map(_place_message, finding.places))
        first = message.places[0]
        # Who reads places does not read these two; who does not must still find what was justified.
        if finding.is_justified:
            message.justification.CopyFrom(first.justification)
        if first.HasField("refused"):
            message.refused.CopyFrom(first.refused)
    return message


def _place_message(place: Place) -> pb.FindingPlace:
    return pb.FindingPlace(
        cells=place.cells,
        operands=[address for address, _ in place.operands],
        justification=justification_message(place.justification) if place.justification else None,
        refused=justification_message(place.refused) if place.refused else None,
    )


def three_parts(french: ControlText, english: ControlText) -> pb.ThreePartMessage:
    """Return a message in three parts."""
    return pb.ThreePartMessage(
        what=types.Sentence(fr=french.what, en=english.what),
        where=types.Sentence(fr=french.where, en=english.where),
        how=types.Sentence(fr=french.how, en=english.how),
    )


def evaluation_message(judged: Judged) -> pb.EvaluateFilingResponse:
    """Return a whole report."""
    found = judged.evaluation
    return pb.EvaluateFilingResponse(
        computed=cell_messages(found.computed),
        findings=[finding_message(finding) for finding in found.findings],
        verdict=verdict_value(found.verdict),
        rule_set=found.rule_set,
        report=judged.report_id,
        verdict_text=verdict_text(found.verdict),
    )


def difference_message(judged: Judged | None) -> pb.RecheckFilingResponse:
    """Return what a change moved; None: it cannot be told here."""
    if judged is None:
        return pb.RecheckFilingResponse(is_unknown=True)
    found = judged.evaluation
    return pb.RecheckFilingResponse(
        moved=cell_messages(found.computed),
        failed=[finding_message(finding) for finding in found.findings],
        verdict=verdict_value(found.verdict),
        rule_set=found.rule_set,
        report=judged.report_id,
    )


def justification_message(kept: AnsweredJustification) -> pb.Justification:
    """Return a justification as kept, with its answer."""
    justification, answer = kept.justification, kept.answer
    message = pb.Justification(
        control=justification.control,
        text=justification.text,
        author=justification.author,
        written_at=stamp(justification.written_at),
        operands_digest=justification.operands_digest,
        number=kept.number,
        year=justification.year,
        cell=justification.cell,
        reason=_REASON_VALUES[justification.reason],
    )
    if answer:
        message.answer, message.is_accepted, message.answered_by = answer.text, answer.is_accepted, answer.author
        message.answered_at.CopyFrom(stamp(answer.at))
    return message


def stamp(at: datetime) -> Timestamp:
    """Return a moment."""
    message = Timestamp()
    message.FromDatetime(at)
    return message


def cell_messages(cells: Mapping[str, str]) -> list[types.Cell]:
    """Return cells in written form."""
    return [types.Cell(address=address, value=value) for address, value in cells.items()]


def verdict_value(verdict: Verdict) -> pb.Verdict.ValueType:
    """Return the one word on top."""
    return pb.Verdict.Value(f"VERDICT_{verdict.name}")


def verdict_text(verdict: Verdict) -> pb.VerdictText:
    """Return the verdict in words."""
    french, english = verdict_told(verdict, "fr"), verdict_told(verdict, "en")
    return pb.VerdictText(
        word=types.Sentence(fr=french.word, en=english.word),
        sentence=types.Sentence(fr=french.sentence, en=english.sentence),
    )


def adjustment_message(adjustment: Adjustment, *, applies_here: bool = True) -> pb.Adjustment:
    """Return a decision as kept, and whether filings of this server are judged under it."""
    return pb.Adjustment(
        form_set=adjustment.form_set,
        document=types.Document.Value(f"DOCUMENT_{adjustment.document}"),
        year=adjustment.year,
        control=adjustment.control,
        severity=_SEVERITIES.get(adjustment.severity, pb.SEVERITY_UNSPECIFIED),
        is_withdrawn=adjustment.severity == WITHDRAWN,
        reason=adjustment.reason,
        author=adjustment.author,
        adjusted_at=stamp(adjustment.at),
        id=str(adjustment.id),
        authority=adjustment.authority,
        applies_here=applies_here,
    )


def rule_set_message(rules: RulesInForce) -> pb.GetRuleSetResponse:
    """Return the rules of a campaign."""
    return pb.GetRuleSetResponse(
        form_set_digest=rules.form_set_digest,
        rule_set=rules.rule_set,
        adjustments=[adjustment_message(one) for one in rules.adjustments],
    )


def standing_message(standing: Standing) -> pb.GetQueueStatusResponse:
    """Return where a run is, and what it found once done."""
    run = standing.run
    message = pb.GetQueueStatusResponse(
        run_id=str(run.id),
        kind=run.kind,
        state=pb.RunState.Value(f"RUN_STATE_{run.state.name}"),
        place=standing.place,
        estimate_seconds=standing.seconds,
        done=run.done,
        queued_at=stamp(run.queued_at),
        started_at=stamp(run.started_at) if run.started_at else None,
        finished_at=stamp(run.finished_at) if run.finished_at else None,
        failure=run.failure,
        changed=run.result.get("changed", 0),
        tried_on=run.subject.get("tried_on", 0),
    )
    if run.kind in (RunKind.REJUDGE, RunKind.PREVIEW):
        message.adjustment.CopyFrom(adjustment_message(decision_of(run)))
    else:
        message.document = types.Document.Value(f"DOCUMENT_{run.subject['document']}")
        message.year, message.form_set = run.subject["year"], run.subject.get("form_set", "")
    if run.kind is RunKind.PREVIEW and run.result:
        message.preview.CopyFrom(preview_message(run.result))
    if run.kind is RunKind.CHECK and run.result:
        message.check.CopyFrom(check_message(run.result))
    if run.kind is RunKind.TRIAL and run.result:
        message.trial.CopyFrom(trial_message(FormSetTrial.from_kept(run.result)))
    return message


def preview_message(result: Mapping[str, Any]) -> pb.AdjustmentPreview:
    """Return what a trial found."""
    judged = max(result["tried"] - result["skipped"], 1)
    return pb.AdjustmentPreview(
        tried=result["tried"],
        changed=result["changed"],
        skipped=result["skipped"],
        failing=result["failing"],
        examples=[
            pb.VerdictChange(
                identity=types.FilingIdentity(**example["identity"]),
                before=verdict_value(Verdict(example["before"])),
                after=verdict_value(Verdict(example["after"])),
            )
            for example in result["examples"]
        ],
        milliseconds_before=result["seconds_before"] * 1_000 / judged,
        milliseconds_after=result["seconds_after"] * 1_000 / judged,
    )


def check_message(result: Mapping[str, Any]) -> pb.CampaignCheck:
    """Return what a check of a campaign counted: verdicts from the best, controls from the most frequent."""
    failing = [(control, count) for control, count in result["controls"].items() if count["failing"]]
    return pb.CampaignCheck(
        checked=result["checked"],
        skipped=result["skipped"],
        verdicts=verdict_counts(result["verdicts"]),
        controls=[
            pb.ControlCount(
                control=control,
                severity=_SEVERITIES[count["severity"]],
                message=types.Sentence(fr=count["fr"], en=count["en"]),
                failing=count["failing"],
                justified=count["justified"],
                not_evaluated=count["not_evaluated"],
            )
            for control, count in sorted(failing, key=lambda one: (-one[1]["failing"], one[0]))
        ],
    )


def verdict_counts(verdicts: Mapping[str, int]) -> list[pb.VerdictCount]:
    """Return how many filings have which verdict, from the best."""
    known = sorted((verdict_value(Verdict(verdict)), filings) for verdict, filings in verdicts.items())
    return [pb.VerdictCount(verdict=value, filings=filings) for value, filings in known]


def trial_message(found: FormSetTrial) -> pb.FormSetTrial:
    """Return what another form set would change, the controls that newly fail most first."""
    judged = max(found.checked, 1)
    return pb.FormSetTrial(
        checked=found.checked,
        skipped=found.skipped,
        changed=found.changed,
        to_choose=found.to_choose,
        verdicts_before=verdict_counts(found.verdicts_before),
        verdicts_after=verdict_counts(found.verdicts_after),
        controls=[
            pb.ControlTrial(
                control=control,
                severity=_SEVERITIES[one.severity],
                message=types.Sentence(fr=one.french, en=one.english),
                failing_before=one.failing_before,
                failing_after=one.failing_after,
                newly_failing=one.newly_failing,
                no_longer_failing=one.no_longer_failing,
                newly_not_evaluated=one.newly_not_evaluated,
                examples=[types.FilingIdentity(**found.named[filing]) for filing in one.examples],
            )
            for control, one in found.most_failing_first.items()
        ],
        milliseconds_before=found.seconds_before * 1_000 / judged,
        milliseconds_after=found.seconds_after * 1_000 / judged,
    )
