"""The forms service of this server: shows facts in its open filings."""

from collections.abc import Mapping
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc

from chassis.peers import Peers
from services.sync.domain.concept import Catalogue, Nature
from services.sync.domain.fact import Fact
from services.sync.domain.view import FactView

SECONDS = 10.0


class GrpcFilings:
    """The ``Filings`` port over gRPC."""

    def __init__(self, peers: Peers, catalogue: Catalogue) -> None:
        self._peers, self._catalogue = peers, catalogue

    async def tell(self, event_id: str, siren: str, year: int, facts: Mapping[str, FactView]) -> None:
        """Send the facts as they stand."""
        stub = pb_grpc.FormsServiceStub(self._peers.channel("forms"))
        request = pb.ApplyFactsRequest(event_id=event_id, body=siren, year=year)
        request.facts.extend(self._message(view) for view in facts.values())
        await stub.ApplyFacts(request, timeout=SECONDS)

    def _message(self, view: FactView) -> pb.SharedFact:
        shown = view.shown
        concept = self._catalogue[shown.key.concept]
        message = pb.SharedFact(
            concept=concept.code,
            address=concept.address,
            value=shown.value or "",
            server=shown.holder,
            author=shown.author,
            changed_at=_instant(shown),
            is_computed=concept.nature is Nature.COMPUTED,
            is_provisional=shown.is_provisional,
            is_sealed=shown.is_sealed,
        )
        if view.other is not None:
            message.conflict.CopyFrom(
                pb.CellConflict(
                    value=view.other.value or "",
                    server=view.other.holder,
                    author=view.other.author,
                    changed_at=_instant(view.other),
                )
            )
        return message


def _instant(fact: Fact) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(datetime.fromtimestamp(fact.hlc.millis / 1000, UTC))
    return stamp
