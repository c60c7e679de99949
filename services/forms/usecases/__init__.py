"""What can be done with filings: one file per verb, one transaction each. No technology, no generated code here."""

from dataclasses import dataclass

from services.forms.usecases.account_mapping import GetAccountMapping, SaveAccountMapping
from services.forms.usecases.apply_facts import ApplyFacts
from services.forms.usecases.attach_file import AttachFile, GetAttachment, ListAttachments
from services.forms.usecases.carry_last_year import CarryLastYear
from services.forms.usecases.check_filing import CheckFiling
from services.forms.usecases.choose_set_aside import ChooseSetAside, ListSetAside
from services.forms.usecases.close_filing import ArchiveFiling, CloseFiling
from services.forms.usecases.comment_cell import CommentCell, ListComments
from services.forms.usecases.compare_filings import CompareFilings, GetSeries, GetSignedVersion
from services.forms.usecases.confirm_import import ConfirmImport
from services.forms.usecases.export_filing import ExportFiling
from services.forms.usecases.extend_deadline import ExtendDeadline
from services.forms.usecases.form_set_states import ListFormSets, SetFormSetState
from services.forms.usecases.justify_finding import JustifyFinding
from services.forms.usecases.move_filing import MoveFiling
from services.forms.usecases.open_filing import OpenFiling
from services.forms.usecases.plan_campaign import ListCampaigns, PlanCampaign
from services.forms.usecases.preview_form_set_change import ListAffectedFilings, PreviewFormSetChange
from services.forms.usecases.preview_import import GetImport, GetImportErrorFile, PreviewImport
from services.forms.usecases.publish_form_set import (
    GetPublication,
    ListPublications,
    PublishFormSet,
    UndoFormSetChange,
)
from services.forms.usecases.read_filings import (
    GetCellHistory,
    GetFiling,
    GetTransmittedFiling,
    ListActivity,
    ListFilings,
    ListTransmittedFilings,
)
from services.forms.usecases.rejudge_filings import ListInputs, RejudgeFilings
from services.forms.usecases.reopen_filing import ReopenFiling
from services.forms.usecases.request_return import DecideReturn, RequestReturn
from services.forms.usecases.resolve_conflict import ResolveConflict
from services.forms.usecases.review_filing import AnswerReview, ReviewFiling
from services.forms.usecases.save_cells import SaveCells
from services.forms.usecases.show_last_year import ShowLastYear
from services.forms.usecases.sign_filing import FreezeFiling, GetFrozenFiling, LockFiling, SealFiling
from services.forms.usecases.try_form_set import DiscardTrial, OpenTrial
from services.forms.usecases.undo_step import ListSteps, UndoStep


@dataclass(frozen=True, slots=True)
class UseCases:
    """Every verb of this service, wired; what the servicer calls."""

    open_filing: OpenFiling
    open_trial: OpenTrial
    discard_trial: DiscardTrial
    list_filings: ListFilings
    get_filing: GetFiling
    save_cells: SaveCells
    preview_import: PreviewImport
    get_import: GetImport
    get_import_error_file: GetImportErrorFile
    get_account_mapping: GetAccountMapping
    save_account_mapping: SaveAccountMapping
    confirm_import: ConfirmImport
    list_steps: ListSteps
    undo_step: UndoStep
    check_filing: CheckFiling
    justify_finding: JustifyFinding
    move_filing: MoveFiling
    get_cell_history: GetCellHistory
    resolve_conflict: ResolveConflict
    list_activity: ListActivity
    list_transmitted_filings: ListTransmittedFilings
    get_transmitted_filing: GetTransmittedFiling
    plan_campaign: PlanCampaign
    list_campaigns: ListCampaigns
    list_form_sets: ListFormSets
    set_form_set_state: SetFormSetState
    preview_form_set_change: PreviewFormSetChange
    list_affected_filings: ListAffectedFilings
    publish_form_set: PublishFormSet
    undo_form_set_change: UndoFormSetChange
    get_publication: GetPublication
    list_publications: ListPublications
    list_set_aside: ListSetAside
    choose_set_aside: ChooseSetAside
    freeze_filing: FreezeFiling
    get_frozen_filing: GetFrozenFiling
    lock_filing: LockFiling
    seal_filing: SealFiling
    apply_facts: ApplyFacts
    rejudge_filings: RejudgeFilings
    list_inputs: ListInputs
    export_filing: ExportFiling
    carry_last_year: CarryLastYear
    show_last_year: ShowLastYear
    get_signed_version: GetSignedVersion
    get_series: GetSeries
    compare_filings: CompareFilings
    reopen_filing: ReopenFiling
    review_filing: ReviewFiling
    answer_review: AnswerReview
    close_filing: CloseFiling
    request_return: RequestReturn
    decide_return: DecideReturn
    archive_filing: ArchiveFiling
    comment_cell: CommentCell
    list_comments: ListComments
    extend_deadline: ExtendDeadline
    attach_file: AttachFile
    list_attachments: ListAttachments
    get_attachment: GetAttachment
