"""The services over gRPC, each call carrying the passport of the person it is made for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.auth.v1 import auth_pb2_grpc as auth_grpc
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.forms.v1 import forms_pb2_grpc as forms_grpc
from harmonia.signature.v1 import signature_pb2 as signature
from harmonia.signature.v1 import signature_pb2_grpc as signature_grpc
from harmonia.transmission.v1 import transmission_pb2 as transmission
from harmonia.transmission.v1 import transmission_pb2_grpc as transmission_grpc
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation
from harmonia.validation.v1 import validation_pb2_grpc as validation_grpc

from chassis.peers import Peers
from chassis.rpc.identity import carrying
from services.gateway.clients.answers import (
    AccountMapping,
    AccountRule,
    Activities,
    Adjustment,
    AffectedFilings,
    AttachedFile,
    Attachment,
    Campaign,
    Campaigns,
    CarriedAnswers,
    Cell,
    CellComment,
    CellDifference,
    CellEdit,
    ConfirmedImport,
    Container,
    Delivery,
    Document,
    EditSteps,
    ErrorFile,
    Explanation,
    ExportedFile,
    ExportFormat,
    FeedEntry,
    FeedPage,
    FetchedDelivery,
    FiledCell,
    Filing,
    FilingCells,
    FilingIdentity,
    Filings,
    FormSetChange,
    FormSetStatus,
    Formula,
    HeldFile,
    ImportChoice,
    ImportPreview,
    Justification,
    OpenedFiling,
    OpenedTrial,
    Passport,
    PreparedSignature,
    Publication,
    QueueStatus,
    Receipt,
    ReleaseDecision,
    ReleaseTable,
    Report,
    ReviewState,
    RuleSet,
    SavedCells,
    SeriesPoint,
    SetAsideCell,
    SignedVersion,
    Step,
    TransmittedFiling,
    TransmittedFilings,
    TransmittedFilter,
    UndoneStep,
    Verdict,
    Verification,
)
from services.gateway.clients.ports import ActingFor, Services
from services.gateway.clients.reading import read

HEAVY_SECONDS = 90.0
"""Deadline of what reads a whole file or runs every control; the default suits the rest."""


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What justifying answers."""

    verdict: Verdict


def _document(document: Document) -> types.Document.ValueType:
    return types.Document.Value(f"DOCUMENT_{document.name}")


def _identity(identity: FilingIdentity) -> types.FilingIdentity:
    values = asdict(identity) | {
        "family": types.Family.Value(f"FAMILY_{identity.family.name}"),
        "document": _document(identity.document),
    }
    return types.FilingIdentity(**values)


