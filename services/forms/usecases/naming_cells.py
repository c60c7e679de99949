"""Names the cells that a return, a reopening or a question is about, in the transaction that makes it."""

from collections.abc import Sequence
from datetime import datetime

from chassis.errors import Violation
from formsets import FormSet
from services.forms.domain.addressing import place_of
from services.forms.domain.errors import CellsRefused
from services.forms.domain.filing import Document, Filing
from services.forms.domain.refusing import elsewhere
from services.forms.domain.review import CellToReview
from services.forms.usecases.ports import FormSets, UnitOfWork

MOST_CELLS = 500
MOST_TOLD = 10


async def name_cells(
    work: UnitOfWork,
    form_sets: FormSets,
    filing: Filing,
    cells: Sequence[str],
    reason: str,
    author: str,
    at: datetime,
) -> None:
    """Keep the cells with what stands in them now; the newest reason replaces the one before; no commit.

    Raises:
        CellsRefused: a cell is not of this document, or there are too many.
    """
    if not cells:
        return
    form_set = form_sets.load(filing.form_set)
    _require_cells(form_set, filing.document, cells)
    typed, computed = await work.cells.of(filing.id), await work.cells.computed(filing.id)
    kept_at = dict.fromkeys(place_of(form_set, filing.document, cell).address for cell in cells)
    await work.to_review.ask(
        CellToReview(
            filing.id,
            address,
            typed[address].value if address in typed else computed.get(address, ""),
            reason,
            author,
            at,
        )
        for address in kept_at
    )


def _require_cells(form_set: FormSet, document: Document, cells: Sequence[str]) -> None:
    if len(cells) > MOST_CELLS:
        raise CellsRefused([Violation("cells", f"Au plus {MOST_CELLS} cases.", "TOO_MANY_CELLS")])
    known = set(form_set.cells(document))
    if wrong := [elsewhere(form_set, document, cell) for cell in cells if cell not in known]:
        raise CellsRefused(wrong)


def named(cells: Sequence[str]) -> str:
    """Return the end of an activity's sentence that names cells, empty for none."""
    return f" ({', '.join(cells[:MOST_TOLD])}{'…' if len(cells) > MOST_TOLD else ''})" if cells else ""
