"""A form package in memory: forms, lines, concepts, controls and the questions asked about a cell address.

A cell address is `LINE.column`, always with its column: `BA.010.brut`.
"""

import datetime as dt
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from formsets.accounts import AccountRule
from formsets.canonical import DIGEST_FILE, digest_of, read_contents
from formsets.reference_lists import ReferenceList, reference_list

Document = Literal["ER", "QDIS"]
Nature = Literal["input", "computed", "prefilled"]
Direction = Literal["both", "er_to_qdis"]
Severity = Literal["B", "T", "A", "R"]
Mark = Literal["carry", "beside", "never"]
"""Last year's answer: written in the empty cell, shown beside it, or neither (F32)."""

_HOME = Path(__file__).parent
_Item = TypeVar("_Item")


class UnknownFormSet(LookupError):
    """No package of this version is shipped."""


class UnknownCell(LookupError):
    """The package has no such form, line or cell."""


class FormSetCorrupt(ValueError):
    """The files of a package do not give the digest written beside them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a form: the same question asked in each column."""

    code: str
    """Official code, `BA.010`."""
    label: str
    type: str
    """M, MS, N, NS, N2, P, D1, D2, T<n>, DATE, BOOL, ENUM, SIREN, SIRET, INSEE5, CP5, EMAIL or TEL."""
    accounts: str
    """Accounts of the trial balance, as the regulation writes them."""
    formula: str
    """Expression of a computed line, empty for an input line."""
    mode: str | None
    """QDIS only: S alias of an ER cell, D derived from shared facts, O typed for the QDIS."""
    required: bool
    concepts: Mapping[str, str]
    """Column → concept, on ER lines."""
    alias_of: str | None
    """QDIS mode S: the ER cell this line shows."""
    concept: str | None
    """QDIS mode S: the shared concept of that cell."""
    direction: Direction | None
    """QDIS mode S: whether it may be typed on the QDIS side too."""
    prefilled: bool
    """Comes from the filing of an earlier year."""
    enum_values: tuple[str, ...]
    """Allowed values of an ENUM, empty for other types."""
    requires_all: bool
    """The formula is empty unless every operand is filled (AF.210, decisions.md 6)."""
    last_year: Mapping[str, Mark] = field(default_factory=dict)
    """Column → what it does with last year's answer (F32)."""
    last_year_from: Mapping[str, str] = field(default_factory=dict)
    """Column → the cell of last year's filing that holds that answer, where it is another one."""


@dataclass(frozen=True, slots=True)
class Form:
    """One table of a document."""

    code: str
    title: str
    document: Document
    columns: tuple[str, ...]
    default_column: str
    formula_columns: tuple[str, ...]
    """Columns in which the formula of a computed line applies."""
    derived_columns: Mapping[str, str]
    """Column → expression over the other columns of the same line (`net` → `brut-amort`)."""
    prefilled_columns: tuple[str, ...]
    lines: tuple[Line, ...]
    note: Mapping[str, str] = field(default_factory=dict)
    """Language (`fr`, `en`) → what to know before filling the form; empty when there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A fact shared by the ER and the QDIS; its code never changes from one version to the next."""

    code: str
    cell: str
    """The ER cell that holds it."""
    label: str
    type: str
    nature: Nature
    direction: Direction
    """`both`: typed on either side while the ER is open; `er_to_qdis`: travels to the federation only."""
    aliases: tuple[str, ...]
    """QDIS cells that show it."""


@dataclass(frozen=True, slots=True)
class ControlText:
    """The three parts of a control's message in one language."""

    what: str
    where: str
    how: str

    def __str__(self) -> str:
        """The three parts in one line."""
        return f"{self.what} {self.where} {self.how}"


