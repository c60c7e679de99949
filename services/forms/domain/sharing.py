"""Shared facts: which changed cells other servers must hear of, and what a received fact does to a cell here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chassis.errors import Violation
from formsets import Concept, FormSet
from formsets.values import parse
from formsets.workflow import differing_facts
from services.forms.domain.cell import Cell, Origin, OtherValue, Source, first_version
from services.forms.domain.filing import Document
from services.forms.domain.refusing import about_cell


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
    beside: OtherValue | None = None
    """Of a value put back that is in conflict: the other value, which stands beside it again."""


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
        put_back = cell.source.put_back
        if cell.source.origin in (Origin.SYNCHRONISED, Origin.CHOSEN) and put_back is None:
            # Given by sync, or chosen through sync: it knows.
            continue
        source = FactSource.IMPORTED if cell.source.origin is Origin.IMPORTED else FactSource.TYPED
        # Putting a value back is an act of today: told with its first time, it would stand behind what it undoes.
        act = put_back or cell.source
        beside = cell.conflict if put_back else None
        facts.append(ChangedFact(concept.code, cell.address, cell.value, source, act.author, act.at, beside))
    return facts


def computed_facts(form_set: FormSet, moved: Mapping[str, str], author: str, at: datetime) -> list[ChangedFact]:
    """Return the computed concepts of an ER among cells whose value changed; they travel to the federation only.

    Values are as validation gives them: unrounded, ten decimals (decisions.md 7), so that controls agree on both sides.
    """
    return [
        ChangedFact(concept.code, concept.cell, moved[concept.cell], FactSource.COMPUTED, author, at)
        for concept in form_set.concepts
        if concept.nature == "computed" and concept.cell in moved
    ]


def receivable(form_set: FormSet, document: Document, facts: Iterable[ReceivedFact]) -> list[ReceivedFact]:
    """Return the facts that a filing of this document may take in.

    Another server writes nothing but the shared concepts that travel this way, under their own address and in written
    form; whatever else it says is left out. The server that holds the ER computes its own totals.
    """
    taken = [fact for fact in facts if _is_receivable(form_set, document, fact)]
    # The ER is what seals: reopened, its own cells are free again.
    return [replace(fact, is_sealed=False) for fact in taken] if document is Document.ER else taken


def _is_receivable(form_set: FormSet, document: Document, fact: ReceivedFact) -> bool:
    concept = form_set.concept_of(fact.address) if form_set.has_cell(fact.address) else None
    if concept is None or concept.code != fact.concept or concept.cell != fact.address:
        return False
    if document is Document.ER and (concept.direction != "both" or form_set.is_computed(fact.address)):
        return False
    values = (fact.value, fact.conflict.value if fact.conflict else "")
    return all(_is_written_form(form_set, concept, value) for value in values)


def _is_written_form(form_set: FormSet, concept: Concept, value: str) -> bool:
    try:
        return not value or parse(value, form_set.cell_type(concept.cell)) is not None
    except ValueError:
        return False


def receive(cells: Mapping[str, Cell], facts: Iterable[ReceivedFact]) -> list[Cell]:
    """Return the cells that received facts change; a repeat changes nothing."""
    changed = []
    for fact in facts:
        present = cells.get(fact.address)
        if present is None and not (fact.value or fact.conflict or fact.is_sealed):
            continue
        cell = _received(present, fact)
        if cell != present:
            changed.append(cell)
    return changed


def _received(present: Cell | None, fact: ReceivedFact) -> Cell:
    source = Source(Origin.SYNCHRONISED, fact.author, fact.at, server=fact.server)
    if present is None:
        cell = first_version(fact.address, fact.value, source)
    elif present.value == fact.value:
        cell = present
    else:
        cell = present.changed(fact.value, source)
    return replace(cell, conflict=fact.conflict, is_provisional=fact.is_provisional, is_sealed=fact.is_sealed)


def has_only_marks_changed(before: Cell | None, after: Cell) -> bool:
    """Tell whether a received fact left the value as it is: another value stands beside it, or it is final, or sealed."""
    return before is not None and before.version == after.version


def differing(cells: Mapping[str, Cell]) -> list[Violation]:
    """Return Q-01 about each shared fact that another server holds with another value, and nobody has chosen."""
    awaiting = {address: cell.conflict for address, cell in cells.items() if cell.awaits_choice and cell.conflict}
    here, there = {a: cells[a].value for a in awaiting}, {a: other.value for a, other in awaiting.items()}
    return [_differs(address, here[address], awaiting[address]) for address in differing_facts(here, there)]


def _differs(address: str, value: str, other: OtherValue) -> Violation:
    return about_cell(
        address,
        "Q-01",
        ("Donnée commune différente entre ER et QDIS.", "A shared fact differs between the ER and the QDIS."),
        ("Choisissez la valeur à garder.", "Choose the value to keep."),
        said=(
            f"« {value or 'vide'} » ici, « {other.value or 'vide'} » sur {other.server}",
            f"“{value or 'empty'}” here, “{other.value or 'empty'}” on {other.server}",
        ),
    )


def sealed_facts(
    form_set: FormSet,
    content: Mapping[str, str],
    cells: Mapping[str, Cell],
    computed: Mapping[str, str],
    signatory: str,
    at: datetime,
) -> list[ChangedFact]:
    """Return every concept of an ER as it was signed.

    Args:
        form_set: the form set of the filing.
        content: what was signed, computed cells rounded for release.
        cells: the cells, whose authors stay the authors of their values.
        computed: computed cells unrounded, as they travel (decisions.md 7).
        signatory: who signed; author of what no person wrote.
        at: when it was signed: what everybody on this server knew by then is what the seal is about.
    """
    facts = []
    for concept in form_set.concepts:
        address = concept.cell
        if concept.nature == "computed":
            facts.append(
                ChangedFact(concept.code, address, computed.get(address, ""), FactSource.COMPUTED, signatory, at)
            )
            continue
        cell = cells.get(address)
        source = FactSource.IMPORTED if cell and cell.source.origin is Origin.IMPORTED else FactSource.TYPED
        author = cell.source.author if cell else signatory
        facts.append(ChangedFact(concept.code, address, content.get(address, ""), source, author, at))
    return facts
