"""Messages ↔ domain, both directions side by side."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation

from chassis.errors import Invalid, Violation, malformed
from chassis.rpc.words import words_of
from formsets.verdicts import verdict_told
from services.forms.domain.accounts import AccountFeed, MappedPrefix
from services.forms.domain.activity import Activity
from services.forms.domain.attachment import DEMANDABLE, Attachment
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.campaign import EARLIEST_YEAR, LATEST_YEAR, Campaign
from services.forms.domain.cell import Cell, Origin, OtherValue
from services.forms.domain.comment import CellComment
from services.forms.domain.comparing import CellDifference, SeriesPoint
from services.forms.domain.errors import (
    AttachmentRefused,
    AttachmentUnknown,
    EditStepUnknown,
    FilingUnknown,
    ImportUnknown,
    PublicationUnknown,
)
from services.forms.domain.evaluation import Explanation, Finding, Justification, Place
from services.forms.domain.export import ExportFormat
from services.forms.domain.filing import Document, Filing, Step, Verdict
from services.forms.domain.form_set_change import Fate
from services.forms.domain.form_set_life import FormSetState, FormSetStatus
from services.forms.domain.form_set_preview import AffectedFiling, CellsToChoose
from services.forms.domain.importing import Change, Effect, ImportChoice, ImportPreview, Problem, Sentences
from services.forms.domain.publication import FailedFiling, Publication, Standing
from services.forms.domain.review import CellToReview, ReturnRequest, Review, ReviewState
from services.forms.domain.sharing import ReceivedFact
from services.forms.domain.snapshot import Snapshot
from services.forms.domain.transmitted import TransmittedFilter
from services.forms.domain.undoing import EditStep
from services.forms.usecases.choose_set_aside import LabelledSetAside
from services.forms.usecases.counting import FilingCard
from services.forms.usecases.preview_form_set_change import Preview
from services.forms.usecases.read_filings import Openable, Tryable
from services.forms.usecases.rejudge_filings import FilingInputs

_SIREN_LENGTH = 9
_LONGEST_NUMBER = 18
"""Digits of a number that PostgreSQL has in eight bytes, whatever they are."""
_ORIGINS = {
    Origin.TYPED: pb.ORIGIN_TYPED,
    Origin.IMPORTED: pb.ORIGIN_IMPORTED,
    Origin.SYNCHRONISED: pb.ORIGIN_SYNCHRONISED,
    Origin.LAST_YEAR: pb.ORIGIN_LAST_YEAR,
    Origin.COMPUTED: pb.ORIGIN_COMPUTED,
    Origin.CHOSEN: pb.ORIGIN_CHOSEN,
}
_VERDICTS = {
    Verdict.CLEAN: validation.VERDICT_CLEAN,
    Verdict.REMARKS: validation.VERDICT_REMARKS,
    Verdict.TO_JUSTIFY: validation.VERDICT_TO_JUSTIFY,
    Verdict.BLOCKED: validation.VERDICT_BLOCKED,
    Verdict.NOT_EVALUABLE: validation.VERDICT_NOT_EVALUABLE,
}
_SEVERITIES = {
    "B": validation.SEVERITY_BLOCKING,
    "T": validation.SEVERITY_TRANSMISSION,
    "A": validation.SEVERITY_ANOMALY,
    "R": validation.SEVERITY_REMARK,
}
_REASONS = words_of(validation.JustificationReason.DESCRIPTOR)
_REASON_VALUES = {word: value for value, word in _REASONS.items()}
_STATUSES = {
    "passed": validation.CONTROL_STATUS_PASSED,
    "failed": validation.CONTROL_STATUS_FAILED,
    "not_evaluated": validation.CONTROL_STATUS_NOT_EVALUATED,
}
_EXPORT_FORMATS = {pb.ExportFormat.Value(f"EXPORT_FORMAT_{chosen.name}"): chosen for chosen in ExportFormat}
_EFFECTS = {effect: pb.ImportEffect.Value(f"IMPORT_EFFECT_{effect.name}") for effect in Effect}
_REVIEW_STATES = {state: pb.ReviewState.Value(f"REVIEW_STATE_{state.name}") for state in ReviewState}
_DOCUMENTS = {Document.ER: types.DOCUMENT_ER, Document.QDIS: types.DOCUMENT_QDIS}


LONGEST_TEXT = 2_000
_ENUM_MISSING = 0


def to_uuid(text: str) -> UUID:
    """Return the identifier of a filing.

    Raises:
        FilingUnknown: the text is not one; nothing has that identifier.
    """
    try:
        return UUID(text)
    except ValueError:
        raise FilingUnknown from None


def to_import_id(text: str) -> UUID:
    """Return the identifier of an import preview.

    Raises:
        ImportUnknown: the text is not one.
    """
    try:
        return UUID(text)
    except ValueError:
        raise ImportUnknown from None


def to_step_id(text: str) -> UUID:
    """Return the identifier of a step that can be undone.

    Raises:
        EditStepUnknown: the text is not one.
    """
    try:
        return UUID(text)
    except ValueError:
        raise EditStepUnknown from None


def to_attachment_id(text: str) -> UUID:
    """Return the identifier of an attachment.

    Raises:
        AttachmentUnknown: the text is not one.
    """
    try:
        return UUID(text)
    except ValueError:
        raise AttachmentUnknown from None


def to_attachment_kind(text: str) -> AttachmentKind:
    """Return a kind of attachment.

    Raises:
        AttachmentRefused: the text is not one.
    """
    try:
        return AttachmentKind(text)
    except ValueError:
        known = ", ".join(AttachmentKind)
        what = ("Nature de pièce inconnue.", "Unknown kind of document.")
        raise AttachmentRefused([malformed("kind", "KIND", what, (f"Une de {known}.", f"One of {known}."))]) from None


def to_text(field: str, text: str, *, longest: int = LONGEST_TEXT, required: bool = False) -> str:
    """Return a text of the length asked for.

    Raises:
        Invalid: too long, or empty though required.
    """
    if len(text) > longest:
        how = (f"Au plus {longest} caractères.", f"At most {longest} characters.")
        raise Invalid(violations=[malformed(field, "TOO_LONG", ("Texte trop long.", "Text too long."), how)])
    if required and not text:
        what = ("Valeur attendue.", "A value is expected.")
        raise Invalid(violations=[malformed(field, "MISSING", what, ("Donnez-la.", "Give it."))])
    return text


def to_siren_after(page_token: str) -> str:
    """Return the SIREN that a page of filings comes after; empty for the first page.

    Raises:
        Invalid: no page gives that.
    """
    if page_token and not (len(page_token) == _SIREN_LENGTH and _is_number(page_token)):
        raise _unknown_page()
    return page_token


def to_filing_after(page_token: str) -> UUID | None:
    """Return the filing that a page of transmitted ones comes after; None for the first page.

    Raises:
        Invalid: no page gives that.
    """
    try:
        return UUID(page_token) if page_token else None
    except ValueError:
        raise _unknown_page() from None


def to_transmitted_filter(request: pb.ListTransmittedFilingsRequest) -> TransmittedFilter:
    """Return what is looked for among transmitted filings."""
    return TransmittedFilter(
        to_text("body", request.body.strip()),
        to_document(request.document) if request.document else None,
        request.year,
        to_step(request.step) if request.step else None,
        to_review_state(request.review) if request.review else None,
    )


def to_number_before(page_token: str) -> int:
    """Return the number that a page of activities comes before; 0 for the first page.

    Raises:
        Invalid: no page gives that.
    """
    if page_token and not (len(page_token) <= _LONGEST_NUMBER and _is_number(page_token)):
        raise _unknown_page()
    return int(page_token or 0)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _unknown_page() -> Invalid:
    what = ("Page inconnue.", "Unknown page.")
    how = ("Repartez de la première page.", "Start again from the first page.")
    return Invalid(violations=[malformed("page_token", "PAGE_TOKEN", what, how)])


def to_document(value: types.Document.ValueType) -> Document:
    """Return the document asked for.

    Raises:
        Invalid: none was said.
    """
    for document, code in _DOCUMENTS.items():
        if code == value:
            return document
    what, how = ("Document attendu.", "A document is expected."), ("ER ou QDIS.", "ER or QDIS.")
    raise Invalid(violations=[malformed("document", "DOCUMENT_MISSING", what, how)])


def to_year(value: int) -> int:
    """Return an accounting year.

    Raises:
        Invalid: it is none of this century.
    """
    if not EARLIEST_YEAR <= value <= LATEST_YEAR:
        sentence = f"Exercice attendu entre {EARLIEST_YEAR} et {LATEST_YEAR}."
        raise Invalid(violations=[Violation("year", sentence, "YEAR")])
    return value


def to_step(value: pb.Step.ValueType) -> Step:
    """Return the step asked for.

    Raises:
        Invalid: none was said.
    """
    try:
        return Step(int(value))
    except ValueError:
        what, how = ("Étape attendue.", "A step is expected."), ("De 1 à 6.", "From 1 to 6.")
        raise Invalid(violations=[malformed("step", "STEP_MISSING", what, how)]) from None


def to_family(value: types.Family.ValueType) -> str:
    """Return the family asked for.

    Raises:
        Invalid: none was said, or there is none of this number.
    """
    if value == _ENUM_MISSING or value not in types.Family.values():
        what = ("Famille attendue.", "A family is expected.")
        how = ("OPH, ESH, COOP ou SEM.", "OPH, ESH, COOP or SEM.")
        raise Invalid(violations=[malformed("families", "FAMILY", what, how)])
    return types.Family.Name(value).removeprefix("FAMILY_")


def to_export_format(value: pb.ExportFormat.ValueType) -> ExportFormat:
    """Return the format asked for.

    Raises:
        Invalid: none, or one that this server does not write.
    """
    if value not in _EXPORT_FORMATS:
        known = ", ".join(pb.ExportFormat.Name(one) for one in _EXPORT_FORMATS)
        what = ("Format de fichier attendu.", "A file format is expected.")
        raise Invalid(violations=[malformed("format", "FORMAT_MISSING", what, (f"Un de {known}.", f"One of {known}."))])
    return _EXPORT_FORMATS[value]


def to_date(field: str, text: str) -> date:
    """Return a day.

    Raises:
        Invalid: the text is not an ISO 8601 day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        what = ("Date ISO attendue.", "An ISO date is expected.")
        how = ("Écrivez AAAA-MM-JJ.", "Write YYYY-MM-DD.")
        raise Invalid(violations=[malformed(field, "DATE", what, how)]) from None


