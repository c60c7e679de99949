"""What can be done, on fakes: who may do it, what it leaves behind, and that repeating it does no harm."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from chassis.errors import Forbidden, NotFound
from chassis.stack import Stack
from services.transmission.domain.dispatch import DispatchState, Standing
from services.transmission.domain.errors import (
    BoxNotOffered,
    ContainerMismatch,
    DispatchNotDelivered,
    DispatchSuspended,
    DispatchWithdrawn,
    FilingAlreadySigned,
    MatrixUnreadable,
    NoMatrix,
    ReleaseTermsMismatch,
    UnknownDelivery,
    UnknownPartner,
)
from services.transmission.domain.notice import NoticeKind
from services.transmission.service import shipped_matrix, wire
from services.transmission.usecases import UseCases
from services.transmission.usecases.ports import PresentFiling
from tests.support.transmission import NOON, a_container, a_partner, a_person, a_report, an_identity
from tests.support.transmission_fakes import (
    CountingIdentifiers,
    InMemoryContainers,
    InMemoryFilings,
    InMemoryStore,
    SteppingClock,
)

BODY, FILING = an_identity().body, an_identity().filing_id
REOPENED = NOON + timedelta(days=3)
DIRECTOR = a_person("release.read", "release.choose", "delivery.read")


class World:
    """The service on fakes, with the shipped matrix in force."""

    def __init__(self) -> None:
        self.store, self.containers = InMemoryStore(), InMemoryContainers()
        self.filings = InMemoryFilings(PresentFiling(an_identity(), is_signed=False))
        stack = Stack("MIN", Path(), clock=SteppingClock(), identifiers=CountingIdentifiers())
        self.run: UseCases = wire(self.store, self.containers, self.filings, stack)

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.store.kept.facts]


@pytest.fixture
async def world() -> World:
    world = World()
    await world.run.provision_matrix(shipped_matrix())
    return world


async def test_nothing_is_decided_before_a_matrix_is_published() -> None:
    with pytest.raises(NoMatrix):
        await World().run.get_release_table.decide(an_identity())


async def test_publishing_what_is_in_force_changes_nothing(world: World) -> None:
    await world.run.provision_matrix(shipped_matrix())

    assert world.kinds() == ["MatrixPublished"]


async def test_an_unreadable_matrix_leaves_the_one_in_force(world: World) -> None:
    with pytest.raises(MatrixUnreadable):
        await world.run.provision_matrix("{}")

    assert (await world.run.get_release_table.decide(an_identity())).rows


async def test_a_stranger_to_the_body_learns_nothing(world: World) -> None:
    with pytest.raises(NotFound):
        await world.run.get_release_table.for_caller(a_person("release.read", body="999999999"), an_identity())
    with pytest.raises(NotFound):
        await world.run.list_deliveries(a_person("delivery.read", body="999999999"), FILING, BODY)


async def test_a_reader_may_not_choose(world: World) -> None:
    with pytest.raises(Forbidden):
        await world.run.tick_box(a_person("release.read"), FILING, BODY, "CDC", is_ticked=False)


async def test_a_box_of_another_body_is_out_of_reach(world: World) -> None:
    intruder = a_person("release.choose", body="999999999")

    with pytest.raises(NotFound):
        await world.run.tick_box(intruder, FILING, "999999999", "CDC", is_ticked=True)


async def test_unticking_is_seen_in_the_table_with_who_and_when(world: World) -> None:
    row = await world.run.tick_box(DIRECTOR, FILING, BODY, "CDC", is_ticked=False)
    table = await world.run.get_release_table.for_caller(DIRECTOR, an_identity())

    assert (row.decision.is_allowed, row.decided_by) == (False, "anne")
    assert row in table.rows
    assert world.kinds() == ["MatrixPublished", "BoxChosen"]


async def test_ticking_twice_is_one_version(world: World) -> None:
    await world.run.tick_box(DIRECTOR, FILING, BODY, "CDC", is_ticked=False)
    await world.run.tick_box(DIRECTOR, FILING, BODY, "CDC", is_ticked=False)

    assert len(world.store.kept.boxes) == 1


async def test_a_box_the_controller_keeps_closed_cannot_be_ticked(world: World) -> None:
    with pytest.raises(BoxNotOffered):
        await world.run.tick_box(DIRECTOR, FILING, BODY, "FED-ESH", is_ticked=True)


async def test_the_boxes_of_a_signed_filing_are_fixed(world: World) -> None:
    world.filings.filings[FILING] = PresentFiling(an_identity(), is_signed=True)

    with pytest.raises(FilingAlreadySigned):
        await world.run.tick_box(DIRECTOR, FILING, BODY, "CDC", is_ticked=False)


async def test_a_signed_version_reaches_each_recipient_once(world: World) -> None:
    report = world.containers.sign(recipients=("MIN", "CDC"))

    first = await world.run.dispatch_filing(report)
    repeated = await world.run.dispatch_filing(report)
    under_another_event = await world.run.dispatch_filing(replace(report, event_id="other"))

    assert (first, repeated, under_another_event) == (2, 0, 0)
    assert world.kinds() == ["MatrixPublished", "FilingDispatched", "FilingDispatched"]


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": frozenset({"MIN"})},
        {"recipients": frozenset({"MIN", "CDC", "CGLLS"})},
        {"container_digest": "0" * 64},
        {"content_digest": "0" * 64},
        {"identity": an_identity(body="999999999")},
        {"identity": an_identity(document="QDIS")},
        {"identity": an_identity(year=2023)},
        {"identity": an_identity(family="ESH")},
        {"identity": an_identity(departement="69")},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_report_that_differs_from_the_signed_bytes_is_refused(world: World, changes: dict[str, object]) -> None:
    report = replace(world.containers.sign(), **changes)  # type: ignore[arg-type] # parametrised

    with pytest.raises(ReleaseTermsMismatch):
        await world.run.dispatch_filing(report)

    assert not world.store.kept.dispatches


async def test_terms_of_a_matrix_that_was_never_published_here_are_refused() -> None:
    world = World()

    with pytest.raises(ReleaseTermsMismatch):
        await world.run.dispatch_filing(world.containers.sign())


async def test_terms_of_an_earlier_matrix_still_stand(world: World) -> None:
    await world.run.provision_matrix(shipped_matrix() + " ")

    assert await world.run.dispatch_filing(world.containers.sign()) == 2


async def test_nothing_is_sent_for_a_version_that_is_not_signed(world: World) -> None:
    with pytest.raises(NotFound):
        await world.run.dispatch_filing(a_report())


async def test_unticking_after_signature_stops_the_next_version_only(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign(1, ("MIN", "CDC")))
    await world.run.dispatch_filing(world.containers.sign(2, ("MIN",)))

    release, notice = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries

    assert (release.filing.version, release.standing) == (1, Standing.WITHDRAWN)
    assert (notice.kind, notice.dispatch.id, notice.reason) == ("withdrawal", release.id, "not_released")
    assert world.kinds().count("FilingWithheld") == world.kinds().count("NoticeGiven") == 1


async def test_a_partner_reads_its_own_feed_and_no_other(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign(recipients=("MIN", "CDC")))
    mine = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries
    other = await world.run.read_feed(a_partner("CGLLS"), 0, 0)

    assert ([entry.sequence for entry in mine], other.entries) == ([1], ())
    with pytest.raises(UnknownDelivery) as theirs:
        await world.run.fetch_delivery(a_partner("CGLLS"), mine[0].id)
    with pytest.raises(UnknownDelivery) as nothing:
        await world.run.fetch_delivery(a_partner("CGLLS"), UUID(int=999))
    assert (theirs.value.message, theirs.value.metadata) == (nothing.value.message, nothing.value.metadata)
    with pytest.raises(UnknownDelivery):
        await world.run.acknowledge_delivery(a_partner("CGLLS"), mine[0].id)


async def test_a_person_has_no_feed(world: World) -> None:
    with pytest.raises(UnknownPartner):
        await world.run.read_feed(a_person("feed.read"), 0, 0)


async def test_the_first_read_is_the_delivery_and_later_ones_give_the_same_bytes(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign())
    (entry,) = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries

    container, delivered = await world.run.fetch_delivery(a_partner("CDC"), entry.id)
    again, later = await world.run.fetch_delivery(a_partner("CDC"), entry.id)

    assert container == again == a_container(world.containers.contents[FILING, 1])
    assert later.delivered_at == delivered.delivered_at
    assert delivered.delivered_at is not None
    assert delivered.delivered_at - NOON < timedelta(minutes=1)
    assert world.kinds().count("FilingDelivered") == 1


async def test_a_container_that_changed_is_not_given_out(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign())
    (entry,) = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries
    world.containers.contents[FILING, 1] += b" "

    with pytest.raises(ContainerMismatch):
        await world.run.fetch_delivery(a_partner("CDC"), entry.id)

    assert world.kinds().count("FilingDelivered") == 0


async def test_acknowledging_comes_after_reading_and_may_be_repeated(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign())
    (entry,) = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries
    with pytest.raises(DispatchNotDelivered):
        await world.run.acknowledge_delivery(a_partner("CDC"), entry.id)

    await world.run.fetch_delivery(a_partner("CDC"), entry.id)
    first = await world.run.acknowledge_delivery(a_partner("CDC"), entry.id)
    second = await world.run.acknowledge_delivery(a_partner("CDC"), entry.id)

    assert first.state is DispatchState.ACKNOWLEDGED
    assert first == second


async def test_a_reopened_version_is_suspended_in_the_feed_of_each_recipient_once(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign())

    first = await world.run.suspend_filing("reopened", FILING, 1, REOPENED)
    repeated = await world.run.suspend_filing("reopened", FILING, 1, REOPENED)
    release, notice = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries

    assert (first, repeated) == (2, 0)
    assert (notice.sequence, notice.kind, notice.reason, notice.since) == (2, "suspension", "reopened", REOPENED)
    assert (notice.dispatch.id, release.standing) == (release.id, Standing.SUSPENDED)
    assert world.kinds().count("NoticeGiven") == 2


async def test_a_reopening_of_what_nobody_received_is_kept_for_when_it_is_routed(world: World) -> None:
    assert await world.run.suspend_filing("reopened", FILING, 1, REOPENED) == 0

    await world.run.dispatch_filing(world.containers.sign())

    release, notice = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries
    assert (release.sequence, notice.sequence, notice.kind) == (1, 2, NoticeKind.SUSPENSION)


async def test_a_suspended_version_is_handed_out_only_as_suspended(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign())
    await world.run.suspend_filing("reopened", FILING, 1, REOPENED)
    release, _ = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries

    with pytest.raises(DispatchSuspended):
        await world.run.fetch_delivery(a_partner("CDC"), release.id)
    assert world.kinds().count("FilingDelivered") == 0
    _, entry = await world.run.fetch_delivery(a_partner("CDC"), release.id, accepts_suspended=True)

    assert (entry.state, entry.standing) == (DispatchState.DELIVERED, Standing.SUSPENDED)
    assert world.store.kept.facts[-1].standing == "suspended"  # type: ignore[union-attr] # the last fact is a delivery


async def test_a_suspension_that_comes_while_the_container_is_had_is_obeyed(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign())
    release, *_ = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries

    async def reopen() -> None:
        await world.run.suspend_filing("reopened", FILING, 1, REOPENED)

    world.containers.before_fetching = reopen
    with pytest.raises(DispatchSuspended):
        await world.run.fetch_delivery(a_partner("CDC"), release.id)

    assert world.kinds().count("FilingDelivered") == 0


async def test_what_was_withdrawn_before_it_was_read_is_never_handed_out(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign(1, ("MIN", "CDC")))
    await world.run.dispatch_filing(world.containers.sign(2, ("MIN",)))
    release, _ = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries

    with pytest.raises(DispatchWithdrawn):
        await world.run.fetch_delivery(a_partner("CDC"), release.id, accepts_suspended=True)


async def test_a_notice_has_no_container_and_is_taken_into_account_once(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign())
    await world.run.suspend_filing("reopened", FILING, 1, REOPENED)
    _, notice = (await world.run.read_feed(a_partner("CDC"), 0, 0)).entries

    with pytest.raises(UnknownDelivery):
        await world.run.fetch_delivery(a_partner("CDC"), notice.id, accepts_suspended=True)
    with pytest.raises(UnknownDelivery):
        await world.run.acknowledge_delivery(a_partner("MIN"), notice.id)
    first = await world.run.acknowledge_delivery(a_partner("CDC"), notice.id)
    second = await world.run.acknowledge_delivery(a_partner("CDC"), notice.id)
    followed, of_the_ministry = sorted(
        await world.run.list_deliveries(DIRECTOR, FILING, BODY), key=lambda one: one.dispatch.recipient
    )

    assert first.acknowledged_at == second.acknowledged_at is not None
    assert followed.notice is not None
    assert followed.notice.acknowledged_at == first.acknowledged_at
    assert of_the_ministry.notice is not None
    assert of_the_ministry.notice.acknowledged_at is None
    assert world.kinds().count("FilingAcknowledged") == 1


async def test_a_version_that_was_signed_after_another_one_than_was_sent_goes_to_nobody(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign(1))

    with pytest.raises(ReleaseTermsMismatch):
        await world.run.dispatch_filing(world.containers.sign(2, previous="0" * 64))
    assert await world.run.dispatch_filing(world.containers.sign(2, previous=a_report(1).content_digest)) == 2


async def test_the_body_sees_who_received_what(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign(1, ("MIN", "CDC")))
    await world.run.dispatch_filing(world.containers.sign(2, ("MIN",)))

    deliveries = await world.run.list_deliveries(DIRECTOR, FILING, BODY)

    assert [(one.dispatch.recipient, one.dispatch.filing.version, one.dispatch.standing) for one in deliveries] == [
        ("MIN", 2, Standing.CURRENT),
        ("MIN", 1, Standing.REPLACED),
        ("CDC", 1, Standing.WITHDRAWN),
    ]
    assert [one.notice and one.notice.kind for one in deliveries] == [None, None, NoticeKind.WITHDRAWAL]
