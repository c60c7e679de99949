"""The examples of a package: for each control, what passes it and what fails it; the linter runs them.

Five kinds, told by their keys: `cells` (an expression, on its operands as given), `text` (one text read in one cell;
`refused_by` names the format control that makes a failure out of reach), `computed` (a total of a file), `file` or `base64` or `size` (a flat file), `situation` (a rule of the workflow, in words, proven by a test of its service).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from formsets.comparison import agree
from formsets.flat_file import check_subject, read_flat_file
from formsets.formats import read
from formsets.values import Value, parse
from services.validation.domain.rule_set import RuleSet
from services.validation.domain.verdict import REQUIRED_CELL

Example = Mapping[str, Any]

_YEAR = 2024


def outcome(rules: RuleSet, control: str, example: Example) -> str:
    """What a control says of an example: `passed`, `failed`, `not_evaluated`, or `described` for a situation in words.

    Raises:
        ValueError: the example is not one that this control can be asked about.
    """
    try:
        if "situation" in example:
            return "described"
        if "text" in example:
            return "failed" if _refuses(rules, control, example) else "passed"
        if "computed" in example:
            return "failed" if _differs(rules, example) else "passed"
        if "cells" in example:
            return _run(rules, control, example)
        return "failed" if _lists(rules, control, example) else "passed"
    except (LookupError, TypeError, binascii.Error) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _run(rules: RuleSet, control: str, example: Example) -> str:
    previous = example.get("previous")
    return rules.run(
        control,
        _values(rules, example["cells"]),
        None if previous is None else _values(rules, previous),
        tuple(example.get("restated", ())),
    ).status


def _values(rules: RuleSet, cells: Mapping[str, str]) -> dict[str, Value]:
    return {address: parse(text, rules.form_set.cell_type(address)) for address, text in cells.items()}


def _refuses(rules: RuleSet, control: str, example: Example) -> bool:
    form_set, address, text = rules.form_set, example["address"], example["text"]
    if control == REQUIRED_CELL:
        return form_set.is_required(address) and not text
    reading = read(
        form_set,
        address,
        text,
        example.get("year", _YEAR),
        origin=example.get("origin", "hand"),
        locked=example.get("locked", False),
    )
    expected = example.get("refused_by", control)
    if reading.problem and reading.problem.control != expected:
        raise ValueError(f"{address} « {text} » is refused by {reading.problem.control}, not by {expected}.")
    return reading.problem is not None


def _differs(rules: RuleSet, example: Example) -> bool:
    """F-22: a computed cell as a file gives it, beside what the formula gives."""
    form_set, address = rules.form_set, example["address"]
    ours = rules.compute(_values(rules, example["cells"]))[address]
    cell_type = form_set.cell_type(address)
    return not agree(parse(example["computed"], cell_type), ours, cell_type)


def _lists(rules: RuleSet, control: str, example: Example) -> bool:
    flat_file = read_flat_file(_content(example), rules.form_set)
    found = [problem.control for problem in flat_file.problems]
    if "siren" in example or "subject_year" in example:
        subject = check_subject(flat_file, example.get("siren", flat_file.siren or ""), example.get("subject_year", 0))
        found += [subject.control] if subject else []
    others = set(found) - {control}
    if others:
        raise ValueError(f"The file is refused by {', '.join(sorted(others))}, not by {control}.")
    return bool(found)


def _content(example: Example) -> bytes:
    if "size" in example:
        return b" " * int(example["size"])
    if "base64" in example:
        return base64.b64decode(example["base64"], validate=True)
    text: str = example["file"]
    return text.encode()