def stamp(at: datetime) -> Timestamp:
    """Return an instant as a message."""
    seconds, nanoseconds = _instant(at)
    return Timestamp(seconds=seconds, nanos=nanoseconds)


@lru_cache(maxsize=4_096)
def _instant(at: datetime) -> tuple[int, int]:
    """Seconds and nanoseconds; hundreds of cells of a filing have the same instant."""
    message = Timestamp()
    message.FromDatetime(at)
    return message.seconds, message.nanos


def sentence(pair: tuple[str, str]) -> types.Sentence:
    """Return a (French, English) pair as a message."""
    return types.Sentence(fr=pair[0], en=pair[1])


def three_parts(fr: Sentences, en: Sentences) -> validation.ThreePartMessage:
    """Return a three-part message."""
    return validation.ThreePartMessage(
        what=sentence((fr.what, en.what)), where=sentence((fr.where, en.where)), how=sentence((fr.how, en.how))
    )


def identity(filing: Filing) -> types.FilingIdentity:
    """Return what a filing is about."""
    return types.FilingIdentity(
        filing_id=str(filing.id),
        body=filing.body.siren,
        body_name=filing.body.name,
        family=types.Family.Value(f"FAMILY_{filing.body.family}"),
        document=_DOCUMENTS[filing.document],
        year=filing.year,
        form_set=filing.form_set,
        departement=filing.body.departement,
    )