class GrpcForms:
    """The forms service for one person."""

    def __init__(self, peers: Peers, passport: str) -> None:
        self._passport = passport
        self._stub = forms_grpc.FormsServiceStub(peers.channel("forms"))

    async def open(self, body: str, document: Document, year: int) -> OpenedFiling:
        """Open the filing of a body."""
        request = forms.OpenFilingRequest(body=body, document=_document(document), year=year)
        with carrying(self._passport):
            return read(await self._stub.OpenFiling(request), OpenedFiling)

    async def open_trial(self, body: str, document: Document, year: int, form_set: str) -> OpenedTrial:
        """Open a trial."""
        request = forms.OpenTrialRequest(body=body, document=_document(document), year=year, form_set=form_set)
        with carrying(self._passport):
            return read(await self._stub.OpenTrial(request), OpenedTrial)

    async def discard_trial(self, filing_id: str, request_id: str) -> None:
        """Throw a trial away."""
        with carrying(self._passport):
            await self._stub.DiscardTrial(forms.DiscardTrialRequest(request_id=request_id, filing_id=filing_id))

    async def list(self, body: str = "") -> Filings:
        """List filings and openable documents."""
        with carrying(self._passport):
            return read(await self._stub.ListFilings(forms.ListFilingsRequest(body=body)), Filings)

    async def get(self, filing_id: str) -> FilingCells:
        """Return a filing with its cells."""
        with carrying(self._passport):
            return read(await self._stub.GetFiling(forms.GetFilingRequest(filing_id=filing_id)), FilingCells)

    async def save(self, filing_id: str, edits: Sequence[CellEdit], request_id: str) -> SavedCells:
        """Save typed cells."""
        request = forms.SaveCellsRequest(
            request_id=request_id,
            filing_id=filing_id,
            edits=[forms.CellEdit(address=e.address, text=e.text, base_version=e.base_version) for e in edits],
        )
        with carrying(self._passport):
            return read(await self._stub.SaveCells(request), SavedCells)

    async def error_file(self, filing_id: str, import_id: str, language: str) -> ErrorFile:
        """Return the file with its errors."""
        request = forms.GetImportErrorFileRequest(filing_id=filing_id, import_id=import_id, language=language)
        with carrying(self._passport):
            return read(await self._stub.GetImportErrorFile(request), ErrorFile)

    async def accounts(self, body: str, form_set: str, package: str = "") -> AccountMapping:
        """Return a mapping of accounts."""
        request = forms.GetAccountMappingRequest(body=body, form_set=form_set, package=package)
        with carrying(self._passport):
            return read(await self._stub.GetAccountMapping(request), AccountMapping)

    async def save_accounts(
        self, body: str, form_set: str, package: str, rules: Sequence[AccountRule], request_id: str
    ) -> AccountMapping:
        """Save a mapping of accounts."""
        request = forms.SaveAccountMappingRequest(
            request_id=request_id,
            body=body,
            form_set=form_set,
            package=package,
            rules=[forms.AccountRule(prefix=r.prefix, address=r.address, side=r.side, is_own=True) for r in rules],
        )
        with carrying(self._passport):
            answer = await self._stub.SaveAccountMapping(request)
        return AccountMapping(tuple(read(rule, AccountRule) for rule in answer.rules))

    async def preview(
        self, filing_id: str, file_name: str, content: bytes, request_id: str, package: str = ""
    ) -> ImportPreview:
        """Read a file."""
        request = forms.PreviewImportRequest(
            request_id=request_id, filing_id=filing_id, file_name=file_name, content=content, package=package
        )
        with carrying(self._passport):
            return read((await self._stub.PreviewImport(request, timeout=HEAVY_SECONDS)).preview, ImportPreview)

    async def get_import(self, filing_id: str, import_id: str) -> ImportPreview:
        """Return a preview."""
        request = forms.GetImportRequest(filing_id=filing_id, import_id=import_id)
        with carrying(self._passport):
            return read((await self._stub.GetImport(request)).preview, ImportPreview)

    async def confirm(
        self,
        filing_id: str,
        import_id: str,
        choice: ImportChoice,
        *,
        accept_partial: bool,
        overwrite_typed: bool,
        request_id: str,
    ) -> ConfirmedImport:
        """Write what is chosen of an import."""
        request = forms.ConfirmImportRequest(
            request_id=request_id,
            filing_id=filing_id,
            import_id=import_id,
            accept_partial=accept_partial,
            overwrite_typed=overwrite_typed,
            choice=forms.ImportChoice(taken=choice.taken, left=choice.left),
        )
        with carrying(self._passport):
            return read(await self._stub.ConfirmImport(request, timeout=HEAVY_SECONDS), ConfirmedImport)

    async def check(self, filing_id: str) -> Report:
        """Run every control."""
        with carrying(self._passport):
            return read(await self._stub.CheckFiling(forms.CheckFilingRequest(filing_id=filing_id)), Report)

    async def justify(self, filing_id: str, explanation: Explanation, request_id: str) -> Verdict:
        """Justify a failed control, or one cell of it."""
        request = forms.JustifyFindingRequest(
            request_id=request_id,
            filing_id=filing_id,
            control=explanation.control,
            text=explanation.text,
            cell=explanation.cell,
            reason=validation.JustificationReason.Value(
                f"JUSTIFICATION_REASON_{explanation.reason.upper() or 'UNSPECIFIED'}"
            ),
        )
        with carrying(self._passport):
            return read(await self._stub.JustifyFinding(request), _Judgement).verdict

    async def move(self, filing_id: str, step: Step, reason: str, request_id: str, cells: Sequence[str] = ()) -> Filing:
        """Move the filing."""
        wanted = forms.Step.Value(f"STEP_{step.name}")
        request = forms.MoveFilingRequest(
            request_id=request_id, filing_id=filing_id, step=wanted, reason=reason, cells=cells
        )
        with carrying(self._passport):
            return read((await self._stub.MoveFiling(request)).filing, Filing)

    async def history(self, filing_id: str, address: str) -> tuple[FiledCell, ...]:
        """Return every version of a cell."""
        request = forms.GetCellHistoryRequest(filing_id=filing_id, address=address)
        with carrying(self._passport):
            answer = await self._stub.GetCellHistory(request)
        return tuple(read(version, FiledCell) for version in answer.versions)

    async def resolve(self, filing_id: str, address: str, value: str, request_id: str) -> FiledCell:
        """Choose between two values."""
        request = forms.ResolveConflictRequest(request_id=request_id, filing_id=filing_id, address=address, value=value)
        with carrying(self._passport):
            return read((await self._stub.ResolveConflict(request)).cell, FiledCell)

    async def activity(self, filing_id: str, page_token: str = "", page_size: int = 0) -> Activities:
        """List what happened."""
        request = forms.ListActivityRequest(filing_id=filing_id, page_token=page_token, page_size=page_size)
        with carrying(self._passport):
            return read(await self._stub.ListActivity(request), Activities)

    async def export(self, filing_id: str, chosen: ExportFormat, version: int = 0) -> ExportedFile:
        """Return the filing as a file."""
        request = forms.ExportFilingRequest(
            filing_id=filing_id, format=forms.ExportFormat.Value(f"EXPORT_FORMAT_{chosen.name}"), version=version
        )
        with carrying(self._passport):
            return read(await self._stub.ExportFiling(request, timeout=HEAVY_SECONDS), ExportedFile)

    async def steps(self, filing_id: str, page_token: str = "", page_size: int = 0) -> EditSteps:
        """List a page of the changes that can be undone."""
        request = forms.ListStepsRequest(filing_id=filing_id, page_token=page_token, page_size=page_size)
        with carrying(self._passport):
            return read(await self._stub.ListSteps(request), EditSteps)

    async def undo(self, filing_id: str, step_id: str, request_id: str) -> UndoneStep:
        """Undo one change."""
        request = forms.UndoStepRequest(request_id=request_id, filing_id=filing_id, step_id=step_id)
        with carrying(self._passport):
            return read(await self._stub.UndoStep(request), UndoneStep)

    async def carry(self, filing_id: str, request_id: str) -> CarriedAnswers:
        """Carry last year's answers."""
        request = forms.CarryLastYearRequest(request_id=request_id, filing_id=filing_id)
        with carrying(self._passport):
            return read(await self._stub.CarryLastYear(request), CarriedAnswers)

    async def last_year(self, filing_id: str) -> tuple[Cell, ...]:
        """Return last year's answers."""
        with carrying(self._passport):
            answer = await self._stub.GetLastYear(forms.GetLastYearRequest(filing_id=filing_id))
        return tuple(read(cell, Cell) for cell in answer.beside)

    async def reopen(self, filing_id: str, reason: str, cells: Sequence[str], request_id: str) -> Filing:
        """Reopen a signed filing."""
        request = forms.ReopenFilingRequest(request_id=request_id, filing_id=filing_id, reason=reason, cells=cells)
        with carrying(self._passport):
            return read((await self._stub.ReopenFiling(request)).filing, Filing)

    async def review(
        self, filing_id: str, state: ReviewState, text: str, cells: Sequence[str], request_id: str
    ) -> Filing:
        """Take a transmitted filing through its review."""
        wanted = forms.ReviewState.Value(f"REVIEW_STATE_{state.name}")
        request = forms.ReviewFilingRequest(
            request_id=request_id, filing_id=filing_id, state=wanted, text=text, cells=cells
        )
        with carrying(self._passport):
            return read((await self._stub.ReviewFiling(request)).filing, Filing)

    async def answer_review(self, filing_id: str, text: str, request_id: str) -> Filing:
        """Answer the question of the authority."""
        request = forms.AnswerReviewRequest(request_id=request_id, filing_id=filing_id, text=text)
        with carrying(self._passport):
            return read((await self._stub.AnswerReview(request)).filing, Filing)

    async def close(self, filing_id: str, request_id: str) -> Filing:
        """Close a filing."""
        request = forms.CloseFilingRequest(request_id=request_id, filing_id=filing_id)
        with carrying(self._passport):
            return read((await self._stub.CloseFiling(request)).filing, Filing)

    async def request_return(self, filing_id: str, reason: str, request_id: str) -> Filing:
        """Ask for a closed filing back."""
        request = forms.RequestReturnRequest(request_id=request_id, filing_id=filing_id, reason=reason)
        with carrying(self._passport):
            return read((await self._stub.RequestReturn(request)).filing, Filing)

    async def decide_return(self, filing_id: str, reason: str, *, is_accepted: bool, request_id: str) -> Filing:
        """Decide on such a request."""
        request = forms.DecideReturnRequest(
            request_id=request_id, filing_id=filing_id, is_accepted=is_accepted, reason=reason
        )
        with carrying(self._passport):
            return read((await self._stub.DecideReturn(request)).filing, Filing)

    async def archive(self, filing_id: str, request_id: str) -> Filing:
        """Archive a filing."""
        request = forms.ArchiveFilingRequest(request_id=request_id, filing_id=filing_id)
        with carrying(self._passport):
            return read((await self._stub.ArchiveFiling(request)).filing, Filing)

    async def signed_version(self, filing_id: str, version: int = 0) -> SignedVersion:
        """Return a signed version."""
        request = forms.GetSignedVersionRequest(filing_id=filing_id, version=version)
        with carrying(self._passport):
            return read(await self._stub.GetSignedVersion(request), SignedVersion)

    async def series(
        self, body: str, document: Document, addresses: Sequence[str], years: int = 0
    ) -> tuple[SeriesPoint, ...]:
        """Return cells over the years."""
        request = forms.GetSeriesRequest(body=body, document=_document(document), addresses=addresses, years=years)
        with carrying(self._passport):
            answer = await self._stub.GetSeries(request)
        return tuple(read(point, SeriesPoint) for point in answer.points)

    async def compare(
        self, filing_id: str, version: int, other_filing_id: str, other_version: int
    ) -> tuple[CellDifference, ...]:
        """Return the cells that differ."""
        request = forms.CompareFilingsRequest(
            filing_id=filing_id, version=version, other_filing_id=other_filing_id, other_version=other_version
        )
        with carrying(self._passport):
            answer = await self._stub.CompareFilings(request)
        return tuple(read(difference, CellDifference) for difference in answer.differences)

    async def form_sets(self) -> tuple[FormSetStatus, ...]:
        """List the form sets of the server."""
        with carrying(self._passport):
            answer = await self._stub.ListFormSets(forms.ListFormSetsRequest())
        return tuple(read(one, FormSetStatus) for one in answer.form_sets)

    async def move_form_set(self, form_set: str, state: str) -> None:
        """Move a form set in its life."""
        with carrying(self._passport):
            await self._stub.SetFormSetState(forms.SetFormSetStateRequest(form_set=form_set, state=state))

    async def preview_form_set(
        self, document: Document, year: int, form_set: str, *, is_counted_only: bool = False
    ) -> FormSetChange:
        """Tell what a new form set would change."""
        request = forms.PreviewFormSetChangeRequest(
            document=_document(document), year=year, form_set=form_set, is_counted_only=is_counted_only
        )
        with carrying(self._passport):
            return read(await self._stub.PreviewFormSetChange(request, timeout=HEAVY_SECONDS), FormSetChange)

    async def affected_filings(
        self, document: Document, year: int, form_set: str, page_token: str = "", page_size: int = 0
    ) -> AffectedFilings:
        """Name the filings that it would change."""
        request = forms.ListAffectedFilingsRequest(
            document=_document(document), year=year, form_set=form_set, page_token=page_token, page_size=page_size
        )
        with carrying(self._passport):
            return read(await self._stub.ListAffectedFilings(request, timeout=HEAVY_SECONDS), AffectedFilings)

    async def publish_form_set(
        self, document: Document, year: int, form_set: str, *, is_forced: bool = False, publication_id: str = ""
    ) -> str:
        """Have a form set given to open filings."""
        request = forms.PublishFormSetRequest(
            document=_document(document),
            year=year,
            form_set=form_set,
            is_forced=is_forced,
            publication_id=publication_id,
        )
        with carrying(self._passport):
            return (await self._stub.PublishFormSet(request)).publication_id

    async def undo_form_set(self, publication_id: str) -> None:
        """Have a publication taken back."""
        with carrying(self._passport):
            await self._stub.UndoFormSetChange(forms.UndoFormSetChangeRequest(publication_id=publication_id))

    async def publication(self, publication_id: str) -> Publication:
        """Tell how far a publication is."""
        with carrying(self._passport):
            answer = await self._stub.GetPublication(forms.GetPublicationRequest(publication_id=publication_id))
        return read(answer.publication, Publication)

    async def publications(self) -> tuple[Publication, ...]:
        """List the last publications."""
        with carrying(self._passport):
            answer = await self._stub.ListPublications(forms.ListPublicationsRequest())
        return tuple(read(one, Publication) for one in answer.publications)

    async def set_aside(self, filing_id: str) -> tuple[SetAsideCell, ...]:
        """List the values set aside."""
        with carrying(self._passport):
            answer = await self._stub.ListSetAside(forms.ListSetAsideRequest(filing_id=filing_id))
        return tuple(read(cell, SetAsideCell) for cell in answer.cells)

    async def choose_set_aside(self, filing_id: str, address: str, keep_as: str, request_id: str) -> Filing:
        """Settle a value set aside."""
        request = forms.ChooseSetAsideRequest(
            request_id=request_id, filing_id=filing_id, address=address, keep_as=keep_as
        )
        with carrying(self._passport):
            return read((await self._stub.ChooseSetAside(request)).filing, Filing)

    async def comment(
        self, filing_id: str, address: str, text: str, *, is_flagged: bool, is_shared: bool, request_id: str
    ) -> CellComment:
        """Comment a cell."""
        request = forms.CommentCellRequest(
            request_id=request_id,
            filing_id=filing_id,
            address=address,
            text=text,
            is_flagged=is_flagged,
            is_shared=is_shared,
        )
        with carrying(self._passport):
            return read((await self._stub.CommentCell(request)).comment, CellComment)

    async def comments(self, filing_id: str, address: str = "") -> tuple[CellComment, ...]:
        """List comments."""
        request = forms.ListCommentsRequest(filing_id=filing_id, address=address)
        with carrying(self._passport):
            answer = await self._stub.ListComments(request)
        return tuple(read(one, CellComment) for one in answer.comments)

    async def campaigns(self) -> Campaigns:
        """List campaigns."""
        with carrying(self._passport):
            return read(await self._stub.ListCampaigns(forms.ListCampaignsRequest()), Campaigns)

    async def plan(self, campaign: Campaign) -> Campaign:
        """Change a campaign."""
        values = asdict(campaign) | {
            "document": _document(campaign.document),
            "families": [types.Family.Value(f"FAMILY_{family.name}") for family in campaign.families],
        }
        request = forms.PlanCampaignRequest(campaign=forms.Campaign(**values))
        with carrying(self._passport):
            return read((await self._stub.PlanCampaign(request)).campaign, Campaign)

    async def extend(self, document: Document, year: int, body: str, due_on: str, reason: str, request_id: str) -> str:
        """Give one body more time."""
        request = forms.ExtendDeadlineRequest(
            request_id=request_id, document=_document(document), year=year, body=body, due_on=due_on, reason=reason
        )
        with carrying(self._passport):
            return (await self._stub.ExtendDeadline(request)).due_on

    async def attach(self, filing_id: str, kind: str, file_name: str, content: bytes, request_id: str) -> Attachment:
        """Attach a PDF."""
        request = forms.AttachFileRequest(
            request_id=request_id, filing_id=filing_id, kind=kind, file_name=file_name, content=content
        )
        with carrying(self._passport):
            return read((await self._stub.AttachFile(request, timeout=HEAVY_SECONDS)).attachment, Attachment)

    async def attachments(self, filing_id: str) -> tuple[Attachment, ...]:
        """List the PDFs attached."""
        with carrying(self._passport):
            answer = await self._stub.ListAttachments(forms.ListAttachmentsRequest(filing_id=filing_id))
        return tuple(read(one, Attachment) for one in answer.attachments)

    async def attachment(self, filing_id: str, attachment_id: str) -> AttachedFile:
        """Return one PDF."""
        request = forms.GetAttachmentRequest(filing_id=filing_id, attachment_id=attachment_id)
        with carrying(self._passport):
            return read(await self._stub.GetAttachment(request), AttachedFile)

    async def transmitted(
        self, wanted: TransmittedFilter, page_token: str = "", page_size: int = 0
    ) -> TransmittedFilings:
        """List transmitted filings."""
        request = forms.ListTransmittedFilingsRequest(
            year=wanted.year,
            body=wanted.body,
            document=_document(wanted.document),
            step=forms.Step.Value(f"STEP_{wanted.step.name}"),
            review=forms.ReviewState.Value(f"REVIEW_STATE_{wanted.review.name}"),
            page_token=page_token,
            page_size=page_size,
        )
        with carrying(self._passport):
            return read(await self._stub.ListTransmittedFilings(request), TransmittedFilings)

    async def get_transmitted(self, filing_id: str) -> TransmittedFiling:
        """Return a transmitted filing."""
        request = forms.GetTransmittedFilingRequest(filing_id=filing_id)
        with carrying(self._passport):
            return read(await self._stub.GetTransmittedFiling(request), TransmittedFiling)


