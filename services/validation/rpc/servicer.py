"""`ValidationService` over gRPC: decode, call, encode."""

from typing import Any

import grpc
from harmonia.validation.v1 import validation_pb2 as pb
from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc

from chassis.rpc.identity import caller
from services.validation.domain.run import Standing
from services.validation.rpc import mapping
from services.validation.usecases import UseCases

Context = grpc.aio.ServicerContext[Any, Any]


class ValidationServicer(pb_grpc.ValidationServiceServicer):
    """Ten lines a method at most; whatever decides is in a use case or the engine."""

    def __init__(self, use: UseCases) -> None:
        self._use = use

    async def ReadCells(self, request: pb.ReadCellsRequest, context: Context) -> pb.ReadCellsResponse:
        """Read texts."""
        readings = await self._use.read_cells(request.form_set, request.year, mapping.to_raw_cells(request.cells))
        return pb.ReadCellsResponse(readings=[mapping.reading_message(reading) for reading in readings])

    async def EvaluateFiling(self, request: pb.EvaluateFilingRequest, context: Context) -> pb.EvaluateFilingResponse:
        """Compute and check a document."""
        cells = mapping.to_cells(request.cells, request.given)
        judged = await self._use.evaluate_filing(
            mapping.to_subject(request), cells, mapping.to_previous_year(request), is_background=request.is_background
        )
        return mapping.evaluation_message(judged)

    async def RecheckFiling(self, request: pb.RecheckFilingRequest, context: Context) -> pb.RecheckFilingResponse:
        """Judge a small change."""
        filing_id, changed = mapping.to_filing_id(request.filing_id), mapping.to_cells(request.changed)
        judged = await self._use.recheck_filing(filing_id, request.report, changed, request.basis, request.about)
        return mapping.difference_message(judged)

    async def RecordJustification(
        self, request: pb.RecordJustificationRequest, context: Context
    ) -> pb.RecordJustificationResponse:
        """Keep a justification."""
        kept = await self._use.record_justification(mapping.to_written(request))
        return pb.RecordJustificationResponse(justification=mapping.justification_message(kept))

    async def ListJustifications(
        self, request: pb.ListJustificationsRequest, context: Context
    ) -> pb.ListJustificationsResponse:
        """List the justifications of a filing."""
        found = await self._use.list_justifications(mapping.to_filing_id(request.filing_id))
        return pb.ListJustificationsResponse(justifications=[mapping.justification_message(one) for one in found])

    async def ProposeJustifications(
        self, request: pb.ProposeJustificationsRequest, context: Context
    ) -> pb.ProposeJustificationsResponse:
        """Offer what was written in earlier years."""
        found = await self._use.propose_justifications(caller(), request.body, request.year, list(request.controls))
        return pb.ProposeJustificationsResponse(proposals=[mapping.justification_message(one) for one in found])

    async def ReviewJustifications(
        self, request: pb.ReviewJustificationsRequest, context: Context
    ) -> pb.ReviewJustificationsResponse:
        """List the justifications of a transmitted filing."""
        found = await self._use.review_justifications(caller(), mapping.to_filing_id(request.filing_id))
        return pb.ReviewJustificationsResponse(justifications=[mapping.justification_message(one) for one in found])

    async def AnswerJustification(
        self, request: pb.AnswerJustificationRequest, context: Context
    ) -> pb.AnswerJustificationResponse:
        """Accept or refuse a justification."""
        answered = await self._use.answer_justification(
            caller(),
            mapping.to_filing_id(request.filing_id),
            request.control,
            request.number,
            is_accepted=request.is_accepted,
            text=request.answer,
        )
        return pb.AnswerJustificationResponse(justification=mapping.justification_message(answered))

    async def AdjustControl(self, request: pb.AdjustControlRequest, context: Context) -> pb.AdjustControlResponse:
        """Soften or withdraw a control."""
        kept, run_id = await self._use.adjust_control(caller(), mapping.to_decision(request.adjustment))
        return pb.AdjustControlResponse(adjustment=mapping.adjustment_message(kept), run_id=str(run_id))

    async def ApplyAdjustment(self, request: pb.ApplyAdjustmentRequest, context: Context) -> pb.ApplyAdjustmentResponse:
        """Take in another authority's decision."""
        run_id = await self._use.apply_adjustment(mapping.to_adjustment(request.adjustment))
        return pb.ApplyAdjustmentResponse(run_id=str(run_id) if run_id else "")

    async def ListAdjustments(self, request: pb.ListAdjustmentsRequest, context: Context) -> pb.ListAdjustmentsResponse:
        """List what is in force."""
        document = mapping.to_document(request.document)
        found = await self._use.list_adjustments(caller(), document, request.year)
        messages = [mapping.adjustment_message(one, applies_here=applies) for one, applies in found]
        return pb.ListAdjustmentsResponse(adjustments=messages)

    async def GetFormula(self, request: pb.GetFormulaRequest, context: Context) -> pb.GetFormulaResponse:
        """Say how a cell is computed."""
        found = await self._use.get_formula(request.form_set, request.cell)
        return pb.GetFormulaResponse(formula=found.text, operands=found.operands)

    async def GetRuleSet(self, request: pb.GetRuleSetRequest, context: Context) -> pb.GetRuleSetResponse:
        """Say under which rules filings are judged."""
        document = mapping.to_document(request.document)
        return mapping.rule_set_message(await self._use.get_rule_set(request.form_set, document, request.year))

    async def PreviewAdjustment(
        self, request: pb.PreviewAdjustmentRequest, context: Context
    ) -> pb.PreviewAdjustmentResponse:
        """Queue a trial."""
        decision = mapping.to_decision(request.adjustment)
        run_id = await self._use.preview_adjustment(caller(), decision, request.tried_on)
        return pb.PreviewAdjustmentResponse(run_id=str(run_id))

    async def CheckCampaign(self, request: pb.CheckCampaignRequest, context: Context) -> pb.CheckCampaignResponse:
        """Queue a check, or a trial of a form set."""
        document = mapping.to_document(request.document)
        run_id = await self._use.check_campaign(caller(), document, request.year, request.form_set)
        return pb.CheckCampaignResponse(run_id=str(run_id))

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> pb.ListRunsResponse:
        """List the last runs."""
        runs = [mapping.standing_message(Standing(run, 0, 0.0)) for run in await self._use.list_runs(caller())]
        return pb.ListRunsResponse(runs=runs)

    async def GetQueueStatus(self, request: pb.GetQueueStatusRequest, context: Context) -> pb.GetQueueStatusResponse:
        """Say where a run is."""
        standing = await self._use.get_queue_status(caller(), mapping.to_run_id(request.run_id))
        return mapping.standing_message(standing)