def inputs_message(found: FilingInputs) -> pb.FilingInputs:
    """Return a filing as validation judges it."""
    previous = found.previous
    return pb.FilingInputs(
        identity=identity(found.filing),
        cells=cells_of(found.inputs),
        given=cells_of(found.given),
        has_previous=previous is not None,
        previous=cells_of(previous.cells) if previous else (),
        restated=sorted(previous.restated) if previous else (),
        left_out=found.left_out,
        to_choose=found.to_choose,
        is_transmitted=found.filing.is_closed_by_signature,
    )


def card_message(card: FilingCard) -> pb.Filing:
    """Return a filing with what is counted about it."""
    message = filing_message(card.filing)
    message.filled, message.fillable, message.set_aside = card.filled, card.fillable, card.set_aside
    message.conflicts.extend(card.conflicts)
    message.lacking.extend(finding_message(finding) for finding in card.lacking)
    message.to_review.extend(to_review_message(cell) for cell in card.to_review)
    message.notices.extend(activity_message(one) for one in card.notices)
    return message


def filing_message(filing: Filing) -> pb.Filing:
    """Return a filing without its cells and without counts: those are for the people of the body."""
    return pb.Filing(
        identity=identity(filing),
        step=pb.Step.ValueType(int(filing.step)),
        revision=filing.revision,
        signed_version=filing.signed_version,
        opened_by=filing.opened_by,
        opened_at=stamp(filing.opened_at),
        changed_at=stamp(filing.changed_at),
        verdict=verdict(filing.verdict),
        receipt_number=filing.receipt_number,
        due_on=filing.due_on.isoformat(),
        is_locked=filing.lock is not None,
        signed_at=stamp(filing.signed_at) if filing.signed_at else None,
        is_late=filing.was_late,
        reopened_at=stamp(filing.reopened_at) if filing.reopened_at else None,
        is_trial=filing.is_trial,
        review=review_message(filing.review) if filing.is_closed_by_signature else None,
        return_request=request_message(filing.return_request) if filing.return_request else None,
        last_day=filing.last_day.isoformat() if filing.last_day else "",
        first_day=filing.deadlines.opening.isoformat() if filing.deadlines else "",
        moves=[
            pb.Move(step=pb.Step.ValueType(int(to)), permission=permission, needs_reason=to < filing.step)
            for to, permission in filing.moves.items()
        ],
    )