class GrpcSignatures:
    """The signature service for one person."""

    def __init__(self, peers: Peers, passport: str) -> None:
        self._passport = passport
        self._stub = signature_grpc.SignatureServiceStub(peers.channel("signature"))

    async def prepare(self, filing_id: str) -> PreparedSignature:
        """Freeze and return the bytes to sign."""
        request = signature.PrepareSignatureRequest(filing_id=filing_id)
        with carrying(self._passport):
            return read(await self._stub.PrepareSignature(request, timeout=HEAVY_SECONDS), PreparedSignature)

    async def sign(self, intent_id: str, digest: str, *, accepts_recipients: bool, request_id: str) -> Receipt:
        """Sign what was shown."""
        request = signature.SignFilingRequest(
            request_id=request_id, intent_id=intent_id, digest=digest, accepts_recipients=accepts_recipients
        )
        with carrying(self._passport):
            return read((await self._stub.SignFiling(request, timeout=HEAVY_SECONDS)).receipt, Receipt)

    async def receipt(self, filing_id: str, version: int = 0) -> Receipt:
        """Return a receipt."""
        request = signature.GetReceiptRequest(filing_id=filing_id, version=version)
        with carrying(self._passport):
            return read((await self._stub.GetReceipt(request)).receipt, Receipt)

    async def container(self, filing_id: str, version: int = 0) -> Container:
        """Return a signed container."""
        request = signature.GetContainerRequest(filing_id=filing_id, version=version)
        with carrying(self._passport):
            return read(await self._stub.GetContainer(request), Container)

    async def verify(self, container: bytes, held: Sequence[HeldFile] = ()) -> Verification:
        """Verify a container, and the files held beside it."""
        files = [signature.HeldFile(file_name=one.file_name, size=one.size, digest=one.digest) for one in held]
        request = signature.VerifyContainerRequest(container=container, files=files)
        with carrying(self._passport):
            return read(await self._stub.VerifyContainer(request), Verification)


