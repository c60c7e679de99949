"""`ValidationService` over gRPC: decode, call, encode."""

from typing import Any

import grpc
from harmonia.validation.v1 import validation_pb2 as pb
from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc

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
        document = mapping.to_document(request.document)
        filing_id = mapping.to_filing_id(request.filing_id) if request.filing_id else None
        cells = mapping.to_cells(request.cells, request.given)
        found = await self._use.evaluate_filing(request.form_set, document, cells, filing_id)
        return pb.EvaluateFilingResponse(
            computed=mapping.cell_messages(found.computed),
            findings=[mapping.finding_message(finding) for finding in found.findings],
            verdict=mapping.verdict_value(found.verdict),
            rule_set=found.rule_set,
        )

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
