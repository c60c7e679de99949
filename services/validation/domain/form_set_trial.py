"""What another form set changes for the filings of a campaign (F12), added up filing by filing.

Everything may be counted; only a filing that was transmitted is ever named to the authority (T-26). The sum is plain
JSON values once `asdict` has taken it apart, so that the next worker adds to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from services.validation.domain.evaluation import Evaluation, Finding

MOST_EXAMPLES = 10
"""Filings named of one control."""
MOST_ILLUSTRATED = 20
"""Controls with examples: those that newly fail most."""

_Identity = Mapping[str, Any]


@dataclass(slots=True)
class ControlTrial:
    """How one control fares, under the form sets of the filings and under the one that is tried."""

    severity: str
    french: str
    english: str
    """Weight and words under the form set that is tried, as adjusted; those of before when it is no longer there."""
    failing_before: int = 0
    failing_after: int = 0
    newly_failing: int = 0
    """Fails there, and does not here or does not exist."""
    no_longer_failing: int = 0
    newly_not_evaluated: int = 0
    """Cannot be evaluated there, and can here or does not exist."""
    examples: list[str] = field(default_factory=list)
    """Identifiers of the first transmitted filings on which it newly fails."""


@dataclass(slots=True)
class FormSetTrial:
    """The sum so far."""

    checked: int = 0
    skipped: int = 0
    changed: int = 0
    to_choose: int = 0
    """Values, of all filings, that their people would have to choose about."""
    verdicts_before: dict[str, int] = field(default_factory=dict)
    verdicts_after: dict[str, int] = field(default_factory=dict)
    seconds_before: float = 0.0
    seconds_after: float = 0.0
    controls: dict[str, ControlTrial] = field(default_factory=dict)
    named: dict[str, _Identity] = field(default_factory=dict)
    """Filing → what people know it by, of the examples."""

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> Self:
        """Return the sum that `asdict` took apart."""
        controls = {control: ControlTrial(**one) for control, one in kept.get("controls", {}).items()}
        return cls(**{**kept, "controls": controls})

    def add(self, before: Evaluation, after: Evaluation, identity: _Identity | None) -> None:
        """Add one filing, judged under its own form set and under the one that is tried.

        Args:
            before: under its own.
            after: under the other.
            identity: what to name it by, `filing_id` among it; None for one that was not transmitted.
        """
        self.checked += 1
        self.changed += before.verdict is not after.verdict
        _count(self.verdicts_before, before.verdict)
        _count(self.verdicts_after, after.verdict)
        here = {finding.control: finding for finding in before.findings}
        there = {finding.control: finding for finding in after.findings}
        for control in there | here:
            self._compare(control, here.get(control), there.get(control), identity)

    def _compare(self, control: str, here: Finding | None, there: Finding | None, identity: _Identity | None) -> None:
        was, would_be = here.status if here else "", there.status if there else ""
        failed, fails = was == "failed", would_be == "failed"
        is_newly_not_evaluated = would_be == "not_evaluated" and would_be != was
        told = there or here
        if told is None or not (failed or fails or is_newly_not_evaluated):
            return
        nothing_yet = ControlTrial(told.severity, told.french.what, told.english.what)
        one = self.controls.setdefault(control, nothing_yet)
        one.failing_before += failed
        one.failing_after += fails
        one.newly_failing += fails and not failed
        one.no_longer_failing += failed and not fails
        one.newly_not_evaluated += is_newly_not_evaluated
        if fails and not failed and identity is not None and len(one.examples) < MOST_EXAMPLES:
            one.examples.append(identity["filing_id"])
            self.named[identity["filing_id"]] = identity

    @property
    def most_failing_first(self) -> dict[str, ControlTrial]:
        """The controls, those that newly fail most first, then those that newly cannot be evaluated, then those that fail."""
        return dict(
            sorted(
                self.controls.items(),
                key=lambda one: (-one[1].newly_failing, -one[1].newly_not_evaluated, -one[1].failing_after, one[0]),
            )
        )

    def told(self) -> "FormSetTrial":
        """Return what is kept of it at the end: examples of the controls that newly fail most, and those filings alone."""
        controls = {
            control: one if place < MOST_ILLUSTRATED else replace(one, examples=[])
            for place, (control, one) in enumerate(self.most_failing_first.items())
        }
        named = {filing: self.named[filing] for one in controls.values() for filing in one.examples}
        return replace(self, controls=controls, named=named)


def _count(verdicts: dict[str, int], verdict: str) -> None:
    verdicts[verdict] = verdicts.get(verdict, 0) + 1
