"""The outcome of a run: one result a control, and the verdict on the whole (decisions.md 16)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from formsets.values import Value

Status = Literal["passed", "failed", "not_evaluated"]
CheckedDocument = Literal["ER", "QDIS", "whole"]
Reason = Literal["", "missing", "undefined", "budget"]


REQUIRED_CELL = "F-31"
"""The control of severity A that an empty mandatory cell fails."""


class Verdict(StrEnum):
    """The judgement on a document; the first that holds wins, in this order."""

    BLOCKED = "blocked"
    """A B or T control fails, or a cell was refused by format."""
    NOT_EVALUABLE = "not_evaluable"
    """A B or T control could not be evaluated because a required cell is empty, or because it costs too much."""
    TO_JUSTIFY = "to_justify"
    """An A control fails without justification, or a required cell is empty (F-31)."""
    REMARKS = "remarks"
    """An A control fails and is justified, or an R control fails."""
    CLEAN = "clean"


class LineRead(NamedTuple):
    """What a control that must hold on each line reads on one of them."""

    line: str
    operands: tuple[str, ...]


class ControlResult(NamedTuple):
    """What one control found."""

    id: str
    severity: str
    status: Status
    message: str
    """The official French sentence when it failed, empty otherwise; other languages through the form set."""
    cells: tuple[str, ...]
    """Every cell of the filing that the control reads; of a failed one over lines, those of the lines that fail."""
    operands: tuple[tuple[str, Value | None], ...] = ()
    """What it read with its values, `PREV(…)` for the previous filing; empty for a passed control."""
    missing: tuple[str, ...] = ()
    """The empty cells that prevented the evaluation."""
    lines: tuple[LineRead, ...] = ()
    """What it read on each line that fails, when it must hold on each; empty otherwise."""
    reason: Reason = ""
    """Why it was not evaluated: cells missing, a division by zero, or more steps or time than a rule may take."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run over one document."""

    verdict: Verdict
    rule_set: str
    """Digest of the form package whose rules ran."""
    document: CheckedDocument
    controls: tuple[ControlResult, ...]
    cells: Mapping[str, Value]
    """Every filled cell, computed ones included, unrounded; cells of the previous filing under `PREV(…)`."""
    required_missing: tuple[str, ...]
    """Mandatory cells left empty (F-31)."""
    justified: frozenset[str]
    has_refusals: bool
    not_applicable: tuple[str, ...] = ()
    """Controls of the document left out because no previous filing was given."""
    given: frozenset[str] = frozenset()
    """Computed cells that were taken as given, or as empty, instead of computed."""
    stopped: frozenset[str] = frozenset()
    """Computed cells whose formula, or one it reads, takes more steps or time than a rule may (F16): they are empty."""

    def with_status(self, status: Status) -> tuple[ControlResult, ...]:
        """The results of this status, in official order."""
        return tuple(result for result in self.controls if result.status == status)


def verdict_of(
    results: Iterable[ControlResult],
    *,
    blocked_by_missing: Collection[str],
    justified: Collection[str],
    has_refusals: bool,
    has_required_missing: bool,
) -> Verdict:
    """The verdict on these results.

    Args:
        results: one a control.
        blocked_by_missing: controls that read, directly or through formulas, a required cell which is empty.
        justified: controls of severity A that carry a justification.
        has_refusals: a cell was refused by a format control of severity B.
        has_required_missing: a required cell is empty (F-31, severity A).
    """
    notable = [result for result in results if result.status != "passed"]
    failed = {(result.severity, result.id in justified) for result in notable if result.status == "failed"}
    if has_required_missing:
        failed.add(("A", REQUIRED_CELL in justified))
    severities = {severity for severity, _ in failed}
    if has_refusals or severities & {"B", "T"}:
        return Verdict.BLOCKED
    if any(
        result.status == "not_evaluated"
        and result.severity in "BT"
        and (result.id in blocked_by_missing or result.reason == "budget")
        for result in notable
    ):
        return Verdict.NOT_EVALUABLE
    if ("A", False) in failed:
        return Verdict.TO_JUSTIFY
    return Verdict.REMARKS if failed else Verdict.CLEAN
