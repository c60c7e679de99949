"""Keeps what a routing brings about: new dispatches, what changes of earlier ones, and the notices, with the journal."""

from services.transmission.domain.events import NoticeGiven
from services.transmission.domain.routing import Routing
from services.transmission.usecases.ports import UnitOfWork


async def keep(unit: UnitOfWork, routing: Routing) -> None:
    """Write a routing; the entries have no place in a feed yet, and nothing is committed."""
    await unit.dispatches.add(routing.added)
    for dispatch in routing.changed:
        await unit.dispatches.save(dispatch)
    await unit.notices.add(routing.notices)
    for notice in routing.notices:
        filing = notice.dispatch.filing
        await unit.journal.append(
            NoticeGiven(
                filing.identity.body,
                filing.identity.filing_id,
                filing.version,
                notice.recipient,
                str(notice.dispatch.id),
                str(notice.id),
                str(notice.kind),
                str(notice.reason),
                notice.since,
            )
        )
