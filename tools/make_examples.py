"""Make `formsets/source/examples.json`: for each control, a smallest passing and a smallest failing example.

Passing ones are cut out of sound synthetic filings, failing ones out of faulty ones; `examples_written.json` beside it has
those that no filing gives (format readings, files, what surrounds a filing). Run it when a control changes; the result is
checked in, and `harmonia package lint` runs every example. Usage: python tools/make_examples.py.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import formsets
from formsets.values import Value, parse, shared, written
from services.validation.domain.past import address_in, is_own_cell, is_previous
from services.validation.domain.rule_set import RuleSet, compile_rules
from synthetic import FAMILIES, FAULTS, Filing, NoSuchFault, series, with_fault

SOURCE = Path(__file__).resolve().parent.parent / "formsets" / "source"
VERSION = "2024.1"
_YEAR = 2024
_SEED = 7

Raw = dict[str, Any]
Cells = dict[str, Value]


def main() -> int:
    """Write the file."""
    handwritten = json.loads((SOURCE / "examples_written.json").read_text(encoding="utf-8"))
    form_set = formsets.load(VERSION)
    rules = compile_rules(form_set)
    pairs = {family: series(family, _SEED, (_YEAR - 1, _YEAR)) for family in FAMILIES}
    previous, sound = (_judged(rules, filing) for filing in pairs["OPH"])
    examples: dict[str, Raw] = {}
    for control in form_set.controls:
        own = handwritten.get(control.id, {})
        example: Raw = {}
        if control.expression is not None:
            example["passing"] = own.get("passing") or _cut(rules, control.id, sound, previous, "passed")
            example["failing"] = own.get("failing") or _faulty(rules, control.id, pairs, previous)
        else:
            example = {"passing": own["passing"], "failing": own["failing"]}
        examples[control.id] = example
    text = json.dumps(examples, ensure_ascii=False, indent=1) + "\n"
    (SOURCE / "examples.json").write_text(text, encoding="utf-8")
    print(f"{len(examples)} controls")
    return 0


def _judged(rules: RuleSet, filing: Filing) -> Cells:
    cells: Cells = {}
    for address, text in filing.cells.items():
        try:
            cells[address] = parse(text, rules.form_set.cell_type(address))
        except ValueError:
            continue
    return dict(rules.check(cells, "whole").cells)


def _faulty(rules: RuleSet, control: str, pairs: Mapping[str, list[Filing]], previous: Cells) -> Raw:
    if control not in FAULTS:
        raise ValueError(f"{control}: write its failing example in examples_written.json.")
    for filings in pairs.values():
        try:
            filing, _ = with_fault(filings[-1], control, _SEED)
        except NoSuchFault:
            continue
        return _cut(rules, control, _judged(rules, filing), previous, "failed")
    raise ValueError(f"{control}: no family has its fault.")


def _cut(rules: RuleSet, control: str, cells: Cells, previous: Cells, status: str) -> Raw:
    """The operands that are enough for this outcome: others are taken away as long as it holds."""
    found = rules.run(control, cells, previous)
    if found.status != status:
        raise ValueError(f"{control} is {found.status} where {status} was expected.")
    form_set = rules.form_set
    operands = list(rules.operands(control))
    own = {key: cells[key] for key in operands if is_own_cell(key) and key in cells}
    before = {
        address_in(key): previous[address_in(key)]
        for key in operands
        if is_previous(key) and address_in(key) in previous
    }

    def holds() -> bool:
        return rules.run(control, own, before).status == status

    _shrink([(own, before)], lambda address: address[:6], holds)
    _shrink([(own,), (before,)], lambda address: address, holds)
    example: Raw = {"cells": {address: written(shared(value)) for address, value in own.items()}}
    if any(map(is_previous, operands)):
        example["previous"] = {a: written(value, form_set.cell_type(a)) for a, value in before.items()}
    return example


def _shrink(groups: Sequence[tuple[Cells, ...]], unit_of: Callable[[str], str], holds: Callable[[], bool]) -> None:
    """Take away as much as possible, by halves and then unit by unit (a line of both years, then one cell)."""
    for parts in groups:
        size = max(1, sum(map(len, parts)) // 2)
        while size:
            units = list(dict.fromkeys(unit_of(key) for part in parts for key in part))
            for start in range(0, len(units), size):
                chosen = set(units[start : start + size])
                taken = [{key: part.pop(key) for key in list(part) if unit_of(key) in chosen} for part in parts]
                if not holds():
                    for part, cells in zip(parts, taken, strict=True):
                        part.update(cells)
            size //= 2


if __name__ == "__main__":
    sys.exit(main())
