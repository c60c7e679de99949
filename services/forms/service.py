"""Composition root: settings in, wired service out; the only file that knows all the rooms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from pydantic import SecretStr

import formsets
from chassis.database.engine import has_schema, lone_sessions_of, open_engine, sessions_of
from chassis.database.relay import Relay, Together
from chassis.database.unit_of_work import SqlAppliedRequests
from chassis.ending import end
from chassis.peers import Peers
from chassis.service import Opened
from chassis.settings import DatabaseSettings
from chassis.stack import Stack
from services.forms.clients.auth import GrpcBodies
from services.forms.clients.clamd import ClamdScanner
from services.forms.clients.exports.files import ThreadedExportFiles
from services.forms.clients.flat_files import SandboxedFlatFiles
from services.forms.clients.sync import GrpcFacts
from services.forms.clients.transmission import GrpcRecipients
from services.forms.clients.validation import GrpcControls
from services.forms.rpc.servicer import FormsServicer
from services.forms.settings import FormsSettings
from services.forms.store.rows import OutboxEventRow
from services.forms.store.snapshots import SignedContents
from services.forms.store.unit_of_work import FormsUnitOfWork
from services.forms.usecases import UseCases
from services.forms.usecases.account_mapping import GetAccountMapping, SaveAccountMapping
from services.forms.usecases.apply_facts import ApplyFacts
from services.forms.usecases.attach_file import AttachFile, GetAttachment, ListAttachments
from services.forms.usecases.carry_last_year import CarryLastYear
from services.forms.usecases.carry_out_publications import CarryOutPublications
from services.forms.usecases.check_filing import CheckFiling
from services.forms.usecases.choose_set_aside import ChooseSetAside, ListSetAside
from services.forms.usecases.close_filing import ArchiveDueFilings, ArchiveFiling, CloseFiling
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
from services.forms.usecases.ports import Bodies, Controls, Facts, FlatFiles, FormSets, OpensWork, Pdfs, VirusScanner
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
from services.forms.workers.archiving import archive_for_ever
from services.forms.workers.carrying_out import LoggedMishaps, carry_out_for_ever
from services.forms.workers.publishing import Publishing

SCHEMA = "forms"


def wire(
    open_work: OpensWork,
    controls: Controls,
    facts: Facts,
    bodies: Bodies,
    files: FlatFiles,
    pdfs: Pdfs,
    form_sets: FormSets,
    stack: Stack,
    unhurried: Controls | None = None,
    scanner: VirusScanner | None = None,
) -> UseCases:
    """Return every use case on these ports; tests pass fakes. `unhurried` are the controls for what nobody waits for."""
    clock, identifiers = stack.clock, stack.identifiers
    return UseCases(
        open_filing=OpenFiling(open_work, bodies, facts, controls, form_sets, clock, identifiers),
        open_trial=OpenTrial(open_work, bodies, controls, form_sets, clock, identifiers),
        discard_trial=DiscardTrial(open_work),
        list_filings=ListFilings(open_work, bodies, form_sets, clock),
        get_filing=GetFiling(open_work, form_sets, clock),
        save_cells=SaveCells(open_work, controls, form_sets, clock, identifiers),
        preview_import=PreviewImport(open_work, files, controls, form_sets, clock, identifiers),
        get_import=GetImport(open_work),
        get_import_error_file=GetImportErrorFile(open_work, form_sets),
        get_account_mapping=GetAccountMapping(open_work, form_sets),
        save_account_mapping=SaveAccountMapping(open_work, form_sets, clock),
        confirm_import=ConfirmImport(open_work, controls, form_sets, clock, identifiers),
        list_steps=ListSteps(open_work),
        undo_step=UndoStep(open_work, controls, form_sets, clock, identifiers),
        check_filing=CheckFiling(open_work, controls, form_sets),
        justify_finding=JustifyFinding(open_work, controls, form_sets, clock),
        move_filing=MoveFiling(open_work, controls, form_sets, clock),
        get_cell_history=GetCellHistory(open_work, form_sets),
        resolve_conflict=ResolveConflict(open_work, controls, facts, form_sets, clock, identifiers),
        list_activity=ListActivity(open_work),
        list_transmitted_filings=ListTransmittedFilings(open_work),
        get_transmitted_filing=GetTransmittedFiling(open_work),
        plan_campaign=PlanCampaign(open_work, form_sets),
        list_campaigns=ListCampaigns(open_work),
        list_form_sets=ListFormSets(open_work, form_sets),
        set_form_set_state=SetFormSetState(open_work, form_sets, clock),
        preview_form_set_change=PreviewFormSetChange(open_work, controls, form_sets),
        list_affected_filings=ListAffectedFilings(open_work, controls, form_sets),
        publish_form_set=PublishFormSet(open_work, form_sets, clock, identifiers),
        undo_form_set_change=UndoFormSetChange(open_work, clock),
        get_publication=GetPublication(open_work, clock),
        list_publications=ListPublications(open_work, clock),
        list_set_aside=ListSetAside(open_work, form_sets),
        choose_set_aside=ChooseSetAside(open_work, controls, form_sets, clock, identifiers),
        freeze_filing=FreezeFiling(open_work, controls, form_sets, clock),
        get_frozen_filing=GetFrozenFiling(open_work),
        lock_filing=LockFiling(open_work, form_sets, clock),
        seal_filing=SealFiling(open_work, form_sets),
        apply_facts=ApplyFacts(open_work, controls, form_sets, clock),
        rejudge_filings=RejudgeFilings(open_work, unhurried or controls, form_sets, clock),
        list_inputs=ListInputs(open_work, form_sets),
        export_filing=ExportFiling(open_work, ThreadedExportFiles(), form_sets),
        carry_last_year=CarryLastYear(open_work, controls, form_sets, clock, identifiers),
        show_last_year=ShowLastYear(open_work, form_sets),
        get_signed_version=GetSignedVersion(open_work, form_sets),
        get_series=GetSeries(open_work, form_sets),
        compare_filings=CompareFilings(open_work, form_sets),
        reopen_filing=ReopenFiling(open_work, controls, facts, form_sets, clock),
        review_filing=ReviewFiling(open_work, form_sets, clock),
        answer_review=AnswerReview(open_work, form_sets, clock),
        close_filing=CloseFiling(open_work, clock),
        request_return=RequestReturn(open_work, form_sets, clock),
        decide_return=DecideReturn(open_work, clock),
        archive_filing=ArchiveFiling(open_work, clock),
        comment_cell=CommentCell(open_work, controls, form_sets, clock, identifiers),
        list_comments=ListComments(open_work, form_sets),
        extend_deadline=ExtendDeadline(open_work, bodies, clock),
        attach_file=AttachFile(open_work, controls, form_sets, pdfs, clock, identifiers, scanner),
        list_attachments=ListAttachments(open_work),
        get_attachment=GetAttachment(open_work),
    )


class FormsService:
    """The forms service of one stack."""

    name = SCHEMA

    def __init__(self, stack: Stack, settings: FormsSettings) -> None:
        self._stack, self._settings = stack, settings

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Open the database, relay the outbox, have readers of files ready, and say what to serve."""
        engine = open_engine(self._settings.database, SCHEMA)
        sessions = sessions_of(engine)
        stack, facts = self._stack, GrpcFacts(peers)
        publishing = Publishing(facts, GrpcRecipients(peers))
        relay = Relay(
            sessions,
            OutboxEventRow,
            SCHEMA,
            publishing,
            stack.clock,
            Together("SharedFactsChanged", publishing.together),
        )
        open_work = partial(FormsUnitOfWork, sessions, stack.clock, stack.identifiers, relay.hint, SignedContents())
        files = SandboxedFlatFiles(self._settings.largest_upload, self._settings.reading_seconds)
        unhurried = GrpcControls(peers, is_background=True)
        controls = GrpcControls(peers)
        at = self._settings.scanner
        scanner = ClamdScanner(at.address, at.seconds) if at.address else None
        use = wire(
            open_work, controls, facts, GrpcBodies(peers), files, files.pdfs, formsets, stack, unhurried, scanner
        )
        lease = timedelta(seconds=self._settings.lease_seconds)
        carry_out = CarryOutPublications(open_work, controls, formsets, LoggedMishaps(), stack.clock, lease)
        archive = ArchiveDueFilings(open_work, stack.clock, timedelta(days=self._settings.archive_after_days))
        tasks = [
            asyncio.create_task(relay.run()),
            asyncio.create_task(files.warm(*formsets.available())),
            asyncio.create_task(archive_for_ever(archive)),
            asyncio.create_task(carry_out_for_ever(carry_out)),
        ]
        try:
            yield Opened(
                register=partial(pb_grpc.add_FormsServiceServicer_to_server, FormsServicer(use)),
                grpc_services=("harmonia.forms.v1.FormsService",),
                is_ready=partial(has_schema, engine, SCHEMA),
                applied_requests=SqlAppliedRequests(lone_sessions_of(engine)),
            )
        finally:
            await end(tasks)
            await files.close()
            await engine.dispose()


def make_service(stack: Stack, database_url: str) -> FormsService:
    """Return the service for a stack; the node passes the URL of the embedded database."""
    return FormsService(stack, FormsSettings(database=DatabaseSettings(url=SecretStr(database_url))))