def review_message(review: Review) -> pb.Review:
    """Return how far the authority is."""
    return pb.Review(
        state=_REVIEW_STATES[review.state],
        author=review.author,
        at=stamp(review.at) if review.at else None,
        question=review.question,
        answer=review.answer,
        next_states=[_REVIEW_STATES[state] for state in review.next_states],
    )


def to_review_state(value: pb.ReviewState.ValueType) -> ReviewState:
    """Return the state asked for.

    Raises:
        Invalid: none was said.
    """
    for state, code in _REVIEW_STATES.items():
        if code == value:
            return state
    known = ", ".join(pb.ReviewState.Name(code) for code in _REVIEW_STATES.values())
    what = ("État de fiabilisation attendu.", "State of the review expected.")
    raise Invalid(violations=[malformed("state", "STATE", what, (f"Un de {known}.", f"One of {known}."))])


def request_message(request: ReturnRequest) -> pb.ReturnRequest:
    """Return a request to have a closed filing back."""
    return pb.ReturnRequest(
        reason=request.reason,
        author=request.author,
        at=stamp(request.at),
        refusal=request.refusal,
        refused_by=request.refused_by,
        refused_at=stamp(request.refused_at) if request.refused_at else None,
    )


def to_review_message(cell: CellToReview) -> pb.CellToReview:
    """Return a cell to look at again."""
    return pb.CellToReview(address=cell.address, reason=cell.reason, author=cell.author, at=stamp(cell.at))


def openable_message(openable: Openable) -> pb.OpenableDocument:
    """Return a document that may be opened."""
    return pb.OpenableDocument(
        body=openable.body.siren,
        body_name=openable.body.name,
        document=_DOCUMENTS[openable.campaign.document],
        year=openable.campaign.year,
        due_on=openable.campaign.due_on.isoformat(),
    )


def tryable_message(tryable: Tryable) -> pb.TryableFormSet:
    """Return a form set in trial that may be tried."""
    return pb.TryableFormSet(
        body=tryable.body.siren,
        body_name=tryable.body.name,
        document=_DOCUMENTS[tryable.document],
        year=tryable.year,
        form_set=tryable.form_set,
    )


def verdict(value: Verdict | None) -> validation.Verdict.ValueType:
    """Return a verdict; unspecified before the first evaluation."""
    return _VERDICTS[value] if value else validation.VERDICT_UNSPECIFIED


def verdict_text(value: Verdict | None) -> validation.VerdictText:
    """Return a verdict in words."""
    french, english = verdict_told(value, "fr"), verdict_told(value, "en")
    return validation.VerdictText(
        word=types.Sentence(fr=french.word, en=english.word),
        sentence=types.Sentence(fr=french.sentence, en=english.sentence),
    )


