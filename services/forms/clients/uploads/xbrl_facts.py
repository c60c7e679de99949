"""Which facts of a report are ours: its taxonomy, unit, precision and kind of value are looked at, never assumed.

Prefixes mean what the report says they mean. A fact that is not ours is refused with its line, so that nothing vanishes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from formsets import FormSet, UnknownCell
from formsets.flat_file import MOST_PROBLEMS, FileProblem, Row, Sentence, file_problem, unlisted
from formsets.formats import printable
from formsets.values import NUMERIC_TYPES
from services.forms.clients.exports import xbrl

_CURRENCIES = "http://www.xbrl.org/2003/iso4217"
_PLAIN = frozenset({"concept", "entity", "period", "unit", "language"})
"""Dimensions that every report has; the note of a fact (`noteId`) would make it another one."""
_KINDS = {
    type(None): ("vide (null)", "null"),
    bool: ("un booléen", "a boolean"),
    int: ("un nombre", "a number"),
    float: ("un nombre", "a number"),
    list: ("une liste", "a list"),
    dict: ("un objet", "an object"),
}


class Reason(NamedTuple):
    """Why a fact is refused: what is wrong and how to mend it."""

    control: str
    what: Sentence
    how: Sentence


class Fact(NamedTuple):
    """One fact as a report gives it."""

    number: int
    """Its place in the report, from 1, or its row in a table."""
    name: str
    """What the report calls it."""
    value: Any
    dimensions: Mapping[str, Any]
    decimals: Any = None
    sheet: str = ""
    """Table it stands in."""


class Facts:
    """The facts of one report: those that may be read, and why the others may not."""

    def __init__(self, form_set: FormSet, namespaces: Mapping[str, Any]) -> None:
        self._form_set, self._namespaces = form_set, namespaces
        self._refused: list[FileProblem] = []
        self._unlisted = 0

    def row(self, fact: Fact) -> Row | None:
        """The fact as a cell to read, None when it is refused."""
        code = str(fact.dimensions.get("concept", "")).rpartition(":")[2]
        column = self._column(code, fact.dimensions)
        reason = self._reason(fact, f"{code}.{column}")
        if reason is not None:
            self.refuse(reason, fact, code, column)
            return None
        return Row(fact.sheet, fact.number, code, column, fact.value)

    def refuse(self, reason: Reason, fact: Fact, code: str = "", column: str = "") -> None:
        """Note a fact as refused."""
        if len(self._refused) >= MOST_PROBLEMS:
            self._unlisted += 1
            return
        shown = printable(fact.name, 40)
        self._refused.append(
            file_problem(
                reason.control,
                reason.what,
                reason.how,
                (f"Fait « {shown} ».", f"Fact “{shown}”."),
                line=fact.number,
                column=printable(column, 20),
                code=printable(code, 20),
                raw=fact.value[:200] if isinstance(fact.value, str) else "",
                sheet=fact.sheet,
            )
        )

    @property
    def refused(self) -> Iterator[FileProblem]:
        """The refused lines; beyond a thousand, how many more there are."""
        yield from self._refused
        if self._unlisted:
            yield unlisted(self._unlisted)

    def _column(self, code: str, dimensions: Mapping[str, Any]) -> str:
        said = next((value for name, value in dimensions.items() if self._is_column(name)), None)
        if said is not None:
            return str(said).rpartition(".")[2]
        try:
            return self._form_set.form(code[:2]).default_column
        except UnknownCell:
            return ""

    def _reason(self, fact: Fact, address: str) -> Reason | None:
        return (
            self._of_another_taxonomy(fact.dimensions)
            or not_a_text(fact.value)
            or (self._wrong_unit(address, fact.dimensions.get("unit")) if self._form_set.has_cell(address) else None)
            or (_wrong_decimals(fact.decimals) if self._is_number(address) else None)
        )

    def _of_another_taxonomy(self, dimensions: Mapping[str, Any]) -> Reason | None:
        concept = dimensions.get("concept", "")
        if not self._is_ours(concept):
            return _foreign("Le concept", "The concept", concept)
        for name, value in dimensions.items():
            if name in _PLAIN:
                continue
            if not self._is_column(name):
                return _foreign("La dimension", "The dimension", name)
            if not (self._is_ours(value) and str(value).partition(":")[2].startswith(f"{xbrl.DIMENSION}.")):
                return _foreign("La colonne", "The column", value)
        return None

    def _is_column(self, name: str) -> bool:
        return self._is_ours(name) and name.partition(":")[2] == xbrl.DIMENSION

    def _is_ours(self, name: Any) -> bool:
        return isinstance(name, str) and self._namespace(name) == xbrl.namespace(self._form_set)

    def _namespace(self, name: str) -> Any:
        prefix, mark, _ = name.partition(":")
        return self._namespaces.get(prefix) if mark else None

    def _is_number(self, address: str) -> bool:
        return self._form_set.has_cell(address) and self._form_set.cell_type(address) in NUMERIC_TYPES

    def _wrong_unit(self, address: str, unit: Any) -> Reason | None:
        """F-27: an amount that is not in euros, or a unit where none belongs."""
        local = unit.rpartition(":")[2] if isinstance(unit, str) else ""
        is_euro = isinstance(unit, str) and local == "EUR" and self._namespace(unit) == _CURRENCIES
        shown = printable(str(unit), 40) if unit is not None else ""
        if xbrl.is_amount(self._form_set.cell_type(address)):
            if is_euro:
                return None
            french, english = (
                (f"dans l'unité « {shown} »", f"in the unit “{shown}”") if shown else ("sans unité", "without a unit")
            )
            return Reason(
                "F-27",
                (
                    f"Le montant est {french}, les montants sont en euros ({xbrl.CURRENCY}).",
                    f"The amount is {english}; amounts are in euros ({xbrl.CURRENCY}).",
                ),
                ("Convertissez-le en euros entiers.", "Convert it to whole euros."),
            )
        if unit is None or local == "pure":
            return None
        return Reason(
            "F-27",
            (
                f"La ligne {address} n'a pas d'unité, le rapport lui donne « {shown} ».",
                f"The line {address} has no unit; the report gives it “{shown}”.",
            ),
            (
                "Retirez l'unité, ou vérifiez que la valeur est celle de cette ligne.",
                "Remove the unit, or check that the value is that of this line.",
            ),
        )


def not_a_text(value: Any) -> Reason | None:
    """F-24: a value that is no text, which could be read in more than one way or not at all; None for a text."""
    if isinstance(value, str):
        return None
    french, english = _KINDS.get(type(value), ("autre chose", "something else"))
    return Reason(
        "F-24",
        (
            f"La valeur est {french}, un texte entre guillemets est attendu.",
            f"The value is {english}; a text between quotes is expected.",
        ),
        (
            "Écrivez-la entre guillemets, avec un point décimal, ou retirez la ligne.",
            "Write it between quotes, with a decimal point, or remove the line.",
        ),
    )


NOT_DESCRIBED = Reason(
    "F-24",
    ("Le fait n'a ni valeur ni dimensions.", "The fact has neither a value nor dimensions."),
    ("Exportez le rapport de nouveau, ou retirez ce fait.", "Export the report again, or remove this fact."),
)
"""Of a fact that is no object."""


def too_long(fields: int, titles: int) -> Reason:
    """F-24: a row with more values than its table has columns."""
    return Reason(
        "F-24",
        (f"La ligne a {fields} valeurs pour {titles} colonnes.", f"The row has {fields} values for {titles} columns."),
        (
            "Mettez entre guillemets une valeur qui contient une virgule.",
            "Put a value that holds a comma between quotes.",
        ),
    )


def _foreign(french: str, english: str, name: Any) -> Reason:
    shown = printable(str(name), 60)
    return Reason(
        "F-24",
        (
            f"{french} « {shown} » n'est pas de la taxonomie de ce référentiel.",
            f"{english} “{shown}” is not of the taxonomy of this form set.",
        ),
        (
            "Retirez ce fait, ou nommez-le avec la taxonomie exportée d'ici.",
            "Remove this fact, or name it with the taxonomy exported from here.",
        ),
    )


def _wrong_decimals(decimals: Any) -> Reason | None:
    """F-27 for a number rounded to tens, thousands or more, F-24 for what says nothing; None when it is right to the unit."""
    if decimals is None:
        return None
    if isinstance(decimals, bool) or not isinstance(decimals, int):
        shown = printable(str(decimals), 20)
        return Reason(
            "F-24",
            (
                f"La précision « {shown} » ne se lit pas (decimals).",
                f"The precision “{shown}” cannot be read (decimals).",
            ),
            (
                "Donnez un nombre entier, ou rien pour une valeur exacte.",
                "Give a whole number, or nothing for an exact value.",
            ),
        )
    if decimals >= 0:
        return None
    return Reason(
        "F-27",
        (
            f"La valeur est arrondie à 10^{-decimals} (decimals {decimals}).",
            f"The value is rounded to 10^{-decimals} (decimals {decimals}).",
        ),
        (
            "Donnez la valeur exacte, à l'unité près au moins.",
            "Give the exact value, right to the unit at least.",
        ),
    )
