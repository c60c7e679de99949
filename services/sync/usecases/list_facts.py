"""Returns the facts of a body and year as this server shows them."""

from services.sync.domain.view import FactView, view_of
from services.sync.usecases.ports import OpensWork
from services.sync.usecases.sending import Here


class ListFacts:
    """Reads only."""

    def __init__(self, open_work: OpensWork, here: Here) -> None:
        self._open_work, self._here = open_work, here

    async def __call__(self, siren: str, year: int) -> list[FactView]:
        """Return them by concept; facts never written are left out."""
        async with self._open_work() as work:
            facts = await work.facts.of_body(siren, year)
        views = (view_of(facts[concept], self._here.server) for concept in sorted(facts))
        return [view for view in views if view is not None]
