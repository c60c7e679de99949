"""How answers are shown to people: one verdict, short tables, French; machines ask for `--json`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

VERDICTS = {
    "VERDICT_CLEAN": "[green]sans anomalie[/]",
    "VERDICT_REMARKS": "[green]avec remarques[/]",
    "VERDICT_TO_JUSTIFY": "[yellow]à justifier[/]",
    "VERDICT_BLOCKED": "[red]bloqué[/]",
    "VERDICT_NOT_EVALUABLE": "[red]non évaluable[/]",
    "VERDICT_UNSPECIFIED": "pas encore contrôlé",
}
STEPS = {
    "STEP_ENTRY": "1 saisie",
    "STEP_ACCOUNTING": "2 validation comptable",
    "STEP_SIGNATURE": "3 signature",
    "STEP_REVIEW": "4 fiabilisation",
    "STEP_CLOSED": "5 clôturé",
    "STEP_ARCHIVED": "6 archivé",
}
ACCEPTABLE = ("VERDICT_CLEAN", "VERDICT_REMARKS")
_SEVERITIES = {
    "SEVERITY_BLOCKING": "B bloquant",
    "SEVERITY_TRANSMISSION": "T bloque la transmission",
    "SEVERITY_ANOMALY": "A à corriger ou justifier",
    "SEVERITY_REMARK": "R remarque",
}


def as_json(answer: Any) -> None:
    """Print an answer for machines."""
    print(json.dumps(answer, ensure_ascii=False, indent=2))


def filings(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the caller's filings and what could be opened."""
    table = Table("Dossier", "Organisme", "Document", "Étape", "Verdict", "Rempli", "Échéance", "Récépissé")
    for filing in answer.get("filings", ()):
        identity = filing["identity"]
        table.add_row(
            identity["filing_id"],
            identity["body_name"],
            f"{document(identity)} {identity['year']}",
            STEPS.get(filing["step"], filing["step"]),
            VERDICTS.get(filing["verdict"], filing["verdict"]),
            f"{filing['filled']}/{filing['fillable']}",
            filing["due_on"],
            filing["receipt_number"],
        )
    console.print(table)
    for openable in answer.get("openable", ()):
        console.print(
            f"À ouvrir : {document(openable)} {openable['year']} de {openable['body_name']} ({openable['body']})"
        )


def document(identity: Mapping[str, Any]) -> str:
    """Return ER or QDIS."""
    return str(identity["document"]).removeprefix("DOCUMENT_")


def preview(console: Console, answer: Mapping[str, Any]) -> None:
    """Show what an import would do."""
    counts: dict[str, int] = {}
    for change in answer.get("changes", ()):
        effect = change["effect"].removeprefix("IMPORT_EFFECT_")
        counts[effect] = counts.get(effect, 0) + 1
    words = {
        "FILL": "à remplir",
        "REPLACE": "à remplacer",
        "SAME": "inchangées",
        "PROTECTED": "saisies à la main, gardées",
        "COMPARED": "calculées, comparées",
        "ELSEWHERE": "de l'autre document, non stockées ici",
        "SEALED": "scellées par l'ER signé",
    }
    console.print("Cases : " + ", ".join(f"{count} {words.get(effect, effect)}" for effect, count in counts.items()))
    for guess in answer.get("guesses", ()):
        console.print(f"[dim]{guess['fr']}[/]")
    for problem in answer.get("problems", ()):
        message = problem["message"]
        where = f"ligne {problem['line']}" if problem["line"] else "fichier"
        console.print(f"[red]{where} {problem['code']}[/] {message['what']['fr']} {message['how']['fr']}")


def report(console: Console, answer: Mapping[str, Any], *, everything: bool = False) -> None:
    """Show a verdict and its findings."""
    console.print(f"Verdict : {VERDICTS.get(answer['verdict'], answer['verdict'])}    règles {answer['rule_set'][:16]}")
    for finding in answer.get("findings", ()):
        if finding["status"] == "CONTROL_STATUS_PASSED" or (
            finding["status"] == "CONTROL_STATUS_NOT_EVALUATED" and not everything
        ):
            continue
        state = "justifié" if finding.get("justification") else _SEVERITIES.get(finding["severity"], "")
        console.print(f"[bold]{finding['control']}[/] ({state}) {finding['message']['fr']}")
        console.print(f"    {', '.join(finding['cells'][:8])}", style="dim")


def release(console: Console, answer: Mapping[str, Any]) -> None:
    """Show who will receive what."""
    table = Table("Destinataire", "Reçoit", "Règle", "Niveau", "Pourquoi")
    for decision in answer.get("decisions", answer.get("terms", ())):
        answer_word = "[green]oui[/]" if decision["is_released"] else "non"
        table.add_row(
            decision["recipient"], answer_word, decision["rule"], str(decision["level"]), decision["reason"]["fr"]
        )
    console.print(table)


def receipt(console: Console, answer: Mapping[str, Any]) -> None:
    """Show a receipt."""
    console.print(f"[bold green]Récépissé {answer['number']}[/]  le {answer['signed_at']}")
    console.print(f"Signé par {answer['signatory']}, niveau {answer['level']}")
    console.print(f"Empreinte {answer['digest']}  (code {answer['code']})")


def refusal(console: Console, message: str, violations: Iterable[Mapping[str, Any]]) -> None:
    """Show why a server said no: what, where, how."""
    console.print(f"[bold red]{message}[/]")
    for violation in violations:
        console.print(f"  [red]{violation.get('field', '')}[/] {violation.get('description', '')}")
