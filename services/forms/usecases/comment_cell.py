"""Comments and flags on cells."""

from uuid import UUID

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.addressing import place_of
from services.forms.domain.comment import CellComment, require_sayable
from services.forms.domain.errors import CellsRefused
from services.forms.domain.filing import Filing
from services.forms.domain.refusing import elsewhere
from services.forms.usecases.evaluating import refresh
from services.forms.usecases.permitting import READ, require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork


def _kept_at(form_sets: FormSets, filing: Filing, address: str) -> str:
    form_set = form_sets.load(filing.form_set)
    place = place_of(form_set, filing.document, address)
    if place.refusal in ("unknown", "elsewhere"):
        raise CellsRefused([elsewhere(form_set, filing.document, address)])
    return place.address


class CommentCell:
    """Writes a comment or changes the flag, at any step: it changes nothing that is signed.

    The flag of a cell that comes from an earlier year counts in the controls (H-01): the filing is evaluated anew.
    """

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(
        self, caller: Caller, filing_id: UUID, address: str, text: str, *, is_flagged: bool
    ) -> CellComment:
        """Keep a comment.

        Raises:
            FilingUnknown: no such filing for this caller.
            CellsRefused: no such cell in this document.
            CommentRefused: too long, or nothing said and the flag as it was.
        """
        text = text.strip()
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.edit", filing)
            form_set, now = self._form_sets.load(filing.form_set), self._clock.now()
            kept_at = _kept_at(self._form_sets, filing, address)
            before = await work.comments.of(filing_id, kept_at)
            require_sayable(text, is_flagged=is_flagged, was_flagged=bool(before) and before[0].is_flagged)
            comment = CellComment(self._identifiers.next(), filing_id, kept_at, text, caller.name, now, is_flagged)
            await work.comments.add(comment)
            if form_set.is_prefilled(kept_at) and filing.lock is None and not filing.is_closed_by_signature:
                cells = await work.cells.of(filing_id)
                await refresh(work, self._controls, form_set, filing, cells, caller.name, now)
            await work.commit()
        return comment


class ListComments:
    """Lists the comments and flags of a filing, or of one cell."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID, address: str = "") -> list[CellComment]:
        """Return comments, newest first, at most a thousand.

        Raises:
            FilingUnknown: no such filing for this caller.
            CellsRefused: no such cell in this document.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            kept_at = _kept_at(self._form_sets, filing, address) if address else ""
            return await work.comments.of(filing_id, kept_at)
