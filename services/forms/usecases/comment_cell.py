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
from services.forms.usecases.permitting import READ, STAFF, require_on_either
from services.forms.usecases.ports import Controls, FormSets, OpensWork
from services.forms.usecases.review_filing import REVIEW


def _kept_at(form_sets: FormSets, filing: Filing, address: str) -> str:
    form_set = form_sets.load(filing.form_set)
    place = place_of(form_set, filing.document, address)
    if place.refusal in ("unknown", "elsewhere"):
        raise CellsRefused([elsewhere(form_set, filing.document, address)])
    return place.address


class CommentCell:
    """Writes a comment or changes the flag, at any step but the last: it changes nothing that is signed.

    The flag of a cell that comes from an earlier year counts in the controls (H-01): the filing is evaluated anew. What
    an officer writes on a transmitted filing is for the body to read, and changes no flag: flags are the body's. What the
    body writes stays inside the body unless it is shared.
    """

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(
        self,
        caller: Caller,
        filing_id: UUID,
        address: str,
        text: str,
        *,
        is_flagged: bool,
        is_shared: bool = False,
    ) -> CellComment:
        """Keep a comment.

        Args:
            caller: of the body, or an officer.
            filing_id: the filing.
            address: the cell.
            text: what to say; may be empty when the flag changes.
            is_flagged: the flag after; nothing for an officer.
            is_shared: the authority reads it too, once the filing is transmitted.

        Raises:
            FilingUnknown: no such filing for this caller, or one never transmitted for an officer.
            StepRefused: the filing is archived.
            CellsRefused: no such cell in this document.
            CommentRefused: too long, or nothing said and the flag as it was.
        """
        text = text.strip()
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            is_officer = require_on_either(caller, "filing.edit", REVIEW, filing)
            filing.require_discussable()
            form_set, now = self._form_sets.load(filing.form_set), self._clock.now()
            kept_at = _kept_at(self._form_sets, filing, address)
            before = await work.comments.of(filing_id, kept_at)
            was_flagged = bool(before) and before[0].is_flagged
            comment = CellComment(
                self._identifiers.next(),
                filing_id,
                kept_at,
                text,
                caller.name,
                now,
                was_flagged if is_officer else is_flagged,
                is_shared or is_officer,
                is_officer,
            )
            require_sayable(text, is_flagged=comment.is_flagged, was_flagged=was_flagged)
            await work.comments.add(comment)
            if not is_officer:
                await work.to_review.settle(filing_id, kept_at)
            if (
                not is_officer
                and form_set.is_prefilled(kept_at)
                and filing.lock is None
                and not filing.is_closed_by_signature
            ):
                cells = await work.cells.of(filing_id)
                await refresh(work, self._controls, form_set, filing, cells, caller.name, now)
            await work.commit()
        return comment


class ListComments:
    """Lists the comments and flags of a filing, or of one cell."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID, address: str = "") -> list[CellComment]:
        """Return comments, newest first, at most a thousand; officers those of the authority and those shared with it.

        Raises:
            FilingUnknown: no such filing for this caller, or one never transmitted for an officer.
            CellsRefused: no such cell in this document.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            is_officer = require_on_either(caller, READ, STAFF, filing)
            kept_at = _kept_at(self._form_sets, filing, address) if address else ""
            return await work.comments.of(filing_id, kept_at, is_for_authority=is_officer)
