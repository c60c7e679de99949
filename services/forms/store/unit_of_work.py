"""`FormsUnitOfWork`: the repositories of one transaction, and how events become outbox payloads."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.unit_of_work import Event, SqlUnitOfWork, remember_once
from chassis.identifiers import Identifiers
from services.forms.domain.events import FilingReopened, FormsEvent
from services.forms.store.attachments import SqlAttachments
from services.forms.store.campaigns import SqlActivities, SqlCampaigns
from services.forms.store.cells import SqlCells
from services.forms.store.cells_to_review import SqlCellsToReview
from services.forms.store.comments import SqlComments
from services.forms.store.edit_steps import SqlEditSteps
from services.forms.store.filings import SqlFilings
from services.forms.store.form_set_states import SqlFormSetStates
from services.forms.store.imports import SqlImports
from services.forms.store.mappings import SqlAccountMappings
from services.forms.store.other_values import stored_other
from services.forms.store.publications import SqlPublications, SqlSetAsideCells
from services.forms.store.snapshots import SignedContents, SqlSnapshots


class FormsUnitOfWork(SqlUnitOfWork):
    """One transaction of the forms service."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        identifiers: Identifiers,
        hint: Callable[[], None],
        contents: SignedContents,
    ) -> None:
        """Keep what a transaction needs; `contents` is shared by all of them."""
        super().__init__(sessions, clock, identifiers, hint)
        self._contents = contents

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction."""
        self.filings = SqlFilings(session)
        self.cells = SqlCells(session)
        self.imports = SqlImports(session)
        self.mappings = SqlAccountMappings(session)
        self.steps = SqlEditSteps(session)
        self.form_set_states = SqlFormSetStates(session)
        self.publications = SqlPublications(session)
        self.set_aside = SqlSetAsideCells(session)
        self.campaigns = SqlCampaigns(session)
        self.snapshots = SqlSnapshots(session, self._contents)
        self.activities = SqlActivities(session)
        self.to_review = SqlCellsToReview(session)
        self.comments = SqlComments(session)
        self.attachments = SqlAttachments(session)

    def publish(self, event: FormsEvent) -> None:
        """Put an event in the outbox, in the lane of its body: one a receiver, so that one that is down holds up itself."""
        lane = f"transmission/{event.siren}" if isinstance(event, FilingReopened) else event.siren
        self.record(Event(type(event).__name__, lane, to_payload(event)))

    async def is_first(self, method: str, event_id: str) -> bool:
        """Record that another service's event is applied here; False for a repeat."""
        return await remember_once(self._session, method, event_id, self._clock)


def to_payload(event: FormsEvent) -> dict[str, object]:
    """Return an event as plain JSON values; `clients/sync.py` reads the facts back."""
    if isinstance(event, FilingReopened):
        return {
            "filing_id": str(event.filing_id),
            "siren": event.siren,
            "year": event.year,
            "document": str(event.document),
            "version": event.version,
            "reason": event.reason,
            "author": event.author,
            "cells": list(event.cells),
            "at": event.at.isoformat(),
        }
    return {
        "filing_id": str(event.filing_id),
        "siren": event.siren,
        "year": event.year,
        "seals": event.seals,
        "facts": [
            {
                "concept": fact.concept,
                "address": fact.address,
                "value": fact.value,
                "source": str(fact.source),
                "author": fact.author,
                "at": fact.at.isoformat(),
                "beside": stored_other(fact.beside),
            }
            for fact in event.facts
        ],
    }
