"""Where a cell is kept: a QDIS alias of a shared fact is kept under the ER address of that fact (decisions.md 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from formsets import FormSet
from services.forms.domain.filing import Document

Refusal = Literal["unknown", "elsewhere", "closed", "computed", "read_only"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell of a document is kept, or why it cannot be."""

    address: str
    """The address it is kept under."""
    refusal: Refusal | None = None


def place_of(form_set: FormSet, document: Document, address: str) -> Place:
    """Return where a cell is kept in a filing of this document."""
    return _places(form_set, document).get(address) or Place(address, "unknown")


@lru_cache(maxsize=32)
def _places(form_set: FormSet, document: Document) -> Mapping[str, Place]:
    return {address: _place(form_set, document, address) for address in form_set.cells()}


def _place(form_set: FormSet, document: Document, address: str) -> Place:
    line = form_set.line_of(address)
    if form_set.document_of(address) != document:
        return _shared_place(form_set, document, address)
    if form_set.is_closed(address):
        return Place(address, "closed")
    if line.alias_of is not None:
        return Place(line.alias_of) if line.direction == "both" else Place(line.alias_of, "read_only")
    if form_set.is_computed(address):
        return Place(address, "computed")
    return Place(address)


def _shared_place(form_set: FormSet, document: Document, address: str) -> Place:
    # An ER address in a QDIS filing is a shared fact if the QDIS shows it; the reverse never is.
    concept = form_set.concept_of(address) if document is Document.QDIS else None
    if concept is None or concept.cell != address or concept.direction != "both":
        return Place(address, "elsewhere")
    return Place(address)


@lru_cache(maxsize=32)
def fillable(form_set: FormSet, document: Document) -> frozenset[str]:
    """Return where the cells are kept that a person may fill in a filing of this document.

    Kept for each package and document: a package never changes, and every save counts with this.
    """
    places = (place_of(form_set, document, address) for address in form_set.cells(document))
    return frozenset(place.address for place in places if place.refusal is None)
