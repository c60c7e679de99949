"""What `harmonia check` shows to people, in French or English: what, where and how of all that is wrong, under the verdict."""

from rich.console import Console
from rich.text import Text

from cli.adjustments import adjusted_controls
from cli.check_outcome import Outcome
from formsets.instructions import control_instruction
from formsets.values import written
from services.validation.domain.verdict import ControlResult

_SEVERITIES = {
    "B": ("refusé", "refused"),
    "T": ("bloque la transmission", "blocks transmission"),
    "A": ("à corriger ou justifier", "to correct or justify"),
    "R": ("remarque", "remark"),
}
_COLOURS = {"B": "red", "T": "red", "A": "yellow", "R": "blue"}
_WORDS = {
    "verdict": ("Verdict :", "Verdict:"),
    "rules": ("Référentiel {version}, empreinte {digest}", "Form set {version}, digest {digest}"),
    "adjusted": (
        "{control} ajusté par l'autorité : {official} → {severity}",
        "{control} adjusted by the authority: {official} → {severity}",
    ),
    "withdrawn": ("retiré", "withdrawn"),
    "file_refused": ("Le fichier est refusé.", "The file is refused."),
    "left_out": (
        "{count} lignes de l'autre document, non contrôlées.",
        "{count} lines of the other document, not checked.",
    ),
    "counts": (
        "{document} : {passed} contrôles satisfaits, {failed} en échec, {unevaluated} non évalués.",
        "{document}: {passed} controls passed, {failed} failed, {unevaluated} not evaluated.",
    ),
    "whole": ("ER et QDIS", "ER and QDIS"),
    "where": ("Où", "Where"),
    "how": ("Comment", "How"),
    "values": ("Valeurs", "Values"),
    "instruction": ("Consigne", "Instruction"),
    "empty": ("vide", "empty"),
}


def show(outcome: Outcome, console: Console) -> None:
    """Print an outcome."""
    _Showing(outcome, console).all()


class _Showing:
    """One outcome in one language."""

    def __init__(self, outcome: Outcome, console: Console) -> None:
        self._outcome, self._console = outcome, console
        self._at = 1 if outcome.language == "en" else 0

    def all(self) -> None:
        """Print everything, the verdict first."""
        outcome, form_set = self._outcome, self._outcome.form_set
        verdict = outcome.verdict_text
        self._line(f"{self._word('verdict')} {verdict.word}. {verdict.sentence}")
        self._line(self._word("rules", version=form_set.version, digest=form_set.digest))
        for one in adjusted_controls(form_set):
            self._line(self._word("adjusted", **{**one, "severity": one["severity"] or self._word("withdrawn")}))
        for guess in outcome.guesses:
            self._line(guess, "dim")
        for item in outcome.format:
            self._parts(item.control, "yellow", "", item.what, item.where, item.how)
        if outcome.report is None:
            self._line(self._word("file_refused"), "red")
            return
        if outcome.left_out:
            self._line(self._word("left_out", count=outcome.left_out))
        for result in outcome.report.with_status("failed"):
            self._control(result)
        counts = {s: len(outcome.report.with_status(s)) for s in ("passed", "failed", "not_evaluated")}
        document = outcome.report.document
        self._line(
            self._word(
                "counts",
                document=self._word("whole") if document == "whole" else document,
                passed=counts["passed"],
                failed=counts["failed"],
                unevaluated=counts["not_evaluated"],
            )
        )

    def _control(self, result: ControlResult) -> None:
        text = self._outcome.form_set.control(result.id).text(self._outcome.language)
        severity = f" ({result.severity}, {_SEVERITIES[result.severity][self._at]})"
        self._parts(result.id, _COLOURS[result.severity], severity, text.what, text.where, text.how)
        values = (f"{a} = {self._word('empty') if v is None else written(v)}" for a, v in result.operands)
        self._detail("values", ", ".join(values))

    def _parts(self, control: str, colour: str, severity: str, what: str, where: str, how: str) -> None:
        self._line(Text.assemble((control, colour), f"{severity} {what}"))
        self._detail("where", where)
        self._detail("how", how)
        self._detail("instruction", control_instruction(self._outcome.form_set, control))

    def _detail(self, name: str, text: str) -> None:
        if text:
            colon = ":" if self._at else " :"
            self._line(f"    {self._word(name)}{colon} {text}")

    def _line(self, text: str | Text, style: str = "") -> None:
        self._console.print(text, style=style or None, markup=False, highlight=False, soft_wrap=True)

    def _word(self, name: str, **values: object) -> str:
        return _WORDS[name][self._at].format(**values)