def cell_message(cell: Cell) -> pb.FiledCell:
    """Return an input cell."""
    message = pb.FiledCell(
        address=cell.address,
        value=cell.value,
        version=cell.version,
        origin=_ORIGINS[cell.source.origin],
        author=cell.source.author,
        changed_at=stamp(cell.source.at),
        file=cell.source.file,
        line=cell.source.line,
        server=cell.source.server,
        is_provisional=cell.is_provisional,
        is_sealed=cell.is_sealed,
    )
    if cell.conflict:
        message.conflict.CopyFrom(conflict_message(cell.conflict))
    if cell.source.put_back:
        message.put_back_by = cell.source.put_back.author
        message.put_back_at.CopyFrom(stamp(cell.source.put_back.at))
    return message


def conflict_message(other: OtherValue) -> pb.CellConflict:
    """Return the other value of a cell in conflict."""
    return pb.CellConflict(value=other.value, server=other.server, author=other.author, changed_at=stamp(other.at))


def computed_messages(computed: Mapping[str, str]) -> list[pb.FiledCell]:
    """Return computed cells."""
    return [
        pb.FiledCell(address=address, value=value, origin=pb.ORIGIN_COMPUTED)
        for address, value in sorted(computed.items())
    ]


def finding_message(finding: Finding) -> validation.Finding:
    """Return one control and what came of it."""
    message = validation.Finding(
        control=finding.control,
        severity=_SEVERITIES[finding.severity],
        status=_STATUSES[finding.status],
        message=sentence(finding.message),
        detail=three_parts(finding.fr, finding.en),
        cells=finding.cells,
        missing=finding.missing,
        operands=cells_of(finding.operands),
        is_justified=finding.is_justified,
        instruction=finding.instruction,
        line_instructions=finding.line_instructions,
    )
    message.places.extend(map(_place_message, finding.places))
    if finding.places:
        # For a gateway of the release before, which does not read places.
        first = message.places[0]
        if finding.is_justified:
            message.justification.CopyFrom(first.justification)
        if first.HasField("refused"):
            message.refused.CopyFrom(first.refused)
    return message


def _place_message(place: Place) -> validation.FindingPlace:
    return validation.FindingPlace(
        cells=place.cells,
        operands=place.operands,
        justification=justification_message(place.justification) if place.justification else None,
        refused=justification_message(place.refused) if place.refused else None,
    )


def to_explanation(request: pb.JustifyFindingRequest) -> Explanation:
    """Return what a person wrote; who gives no reason of this release gave another one.

    Raises:
        Invalid: the control, the cell or the text is none.
    """
    # Validation says how long a justification may be; this only keeps out what is no text at all.
    text = to_text("text", request.text, longest=100_000)
    control = to_text("control", request.control, longest=20)
    cell = to_text("cell", request.cell, longest=40) if request.cell else ""
    return Explanation(control, text, cell, _REASONS.get(request.reason, "other"))


def justification_message(justification: Justification) -> validation.Justification:
    """Return a justification."""
    return validation.Justification(
        control=justification.control,
        text=justification.text,
        author=justification.author,
        written_at=stamp(justification.at),
        operands_digest=justification.operands_digest,
        number=justification.number,
        answer=justification.answer,
        is_accepted=justification.is_accepted,
        answered_by=justification.answered_by,
        answered_at=stamp(justification.answered_at) if justification.answered_at else None,
        cell=justification.cell,
        reason=validation.JustificationReason.ValueType(_REASON_VALUES[justification.reason]),
    )


def cells_of(values: Mapping[str, str]) -> list[types.Cell]:
    """Return address → value as messages, in order of address."""
    return [types.Cell(address=address, value=value) for address, value in sorted(values.items())]


def preview_message(preview: ImportPreview) -> pb.ImportPreview:
    """Return what reading a file gave."""
    return pb.ImportPreview(
        import_id=str(preview.id),
        file_name=preview.file_name,
        changes=[_change_message(change) for change in preview.changes],
        problems=[_problem_message(problem) for problem in preview.problems],
        guesses=[sentence(guess) for guess in preview.guesses],
        is_confirmed=preview.is_confirmed,
        revision=preview.revision,
        feeds=[_feed_message(feed) for feed in preview.feeds],
        left_out=preview.left_out,
        package=preview.package,
    )


