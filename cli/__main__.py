"""`harmonia`: each step of a filing from a terminal. Exit codes: 0 clean, 1 remarks to justify or blocked, 2 usage or unreadable."""

import sys
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import showing
from cli.servers import NotSignedIn, Refused, ServerClient, Sessions, sessions_file
from services.validation.domain.justification import ReasonCode

CLEAN, TO_TREAT, USAGE = 0, 1, 2
app = typer.Typer(no_args_is_help=True, help="Déposer les états réglementaires et le QDIS depuis un terminal.")
console = Console(stderr=False)
errors = Console(stderr=True)

Server = Annotated[
    str, typer.Option(envvar="HARMONIA_SERVER", help="Adresse du serveur, http://127.0.0.1:8100 par exemple.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Réponse pour une machine.")]
AdjustmentFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--adjustments", metavar="FICHIER", help="Décisions d'une autorité sur les contrôles (rules adjustments)."
    ),
]
FilingId = Annotated[str, typer.Argument(metavar="DOSSIER", help="Identifiant du dossier (voir status).")]


@contextmanager
def _explaining():  # type: ignore[no-untyped-def]
    """Turn refusals into sentences and exit codes; never a stack trace."""
    import httpx2

    try:
        yield
    except NotSignedIn as error:
        errors.print(f"[red]{error}[/]")
        raise typer.Exit(USAGE) from None
    except Refused as error:
        showing.refusal(errors, str(error), error.problem.get("violations", ()))
        raise typer.Exit(TO_TREAT if error.status in (400, 409, 422) else USAGE) from None
    except httpx2.HTTPError as error:
        errors.print(f"[red]Le serveur ne répond pas : {error}[/]")
        raise typer.Exit(USAGE) from None


def _client(server: str) -> ServerClient:
    if not server:
        errors.print("[red]Donnez --server ou HARMONIA_SERVER.[/]")
        raise typer.Exit(USAGE)
    return ServerClient(server, Sessions(sessions_file()))


def _ask(server: str, method: str, path: str, doing: str, **options: Any) -> Any:
    client = _client(server)
    with _explaining(), errors.status(doing):
        return client.call(method, path, **options)


def _show(answer: Any, as_json: bool, show: Callable[[Console, Any], None]) -> None:
    if as_json:
        showing.as_json(answer)
    else:
        show(console, answer)


def _request_id() -> str:
    return str(uuid.uuid4())


@app.command()
def login(
    server: Server = "",
    username: Annotated[str, typer.Option(help="Sans lui, le navigateur s'ouvre.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Lit le mot de passe sur l'entrée.")] = False,
) -> None:
    """Se connecter à un serveur (OpenID Connect, code + PKCE)."""
    from cli.login import LoginRefused, log_in, log_in_with_browser

    client = _client(server)
    with _explaining():
        issuer = client.issuer()
    try:
        if username:
            password = (
                sys.stdin.readline().rstrip("\n") if password_stdin else typer.prompt("Mot de passe", hide_input=True)
            )
            tokens = log_in(issuer, username, password)
        else:
            tokens = log_in_with_browser(issuer)
    except LoginRefused as error:
        errors.print(f"[red]{error}[/]")
        raise typer.Exit(USAGE) from None
    Sessions(sessions_file()).put(client.server, issuer, tokens)
    console.print(f"Connecté à {client.server}.")


@app.command()
def logout(server: Server = "") -> None:
    """Oublier la session d'un serveur."""
    Sessions(sessions_file()).forget(_client(server).server)


@app.command()
def status(server: Server = "", as_json: AsJson = False) -> None:
    """Lister ses dossiers, leur étape, leur verdict, et ce qui reste à ouvrir."""
    _show(_ask(server, "GET", "/filings", "Lecture des dossiers…"), as_json, showing.filings)


