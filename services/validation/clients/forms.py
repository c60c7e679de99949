"""What the forms service of this stack says of filings, one by one or a campaign at a time."""

from uuid import UUID

from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2 as types

from chassis.peers import Peers
from services.validation.domain.verdict import CheckedDocument
from services.validation.usecases.ports import FilingToTry, InputsPage, PreviousYear, RejudgedPage

PAGE = 10
"""Filings in one call: a page takes a second, ten when people keep the workers busy; well within a deadline and a lease."""
_DOCUMENTS: dict[int, CheckedDocument] = {types.DOCUMENT_ER: "ER", types.DOCUMENT_QDIS: "QDIS"}


class GrpcTransmittedFilings:
    """Asks forms with the passport of the person who calls, so that forms decides."""

    def __init__(self, peers: Peers) -> None:
        self._stub = pb_grpc.FormsServiceStub(peers.channel("forms"))

    async def require(self, filing_id: UUID) -> None:
        """Let pass, or refuse.

        Raises:
            NotFound: no such filing, or not transmitted.
        """
        await self._get(filing_id)

    async def is_archived(self, filing_id: UUID) -> bool:
        """Tell whether nothing is added to a filing any more.

        Raises:
            NotFound: no such filing, or not transmitted.
        """
        return (await self._get(filing_id)).step == pb.STEP_ARCHIVED

    async def _get(self, filing_id: UUID) -> pb.Filing:
        request = pb.GetTransmittedFilingRequest(filing_id=str(filing_id))
        return (await self._stub.GetTransmittedFiling(request)).filing


class GrpcCampaignFilings:
    """The filings of a campaign, as the service `validation` reads them."""

    def __init__(self, peers: Peers) -> None:
        self._stub = pb_grpc.FormsServiceStub(peers.channel("forms"))

    async def rejudge(
        self, document: str, year: int, after: str, french: str, english: str, author: str
    ) -> RejudgedPage:
        """Judge a page of open filings again."""
        response = await self._stub.RejudgeFilings(
            pb.RejudgeFilingsRequest(
                document=types.Document.Value(f"DOCUMENT_{document}"),
                year=year,
                after=after,
                limit=PAGE,
                notice=types.Sentence(fr=french, en=english),
                author=author,
            )
        )
        return RejudgedPage(response.judged, response.changed, response.skipped, response.next, response.left)

    async def inputs(
        self, document: str, year: int, after: str, *, with_signed: bool, form_set: str = ""
    ) -> InputsPage:
        """Return a page of filings, with what another form set would not take of them."""
        response = await self._stub.ListInputs(
            pb.ListInputsRequest(
                document=types.Document.Value(f"DOCUMENT_{document}"),
                year=year,
                after=after,
                limit=PAGE,
                with_signed=with_signed,
                form_set=form_set,
            )
        )
        return InputsPage([_to_try(filing) for filing in response.filings], response.next, response.left)


def _to_try(message: pb.FilingInputs) -> FilingToTry:
    identity = message.identity
    return FilingToTry(
        identity={field.name: value for field, value in identity.ListFields()},
        filing_id=UUID(identity.filing_id),
        document=_DOCUMENTS[identity.document],
        form_set=identity.form_set,
        cells={cell.address: cell.value for cell in (*message.given, *message.cells)},
        previous=PreviousYear({cell.address: cell.value for cell in message.previous}, tuple(message.restated))
        if message.has_previous
        else None,
        left_out=frozenset(message.left_out),
        to_choose=message.to_choose,
        is_transmitted=message.is_transmitted,
    )