@dataclass(frozen=True, slots=True)
class Control:
    """One official control. Its expression is data; `null` expressions are rules of the software itself."""

    id: str
    severity: Severity
    """B refused at save, T blocks transmission, A to correct or justify, R remark."""
    expression: str | None
    scope: str
    message: str
    """The official short sentence, in French."""
    document: Literal["ER", "QDIS", "whole"] | None
    texts: Mapping[str, ControlText]
    """Language (`fr`, `en`) → the message in three parts."""
    in_force_from: dt.date | None = None
    """Closing date of the first exercice asked, None without bound."""
    in_force_until: dt.date | None = None
    """Closing date of the last exercice asked, None without bound."""

    def text(self, language: str) -> ControlText:
        """The message in this language, French when there is none."""
        return self.texts.get(language) or self.texts["fr"]


@dataclass(frozen=True, eq=False)
class FormSet:
    """A whole package, indexed. Immutable: share one instance freely."""

    version: str
    digest: str
    forms: tuple[Form, ...]
    concepts: tuple[Concept, ...]
    controls: tuple[Control, ...]
    quartiles: tuple[Mapping[str, Any], ...]
    """One mapping per ratio: code, label, then group → (Q1, median, Q3) as decimal strings."""
    closed_cells: frozenset[str]
    opened_from: dt.date | None = None
    """First day on which an exercice of this version opens, None without bound."""
    opened_until: dt.date | None = None
    """Last day on which an exercice of this version opens, None without bound."""
    breaks: frozenset[str] = frozenset()
    """Lines that are not comparable with those of the version before, though their code is the same."""
    accounts: tuple[AccountRule, ...] = ()
    """Which accounts of a trial balance fill which cells."""
    lists: Mapping[str, ReferenceList] = field(default_factory=dict)
    """Reference lists by name: `communes`, the official geographic code (F-10)."""
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Control → its `passing` and its `failing` example (services/validation/domain/examples.py)."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FormSet) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def applies_to(self, opened_on: dt.date) -> bool:
        """Whether an exercice opened on this day is filed with this version (control F-28)."""
        after = self.opened_from is None or self.opened_from <= opened_on
        return after and (self.opened_until is None or opened_on <= self.opened_until)

    def form(self, code: str) -> Form:
        """The form of this code.

        Raises:
            UnknownCell: no such form.
        """
        return _found(self._forms, code, "form")

    def line(self, code: str) -> Line:
        """The line of this code (`BA.010`).

        Raises:
            UnknownCell: no such line.
        """
        return _found(self._lines, code, "line")

    def control(self, identifier: str) -> Control:
        """The control of this official id.

        Raises:
            UnknownCell: no such control.
        """
        return _found(self._controls, identifier, "control")

    def concept(self, code: str) -> Concept:
        """The concept of this code.

        Raises:
            UnknownCell: no such concept.
        """
        return _found(self._concepts, code, "concept")

    def has_cell(self, address: str) -> bool:
        """Whether the package knows this address."""
        return address in self._cells

    def cells(self, document: str = "whole") -> tuple[str, ...]:
        """Every address of a document in form order; of both documents for `whole`."""
        return self._cells_by_document[document]

    def computed_cells(self, document: str = "whole") -> tuple[str, ...]:
        """Every address of a document that a formula fills, in form order."""
        return self._computed_by_document[document]

    def cell_type(self, address: str) -> str:
        """Type of the line the cell belongs to."""
        return self._cell(address).type

    def line_of(self, address: str) -> Line:
        """The line this cell belongs to."""
        return self._cell(address)

    def form_of(self, address: str) -> Form:
        """The form this cell belongs to."""
        self._cell(address)
        return self._forms[address[:2]]

    def document_of(self, address: str) -> Document:
        """ER or QDIS."""
        return self.form_of(address).document

    def is_computed(self, address: str) -> bool:
        """Whether a formula fills the cell: total lines, derived columns, QDIS modes S and D."""
        self._cell(address)
        return address in self._computed

    def formula_of(self, address: str) -> str:
        """The expression that fills the cell, as the package writes it; empty when a person fills it."""
        if not self.is_computed(address):
            return ""
        return self.form_of(address).derived_columns.get(column_of(address)) or self.line_of(address).formula

    def is_closed(self, address: str) -> bool:
        """Whether the cell takes no value at all (control F-19)."""
        return address in self.closed_cells

    def is_prefilled(self, address: str) -> bool:
        """Whether the cell comes from the filing of an earlier year (control F-21)."""
        line = self._cell(address)
        return line.prefilled or column_of(address) in self._forms[address[:2]].prefilled_columns

    def last_year_mark(self, address: str) -> Mark:
        """What the cell does with last year's answer."""
        return self._cell(address).last_year.get(column_of(address), "never")

    def last_year_cell(self, address: str) -> str:
        """The cell of last year's filing that holds the answer for this one."""
        return self._cell(address).last_year_from.get(column_of(address), address)

    def is_required(self, address: str) -> bool:
        """Whether the cell must be filled (control F-31): the default column of a required line."""
        return self._cell(address).required and column_of(address) == self.form_of(address).default_column

    def accepts_input(self, address: str) -> bool:
        """Whether a person may type the cell.

        True for open cells without a formula, and for QDIS aliases of direction `both`: typing there is typing the
        shared fact (decisions.md 3), though the cell is_computed.
        """
        line = self._cell(address)
        if self.is_closed(address):
            return False
        return address not in self._computed or line.direction == "both"

    def concept_of(self, address: str) -> Concept | None:
        """The shared concept behind an ER cell or a QDIS alias, None when the cell is not shared."""
        self._cell(address)
        return self._concept_by_cell.get(address)

    def label(self, address: str) -> str:
        """French label of the cell: the line's label, with the column when the form has several."""
        line = self._cell(address)
        form = self._forms[address[:2]]
        return line.label if len(form.columns) == 1 else f"{line.label} — {column_of(address)}"

    def _cell(self, address: str) -> Line:
        line = self._cells.get(address)
        if line is None:
            raise UnknownCell(f"Form set {self.version} has no cell {address}.")
        return line

    @functools.cached_property
    def _forms(self) -> Mapping[str, Form]:
        return {form.code: form for form in self.forms}

    @functools.cached_property
    def _lines(self) -> Mapping[str, Line]:
        return {line.code: line for form in self.forms for line in form.lines}

    @functools.cached_property
    def _controls(self) -> Mapping[str, Control]:
        return {control.id: control for control in self.controls}

    @functools.cached_property
    def _concepts(self) -> Mapping[str, Concept]:
        return {concept.code: concept for concept in self.concepts}

    @functools.cached_property
    def _cells(self) -> Mapping[str, Line]:
        return {f"{line.code}.{column}": line for form in self.forms for line in form.lines for column in form.columns}

    @functools.cached_property
    def _cells_by_document(self) -> Mapping[str, tuple[str, ...]]:
        documents: dict[str, tuple[str, ...]] = {"whole": tuple(self._cells)}
        for document in ("ER", "QDIS"):
            documents[document] = tuple(a for a in self._cells if self._forms[a[:2]].document == document)
        return documents

    @functools.cached_property
    def _computed(self) -> frozenset[str]:
        return frozenset(
            f"{line.code}.{column}"
            for form in self.forms
            for line in form.lines
            for column in form.columns
            if column in form.derived_columns or (line.formula and column in form.formula_columns)
        )

    @functools.cached_property
    def _computed_by_document(self) -> Mapping[str, tuple[str, ...]]:
        by_document = self._cells_by_document.items()
        return {document: tuple(a for a in cells if a in self._computed) for document, cells in by_document}

    @functools.cached_property
    def _concept_by_cell(self) -> Mapping[str, Concept]:
        by_cell = {concept.cell: concept for concept in self.concepts}
        by_cell.update((alias, concept) for concept in self.concepts for alias in concept.aliases)
        return by_cell


