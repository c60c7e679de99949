"""How answers are shown to people: one verdict, short tables, French; machines ask for `--json`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from formsets.verdicts import verdict_told

_COLOURS = {"clean": "green", "remarks": "green", "to_justify": "yellow", "blocked": "red", "not_evaluable": "red"}
STEPS = {
    "entry": "1 saisie",
    "accounting": "2 validation comptable",
    "signature": "3 signature",
    "review": "4 fiabilisation",
    "closed": "5 clôturé",
    "archived": "6 archivé",
}
STEP_NAMES = {1: "entry", 2: "accounting", 3: "signature"}
ACCEPTABLE = ("clean", "remarks")
_SEVERITIES = {
    "blocking": "B bloquant",
    "transmission": "T bloque la transmission",
    "anomaly": "A à corriger ou justifier",
    "remark": "R remarque",
}


def as_json(answer: Any) -> None:
    """Print an answer for machines."""
    print(json.dumps(answer, ensure_ascii=False, indent=2))


def verdict(word: str) -> str:
    """Return a verdict as it is called, marked up in its colour."""
    called, colour = verdict_told(word, "fr").word, _COLOURS.get(word, "")
    return f"[{colour}]{called}[/]" if colour else called


def filings(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the caller's filings and what could be opened."""
    for filing in answer.get("filings", ()):
        identity = filing["identity"]
        console.print(
            f"[bold]{identity['filing_id']}[/]  {identity['document']} {identity['year']}  {escape(identity['body_name'])}"
            + (f"  [bold]ESSAI {identity['form_set']}[/]" if filing.get("is_trial") else ""),
            soft_wrap=True,
        )
        console.print(
            f"    étape {STEPS.get(filing['step'], filing['step'])}, {verdict(filing['verdict'])}, "
            f"{filing['filled']}/{filing['fillable']} cases, échéance {filing['due_on']}"
            + (f", récépissé {filing['receipt_number']}" if filing["receipt_number"] else ""),
            soft_wrap=True,
        )
    for openable in answer.get("openable", ()):
        console.print(
            f"À ouvrir : {openable['document']} {openable['year']} de {openable['body_name']} ({openable['body']})"
        )


def preview(console: Console, answer: Mapping[str, Any]) -> None:
    """Show what an import would do."""
    counts: dict[str, int] = {}
    for change in answer.get("changes", ()):
        effect = change["effect"]
        counts[effect] = counts.get(effect, 0) + 1
    words = {
        "fill": "à remplir",
        "replace": "à remplacer",
        "same": "inchangées",
        "protected": "saisies à la main, gardées",
        "compared": "calculées, comparées",
        "elsewhere": "de l'autre document, non stockées ici",
        "sealed": "scellées par l'ER signé",
    }
    console.print("Cases : " + ", ".join(f"{count} {words.get(effect, effect)}" for effect, count in counts.items()))
    for guess in answer.get("guesses", ()):
        console.print(f"[dim]{escape(guess['fr'])}[/]")
    for problem in answer.get("problems", ()):
        where = f"ligne {problem['line']}" if problem["line"] else "fichier"
        console.print(f"[red]{where} {escape(problem['code'])}[/] {_in_one_line(problem)}")
    for change in answer.get("changes", ()):
        if change.get("control"):
            console.print(f"[yellow]ligne {change['line']} {escape(change['address'])}[/] {_in_one_line(change)}")