@app.command(name="open")
def open_filing(
    document: Annotated[str, typer.Argument(help="ER ou QDIS.")],
    year: Annotated[int, typer.Option(help="Exercice.")],
    body: Annotated[str, typer.Option(help="SIREN de l'organisme.")],
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Ouvrir un dossier, ou retrouver celui qui l'est."""
    asked = {"body": body, "document": document.upper(), "year": year}
    answer = _ask(server, "POST", "/filings", "Ouverture du dossier…", json=asked)
    _show(answer, as_json, lambda out, a: out.print(a["filing"]["identity"]["filing_id"]))


@app.command(name="import")
def import_file(
    filing: FilingId,
    file: Annotated[Path, typer.Argument(metavar="FICHIER", exists=True, dir_okay=False, readable=True)],
    confirm: Annotated[bool, typer.Option("--confirm", help="Écrit sans demander.")] = False,
    accept_partial: Annotated[
        bool, typer.Option("--partial", help="Écrit les lignes bonnes malgré les refusées.")
    ] = False,
    overwrite_typed: Annotated[bool, typer.Option("--overwrite", help="Remplace aussi les valeurs saisies.")] = False,
    leave: Annotated[
        list[str] | None, typer.Option(metavar="NOM", help="Laisse de côté une case, une ligne ou un tableau.")
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option(metavar="NOM", help="Prend une case, une ligne ou un tableau ; une case saisie est remplacée."),
    ] = None,
    package: Annotated[str, typer.Option(help="Logiciel comptable, pour une balance ou un FEC.")] = "",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Importer un fichier (CSV, XLSX, balance, FEC, xBRL) : aperçu, puis écriture si confirmée, de tout ou d'un choix.

    Le nom le plus précis l'emporte : `--leave BA --take BA.010` ne prend que la ligne BA.010 du tableau BA.
    """
    preview = _ask(
        server,
        "POST",
        f"/filings/{filing}/imports",
        "Lecture du fichier…",
        content=file.read_bytes(),
        params={"file_name": file.name, "package": package},
        headers={"Content-Type": "application/octet-stream", "Idempotency-Key": _request_id()},
    )
    if not as_json:
        showing.preview(console, preview)
    blocked = bool(preview.get("problems")) and not accept_partial
    if blocked or not (confirm or (not as_json and typer.confirm("Écrire dans le dossier ?"))):
        if as_json:
            showing.as_json({"preview": preview})
        if blocked:
            errors.print(
                "[yellow]Rien n'est écrit : corrigez le fichier, ou --partial pour laisser les lignes refusées.[/]"
            )
        raise typer.Exit(TO_TREAT if preview.get("problems") else CLEAN)
    asked = {
        "accept_partial": accept_partial,
        "overwrite_typed": overwrite_typed,
        "choice": {"taken": take or [], "left": leave or []},
        "request_id": _request_id(),
    }
    path = f"/filings/{filing}/imports/{preview['import_id']}/confirm"
    done = _ask(server, "POST", path, "Écriture…", json=asked)
    if as_json:
        showing.as_json({"preview": preview, **done})
    else:
        showing.imported(console, done)
    raise typer.Exit(TO_TREAT if preview.get("problems") else CLEAN)


@app.command()
def mapping(
    filing: FilingId,
    rule: Annotated[
        list[str] | None, typer.Option("--set", metavar="PRÉFIXE=LIGNE.colonne[:sens]", help="debit ou credit.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", metavar="PRÉFIXE", help="Retire la règle.")] = None,
    package: Annotated[str, typer.Option(help="Logiciel comptable.")] = "",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Voir ou changer la correspondance des comptes et des cases : `harmonia mapping DOSSIER --set 2051=BA.010.brut`."""
    from cli.mapping import BadRule, changed

    path, params = f"/filings/{filing}/accounts", {"package": package}
    answer = _ask(server, "GET", path, "Lecture…", params=params)
    if rule or drop:
        try:
            rules = changed(answer["rules"], rule or (), drop or ())
        except BadRule as error:
            errors.print(f"[red]{error}[/]")
            raise typer.Exit(USAGE) from None
        asked = {"rules": rules, "request_id": _request_id()}
        answer = _ask(server, "PUT", path, "Enregistrement…", params=params, json=asked)
    _show(answer, as_json, showing.mapping)


@app.command(name="set")
def set_cell(
    filing: FilingId,
    cells: Annotated[list[str], typer.Argument(metavar="LIGNE.colonne=valeur…")],
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Saisir des cases : `harmonia set DOSSIER PL.010.n=9358`."""
    current = {c["address"]: c for c in _ask(server, "GET", f"/filings/{filing}", "Lecture…")["cells"]}
    edits = []
    for cell in cells:
        address, separator, text = cell.partition("=")
        if not separator:
            errors.print(f"[red]« {cell} » n'est pas de la forme LIGNE.colonne=valeur.[/]")
            raise typer.Exit(USAGE)
        version = int(current.get(address, {}).get("version", 0))
        edits.append({"address": address, "text": text, "base_version": version})
    asked = {"cells": edits, "request_id": _request_id()}
    answer = _ask(server, "PATCH", f"/filings/{filing}/cells", "Enregistrement…", json=asked)
    _show(
        answer,
        as_json,
        lambda out, a: out.print(f"{len(a['cells'])} case(s) changée(s), {len(a['findings'])} remarque(s)."),
    )


@app.command()
def check(
    target: Annotated[str, typer.Argument(metavar="FICHIER|DOSSIER", help="Un fichier, ou un dossier du serveur.")],
    previous: Annotated[
        Path | None, typer.Option(metavar="FICHIER", help="Le fichier de l'exercice précédent, pour les contrôles N-1.")
    ] = None,
    document: Annotated[
        str, typer.Option(help="ER, QDIS, ou whole pour les deux ; sans elle, ce que le fichier contient.")
    ] = "",
    adjustments: AdjustmentFiles = None,
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FICHIER", help="Correspondance des comptes d'une balance ou d'un FEC (mapping --json)."),
    ] = None,
    form_set: Annotated[str, typer.Option("--form-set", help="Référentiel ; sans lui, celui de l'exercice.")] = "",
    language: Annotated[str, typer.Option("--lang", help="fr ou en.")] = "fr",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Contrôler un fichier sans serveur (CSV, XLSX, JSON, xBRL, balance, FEC), ou un dossier du serveur."""
    is_filing = bool(server) and not Path(target).exists() and _is_uuid(target)
    if not is_filing:
        from cli.check import Options, check_command

        options = Options(previous, document, form_set, language, adjustments or (), mapping)
        raise typer.Exit(check_command(Path(target), as_json, options))
    answer = _ask(server, "GET", f"/filings/{target}/check", "Contrôles…")
    _show(answer, as_json, showing.report)
    raise typer.Exit(CLEAN if answer["verdict"] in showing.ACCEPTABLE else TO_TREAT)


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


@app.command()
def justify(
    filing: FilingId,
    control: Annotated[str, typer.Argument(metavar="CONTRÔLE", help="A-06 par exemple.")],
    text: Annotated[str, typer.Argument(metavar="TEXTE", help="Au moins 20 caractères.")],
    cell: Annotated[
        str, typer.Option(help="La case concernée, BA.010.brut par exemple ; sinon tout le contrôle.")
    ] = "",
    reason: Annotated[str, typer.Option(help=f"Motif : {', '.join(ReasonCode)}.")] = "other",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Justifier une anomalie, ou une de ses cases."""
    asked = {"control": control, "text": text, "cell": cell, "reason": reason, "request_id": _request_id()}
    answer = _ask(server, "POST", f"/filings/{filing}/justifications", "Enregistrement…", json=asked)
    _show(answer, as_json, lambda out, a: out.print(f"Verdict : {showing.verdict(a['verdict'])}."))


@app.command()
def move(
    filing: FilingId,
    step: Annotated[int, typer.Argument(metavar="ÉTAPE", min=1, max=3)],
    reason: Annotated[str, typer.Option(help="Obligatoire pour revenir en arrière.")] = "",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Faire passer un dossier à une autre étape."""
    asked = {"step": showing.STEP_NAMES[step], "reason": reason, "request_id": _request_id()}
    answer = _ask(server, "POST", f"/filings/{filing}/step", "Changement d'étape…", json=asked)
    _show(answer, as_json, lambda out, a: out.print(f"Étape {showing.STEPS[a['step']]}."))


@app.command()
def release(
    filing: FilingId,
    tick: Annotated[list[str] | None, typer.Option(help="Partenaire à cocher.")] = None,
    untick: Annotated[list[str] | None, typer.Option(help="Partenaire à décocher.")] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Voir qui recevra quoi et pourquoi ; cocher ou décocher un partenaire."""
    for recipient, state in [(r, True) for r in tick or ()] + [(r, False) for r in untick or ()]:
        asked = {"is_ticked": state, "request_id": _request_id()}
        _ask(server, "PUT", f"/filings/{filing}/release/{recipient}", "Enregistrement…", json=asked)
    _show(_ask(server, "GET", f"/filings/{filing}/release", "Lecture…"), as_json, showing.release)


@app.command()
def sign(
    filing: FilingId,
    yes: Annotated[bool, typer.Option("--yes", help="Accepte les destinataires affichés sans demander.")] = False,
    save: Annotated[Path | None, typer.Option(help="Garde le contenu exact à signer dans ce fichier.")] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Signer : montre l'empreinte et les destinataires, puis signe exactement ce contenu."""
    import hashlib

    prepared = _ask(server, "POST", f"/filings/{filing}/signature", "Préparation…")
    if prepared["obstacles"]:
        showing.refusal(
            errors,
            "Le dossier ne peut pas être signé en l'état.",
            ({"description": o["fr"]} for o in prepared["obstacles"]),
        )
        raise typer.Exit(TO_TREAT)
    content = prepared["content"].encode()
    if hashlib.sha256(content).hexdigest() != prepared["digest"]:
        errors.print("[red]L'empreinte annoncée n'est pas celle du contenu reçu ; rien n'est signé.[/]")
        raise typer.Exit(TO_TREAT)
    if save:
        save.write_bytes(content)
    if not as_json:
        showing.release(console, prepared)
        console.print(f"Empreinte {prepared['digest']}  (code [bold]{prepared['code']}[/])")
    if not yes and (as_json or not typer.confirm("Signer ce contenu et accepter ces destinataires ?")):
        raise typer.Exit(TO_TREAT)
    asked = {"digest": prepared["digest"], "accepts_recipients": True, "request_id": _request_id()}
    answer = _ask(server, "POST", f"/filings/{filing}/signature/{prepared['intent_id']}", "Signature…", json=asked)
    _show(answer, as_json, showing.receipt)


@app.command()
def receipt(
    filing: FilingId,
    container: Annotated[Path | None, typer.Option(help="Enregistre le conteneur signé (ASiC-E).")] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Montrer le récépissé ; garder le conteneur signé."""
    answer = _ask(server, "GET", f"/filings/{filing}/receipt", "Lecture…")
    if container:
        container.write_bytes(_ask(server, "GET", f"/filings/{filing}/container", "Téléchargement…"))
    _show(answer, as_json, showing.receipt)


@app.command()
def feed(
    document: Annotated[str, typer.Argument(help="er ou qdis.")] = "er",
    client_id: Annotated[str, typer.Option(envvar="HARMONIA_CLIENT_ID", help="Identifiant du partenaire.")] = "",
    after: Annotated[int, typer.Option(help="Reprend après ce numéro.")] = 0,
    download: Annotated[Path | None, typer.Option(help="Dossier où garder les conteneurs.")] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Lire son flux de partenaire (secret dans HARMONIA_CLIENT_SECRET) ; garder les conteneurs."""
    import os

    from cli.feeds import read_feed, said

    secret = os.environ.get("HARMONIA_CLIENT_SECRET", "")
    if not (client_id and secret and server):
        errors.print("[red]Donnez --server, --client-id et HARMONIA_CLIENT_SECRET.[/]")
        raise typer.Exit(USAGE)
    with _explaining():
        entries = read_feed(server, document.lower(), client_id, secret, after, download, errors)
    if as_json:
        showing.as_json(entries)
        return
    for entry in entries:
        console.print(said(entry))


@app.command()
def sample(
    family: Annotated[str, typer.Option(help="OPH, ESH, COOP ou SEM.")] = "OPH",
    seed: Annotated[int, typer.Option(help="Le même nombre donne le même organisme.")] = 1,
    year: Annotated[int, typer.Option(help="Exercice.")] = 2024,
    fault: Annotated[
        str | None, typer.Option(help="Contrôle à mettre en défaut, A-06 par exemple ; ? au hasard.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Fichier, ou dossier pour plusieurs.")] = None,
    years: Annotated[int, typer.Option(help="Nombre d'exercices, le dernier étant --year.")] = 1,
    count: Annotated[int, typer.Option(help="Nombre d'organismes.")] = 1,
    size: Annotated[int | None, typer.Option(help="Nombre de logements.")] = None,
    typed_only: Annotated[bool, typer.Option("--typed-only", help="Sans les cases calculées.")] = False,
) -> None:
    """Fabriquer le fichier d'un organisme synthétique, juste par construction, avec une faute choisie si l'on veut."""
    from cli.sample import sample_command

    raise typer.Exit(sample_command(family, seed, year, fault, output, years, count, size, typed_only))


@app.command(name="export")
def export_filing(
    filing: FilingId,
    chosen: Annotated[str, typer.Option("--format", help="csv, xlsx, json, xbrl-json, xbrl-csv ou taxonomy.")] = "csv",
    version: Annotated[int, typer.Option(help="Version signée ; 0 pour le dossier comme il est.")] = 0,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Fichier, dossier, ou - pour la sortie standard.")
    ] = None,
    server: Server = "",
) -> None:
    """Enregistrer un dossier dans un format publié."""
    from cli.export import export_command

    client = _client(server)
    with _explaining():
        code = export_command(client, filing, chosen, version, output)
    raise typer.Exit(code)


@app.command()
def undo(
    filing: FilingId,
    step: Annotated[str, typer.Argument(metavar="[MODIFICATION]", help="Sans elle, les liste.")] = "",
    before: Annotated[str, typer.Option(metavar="MODIFICATION", help="Liste celles d'avant.")] = "",
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Lister les modifications d'un dossier, ou en annuler une."""
    if not step:
        answer = _ask(server, "GET", f"/filings/{filing}/steps", "Lecture…", params={"page_token": before})
        _show(answer, as_json, showing.steps)
        return
    answer = _ask(
        server,
        "POST",
        f"/filings/{filing}/steps/{step}/undo",
        "Annulation…",
        headers={"Idempotency-Key": _request_id()},
    )
    _show(answer, as_json, showing.undone)


@app.command()
def carry(filing: FilingId, server: Server = "", as_json: AsJson = False) -> None:
    """Reprendre les réponses de l'exercice précédent dans les cases vides."""
    path = f"/filings/{filing}/last-year"
    answer = _ask(server, "POST", path, "Reprise…", headers={"Idempotency-Key": _request_id()})
    _show(answer, as_json, lambda out, a: out.print(f"{a['carried']} case(s) reprise(s)."))


@app.command()
def reopen(
    filing: FilingId,
    reason: Annotated[str, typer.Option(help="Pourquoi.")],
    cells: Annotated[list[str] | None, typer.Argument(metavar="[LIGNE.colonne…]", help="Cases à revoir.")] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Rouvrir un dossier signé pour une version rectificative."""
    asked = {"reason": reason, "cells": cells or [], "request_id": _request_id()}
    answer = _ask(server, "POST", f"/filings/{filing}/reopen", "Réouverture…", json=asked)
    _show(answer, as_json, lambda out, a: out.print(f"Étape {showing.STEPS[a['step']]}."))


@app.command()
def series(
    filing: FilingId,
    cells: Annotated[list[str], typer.Argument(metavar="LIGNE.colonne…")],
    years: Annotated[int, typer.Option(help="Nombre d'exercices, 5 au plus.", min=1, max=5)] = 5,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Suivre des cases d'année en année, ruptures de série marquées."""
    params = {"cells": " ".join(cells), "years": years}
    answer = _ask(server, "GET", f"/filings/{filing}/series", "Lecture…", params=params)
    _show(answer, as_json, showing.series)


@app.command()
def compare(
    filing: FilingId,
    other: Annotated[str, typer.Argument(metavar="[AUTRE]", help="Autre dossier ; le même sans lui.")] = "",
    version: Annotated[int, typer.Option(help="Version signée ; 0 pour maintenant.")] = 0,
    other_version: Annotated[int, typer.Option(help="Version signée de l'autre ; 0 pour maintenant.")] = 0,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Comparer deux exercices ou deux versions, case par case."""
    params = {"version": version, "other": other, "other_version": other_version}
    answer = _ask(server, "GET", f"/filings/{filing}/compare", "Comparaison…", params=params)
    _show(answer, as_json, showing.differences)


packages = typer.Typer(no_args_is_help=True, help="Vérifier et comparer des paquets de formulaires.")
app.add_typer(packages, name="package")
rules = typer.Typer(no_args_is_help=True, help="Le catalogue ouvert des règles.")
app.add_typer(rules, name="rules")


@packages.command()
def lint(
    target: Annotated[str, typer.Argument(metavar="VERSION|DOSSIER", help="2025.1, ou le dossier d'un paquet.")],
    as_json: AsJson = False,
) -> None:
    """Vérifier un paquet et faire tourner ses exemples."""
    from cli.package import lint_command

    raise typer.Exit(lint_command(target, as_json))


@packages.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="AVANT", help="2024.1, ou le dossier d'un paquet.")],
    after: Annotated[str, typer.Argument(metavar="APRÈS", help="2025.1, ou le dossier d'un paquet.")],
    as_json: AsJson = False,
) -> None:
    """Montrer ce qui change d'une version à l'autre, et ce qui n'est plus comparable."""
    from cli.package import diff_command

    raise typer.Exit(diff_command(before, after, as_json))


@rules.command()
def export(
    export_format: Annotated[str, typer.Option("--format", help="json ou html.")] = "json",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Dossier ; la sortie standard sans lui.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="La plus récente sans elle.")] = None,
    adjustments: AdjustmentFiles = None,
) -> None:
    """Écrire le catalogue des contrôles et des formules, avec son empreinte."""
    from cli.rules import export_command

    raise typer.Exit(export_command(export_format, output, version, adjustments or ()))


@rules.command(name="adjustments")
def save_adjustments(
    filing: FilingId,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Fichier, dossier, ou - pour la sortie standard.")
    ] = None,
    server: Server = "",
) -> None:
    """Enregistrer les décisions de l'autorité sur les contrôles d'un dossier, pour check et rules export."""
    from cli.export import save

    client = _client(server)
    with _explaining():
        content, name = client.download(f"/filings/{filing}/adjustments")
    raise typer.Exit(save(content, name or "adjustments.json", output))


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