class GrpcReleases:
    """The transmission service for one person or partner."""

    def __init__(self, peers: Peers, passport: str) -> None:
        self._passport = passport
        self._stub = transmission_grpc.TransmissionServiceStub(peers.channel("transmission"))

    async def table(self, identity: FilingIdentity, simulate_recipient: str = "") -> ReleaseTable:
        """Return every recipient with the decision."""
        request = transmission.GetReleaseTableRequest(
            identity=_identity(identity), simulate_recipient=simulate_recipient
        )
        with carrying(self._passport):
            return read(await self._stub.GetReleaseTable(request), ReleaseTable)

    async def tick(
        self, identity: FilingIdentity, recipient: str, *, is_ticked: bool, request_id: str
    ) -> ReleaseDecision:
        """Tick or untick a box."""
        request = transmission.TickBoxRequest(
            request_id=request_id, identity=_identity(identity), recipient=recipient, is_ticked=is_ticked
        )
        with carrying(self._passport):
            return read((await self._stub.TickBox(request)).decision, ReleaseDecision)

    async def deliveries(self, identity: FilingIdentity) -> tuple[Delivery, ...]:
        """List who received what."""
        request = transmission.ListDeliveriesRequest(filing_id=identity.filing_id, body=identity.body)
        with carrying(self._passport):
            answer = await self._stub.ListDeliveries(request)
        return tuple(read(delivery, Delivery) for delivery in answer.deliveries)

    async def feed(self, after: int, limit: int, document: Document) -> FeedPage:
        """Read the partner's own feed."""
        request = transmission.ReadFeedRequest(after=after, limit=limit, document=_document(document))
        with carrying(self._passport):
            return read(await self._stub.ReadFeed(request), FeedPage)

    async def fetch(self, delivery_id: str, *, accepts_suspended: bool = False) -> FetchedDelivery:
        """Return the container of an entry."""
        request = transmission.FetchDeliveryRequest(delivery_id=delivery_id, accepts_suspended=accepts_suspended)
        with carrying(self._passport):
            return read(await self._stub.FetchDelivery(request), FetchedDelivery)

    async def acknowledge(self, delivery_id: str) -> FeedEntry:
        """Record that the partner took it into account."""
        request = transmission.AcknowledgeDeliveryRequest(delivery_id=delivery_id)
        with carrying(self._passport):
            return read((await self._stub.AcknowledgeDelivery(request)).entry, FeedEntry)