def to_import_choice(request: pb.ConfirmImportRequest) -> ImportChoice:
    """Return what is taken and left out of an import."""
    named = request.choice
    return ImportChoice(frozenset(named.taken), frozenset(named.left), request.overwrite_typed)


def account_rule_messages(prefixes: Iterable[MappedPrefix]) -> list[pb.AccountRule]:
    """Return how prefixes of accounts fill cells."""
    return [pb.AccountRule(prefix=p.prefix, address=p.address, side=p.side, is_own=p.is_own) for p in prefixes]


def to_prefixes(messages: Iterable[pb.AccountRule]) -> list[MappedPrefix]:
    """Return a body's own prefixes; whatever a client says, they are its own."""
    return [MappedPrefix(message.prefix, message.address, message.side) for message in messages]


def _feed_message(feed: AccountFeed) -> pb.AccountFeed:
    return pb.AccountFeed(
        account=feed.account,
        label=feed.label,
        line=feed.line,
        amount=feed.amount,
        address=feed.address,
        prefix=feed.prefix,
        is_own=feed.is_own,
        alternatives=feed.alternatives,
    )


def _change_message(change: Change) -> pb.ImportChange:
    found = change.disagreement
    return pb.ImportChange(
        address=change.address,
        line=change.line,
        text=change.text,
        value=change.value,
        current=change.current,
        effect=_EFFECTS[change.effect],
        current_origin=_ORIGINS[change.current_origin] if change.current_origin else pb.ORIGIN_UNSPECIFIED,
        control=found.control if found else "",
        message=three_parts(found.fr, found.en) if found else None,
        is_written=change.is_written,
        is_open_to_choice=change.is_open_to_choice,
    )


def _problem_message(problem: Problem) -> pb.ImportProblem:
    return pb.ImportProblem(
        line=problem.line,
        column=problem.column,
        code=problem.code,
        control=problem.control,
        message=three_parts(problem.fr, problem.en),
        text=problem.text,
        extra=dict(problem.extra),
    )


def activity_message(activity: Activity) -> pb.Activity:
    """Return one thing that happened."""
    return pb.Activity(
        at=stamp(activity.at), author=activity.author, kind=activity.kind, summary=sentence((activity.fr, activity.en))
    )


def edit_step_message(step: EditStep) -> pb.EditStep:
    """Return a step that can be undone."""
    return pb.EditStep(
        step_id=str(step.id),
        kind=str(step.kind),
        author=step.author,
        at=stamp(step.at),
        cells=len(step.cells) + len(step.aside),
        summary=sentence((step.fr, step.en)),
        is_undone=step.is_undone,
    )


def point_message(point: SeriesPoint) -> pb.SeriesPoint:
    """Return one value of a series."""
    return pb.SeriesPoint(
        year=point.year,
        address=point.address,
        value=point.value,
        label=point.label,
        form_set=point.form_set,
        is_break=point.is_break,
        is_signed=point.is_signed,
        has_other_labels=point.has_other_labels,
    )


def difference_message(difference: CellDifference) -> pb.CellDifference:
    """Return one difference."""
    return pb.CellDifference(
        address=difference.address,
        label=difference.label,
        value=difference.value,
        other_value=difference.other_value,
        has_other_labels=difference.has_other_labels,
        is_break=difference.is_break,
    )


def form_set_status_message(status: FormSetStatus) -> pb.FormSetStatus:
    """Return one form set and where it is in its life."""
    declared = status.declared
    return pb.FormSetStatus(
        form_set=status.version,
        state=status.state.name,
        changed_by=declared.changed_by if declared else "",
        changed_at=stamp(declared.changed_at) if declared else None,
        is_used=status.is_used,
        moves=[to.name for to in status.moves],
    )


def to_form_set_state(text: str) -> FormSetState:
    """Return a state of a form set.

    Raises:
        Invalid: the text is none of them.
    """
    try:
        return FormSetState[text]
    except KeyError:
        known = ", ".join(FormSetState.__members__)
        what = ("État inconnu.", "Unknown state.")
        raise Invalid(violations=[malformed("state", "STATE", what, (f"Un de {known}.", f"One of {known}."))]) from None


