"""What checking a file gave: the verdict, the refusals, and the document that `--json` prints."""

from dataclasses import dataclass
from typing import Any

from cli.adjustments import adjusted_controls
from formsets import FormSet
from formsets.instructions import control_instruction
from formsets.values import written
from formsets.verdicts import VerdictText, verdict_told
from services.validation.domain.verdict import ControlResult, Report, Verdict

ACCEPTED = 0
"""Exit code: the verdict is clean or remarks."""
REFUSED = 1
"""Exit code: to justify, blocked or not evaluable."""
UNREADABLE = 2
"""Exit code: the file cannot be read, or the command was misused."""


@dataclass(frozen=True, slots=True)
class FormatItem:
    """One refusal of the file, or one total that differs (F-22), as printed."""

    line: int
    column: str
    code: str
    control: str
    what: str
    where: str
    how: str

    @property
    def message(self) -> str:
        """The three parts in one line."""
        return " ".join(part for part in (self.what, self.where, self.how) if part)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What checking a file gave."""

    form_set: FormSet
    language: str
    report: Report | None
    """None when the whole file was refused."""
    format: tuple[FormatItem, ...]
    guesses: tuple[str, ...] = ()
    """What the reader decided by itself."""
    left_out: int = 0
    """Lines of the other document, which was not asked about."""

    @property
    def exit_code(self) -> int:
        """0 for clean and remarks, 1 for the other verdicts, 2 when the file was refused."""
        if self.report is None:
            return UNREADABLE
        return ACCEPTED if self.report.verdict in {Verdict.CLEAN, Verdict.REMARKS} else REFUSED

    @property
    def verdict(self) -> Verdict:
        """The one word on top; a file that was refused whole is blocked."""
        return self.report.verdict if self.report else Verdict.BLOCKED

    @property
    def verdict_text(self) -> VerdictText:
        """The verdict in the language asked for."""
        return verdict_told(self.verdict, self.language)

    def as_json(self) -> dict[str, Any]:
        """The document that `--json` prints; cells are strings in written form, or null when empty."""
        report = self.report
        return {
            "verdict": self.verdict.value,
            "verdict_text": self.verdict_text._asdict(),
            "document": report.document if report else None,
            "rule_set": self.form_set.digest,
            "adjusted": adjusted_controls(self.form_set),
            "controls": [] if report is None else [self._control(result) for result in report.controls],
            "cells": {} if report is None else _cells(self.form_set, report),
            "format": [
                {
                    "line": i.line,
                    "column": i.column,
                    "code": i.code,
                    "control": i.control,
                    "message": i.message,
                    "what": i.what,
                    "where": i.where,
                    "how": i.how,
                    "instruction": control_instruction(self.form_set, i.control),
                }
                for i in self.format
            ],
            "guesses": list(self.guesses),
        }

    def _control(self, result: ControlResult) -> dict[str, Any]:
        text = self.form_set.control(result.id).text(self.language)
        is_failed = result.status == "failed"
        return {
            "id": result.id,
            "severity": result.severity,
            "status": result.status,
            "message": text.what if is_failed else "",
            "where": text.where if is_failed else "",
            "how": text.how if is_failed else "",
            "instruction": control_instruction(self.form_set, result.id) if is_failed else "",
            "cells": list(result.cells),
            "missing": list(result.missing),
        }


def _cells(form_set: FormSet, report: Report) -> dict[str, str | None]:
    cells = report.cells
    return {
        address: written(cells[address], form_set.cell_type(address)) if address in cells else None
        for address in form_set.cells(report.document)
    }