def imported(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the verdict that follows, what an import wrote, what it kept and what it left out."""
    console.print(f"Verdict : {verdict(answer['filing']['verdict'])}.")
    console.print(f"{answer['written']} case(s) écrite(s), {answer['kept']} valeur(s) saisie(s) gardée(s).")
    if answer["left_out"]:
        console.print(f"{len(answer['left_out'])} case(s) laissée(s) de côté : {escape(', '.join(answer['left_out']))}")


def _in_one_line(told: Mapping[str, Any]) -> str:
    parts = (told["message"][part]["fr"] for part in ("what", "where", "how"))
    return escape(" ".join(part for part in parts if part))


def report(console: Console, answer: Mapping[str, Any], *, everything: bool = False) -> None:
    """Show a verdict and its findings."""
    console.print(f"Verdict : {verdict(answer['verdict'])}. {verdict_told(answer['verdict'], 'fr').sentence}")
    console.print(f"Règles {answer['rule_set'][:16]}")
    for finding in answer.get("findings", ()):
        if finding["status"] == "passed" or (finding["status"] == "not_evaluated" and not everything):
            continue
        state = "justifié" if finding.get("is_justified") else _SEVERITIES.get(finding["severity"], "")
        console.print(f"[bold]{finding['control']}[/] ({state}) {finding['message']['fr']}")
        console.print(f"    {', '.join(finding['cells'][:8])}", style="dim")
        if finding.get("instruction"):
            console.print(f"    consigne : {escape(finding['instruction'])}", style="dim", soft_wrap=True)


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


def mapping(console: Console, answer: Mapping[str, Any]) -> None:
    """Show how accounts fill cells: the body's own rules, and how many the form set has."""
    table = Table("Préfixe", "Case", "Sens")
    own = [rule for rule in answer["rules"] if rule["is_own"]]
    for rule in own:
        table.add_row(escape(rule["prefix"]), escape(rule["address"]), rule["side"])
    console.print(table)
    console.print(f"{len(own)} règle(s) de l'organisme, {len(answer['rules']) - len(own)} du référentiel.")
    if answer["packages"]:
        console.print("Logiciels : " + escape(", ".join(one or "par défaut" for one in answer["packages"])))


def steps(console: Console, answer: Mapping[str, Any]) -> None:
    """Show the changes that can be undone."""
    table = Table(Column("Modification", no_wrap=True), "Quand", "Qui", "Quoi", "Cases")
    for step in answer["steps"]:
        said = step["summary"]["fr"] + (" (annulée)" if step["is_undone"] else "")
        table.add_row(step["step_id"], step["at"] or "", escape(step["author"]), escape(said), str(step["cells"]))
    console.print(table)
    if answer["next_page_token"]:
        console.print(f"Les modifications plus anciennes : --before {answer['next_page_token']}")


def undone(console: Console, answer: Mapping[str, Any]) -> None:
    """Show what undoing put back and what it left."""
    if not answer["restored"]:
        console.print(
            f"Rien n'est annulé : changé de nouveau depuis, ou signé ({', '.join(answer['kept'])}). "
            "Annulez d'abord la modification plus récente."
        )
        return
    console.print(f"{len(answer['restored'])} case(s) remise(s) comme avant.")
    if answer["kept"]:
        console.print(f"Modifiées depuis, laissées telles quelles : {', '.join(answer['kept'])}")


def series(console: Console, answer: Mapping[str, Any]) -> None:
    """Show cells over the years; ≠ marks a change of definition."""
    points = answer["points"]
    years = sorted({point["year"] for point in points})
    table = Table("Case", "Libellé", *map(str, years))
    for address in dict.fromkeys(point["address"] for point in points):
        by_year = {point["year"]: point for point in points if point["address"] == address}
        figures = []
        for year in years:
            point = by_year.get(year)
            figures.append(("≠ " if point["is_break"] else "") + (point["value"] or "vide") if point else "—")
        table.add_row(address, escape(by_year[max(by_year)]["label"]), *map(escape, figures))
    console.print(table)
    if any(point["is_break"] for point in points):
        console.print("≠ rupture de série : la définition a changé.")
    _labels(console, points)


def differences(console: Console, answer: Mapping[str, Any]) -> None:
    """Show what differs between two versions."""
    table = Table("Case", "Libellé", "Ce dossier", "L'autre")
    for one in answer["differences"]:
        values = (one["value"] or "vide", one["other_value"] or "vide")
        table.add_row(one["address"], escape(one["label"]), *map(escape, values))
    console.print(table)
    console.print(f"{len(answer['differences'])} différence(s).")
    _labels(console, answer["differences"])


def _labels(console: Console, shown: Iterable[Mapping[str, Any]]) -> None:
    if any(one.get("has_other_labels") for one in shown):
        console.print("Un référentiel d'alors n'est plus livré : des libellés sont ceux d'un autre.")


def refusal(console: Console, message: str, violations: Iterable[Mapping[str, Any]]) -> None:
    """Show why a server said no: what, where, how."""
    console.print(f"[bold red]{escape(message)}[/]")
    for violation in violations:
        console.print(f"  [red]{escape(violation.get('field', ''))}[/] {escape(violation.get('description', ''))}")