def column_of(address: str) -> str:
    """The column part of an address."""
    return address.rpartition(".")[2]


def line_code_of(address: str) -> str:
    """The line part of an address."""
    return address.rpartition(".")[0]


def available() -> tuple[str, ...]:
    """Versions shipped, oldest first."""
    return tuple(sorted(folder.parent.name for folder in _HOME.glob(f"*/{DIGEST_FILE}")))


def version_for(opened_on: dt.date) -> str:
    """The version with which an exercice opened on this day is filed; the newest when several apply.

    Raises:
        UnknownFormSet: no version applies.
    """
    for version in reversed(available()):
        if load(version).applies_to(opened_on):
            return version
    raise UnknownFormSet(f"No form set applies to an exercice opened on {opened_on}.")


@functools.lru_cache(maxsize=16)
def load(version: str) -> FormSet:
    """The shipped package of this version, verified; the same instance each time.

    Raises:
        UnknownFormSet: no such version.
        FormSetCorrupt: its files do not match its digest.
    """
    if version not in available():
        raise UnknownFormSet(f"Form set {version} is not one of {', '.join(available())}.")
    return read(_HOME / version)


def read(folder: Path) -> FormSet:
    """Read and verify the package in a folder.

    Raises:
        FormSetCorrupt: a file is missing, is not JSON, or the whole does not match the digest.
    """
    try:
        contents = read_contents(folder)
        expected = (folder / DIGEST_FILE).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise FormSetCorrupt(f"Form set in {folder.name} cannot be read: {error}") from error
    digest = digest_of(contents)
    if digest != expected:
        raise FormSetCorrupt(f"Form set in {folder.name} has digest {digest}, but {expected} is written beside it.")
    return assemble(contents, digest)


