"""`GrpcFacts`: the facts port over gRPC, and the delivery of this service's events to sync."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.sync.v1 import sync_pb2 as pb
from harmonia.sync.v1 import sync_pb2_grpc as pb_grpc

from chassis.peers import Peers
from services.forms.domain.cell import OtherValue
from services.forms.domain.filing import Filing
from services.forms.domain.sharing import ReceivedFact

_SOURCES = {
    "typed": pb.FACT_SOURCE_TYPED,
    "imported": pb.FACT_SOURCE_IMPORTED,
    "computed": pb.FACT_SOURCE_COMPUTED,
    "resolved": pb.FACT_SOURCE_RESOLVED,
}


class GrpcFacts:
    """The sync service of this stack."""

    def __init__(self, peers: Peers) -> None:
        self._stub = pb_grpc.SyncServiceStub(peers.channel("sync"))

    async def known(self, siren: str, year: int) -> list[ReceivedFact]:
        """Return the shared facts this server knows of a body and year."""
        response = await self._stub.ListFacts(pb.ListFactsRequest(body=siren, year=year))
        return [_fact(fact) for fact in response.facts]

    async def resolve(self, request_id: str, filing: Filing, concept: str, value: str, author: str) -> None:
        """Choose the value of a fact in conflict."""
        await self._stub.ResolveFact(
            pb.ResolveFactRequest(
                request_id=request_id,
                body=filing.body.siren,
                year=filing.year,
                concept=concept,
                value=value,
                author=author,
            )
        )

    async def publish(self, event_id: str, payload: Mapping[str, Any]) -> None:
        """Deliver a `SharedFactsChanged` event; sync recognises repeats by its id."""
        await self._stub.PublishFacts(_report(event_id, payload))

    async def publish_each(self, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Deliver several such events, in order, all of them or none."""
        reports = [_report(event_id, payload) for event_id, payload in events]
        await self._stub.PublishReports(pb.PublishReportsRequest(reports=reports))


def _report(event_id: str, payload: Mapping[str, Any]) -> pb.PublishFactsRequest:
    return pb.PublishFactsRequest(
        event_id=event_id,
        body=payload["siren"],
        year=payload["year"],
        seals=payload["seals"],
        facts=[_changed(fact) for fact in payload["facts"]],
    )


def _changed(fact: Mapping[str, Any]) -> pb.ChangedFact:
    beside = fact.get("beside")  # that an event of the release before does not have
    return pb.ChangedFact(
        concept=fact["concept"],
        address=fact["address"],
        value=fact["value"],
        source=_SOURCES[fact["source"]],
        author=fact["author"],
        changed_at=_instant(fact["at"]),
        beside=_beside(beside) if beside else None,
    )


def _beside(other: Mapping[str, str]) -> pb.ConflictingValue:
    return pb.ConflictingValue(
        value=other["value"], server=other["server"], author=other["author"], changed_at=_instant(other["at"])
    )


def _instant(text: str) -> Timestamp:
    at = Timestamp()
    at.FromDatetime(datetime.fromisoformat(text))
    return at


def _fact(message: pb.Fact) -> ReceivedFact:
    conflict = message.conflict if message.HasField("conflict") else None
    return ReceivedFact(
        concept=message.concept,
        address=message.address,
        value=message.value,
        server=message.server,
        author=message.author,
        at=message.changed_at.ToDatetime(tzinfo=UTC),
        is_computed=message.source == pb.FACT_SOURCE_COMPUTED,
        is_provisional=message.is_provisional,
        is_sealed=message.is_sealed,
        conflict=OtherValue(
            conflict.value, conflict.server, conflict.author, conflict.changed_at.ToDatetime(tzinfo=UTC)
        )
        if conflict
        else None,
    )