def in_force_message(publication: Publication) -> pb.PublicationInForce:
    """Encode a publication that may be taken back."""
    return pb.PublicationInForce(
        publication_id=str(publication.id),
        before=publication.before,
        after=publication.after,
        author=publication.author,
        at=stamp(publication.at),
    )


def to_publication_id(text: str) -> UUID:
    """Return the identifier of a publication.

    Raises:
        PublicationUnknown: the text is not one.
    """
    try:
        return UUID(text)
    except ValueError:
        raise PublicationUnknown from None


def publication_message(standing: Standing) -> pb.Publication:
    """Return a publication and how far it is."""
    one = standing.publication
    return pb.Publication(
        publication_id=str(one.id),
        document=types.Document.Value(f"DOCUMENT_{one.document}"),
        year=one.year,
        before=one.before,
        after=one.after,
        author=one.author,
        at=stamp(one.at),
        is_undone=one.is_undone,
        undone_by=one.undone_by,
        state=validation.RunState.Value(f"RUN_STATE_{one.state.name}"),
        done=standing.tally.done,
        left=standing.tally.left,
        place=standing.place,
        estimate_seconds=standing.seconds,
        finished_at=stamp(one.finished_at) if one.finished_at else None,
        failure=one.failure,
        is_superseded=standing.is_superseded,
        failed=[_failed_message(failed) for failed in sorted(one.failed, key=lambda failed: failed.at)],
    )


def _failed_message(failed: FailedFiling) -> pb.FailedFiling:
    due_at = stamp(failed.due_at) if failed.due_at else None
    return pb.FailedFiling(attempts=failed.attempts, why=failed.why, at=stamp(failed.at), due_at=due_at)


def form_set_preview_message(preview: Preview) -> pb.PreviewFormSetChangeResponse:
    """Return what a publication would do, without any filing's name or figure."""
    found = preview.found
    return pb.PreviewFormSetChangeResponse(
        untouched=preview.untouched,
        judged=found.judged,
        is_applicable=preview.is_applicable,
        in_force=in_force_message(preview.in_force) if preview.in_force else None,
        concerned=found.concerned,
        carried=found.carried,
        to_choose=[_cells_to_choose(one) for _, one in sorted(found.to_choose.items())],
        gained=sorted(found.gained),
        verdicts_before=_verdict_counts(found.verdicts_before),
        verdicts_after=_verdict_counts(found.verdicts_after),
        changed=found.changed,
        newly_failing=[
            pb.NewlyFailingControl(control=control, filings=filings)
            for control, filings in sorted(found.newly_failing.items(), key=lambda one: (-one[1], one[0]))
        ],
        recomputed=found.recomputed,
        already=preview.already,
        dropped=found.dropped,
    )


def affected_message(one: AffectedFiling) -> pb.AffectedFiling:
    """Return how a publication would affect a filing: neither its identifier, nor a value, nor its verdict."""
    filing = one.filing
    return pb.AffectedFiling(
        body=filing.body.siren,
        body_name=filing.body.name,
        document=types.Document.Value(f"DOCUMENT_{filing.document}"),
        year=filing.year,
        form_set=filing.form_set,
        step=pb.Step.ValueType(int(filing.step)),
        carried=one.carried,
        to_choose=[pb.CellToChoose(address=c.address, label=c.label, why=c.why.name) for c in one.to_choose],
        recomputed=one.recomputed,
    )


def _cells_to_choose(one: CellsToChoose) -> pb.CellsToChoose:
    return pb.CellsToChoose(address=one.address, label=one.label, why=one.why.name, filings=one.filings)


def _verdict_counts(verdicts: Mapping[Verdict, int]) -> list[validation.VerdictCount]:
    known = sorted((verdict(one), filings) for one, filings in verdicts.items())
    return [validation.VerdictCount(verdict=value, filings=filings) for value, filings in known]


def set_aside_message(found: LabelledSetAside) -> pb.SetAsideCell:
    """Return a value set aside."""
    kept = found.kept
    return pb.SetAsideCell(
        publication_id=str(kept.publication_id),
        address=kept.address,
        label=found.label,
        value=kept.value,
        other_value=kept.other.value if kept.other else "",
        why=kept.why.name,
        fate=kept.fate.name,
        kept_as=kept.kept_as if kept.fate is Fate.KEPT else "",
        author=kept.source.author,
        at=stamp(kept.source.at),
    )