class GrpcValidations:
    """The validation service for one person."""

    def __init__(self, peers: Peers, passport: str) -> None:
        self._passport = passport
        self._stub = validation_grpc.ValidationServiceStub(peers.channel("validation"))

    async def propose(self, body: str, year: int, controls: Sequence[str]) -> tuple[Justification, ...]:
        """Offer earlier justifications."""
        request = validation.ProposeJustificationsRequest(body=body, year=year, controls=controls)
        with carrying(self._passport):
            answer = await self._stub.ProposeJustifications(request)
        return tuple(read(one, Justification) for one in answer.proposals)

    async def review(self, filing_id: str) -> tuple[Justification, ...]:
        """List the justifications of a transmitted filing."""
        with carrying(self._passport):
            answer = await self._stub.ReviewJustifications(validation.ReviewJustificationsRequest(filing_id=filing_id))
        return tuple(read(one, Justification) for one in answer.justifications)

    async def answer(
        self, filing_id: str, control: str, number: int, *, is_accepted: bool, text: str, request_id: str
    ) -> Justification:
        """Answer a justification."""
        request = validation.AnswerJustificationRequest(
            request_id=request_id,
            filing_id=filing_id,
            control=control,
            number=number,
            is_accepted=is_accepted,
            answer=text,
        )
        with carrying(self._passport):
            return read((await self._stub.AnswerJustification(request)).justification, Justification)

    async def adjustments(self, document: Document, year: int) -> tuple[Adjustment, ...]:
        """List the decisions in force."""
        request = validation.ListAdjustmentsRequest(document=_document(document), year=year)
        with carrying(self._passport):
            answer = await self._stub.ListAdjustments(request)
        return tuple(read(one, Adjustment) for one in answer.adjustments)

    async def formula(self, form_set: str, address: str) -> Formula:
        """Say how a cell is computed."""
        request = validation.GetFormulaRequest(form_set=form_set, cell=address)
        with carrying(self._passport):
            return read(await self._stub.GetFormula(request), Formula)

    async def rules(self, form_set: str, document: Document, year: int) -> RuleSet:
        """Tell the rules of a campaign."""
        request = validation.GetRuleSetRequest(form_set=form_set, document=_document(document), year=year)
        with carrying(self._passport):
            return read(await self._stub.GetRuleSet(request), RuleSet)

    async def adjust(self, adjustment: Adjustment, request_id: str) -> str:
        """Decide on a control."""
        request = validation.AdjustControlRequest(request_id=request_id, adjustment=_adjustment(adjustment))
        with carrying(self._passport):
            return (await self._stub.AdjustControl(request)).run_id

    async def try_adjustment(self, adjustment: Adjustment, tried_on: int, request_id: str) -> str:
        """Try a decision."""
        request = validation.PreviewAdjustmentRequest(
            request_id=request_id, adjustment=_adjustment(adjustment), tried_on=tried_on
        )
        with carrying(self._passport):
            return (await self._stub.PreviewAdjustment(request)).run_id

    async def check_campaign(self, document: Document, year: int, request_id: str, form_set: str = "") -> str:
        """Queue a check of every filing of a campaign, or a trial of another form set on it."""
        request = validation.CheckCampaignRequest(
            request_id=request_id, document=_document(document), year=year, form_set=form_set
        )
        with carrying(self._passport):
            return (await self._stub.CheckCampaign(request)).run_id

    async def runs(self) -> tuple[QueueStatus, ...]:
        """List the last runs."""
        with carrying(self._passport):
            answer = await self._stub.ListRuns(validation.ListRunsRequest())
        return tuple(read(one, QueueStatus) for one in answer.runs)

    async def queue(self, run_id: str) -> QueueStatus:
        """Tell where a run is."""
        with carrying(self._passport):
            return read(await self._stub.GetQueueStatus(validation.GetQueueStatusRequest(run_id=run_id)), QueueStatus)


