"""`FormsService` over gRPC: decode, call, encode."""

from typing import Any

import grpc
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2 as types

from chassis.rpc.identity import caller
from services.forms.rpc import mapping
from services.forms.usecases import UseCases
from services.forms.usecases.save_cells import TypedCell

Context = grpc.aio.ServicerContext[Any, Any]


class FormsServicer(pb_grpc.FormsServiceServicer):
    """Ten lines a method at most; whatever decides is in a use case."""

    def __init__(self, use: UseCases) -> None:
        self._use = use

    async def OpenFiling(self, request: pb.OpenFilingRequest, context: Context) -> pb.OpenFilingResponse:
        """Open the filing of a body."""
        document = mapping.to_document(request.document)
        siren = mapping.to_text("body", request.body)
        card, is_new = await self._use.open_filing(caller(), siren, document, request.year)
        return pb.OpenFilingResponse(filing=mapping.card_message(card), is_new=is_new)

    async def OpenTrial(self, request: pb.OpenTrialRequest, context: Context) -> pb.OpenTrialResponse:
        """Open a trial of a form set."""
        document, form_set = mapping.to_document(request.document), mapping.to_text("form_set", request.form_set)
        siren, year = mapping.to_text("body", request.body), mapping.to_year(request.year)
        opened = await self._use.open_trial(caller(), siren, document, year, form_set)
        return pb.OpenTrialResponse(
            filing=mapping.card_message(opened.card),
            is_new=opened.is_new,
            taken=opened.taken,
            left_out=opened.left_out,
        )

    async def DiscardTrial(self, request: pb.DiscardTrialRequest, context: Context) -> pb.DiscardTrialResponse:
        """Throw a trial away."""
        await self._use.discard_trial(caller(), mapping.to_uuid(request.filing_id))
        return pb.DiscardTrialResponse()

    async def ListFilings(self, request: pb.ListFilingsRequest, context: Context) -> pb.ListFilingsResponse:
        """List the caller's filings."""
        cards, openable, tryable = await self._use.list_filings(caller(), mapping.to_text("body", request.body))
        return pb.ListFilingsResponse(
            filings=[mapping.card_message(card) for card in cards],
            openable=[mapping.openable_message(one) for one in openable],
            tryable=[mapping.tryable_message(one) for one in tryable],
        )

    async def GetFiling(self, request: pb.GetFilingRequest, context: Context) -> pb.GetFilingResponse:
        """Return one filing with its cells."""
        card, cells, computed = await self._use.get_filing(caller(), mapping.to_uuid(request.filing_id))
        shown = [mapping.cell_message(cell) for cell in cells.values()] + mapping.computed_messages(computed)
        return pb.GetFilingResponse(filing=mapping.card_message(card), cells=shown)

    async def SaveCells(self, request: pb.SaveCellsRequest, context: Context) -> pb.SaveCellsResponse:
        """Save typed cells."""
        typed = [TypedCell(edit.address, edit.text, edit.base_version) for edit in request.edits]
        saved = await self._use.save_cells(caller(), mapping.to_uuid(request.filing_id), typed)
        cells = [mapping.cell_message(cell) for cell in saved.cells]
        return pb.SaveCellsResponse(
            filing=mapping.card_message(saved.card),
            cells=cells + mapping.computed_messages(saved.computed),
            findings=[mapping.finding_message(finding) for finding in saved.findings],
        )

    async def PreviewImport(self, request: pb.PreviewImportRequest, context: Context) -> pb.PreviewImportResponse:
        """Show what importing a file would do."""
        filing_id = mapping.to_uuid(request.filing_id)
        name = mapping.to_text("file_name", request.file_name)
        package = mapping.to_text("package", request.package)
        preview = await self._use.preview_import(caller(), filing_id, name, request.content, package)
        return pb.PreviewImportResponse(preview=mapping.preview_message(preview))

    async def GetImport(self, request: pb.GetImportRequest, context: Context) -> pb.GetImportResponse:
        """Return a preview made earlier."""
        ids = mapping.to_uuid(request.filing_id), mapping.to_import_id(request.import_id)
        return pb.GetImportResponse(preview=mapping.preview_message(await self._use.get_import(caller(), *ids)))

    async def GetImportErrorFile(
        self, request: pb.GetImportErrorFileRequest, context: Context
    ) -> pb.GetImportErrorFileResponse:
        """Give the person's file back."""
        ids = mapping.to_uuid(request.filing_id), mapping.to_uuid(request.import_id)
        file = await self._use.get_import_error_file(caller(), *ids, request.language)
        return pb.GetImportErrorFileResponse(content=file.content, file_name=file.name)

    async def GetAccountMapping(
        self, request: pb.GetAccountMappingRequest, context: Context
    ) -> pb.GetAccountMappingResponse:
        """Return how accounts fill cells."""
        found = await self._use.get_account_mapping(caller(), request.body, *_mapping_place(request))
        rules = mapping.account_rule_messages(found.prefixes)
        return pb.GetAccountMappingResponse(rules=rules, packages=found.packages)

    async def SaveAccountMapping(
        self, request: pb.SaveAccountMappingRequest, context: Context
    ) -> pb.SaveAccountMappingResponse:
        """Save a body's own mapping."""
        own = mapping.to_prefixes(request.rules)
        rules = await self._use.save_account_mapping(caller(), request.body, *_mapping_place(request), own)
        return pb.SaveAccountMappingResponse(rules=mapping.account_rule_messages(rules))

    async def ConfirmImport(self, request: pb.ConfirmImportRequest, context: Context) -> pb.ConfirmImportResponse:
        """Write a previewed import."""
        done = await self._use.confirm_import(
            caller(),
            mapping.to_uuid(request.filing_id),
            mapping.to_import_id(request.import_id),
            mapping.to_import_choice(request),
            accept_partial=request.accept_partial,
        )
        filing = mapping.card_message(done.card)
        return pb.ConfirmImportResponse(filing=filing, written=done.written, kept=done.kept, left_out=done.left_out)

    async def ListSteps(self, request: pb.ListStepsRequest, context: Context) -> pb.ListStepsResponse:
        """List what can be undone."""
        before = mapping.to_step_id(request.page_token) if request.page_token else None
        page = await self._use.list_steps(caller(), mapping.to_uuid(request.filing_id), before, request.page_size)
        steps = [mapping.edit_step_message(step) for step in page.steps]
        return pb.ListStepsResponse(steps=steps, next_page_token=str(page.next) if page.next else "")

    async def UndoStep(self, request: pb.UndoStepRequest, context: Context) -> pb.UndoStepResponse:
        """Undo one step."""
        ids = mapping.to_uuid(request.filing_id), mapping.to_step_id(request.step_id)
        done = await self._use.undo_step(caller(), *ids)
        filing = mapping.card_message(done.card)
        return pb.UndoStepResponse(filing=filing, restored=done.restored, kept=done.kept)

    async def CheckFiling(self, request: pb.CheckFilingRequest, context: Context) -> pb.CheckFilingResponse:
        """Run every control."""
        filing, report = await self._use.check_filing(caller(), mapping.to_uuid(request.filing_id))
        return pb.CheckFilingResponse(
            verdict=mapping.verdict(report.verdict),
            findings=[mapping.finding_message(finding) for finding in report.findings],
            rule_set=report.rule_set,
            revision=filing.revision,
            verdict_text=mapping.verdict_text(report.verdict),
        )

    async def JustifyFinding(self, request: pb.JustifyFindingRequest, context: Context) -> pb.JustifyFindingResponse:
        """Justify a failed control."""
        filing_id = mapping.to_uuid(request.filing_id)
        explanation = mapping.to_explanation(request)
        verdict = await self._use.justify_finding(caller(), filing_id, explanation, request.request_id)
        return pb.JustifyFindingResponse(verdict=mapping.verdict(verdict))

    async def MoveFiling(self, request: pb.MoveFilingRequest, context: Context) -> pb.MoveFilingResponse:
        """Move a filing to another step."""
        step = mapping.to_step(request.step)
        reason = mapping.to_text("reason", request.reason)
        filing_id, cells = mapping.to_uuid(request.filing_id), list(request.cells)
        card = await self._use.move_filing(caller(), filing_id, step, reason, cells)
        return pb.MoveFilingResponse(filing=mapping.card_message(card))

    async def GetCellHistory(self, request: pb.GetCellHistoryRequest, context: Context) -> pb.GetCellHistoryResponse:
        """Return every version of a cell."""
        address = mapping.to_text("address", request.address, longest=50)
        versions = await self._use.get_cell_history(caller(), mapping.to_uuid(request.filing_id), address)
        return pb.GetCellHistoryResponse(versions=[mapping.cell_message(cell) for cell in versions])

    async def ResolveConflict(self, request: pb.ResolveConflictRequest, context: Context) -> pb.ResolveConflictResponse:
        """Choose between two values."""
        filing_id = mapping.to_uuid(request.filing_id)
        address = mapping.to_text("address", request.address, longest=50)
        value = mapping.to_text("value", request.value)
        cell = await self._use.resolve_conflict(caller(), filing_id, address, value, request.request_id)
        return pb.ResolveConflictResponse(cell=mapping.cell_message(cell))

    async def ListActivity(self, request: pb.ListActivityRequest, context: Context) -> pb.ListActivityResponse:
        """List what happened."""
        before = mapping.to_number_before(request.page_token)
        page = await self._use.list_activity(caller(), mapping.to_uuid(request.filing_id), before, request.page_size)
        activities = [mapping.activity_message(one) for one in page.activities]
        return pb.ListActivityResponse(activities=activities, next_page_token=str(page.next) if page.next else "")

    async def ListTransmittedFilings(
        self, request: pb.ListTransmittedFilingsRequest, context: Context
    ) -> pb.ListTransmittedFilingsResponse:
        """List what was transmitted to this authority."""
        wanted, after = mapping.to_transmitted_filter(request), mapping.to_filing_after(request.page_token)
        page = await self._use.list_transmitted_filings(caller(), wanted, after, request.page_size)
        filings = [mapping.filing_message(filing) for filing in page.filings]
        return pb.ListTransmittedFilingsResponse(filings=filings, next_page_token=str(page.next) if page.next else "")

    async def GetTransmittedFiling(
        self, request: pb.GetTransmittedFilingRequest, context: Context
    ) -> pb.GetTransmittedFilingResponse:
        """Return a transmitted filing as signed."""
        filing, snapshot, told = await self._use.get_transmitted_filing(caller(), mapping.to_uuid(request.filing_id))
        return pb.GetTransmittedFilingResponse(
            filing=mapping.filing_message(filing),
            cells=mapping.cells_of(snapshot.cells),
            activities=[mapping.activity_message(one) for one in told],
        )

    async def PlanCampaign(self, request: pb.PlanCampaignRequest, context: Context) -> pb.PlanCampaignResponse:
        """Open or change a campaign."""
        campaign = await self._use.plan_campaign(caller(), mapping.to_campaign(request.campaign))
        return pb.PlanCampaignResponse(campaign=mapping.campaign_message(campaign))

    async def ListCampaigns(self, request: pb.ListCampaignsRequest, context: Context) -> pb.ListCampaignsResponse:
        """List campaigns."""
        return mapping.campaigns_message(await self._use.list_campaigns(caller()))

    async def ProvisionCampaign(
        self, request: pb.ProvisionCampaignRequest, context: Context
    ) -> pb.ProvisionCampaignResponse:
        """Open or change a campaign, for the node."""
        campaign = await self._use.plan_campaign.provision(mapping.to_campaign(request.campaign))
        return pb.ProvisionCampaignResponse(campaign=mapping.campaign_message(campaign))

    async def ListFormSets(self, request: pb.ListFormSetsRequest, context: Context) -> pb.ListFormSetsResponse:
        """List form sets with their state."""
        found = await self._use.list_form_sets(caller())
        return pb.ListFormSetsResponse(form_sets=[mapping.form_set_status_message(status) for status in found])

    async def SetFormSetState(self, request: pb.SetFormSetStateRequest, context: Context) -> pb.SetFormSetStateResponse:
        """Move a form set in its life."""
        version = mapping.to_text("form_set", request.form_set)
        await self._use.set_form_set_state(caller(), version, mapping.to_form_set_state(request.state))
        return pb.SetFormSetStateResponse()

    async def PreviewFormSetChange(
        self, request: pb.PreviewFormSetChangeRequest, context: Context
    ) -> pb.PreviewFormSetChangeResponse:
        """Say what a publication would do."""
        place = mapping.to_document(request.document), request.year, mapping.to_text("form_set", request.form_set)
        found = await self._use.preview_form_set_change(caller(), *place, is_counted_only=request.is_counted_only)
        return mapping.form_set_preview_message(found)

    async def ListAffectedFilings(
        self, request: pb.ListAffectedFilingsRequest, context: Context
    ) -> pb.ListAffectedFilingsResponse:
        """Name the filings that a publication would change."""
        place = mapping.to_document(request.document), request.year, mapping.to_text("form_set", request.form_set)
        after = mapping.to_siren_after(request.page_token)
        page = await self._use.list_affected_filings(caller(), *place, after, request.page_size)
        filings = [mapping.affected_message(one) for one in page.filings]
        return pb.ListAffectedFilingsResponse(filings=filings, next_page_token=page.next)

    async def PublishFormSet(self, request: pb.PublishFormSetRequest, context: Context) -> pb.PublishFormSetResponse:
        """Have a form set given to open filings."""
        place = mapping.to_document(request.document), request.year, mapping.to_text("form_set", request.form_set)
        resumed = mapping.to_publication_id(request.publication_id) if request.publication_id else None
        asked = await self._use.publish_form_set(caller(), *place, is_forced=request.is_forced, publication_id=resumed)
        return pb.PublishFormSetResponse(publication_id=str(asked.publication.id))

    async def UndoFormSetChange(
        self, request: pb.UndoFormSetChangeRequest, context: Context
    ) -> pb.UndoFormSetChangeResponse:
        """Have a publication taken back."""
        await self._use.undo_form_set_change(caller(), mapping.to_publication_id(request.publication_id))
        return pb.UndoFormSetChangeResponse()

    async def GetPublication(self, request: pb.GetPublicationRequest, context: Context) -> pb.GetPublicationResponse:
        """Say how far a publication is."""
        found = await self._use.get_publication(caller(), mapping.to_publication_id(request.publication_id))
        return pb.GetPublicationResponse(publication=mapping.publication_message(found))

    async def ListPublications(
        self, request: pb.ListPublicationsRequest, context: Context
    ) -> pb.ListPublicationsResponse:
        """List the last publications."""
        found = await self._use.list_publications(caller())
        return pb.ListPublicationsResponse(publications=[mapping.publication_message(one) for one in found])

    async def ListSetAside(self, request: pb.ListSetAsideRequest, context: Context) -> pb.ListSetAsideResponse:
        """List values that wait for a choice."""
        found = await self._use.list_set_aside(caller(), mapping.to_uuid(request.filing_id))
        return pb.ListSetAsideResponse(cells=[mapping.set_aside_message(one) for one in found])

    async def ChooseSetAside(self, request: pb.ChooseSetAsideRequest, context: Context) -> pb.ChooseSetAsideResponse:
        """Settle a value set aside."""
        address = mapping.to_text("address", request.address, longest=50)
        keep_as = mapping.to_text("keep_as", request.keep_as, longest=50)
        filing_id = mapping.to_uuid(request.filing_id)
        card = await self._use.choose_set_aside(caller(), filing_id, address, keep_as)
        return pb.ChooseSetAsideResponse(filing=mapping.card_message(card))

    async def ExportFiling(self, request: pb.ExportFilingRequest, context: Context) -> pb.ExportFilingResponse:
        """Give a filing as a file."""
        chosen = mapping.to_export_format(request.format)
        filing_id = mapping.to_uuid(request.filing_id)
        file = await self._use.export_filing(caller(), filing_id, chosen, request.version)
        return pb.ExportFilingResponse(content=file.content, file_name=file.file_name, media_type=file.media_type)

    async def CarryLastYear(self, request: pb.CarryLastYearRequest, context: Context) -> pb.CarryLastYearResponse:
        """Carry last year's answers."""
        done = await self._use.carry_last_year(caller(), mapping.to_uuid(request.filing_id))
        beside = [types.Cell(address=address, value=value) for address, value in done.beside.items()]
        return pb.CarryLastYearResponse(filing=mapping.card_message(done.card), carried=done.carried, beside=beside)

    async def GetLastYear(self, request: pb.GetLastYearRequest, context: Context) -> pb.GetLastYearResponse:
        """Return last year's answers to show beside."""
        found = await self._use.show_last_year(caller(), mapping.to_uuid(request.filing_id))
        beside = [types.Cell(address=address, value=value) for address, value in found.items()]
        return pb.GetLastYearResponse(beside=beside)

    async def GetSignedVersion(
        self, request: pb.GetSignedVersionRequest, context: Context
    ) -> pb.GetSignedVersionResponse:
        """Return a version as it was signed."""
        found = await self._use.get_signed_version(caller(), mapping.to_uuid(request.filing_id), request.version)
        return pb.GetSignedVersionResponse(
            filing=mapping.filing_message(found.filing),
            version=found.version,
            form_set=found.form_set,
            cells=mapping.cells_of(found.cells),
            versions=range(1, found.filing.signed_version + 1),
            has_other_labels=found.has_other_labels,
        )

    async def GetSeries(self, request: pb.GetSeriesRequest, context: Context) -> pb.GetSeriesResponse:
        """Return cells over the years."""
        document = mapping.to_document(request.document)
        siren = mapping.to_text("body", request.body)
        points = await self._use.get_series(caller(), siren, document, request.addresses, request.years)
        return pb.GetSeriesResponse(points=[mapping.point_message(point) for point in points])

    async def CompareFilings(self, request: pb.CompareFilingsRequest, context: Context) -> pb.CompareFilingsResponse:
        """Compare two years or two versions."""
        filing_id = mapping.to_uuid(request.filing_id)
        other_id = mapping.to_uuid(request.other_filing_id) if request.other_filing_id else filing_id
        found = await self._use.compare_filings(caller(), filing_id, request.version, other_id, request.other_version)
        return pb.CompareFilingsResponse(differences=[mapping.difference_message(one) for one in found])

    async def ReopenFiling(self, request: pb.ReopenFilingRequest, context: Context) -> pb.ReopenFilingResponse:
        """Reopen a signed filing."""
        filing_id = mapping.to_uuid(request.filing_id)
        reason = mapping.to_text("reason", request.reason)
        card = await self._use.reopen_filing(caller(), filing_id, reason, list(request.cells))
        return pb.ReopenFilingResponse(filing=mapping.card_message(card))

    async def CommentCell(self, request: pb.CommentCellRequest, context: Context) -> pb.CommentCellResponse:
        """Comment on a cell, or change its flag."""
        filing_id = mapping.to_uuid(request.filing_id)
        address = mapping.to_text("address", request.address, longest=50)
        text = mapping.to_text("text", request.text)
        comment = await self._use.comment_cell(
            caller(), filing_id, address, text, is_flagged=request.is_flagged, is_shared=request.is_shared
        )
        return pb.CommentCellResponse(comment=mapping.comment_message(comment))

    async def ListComments(self, request: pb.ListCommentsRequest, context: Context) -> pb.ListCommentsResponse:
        """List comments."""
        address = mapping.to_text("address", request.address, longest=50)
        comments = await self._use.list_comments(caller(), mapping.to_uuid(request.filing_id), address)
        return pb.ListCommentsResponse(comments=[mapping.comment_message(one) for one in comments])

    async def ReviewFiling(self, request: pb.ReviewFilingRequest, context: Context) -> pb.ReviewFilingResponse:
        """Take a transmitted filing through its review."""
        filing_id, state = mapping.to_uuid(request.filing_id), mapping.to_review_state(request.state)
        text = mapping.to_text("text", request.text)
        filing = await self._use.review_filing(caller(), filing_id, state, text, list(request.cells))
        return pb.ReviewFilingResponse(filing=mapping.filing_message(filing))

    async def AnswerReview(self, request: pb.AnswerReviewRequest, context: Context) -> pb.AnswerReviewResponse:
        """Answer the question of the authority."""
        text = mapping.to_text("text", request.text)
        card = await self._use.answer_review(caller(), mapping.to_uuid(request.filing_id), text)
        return pb.AnswerReviewResponse(filing=mapping.card_message(card))

    async def CloseFiling(self, request: pb.CloseFilingRequest, context: Context) -> pb.CloseFilingResponse:
        """Close a reviewed filing."""
        filing = await self._use.close_filing(caller(), mapping.to_uuid(request.filing_id))
        return pb.CloseFilingResponse(filing=mapping.filing_message(filing))

    async def RequestReturn(self, request: pb.RequestReturnRequest, context: Context) -> pb.RequestReturnResponse:
        """Ask for a closed filing back."""
        reason = mapping.to_text("reason", request.reason)
        card = await self._use.request_return(caller(), mapping.to_uuid(request.filing_id), reason)
        return pb.RequestReturnResponse(filing=mapping.card_message(card))

    async def DecideReturn(self, request: pb.DecideReturnRequest, context: Context) -> pb.DecideReturnResponse:
        """Accept or refuse a request to return."""
        filing_id, reason = mapping.to_uuid(request.filing_id), mapping.to_text("reason", request.reason)
        filing = await self._use.decide_return(caller(), filing_id, reason, is_accepted=request.is_accepted)
        return pb.DecideReturnResponse(filing=mapping.filing_message(filing))

    async def ArchiveFiling(self, request: pb.ArchiveFilingRequest, context: Context) -> pb.ArchiveFilingResponse:
        """Archive a closed filing."""
        filing = await self._use.archive_filing(caller(), mapping.to_uuid(request.filing_id))
        return pb.ArchiveFilingResponse(filing=mapping.filing_message(filing))

    async def ExtendDeadline(self, request: pb.ExtendDeadlineRequest, context: Context) -> pb.ExtendDeadlineResponse:
        """Give one body more time."""
        document = mapping.to_document(request.document)
        body = mapping.to_text("body", request.body)
        due_on = mapping.to_date("due_on", request.due_on)
        reason = mapping.to_text("reason", request.reason)
        last_day = await self._use.extend_deadline(caller(), document, request.year, body, due_on, reason)
        return pb.ExtendDeadlineResponse(due_on=last_day.isoformat())

    async def AttachFile(self, request: pb.AttachFileRequest, context: Context) -> pb.AttachFileResponse:
        """Attach a PDF."""
        filing_id = mapping.to_uuid(request.filing_id)
        kind = mapping.to_attachment_kind(request.kind)
        name = mapping.to_text("file_name", request.file_name, longest=200, required=True)
        attachment = await self._use.attach_file(caller(), filing_id, kind, name, request.content)
        return pb.AttachFileResponse(attachment=mapping.attachment_message(attachment))

    async def ListAttachments(self, request: pb.ListAttachmentsRequest, context: Context) -> pb.ListAttachmentsResponse:
        """List the attachments."""
        found = await self._use.list_attachments(caller(), mapping.to_uuid(request.filing_id))
        return pb.ListAttachmentsResponse(attachments=[mapping.attachment_message(one) for one in found])

    async def GetAttachment(self, request: pb.GetAttachmentRequest, context: Context) -> pb.GetAttachmentResponse:
        """Return one attachment."""
        ids = mapping.to_uuid(request.filing_id), mapping.to_attachment_id(request.attachment_id)
        attachment, content = await self._use.get_attachment(caller(), *ids)
        return pb.GetAttachmentResponse(attachment=mapping.attachment_message(attachment), content=content)

    async def FreezeFiling(self, request: pb.FreezeFilingRequest, context: Context) -> pb.FreezeFilingResponse:
        """Take a snapshot for signature."""
        filing, snapshot = await self._use.freeze_filing(caller(), mapping.to_uuid(request.filing_id))
        return pb.FreezeFilingResponse(frozen=mapping.frozen_message(filing, snapshot))

    async def GetFrozenFiling(self, request: pb.GetFrozenFilingRequest, context: Context) -> pb.GetFrozenFilingResponse:
        """Return a snapshot."""
        filing_id = mapping.to_uuid(request.filing_id)
        filing, snapshot = await self._use.get_frozen_filing(filing_id, request.version, request.revision)
        return pb.GetFrozenFilingResponse(frozen=mapping.frozen_message(filing, snapshot))

    async def LockFiling(self, request: pb.LockFilingRequest, context: Context) -> pb.LockFilingResponse:
        """Forbid edits while the key is used."""
        filing_id = mapping.to_uuid(request.filing_id)
        intent = mapping.to_text("intent_id", request.intent_id, required=True)
        changed = await self._use.lock_filing(filing_id, request.version, request.revision, intent)
        return pb.LockFilingResponse(is_locked=not changed, changed=changed)

    async def SealFiling(self, request: pb.SealFilingRequest, context: Context) -> pb.SealFilingResponse:
        """Record that a version is signed."""
        await self._use.seal_filing(
            mapping.to_text("event_id", request.event_id, required=True),
            mapping.to_uuid(request.filing_id),
            request.version,
            request.revision,
            mapping.to_text("receipt_number", request.receipt_number, required=True),
            mapping.to_text("signatory", request.signatory),
            mapping.to_instant(request.signed_at),
        )
        return pb.SealFilingResponse()

    async def ApplyFacts(self, request: pb.ApplyFactsRequest, context: Context) -> pb.ApplyFactsResponse:
        """Apply shared facts from another server."""
        facts = [mapping.to_received_fact(fact) for fact in request.facts]
        event_id = mapping.to_text("event_id", request.event_id, required=True)
        changed = await self._use.apply_facts(event_id, request.body, request.year, facts)
        return pb.ApplyFactsResponse(changed=changed)

    async def RejudgeFilings(self, request: pb.RejudgeFilingsRequest, context: Context) -> pb.RejudgeFilingsResponse:
        """Judge a page of open filings again."""
        page = await self._use.rejudge_filings(
            mapping.to_document(request.document),
            request.year,
            mapping.to_uuid(request.after) if request.after else None,
            request.limit,
            (request.notice.fr, request.notice.en),
            request.author,
        )
        counts = {"judged": page.judged, "changed": page.changed, "skipped": page.skipped, "left": page.left}
        return pb.RejudgeFilingsResponse(**counts, next=str(page.next) if page.next else "")

    async def ListInputs(self, request: pb.ListInputsRequest, context: Context) -> pb.ListInputsResponse:
        """Give a page of filings as they are judged."""
        after = mapping.to_uuid(request.after) if request.after else None
        document = mapping.to_document(request.document)
        form_set = mapping.to_text("form_set", request.form_set)
        page = await self._use.list_inputs(
            document, request.year, after, request.limit, with_signed=request.with_signed, form_set=form_set
        )
        filings = [mapping.inputs_message(one) for one in page.filings]
        return pb.ListInputsResponse(filings=filings, next=str(page.next) if page.next else "", left=page.left)


def _mapping_place(request: pb.GetAccountMappingRequest | pb.SaveAccountMappingRequest) -> tuple[str, str]:
    return mapping.to_text("form_set", request.form_set), mapping.to_text("package", request.package)