def comment_message(comment: CellComment) -> pb.CellComment:
    """Return a comment."""
    return pb.CellComment(
        comment_id=str(comment.id),
        address=comment.address,
        text=comment.text,
        author=comment.author,
        at=stamp(comment.at),
        is_flagged=comment.is_flagged,
        is_shared=comment.is_shared,
        is_by_authority=comment.is_by_authority,
    )


def attachment_message(attachment: Attachment) -> pb.Attachment:
    """Return what is known of an attached PDF."""
    return pb.Attachment(
        attachment_id=str(attachment.id),
        kind=str(attachment.kind),
        file_name=attachment.file_name,
        digest=attachment.digest,
        size=attachment.size,
        author=attachment.author,
        at=stamp(attachment.at),
        scanned_at=stamp(attachment.scanned_at) if attachment.scanned_at else None,
    )


def frozen_message(filing: Filing, snapshot: Snapshot) -> pb.FrozenFiling:
    """Return a frozen content."""
    return pb.FrozenFiling(
        identity=identity(filing),
        version=snapshot.version,
        revision=snapshot.revision,
        cells=cells_of(snapshot.cells),
        verdict=verdict(snapshot.verdict),
        rule_set=snapshot.rule_set,
        form_set_digest=snapshot.form_set_digest,
        justifications=[justification_message(j) for j in snapshot.justifications],
        frozen_at=stamp(snapshot.frozen_at),
        attachments=[attachment_message(one) for one in snapshot.attachments],
    )


def campaigns_message(campaigns: Iterable[Campaign]) -> pb.ListCampaignsResponse:
    """Return campaigns, and what they may demand."""
    return pb.ListCampaignsResponse(campaigns=map(campaign_message, campaigns), demandable_attachments=DEMANDABLE)


def campaign_message(campaign: Campaign) -> pb.Campaign:
    """Return a campaign."""
    return pb.Campaign(
        document=_DOCUMENTS[campaign.document],
        year=campaign.year,
        form_set=campaign.form_set,
        opens_on=campaign.opens_on.isoformat(),
        due_on=campaign.due_on.isoformat(),
        closes_on=campaign.closes_on.isoformat(),
        families=[types.Family.Value(f"FAMILY_{family}") for family in sorted(campaign.families)],
        required_attachments=sorted(campaign.required_attachments),
        corrected_until=campaign.corrected_until.isoformat() if campaign.corrected_until else "",
    )


def to_campaign(message: pb.Campaign) -> Campaign:
    """Return a campaign from its message."""
    return Campaign(
        document=to_document(message.document),
        year=message.year,
        form_set=message.form_set,
        opens_on=to_date("opens_on", message.opens_on),
        due_on=to_date("due_on", message.due_on),
        closes_on=to_date("closes_on", message.closes_on),
        families=frozenset(to_family(family) for family in message.families),
        required_attachments=frozenset(to_attachment_kind(kind) for kind in message.required_attachments),
        corrected_until=to_date("corrected_until", message.corrected_until) if message.corrected_until else None,
    )


def to_received_fact(message: pb.SharedFact) -> ReceivedFact:
    """Return a fact from its message."""
    conflict = message.conflict if message.HasField("conflict") else None
    return ReceivedFact(
        concept=message.concept,
        address=message.address,
        value=message.value,
        server=message.server,
        author=message.author,
        at=to_instant(message.changed_at),
        is_computed=message.is_computed,
        is_provisional=message.is_provisional,
        is_sealed=message.is_sealed,
        conflict=OtherValue(conflict.value, conflict.server, conflict.author, to_instant(conflict.changed_at))
        if conflict
        else None,
    )


def to_instant(message: Timestamp) -> datetime:
    """Return an aware UTC instant.

    Raises:
        Invalid: outside the years 1 to 9999.
    """
    try:
        return message.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        what = ("Instant hors limites.", "Instant out of bounds.")
        how = ("Entre les années 1 et 9999.", "Between the years 1 and 9999.")
        raise Invalid(violations=[malformed("at", "INSTANT", what, how)]) from None
