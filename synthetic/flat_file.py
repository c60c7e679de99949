"""A filing as the flat file of the on-ramp, in the shape of `sample_oph.csv`: `code;colonne;valeur;nature`."""

import csv
import io

import formsets
from formsets.values import Value, parse, written
from services.validation.domain.rule_set import compile_rules
from synthetic.filing import Filing

SEPARATORS = (";", ",", "\t")
"""What the import accepts between fields (decisions.md 10)."""


def computed_cells(filing: Filing) -> dict[str, str]:
    """Computed cells of both documents in written form, by the engine of the validation service.

    A typed cell spoilt beyond its type counts as empty, as it does in an import (decisions.md 16).
    """
    form_set = formsets.load(filing.form_set)
    values: dict[str, Value] = {}
    for address, text in filing.cells.items():
        try:
            values[address] = parse(text, form_set.cell_type(address))
        except ValueError:
            continue
    computed = compile_rules(form_set).compute(values, "whole")
    return {address: written(value, form_set.cell_type(address)) for address, value in computed.items()}


def to_flat_csv(filing: Filing, include_computed: bool = True, separator: str = ";") -> str:
    """The whole filing, one cell a line in the order of the forms; lines end with a line feed.

    Args:
        filing: sound or faulty.
        include_computed: add the computed cells, marked `calcul`; an import compares them (F-22).
        separator: one of `SEPARATORS`.

    Raises:
        ValueError: another separator.
    """
    if separator not in SEPARATORS:
        raise ValueError(f"Séparateur inconnu : {separator!r}. Choisir parmi ; , et tabulation.")
    computed = computed_cells(filing) if include_computed else {}
    text = io.StringIO()
    rows = csv.writer(text, delimiter=separator, lineterminator="\n")
    rows.writerow(("code", "colonne", "valeur", "nature"))
    for address in formsets.load(filing.form_set).cells():
        line, _, column = address.rpartition(".")
        if address in filing.cells:
            rows.writerow((line, column, filing.cells[address], "saisie"))
        elif address in computed:
            rows.writerow((line, column, computed[address], "calcul"))
    return text.getvalue()
