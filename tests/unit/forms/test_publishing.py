"""Each event reaches the service that reacts to it, with the id by which that recognises a repeat."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from chassis.database.relay import Delivery
from services.forms.domain.events import FilingReopened
from services.forms.domain.filing import Document
from services.forms.store.unit_of_work import to_payload
from services.forms.workers.publishing import Publishing
from tests.support.forms import FILING_ID, SIREN

EVENT = UUID(int=7)
REOPENED = datetime(2025, 9, 1, 8, 0, tzinfo=UTC)
RECORDED = REOPENED + timedelta(seconds=1)


class Recording:
    """Both receivers; remembers what each was told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    async def publish(self, event_id, payload):
        self.told.append(("sync", event_id, payload))

    async def publish_each(self, events):
        self.told.append(("sync", *events))

    async def suspend(self, event_id, filing_id, version, reopened_at):
        self.told.append(("transmission", event_id, filing_id, version, reopened_at))


@pytest.fixture
def recording():
    return Recording()


async def deliver(recording, kind, payload):
    await Publishing(recording, recording)(Delivery(EVENT, 1, kind, SIREN, payload, RECORDED))


def a_payload():
    return to_payload(FilingReopened(FILING_ID, SIREN, 2024, Document.ER, 3, "Total 123456", "Camille", REOPENED))


async def test_shared_facts_go_to_sync(recording):
    await deliver(recording, "SharedFactsChanged", {"facts": []})

    assert recording.told == [("sync", str(EVENT), {"facts": []})]


async def test_shared_facts_of_several_events_go_to_sync_in_one_call(recording):
    events = [Delivery(UUID(int=n), n, "SharedFactsChanged", SIREN, {"facts": [n]}, RECORDED) for n in (1, 2)]

    await Publishing(recording, recording).together(events)

    assert recording.told == [("sync", *((str(event.id), event.payload) for event in events))]


async def test_a_reopening_goes_to_transmission_without_what_the_person_wrote(recording):
    await deliver(recording, "FilingReopened", a_payload())

    assert recording.told == [("transmission", str(EVENT), str(FILING_ID), 3, REOPENED)]


async def test_a_reopening_of_an_earlier_release_is_of_when_it_was_recorded(recording):
    payload = {key: value for key, value in a_payload().items() if key != "at"}

    await deliver(recording, "FilingReopened", payload)

    assert recording.told[0][-1] == RECORDED


async def test_an_event_that_nobody_receives_is_not_dropped(recording):
    with pytest.raises(ValueError, match="CampaignPlanned"):
        await deliver(recording, "CampaignPlanned", {})