def assemble(contents: Mapping[str, Any], digest: str) -> FormSet:
    """The package of parsed files that follow `package.schema.json`."""
    head = contents["formset.json"]
    return FormSet(
        version=head["version"],
        digest=digest,
        forms=tuple(_form(raw) for raw in contents["forms.json"]),
        concepts=tuple(Concept(**{**raw, "aliases": tuple(raw["aliases"])}) for raw in contents["concepts.json"]),
        controls=tuple(_control(raw, contents["messages.json"][raw["id"]]) for raw in contents["controls.json"]),
        quartiles=tuple(MappingProxyType(raw) for raw in contents["quartiles.json"]),
        closed_cells=frozenset(head["closed_cells"]),
        opened_from=_date(head["opened_from"]),
        opened_until=_date(head["opened_until"]),
        breaks=frozenset(head["breaks"]),
        examples=MappingProxyType(contents["examples.json"]),
        accounts=tuple(_account_rule(raw) for raw in contents["accounts.json"]),
        lists=MappingProxyType({name: reference_list(name, raw) for name, raw in contents["lists.json"].items()}),
    )


def _account_rule(raw: Mapping[str, Any]) -> AccountRule:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    return AccountRule(**fields)


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _form(raw: Mapping[str, Any]) -> Form:
    return Form(
        code=raw["code"],
        title=raw["title"],
        document=raw["document"],
        columns=tuple(raw["columns"]),
        default_column=raw["default_column"],
        formula_columns=tuple(raw["formula_columns"]),
        derived_columns=MappingProxyType(raw["derived_columns"]),
        prefilled_columns=tuple(raw["prefilled_columns"]),
        lines=tuple(_line(line) for line in raw["lines"]),
        note=MappingProxyType(raw["note"]),
    )


def _line(raw: Mapping[str, Any]) -> Line:
    mappings = {name: MappingProxyType(raw[name]) for name in ("concepts", "last_year", "last_year_from")}
    return Line(**{**raw, **mappings, "enum_values": tuple(raw["enum_values"])})


def _control(raw: Mapping[str, Any], message: Mapping[str, Any]) -> Control:
    texts = {language: ControlText(**parts) for language, parts in message["texts"].items()}
    dates = {name: _date(raw[name]) for name in ("in_force_from", "in_force_until")}
    return Control(**{**raw, **dates}, message=message["message"], texts=MappingProxyType(texts))


def _found(index: Mapping[str, _Item], key: str, kind: str) -> _Item:
    found = index.get(key)
    if found is None:
        raise UnknownCell(f"There is no {kind} {key}.")
    return found
