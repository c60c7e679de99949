"""Shared facts: which changed cells other servers must hear of, and what a received fact does to a cell here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from formsets import FormSet
from services.forms.domain.cell import Cell, Origin, OtherValue, Source, first_version
from services.forms.domain.filing import Document


class FactSource(StrEnum):
    """Where a published fact comes from on its own server."""

    TYPED = "typed"
    IMPORTED = "imported"
    COMPUTED = "computed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class ChangedFact:
    """A fact that changed here."""

    concept: str
    address: str
    value: str
    source: FactSource
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReceivedFact:
    """A fact as another server gave it."""

    concept: str
    address: str
    value: str
    server: str
    author: str
    at: datetime
    is_computed: bool
    is_provisional: bool
    is_sealed: bool
    conflict: OtherValue | None = None


def facts_of(form_set: FormSet, document: Document, cells: Iterable[Cell]) -> list[ChangedFact]:
    """Return the input facts among changed cells; values that came from another server are not sent back."""
    facts = []
    for cell in cells:
        concept = form_set.concept_of(cell.address)
        if concept is None or concept.cell != cell.address or concept.nature == "computed":
            continue
        if document is Document.QDIS and concept.direction != "both":
            continue
        if cell.source.origin is Origin.SYNCHRONISED:
            continue
        source = FactSource.IMPORTED if cell.source.origin is Origin.IMPORTED else FactSource.TYPED
        facts.append(ChangedFact(concept.code, cell.address, cell.value, source, cell.source.author, cell.source.at))
    return facts


def computed_facts(
    form_set: FormSet, before: Mapping[str, str], after: Mapping[str, str], author: str, at: datetime
) -> list[ChangedFact]:
    """Return the computed concepts of an ER whose value changed; they travel to the federation only.

    Values are as validation gives them: unrounded, ten decimals (decisions.md 7), so that controls agree on both sides.
    """
    facts = []
    for concept in form_set.concepts:
        if concept.nature != "computed":
            continue
        new = after.get(concept.cell, "")
        if before.get(concept.cell, "") != new:
            facts.append(ChangedFact(concept.code, concept.cell, new, FactSource.COMPUTED, author, at))
    return facts


def receive(cells: Mapping[str, Cell], facts: Iterable[ReceivedFact]) -> list[Cell]:
    """Return the cells that received facts change; a repeat changes nothing."""
    changed = []
    for fact in facts:
        present = cells.get(fact.address)
        same = present is not None and (
            present.value == fact.value
            and present.conflict == fact.conflict
            and present.is_provisional == fact.is_provisional
        )
        if same or (present is None and not fact.value):
            continue
        changed.append(_received(present, fact))
    return changed


def _received(present: Cell | None, fact: ReceivedFact) -> Cell:
    source = Source(Origin.SYNCHRONISED, fact.author, fact.at, server=fact.server)
    if present is None:
        cell = first_version(fact.address, fact.value, source)
    elif present.value == fact.value:
        cell = present
    else:
        cell = present.changed(fact.value, source)
    return replace(cell, conflict=fact.conflict, is_provisional=fact.is_provisional)
