"""A filing judged: its cells in written form go in; computed cells, findings and the verdict come out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import attrgetter

from chassis.errors import Violation
from formsets import ControlText, FormSet
from formsets.instructions import control_instruction, line_instructions
from formsets.values import Value, parse, shared, written
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.errors import CellsMalformed
from services.validation.domain.rule_set import RuleSet
from services.validation.domain.verdict import REQUIRED_CELL, CheckedDocument, ControlResult, Report, Status, Verdict

_number = attrgetter("number")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a control fails, justified on its own: a line it must hold on, an empty mandatory cell, or all it reads."""

    cells: tuple[str, ...]
    operands: tuple[tuple[str, str], ...] = ()
    """Those of the finding that belong to it."""
    justification: AnsweredJustification | None = None
    """In force: written about these very operands, and refused by nobody."""
    refused: AnsweredJustification | None = None
    """Written about these very operands, and refused by the authority."""

    def read_with(self, written: Sequence[AnsweredJustification], whole: Sequence[AnsweredJustification]) -> "Place":
        """This place with what was written about its cells, and about these very figures of the whole control.

        A text about one of its cells decides before one about the whole control, unless it was refused before that one
        was written.
        """
        here = [one for one in written if one.justification.cell in self.cells]
        own = [one for one in here if one.justification.counts_for(dict(self.operands))]
        refused = max((one.number for one in own if one.is_refused), default=0)
        later = [one for one in whole if one.number > refused]
        latest = sorted(later, key=_number) + sorted(own, key=_number)
        counting = next((one for one in reversed(latest) if not one.is_refused), None)
        return replace(
            self, justification=counting, refused=None if counting else max(latest, key=_number, default=None)
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One control and what came of it, with its words in both languages."""

    control: str
    severity: str
    status: Status
    french: ControlText
    english: ControlText
    cells: tuple[str, ...]
    missing: tuple[str, ...] = ()
    operands: tuple[tuple[str, str], ...] = ()
    """Address and written form of what the control read, when it failed; empty cells only when it is about those."""
    places: tuple[Place, ...] = ()
    """Where it fails, when it does."""
    instruction: str = ""
    """Where its entry stands in the open catalogue, unless it holds."""
    line_instructions: tuple[str, ...] = ()
    """Where the instructions of the lines that it is about stand there, unless it holds."""

    @property
    def is_justified(self) -> bool:
        """Whether each place where it fails is."""
        return bool(self.places) and all(place.justification for place in self.places)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole report on one document."""

    computed: Mapping[str, str]
    """Written form, unrounded to ten decimals (decisions.md 7)."""
    findings: tuple[Finding, ...]
    """Every control of the document, then F-31 when a mandatory cell is empty."""
    verdict: Verdict
    rule_set: str

    def about(self, addresses: Collection[str]) -> "Evaluation":
        """Return it with those findings only that look at one of these cells."""
        wanted = frozenset(addresses)
        return replace(self, findings=tuple(one for one in self.findings if not wanted.isdisjoint(one.cells)))


def evaluate(
    rules: RuleSet,
    document: CheckedDocument,
    cells: Mapping[str, str],
    said: Sequence[AnsweredJustification] = (),
    previous: Mapping[str, str] | None = None,
    restated: Collection[str] = (),
) -> Evaluation:
    """Compute every formula, run every control of the document, and put the outcome into words.

    Raises:
        CellsMalformed: a cell is not in the form set, or its text is not a written form of its type.
    """
    return evaluation_of(rules, check_cells(rules, document, cells, previous, restated), said)


def check_cells(
    rules: RuleSet,
    document: CheckedDocument,
    cells: Mapping[str, str],
    previous: Mapping[str, str] | None = None,
    restated: Collection[str] = (),
) -> Report:
    """Compute every formula and run every control of the document.

    Args:
        rules: the compiled rules of the filing's form set.
        document: whose controls count.
        cells: filled cells in written form; for a QDIS, shared facts under their ER addresses, computed ones included.
        previous: every cell of the filing of the year before in written form, computed ones included; None when there
            is none, and then the controls that read it are not applicable. It was written under its own form set: cells
            that this one does not have, or whose type no longer takes the value, are left out.
        restated: cells of the previous year's columns that differ on purpose, with a comment (H-01).

    Raises:
        CellsMalformed: a cell is not in the form set, or its text is not a written form of its type.
    """
    form_set = rules.form_set
    return rules.check(
        _values(form_set, cells),
        document,
        previous=None if previous is None else _still_known(form_set, previous),
        restated=restated,
    )


def evaluation_of(rules: RuleSet, report: Report, said: Sequence[AnsweredJustification] = ()) -> Evaluation:
    """Put a report into words: every computed cell, every control.

    Args:
        rules: those that made the report.
        report: the report.
        said: the latest justification of each control and cell; refused ones and those about other figures do not count.
    """
    findings, verdict = _judged(rules, report, report.controls, said)
    cells = report.cells
    computed = {
        address: written(shared(cells[address]))
        for address in rules.form_set.computed_cells(report.document)
        if address in cells
    }
    return Evaluation(computed, findings, verdict, report.rule_set)


def recheck_cells(rules: RuleSet, report: Report, changed: Mapping[str, str]) -> Report:
    """Return the report after some cells changed, having run only what they touch.

    Args:
        rules: those that made the report.
        report: as the filing was.
        changed: cells in written form, empty when emptied.

    Raises:
        CellsMalformed: a cell is not in the form set, or its text is not a written form of its type.
    """
    values = _values(rules.form_set, changed)
    return rules.recheck(report, {address: values.get(address) for address in changed})


def difference_of(
    rules: RuleSet, before: Report, after: Report, said: Sequence[AnsweredJustification] = ()
) -> Evaluation:
    """Put into words what a change moved: computed cells of another value (empty text: empty now), failed controls only."""
    failed = [result for result in after.controls if result.status == "failed"]
    findings, verdict = _judged(rules, after, failed, said)
    old, new = before.cells, after.cells
    moved = {
        address: written(shared(new[address])) if address in new else ""
        for address in rules.form_set.computed_cells(after.document)
        if old.get(address) != new.get(address)
    }
    return Evaluation(moved, findings, verdict, after.rule_set)


def _judged(
    rules: RuleSet, report: Report, results: Sequence[ControlResult], said: Sequence[AnsweredJustification]
) -> tuple[tuple[Finding, ...], Verdict]:
    findings = [_finding(rules.form_set, result) for result in results]
    if report.required_missing:
        findings.append(_required(rules.form_set, report))
    justified = tuple(_justified(finding, said) for finding in findings)
    counting = {finding.control for finding in justified if finding.is_justified}
    return justified, rules.judge(report, counting).verdict if counting or report.justified else report.verdict


def _values(form_set: FormSet, cells: Mapping[str, str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    wrong = []
    for address, text in cells.items():
        try:
            if text:
                values[address] = parse(text, form_set.cell_type(address))
        except (LookupError, ValueError) as error:
            wrong.append(Violation(address, str(error), "NOT_A_WRITTEN_FORM"))
    if wrong:
        raise CellsMalformed(wrong)
    return values


def _still_known(form_set: FormSet, previous: Mapping[str, str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for address, text in previous.items():
        if text and form_set.has_cell(address):
            with suppress(ValueError):
                values[address] = parse(text, form_set.cell_type(address))
    return values


def _finding(form_set: FormSet, result: ControlResult) -> Finding:
    control = form_set.control(result.id)
    is_failed, has_passed = result.status == "failed", result.status == "passed"
    operands = tuple((a, written(v)) for a, v in result.operands if v is not None) if is_failed else ()
    return Finding(
        result.id,
        result.severity,
        result.status,
        control.text("fr"),
        control.text("en"),
        result.cells,
        result.missing,
        operands,
        _places(result, dict(operands)) if is_failed else (),
        "" if has_passed else control_instruction(form_set, result.id),
        () if has_passed else line_instructions(form_set, result.cells),
    )


def _places(result: ControlResult, operands: Mapping[str, str]) -> tuple[Place, ...]:
    if not result.lines:
        return (Place(result.cells, tuple(operands.items())),)
    read_on: dict[str, list[str]] = {}
    for line, read in result.lines:
        read_on.setdefault(line, []).extend(read)
    return tuple(_place(line, dict.fromkeys(read), operands) for line, read in read_on.items())


def _place(line: str, read: Iterable[str], operands: Mapping[str, str]) -> Place:
    """One line where a control fails; a cell that it reads on every line, such as a total, is of none."""
    addresses = tuple(read)
    own = tuple(address for address in addresses if address.startswith(f"{line}."))
    return Place(own, tuple((address, operands[address]) for address in addresses if address in operands))


def _required(form_set: FormSet, report: Report) -> Finding:
    control = form_set.control(REQUIRED_CELL)
    named = "; ".join(f"{address} ({form_set.label(address)})" for address in report.required_missing)
    french, english = control.text("fr"), control.text("en")
    return Finding(
        control.id,
        control.severity,
        "failed",
        ControlText(french.what, f"Cases : {named}.", french.how),
        ControlText(english.what, f"Cells: {named}.", english.how),
        report.required_missing,
        report.required_missing,
        tuple((address, "") for address in report.required_missing),
        tuple(Place((address,), ((address, ""),)) for address in report.required_missing),
        control_instruction(form_set, control.id),
        line_instructions(form_set, report.required_missing),
    )


def _justified(finding: Finding, said: Sequence[AnsweredJustification]) -> Finding:
    written = [one for one in said if one.justification.control == finding.control]
    if not written or finding.status != "failed" or finding.severity not in {"A", "R"}:
        return finding
    operands = dict(finding.operands)
    # Once, and not for each of hundreds of lines: it takes a digest of all that the control read.
    whole = [one for one in written if not one.justification.cell and one.justification.counts_for(operands)]
    return replace(finding, places=tuple(place.read_with(written, whole) for place in finding.places))