def _adjustment(adjustment: Adjustment) -> validation.Adjustment:
    return validation.Adjustment(
        form_set=adjustment.form_set,
        document=_document(adjustment.document),
        year=adjustment.year,
        control=adjustment.control,
        severity=validation.Severity.Value(f"SEVERITY_{adjustment.severity.name}"),
        is_withdrawn=adjustment.is_withdrawn,
        reason=adjustment.reason,
    )


class GrpcPassports:
    """The auth service, which needs no passport to give one."""

    def __init__(self, peers: Peers) -> None:
        self._stub = auth_grpc.AuthServiceStub(peers.channel("auth"))

    async def of_person(self, access_token: str) -> Passport:
        """Exchange an access token."""
        with carrying(""):
            answer = await self._stub.OpenSession(auth.OpenSessionRequest(access_token=access_token))
        return read(answer.passport, Passport)

    async def of_partner(self, client_id: str, client_secret: str) -> Passport:
        """Exchange a partner's credentials."""
        request = auth.OpenPartnerSessionRequest(client_id=client_id, client_secret=client_secret)
        with carrying(""):
            return read((await self._stub.OpenPartnerSession(request)).passport, Passport)


def acting_for(peers: Peers) -> ActingFor:
    """Return the way to the services of this stack, person by person."""

    def bind(passport: str) -> Services:
        return Services(
            GrpcForms(peers, passport),
            GrpcSignatures(peers, passport),
            GrpcReleases(peers, passport),
            GrpcValidations(peers, passport),
        )

    return bind
