"""Small form sets written by hand, and the worked example of the regulation, for engine tests."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import formsets
from formsets import Control, ControlText, Form, FormSet, Line
from formsets.formats import read
from formsets.package import Mark
from formsets.reference_lists import reference_list
from formsets.values import Value

SAMPLE = Path(formsets.__file__).parent / "2024.1" / "examples" / "sample_oph.csv"


def a_line(code: str, cell_type: str = "M", formula: str = "", **changes: object) -> Line:
    """A line of a hand-written form; an input amount by default."""
    fields: dict[str, object] = {
        "code": code,
        "label": code,
        "type": cell_type,
        "accounts": "",
        "formula": formula,
        "mode": None,
        "required": False,
        "concepts": MappingProxyType({}),
        "alias_of": None,
        "concept": None,
        "direction": None,
        "prefilled": False,
        "enum_values": (),
        "requires_all": False,
    }
    return Line(**{**fields, **changes})  # type: ignore[arg-type]


def a_form(
    code: str,
    lines: Sequence[Line],
    columns: Sequence[str] = ("n",),
    derived: Mapping[str, str] | None = None,
) -> Form:
    """A form of the ER whose formulas apply in every column that is not derived."""
    derived = derived or {}
    return Form(
        code=code,
        title=code,
        document="ER",
        columns=tuple(columns),
        default_column=columns[0],
        formula_columns=tuple(column for column in columns if column not in derived),
        derived_columns=MappingProxyType(dict(derived)),
        prefilled_columns=(),
        lines=tuple(replace(line, last_year=line.last_year or dict.fromkeys(columns, "never")) for line in lines),
    )


def a_control(identifier: str, expression: str, severity: str = "A", message: str = "") -> Control:
    """A control of the ER."""
    texts = MappingProxyType({"fr": ControlText(message, "", "")})
    return Control(identifier, severity, expression, "", message or identifier, "ER", texts)  # type: ignore[arg-type]


RAW_PLACES: dict[str, Any] = {
    "source": "Somebody",
    "licence": "Open",
    "first_year": 2021,
    "last_year": 2025,
    "codes": {"21": "231 999", "97": "411"},
    "since": {"21999": 2023},
    "until": {"97411": 2023},
    "labels": {"21231": "Dijon"},
    "ended": {"21231": "97411 21000"},
}
PLACES = reference_list("places", RAW_PLACES)
"""A list of few codes: 21999 begins in 2023, 97411 ends with 2023, 21000 ended before the list."""


def a_form_set(
    forms: Sequence[Form], controls: Sequence[Control] = (), closed: Sequence[str] = (), version: str = "test"
) -> FormSet:
    """A form set of these forms; its digest tells two of them apart."""
    digest = hashlib.sha256(repr((version, forms, controls, closed)).encode()).hexdigest()
    lists = {PLACES.name: PLACES}
    return FormSet(version, digest, tuple(forms), (), tuple(controls), (), frozenset(closed), lists=lists)


def one_form(
    lines: Sequence[Line],
    controls: Sequence[Control] = (),
    columns: Sequence[str] = ("n",),
    derived: Mapping[str, str] | None = None,
    closed: Sequence[str] = (),
) -> FormSet:
    """A form set of the single form AA."""
    return a_form_set([a_form("AA", lines, columns, derived)], controls, closed)


def sample_cells(nature: str) -> dict[str, Value]:
    """Filled cells of the worked example: those typed (`saisie`) or those computed (`calcul`)."""
    form_set = formsets.load("2024.1")
    cells: dict[str, Value] = {}
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            address = f"{row['code']}.{row['colonne']}"
            if row["nature"] == nature:
                reading = read(form_set, address, row["valeur"], 2024, origin="file")
                if reading.value is not None:
                    cells[address] = reading.value
    return cells


def remarked(form_set: FormSet, marks: Mapping[str, Mapping[str, Mark]]) -> FormSet:
    """A variant of a package: other marks for last year's answer, by line and column."""
    forms = tuple(
        replace(
            form,
            lines=tuple(replace(line, last_year={**line.last_year, **marks.get(line.code, {})}) for line in form.lines),
        )
        for form in form_set.forms
    )
    return replace(form_set, digest=f"{form_set.digest} {marks}", forms=forms)


def rewritten(
    form_set: FormSet,
    dropped: Sequence[str] = (),
    retyped: Sequence[str] = (),
    computed: Sequence[str] = (),
    closed: Sequence[str] = (),
    version: str = "2026.1",
) -> FormSet:
    """A variant of a package: lines dropped, retyped as dates or computed, cells closed."""
    changes: dict[str, dict[str, Any]] = {code: {"type": "DATE"} for code in retyped} | {
        code: {"formula": "BA.030"} for code in computed
    }
    forms = tuple(
        replace(
            form,
            lines=tuple(replace(line, **changes.get(line.code, {})) for line in form.lines if line.code not in dropped),
        )
        for form in form_set.forms
    )
    closed_cells = form_set.closed_cells | frozenset(closed)
    return FormSet(
        version,
        f"digest of {version}",
        forms,
        tuple(c for c in form_set.concepts if c.cell.rpartition(".")[0] not in dropped),
        form_set.controls,
        form_set.quartiles,
        closed_cells,
    )
