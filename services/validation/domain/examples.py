"""The examples of a package: for each control, what passes it and what fails it; the linter runs them.

Told by their keys: `cells` (an expression, on its operands as given), `text` (one text read in one cell; `refused_by` names
the format control that makes a failure out of reach), `computed` (a total of a file), `file` or `base64` or `size` (a flat
file), `attachment` (a file to attach), `anomaly` (a control that fails, and its justification), `demanded` (documents that a
campaign asks for), `here` and `there` (shared facts of two servers), `saved` (cells that a body of a family ever saved),
`signed_on` and `transmitted_on` (a day), `rights` (of who signs, on the body), `shown_digest` (and the one to sign), `recipients`
(as shown, as decided, and whether they are accepted). None is told in words: each of them runs.
"""

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from formsets.attachments import refused_attachment
from formsets.comparison import agree
from formsets.flat_file import check_subject, read_flat_file
from formsets.formats import read
from formsets.signing import is_as_shown, may_sign, recipients_confirmed
from formsets.values import Value, parse
from formsets.workflow import differing_facts, forms_never_saved, is_approved, is_late, missing_attachments
from services.validation.domain.justification import LONGEST, SHORTEST, normalised
from services.validation.domain.rule_set import RuleSet
from services.validation.domain.verdict import REQUIRED_CELL

Example = Mapping[str, Any]

_YEAR = 2024


def outcome(rules: RuleSet, control: str, example: Example) -> str:
    """What a control says of an example: `passed`, `failed` or `not_evaluated`.

    Raises:
        ValueError: the example is not one that this control can be asked about.
    """
    try:
        if "situation" in example:
            raise ValueError(f"{control} can be run: its examples are not told in words.")
        if other := next((key for key in _OTHERS if key in example), None):
            controls, fails = _OTHERS[other]
            if control not in controls:
                raise ValueError(f"{control} is not asked with `{other}`.")
            return "failed" if fails(rules, example) else "passed"
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


def _is_refused(rules: RuleSet, example: Example) -> bool:
    """F-30: a file that is not taken."""
    return refused_attachment(base64.b64decode(example["attachment"], validate=True)) is not None


def _is_unjustified(rules: RuleSet, example: Example) -> bool:
    """W-02: an anomaly that is neither corrected nor justified."""
    if _run(rules, example["anomaly"], example) != "failed":
        return False
    return not SHORTEST <= len(normalised(example.get("justification", ""))) <= LONGEST


def _is_missing(rules: RuleSet, example: Example) -> bool:
    """W-03: a document that the campaign demands."""
    return bool(missing_attachments(example["demanded"], example["attached"]))


def _is_different(rules: RuleSet, example: Example) -> bool:
    """Q-01, and W-07 of the conflict that it is: a shared fact that is not the same on two servers."""
    return bool(differing_facts(example["here"], example["there"]))


def _is_unsaved(rules: RuleSet, example: Example) -> bool:
    """W-01: a form that was never saved."""
    form_set, saved = rules.form_set, example["saved"]
    if unknown := [address for address in saved if not form_set.has_cell(address)]:
        raise ValueError(f"There is no cell {', '.join(unknown)}.")
    return bool(forms_never_saved(form_set, example["document"], saved, example["family"]))


def _is_unapproved(rules: RuleSet, example: Example) -> bool:
    """W-04: accounts that nobody approved until the day of the signature."""
    return not is_approved(_values(rules, example["cells"]), dt.date.fromisoformat(example["signed_on"]))


def _is_overdue(rules: RuleSet, example: Example) -> bool:
    """W-08: an ER transmitted after its deadline."""
    return is_late(example["year"], dt.date.fromisoformat(example["transmitted_on"]))


def _is_no_signatory(rules: RuleSet, example: Example) -> bool:
    """W-05: somebody who may not sign for the body."""
    return not may_sign(example["rights"])


def _is_another(rules: RuleSet, example: Example) -> bool:
    """W-06: a filing that is no more the one that was shown."""
    return not is_as_shown(example["shown_digest"], example["digest_to_sign"])


def _is_unconfirmed(rules: RuleSet, example: Example) -> bool:
    """W-09: recipients that were not accepted, or are others than those shown."""
    return not recipients_confirmed(example["accepted"], example["recipients"], example["decided"])


_OTHERS: Mapping[str, tuple[tuple[str, ...], Callable[[RuleSet, Example], bool]]] = {
    "attachment": (("F-30",), _is_refused),
    "anomaly": (("W-02",), _is_unjustified),
    "demanded": (("W-03",), _is_missing),
    "here": (("Q-01", "W-07"), _is_different),
    "saved": (("W-01",), _is_unsaved),
    "signed_on": (("W-04",), _is_unapproved),
    "transmitted_on": (("W-08",), _is_overdue),
    "rights": (("W-05",), _is_no_signatory),
    "shown_digest": (("W-06",), _is_another),
    "recipients": (("W-09",), _is_unconfirmed),
}
"""Key of an example → the controls that are asked with it, and whether they fail on it."""


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
