"""The life of the form sets of a server: where each is, who moved it, where it may go, what changed, what it would do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

import formsets
from chassis.errors import Failure, Invalid, NotFound
from formsets import FormSet
from formsets.difference import Change, Subject, compare
from services.gateway.clients.answers import FormSetStatus
from services.gateway.web.errors import REFUSALS, drawn, explained, told_first
from services.gateway.web.fields import campaign_in
from services.gateway.web.form_view import label_of
from services.gateway.web.pages import official
from services.gateway.web.visit import Visit, Visitor
from services.gateway.web.wording import Wording

router = APIRouter(include_in_schema=False)

PUBLISHED = "PUBLISHED"
STATES = {"DRAFT": "Projet", "TRIAL": "À l’essai", "PUBLISHED": "Publié", "CLOSED": "Clos"}
"""French names of the states, in the order of a life."""
MOVES = {
    "DRAFT": "Remettre en projet",
    "TRIAL": "Mettre à l’essai",
    "PUBLISHED": "Publier",
    "CLOSED": "Clore",
}
"""French names of the moves, by where they lead."""
OUTCOMES = {
    "DRAFT": "Aucune campagne ne pourra plus le prendre, tant qu’il n’est pas publié de nouveau.",
    "TRIAL": "Il pourra être relu et essayé. Aucune campagne ne pourra le prendre, tant qu’il n’est pas publié.",
    "PUBLISHED": "Les campagnes pourront le prendre, et les dossiers ouverts pourront y passer. "
    "Aucun dossier ne change tant que vous ne l’avez pas demandé pour sa campagne.",
    "CLOSED": "Aucune nouvelle campagne ne pourra le prendre. Les campagnes et les dossiers qui l’ont déjà le gardent.",
}
"""What a move brings about, by where it leads."""
SUBJECTS: dict[Subject, str] = {
    "package": "Ensemble",
    "form": "Formulaires",
    "line": "Lignes",
    "cell": "Cases",
    "control": "Contrôles",
    "message": "Messages des contrôles",
    "concept": "Données communes à l’ER et au QDIS",
    "accounts": "Comptes qui remplissent les cases",
    "example": "Exemples qui éprouvent les contrôles",
    "list": "Listes de référence",
}
"""French headings of what changes, in the order of the page."""
KINDS = {"added": "ajouté", "removed": "retiré", "changed": "changé"}
PROPERTIES = {
    "version": "version",
    "last_year": "reprise de l’exercice précédent",
    "digest": "empreinte",
    "opened_from": "premier jour d’ouverture d’exercice",
    "opened_until": "dernier jour d’ouverture d’exercice",
    "title": "titre",
    "document": "document",
    "columns": "colonnes",
    "default_column": "colonne par défaut",
    "formula_columns": "colonnes calculées par la formule",
    "derived_columns": "colonnes calculées sur la ligne",
    "prefilled_columns": "colonnes reprises",
    "fr.note": "note, en français",
    "en.note": "note, en anglais",
    "label": "libellé",
    "type": "type de valeur",
    "accounts": "comptes",
    "formula": "formule",
    "mode": "mode du QDIS",
    "required": "obligatoire",
    "concepts": "données communes",
    "alias_of": "case de l’ER montrée",
    "concept": "donnée commune",
    "direction": "sens de l’échange",
    "prefilled": "reprise de l’exercice précédent",
    "enum_values": "valeurs permises",
    "requires_all": "exige toutes ses cases",
    "meaning": "sens de la ligne",
    "state": "saisie",
    "cell": "case",
    "nature": "nature",
    "aliases": "cases du QDIS",
    "severity": "gravité",
    "expression": "expression",
    "scope": "portée",
    "in_force_from": "premier exercice concerné",
    "in_force_until": "dernier exercice concerné",
    "message": "message officiel",
    "fr.what": "quoi, en français",
    "fr.where": "où, en français",
    "fr.how": "comment corriger, en français",
    "en.what": "quoi, en anglais",
    "en.where": "où, en anglais",
    "en.how": "comment corriger, en anglais",
    "side": "sens",
    "include": "comptes pris",
    "exclude": "comptes exclus",
    "rest": "comptes pris pour le reste",
    "conditional": "comptes pris sous condition",
    "undecided": "comptes à répartir",
    "passing": "exemple respecté",
    "failing": "exemple non respecté",
    "source": "source",
    "licence": "licence",
    "known_from": "première année connue",
    "known_until": "dernière année connue",
}
"""French names of what changes of a line, a control or another part of a package."""
VALUES = {
    "True": "oui",
    "False": "non",
    "open": "ouverte",
    "closed": "fermée",
    "input": "saisie",
    "computed": "calculée",
    "prefilled": "reprise",
    "both": "dans les deux sens",
    "er_to_qdis": "de l’ER vers le QDIS",
    "debit": "débit",
    "credit": "crédit",
    "by what its formula reads": "changé par ce que lit sa formule",
}
"""French words for the values that a package writes in code words."""
KIND_OF = {
    **dict.fromkeys(
        ("fr.what", "fr.where", "fr.how", "fr.note", "message", "title", "label", "accounts", "scope"), "fr"
    ),
    **dict.fromkeys(("conditional", "undecided"), "fr"),
    **dict.fromkeys(("en.what", "en.where", "en.how", "en.note"), "en"),
    **dict.fromkeys(("formula", "expression", "derived_columns", "concepts"), "code"),
}
"""What is written in a language whatever that of the page, or is an expression."""
_CAMPAIGN = ("document", "year")
DAYS = frozenset({"opened_from", "opened_until", "in_force_from", "in_force_until"})


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change, in words."""

    code: str
    label: Markup
    """Official label of the line, cell, form or control, in French; empty when it has none."""
    what: str
    before: str
    after: str
    breaks_comparison: bool
    kind: str
    """`fr` or `en` for an official text in that language, `code` for an expression; empty for words of the page."""


@router.get("/staff/form-sets")
async def form_sets(visit: Visitor) -> Response:
    """Show every form set of the server, newest first."""
    visit.require_everywhere("campaign.manage")
    return await _page(visit)


@router.get("/staff/form-sets/difference")
async def difference(visit: Visitor) -> Response:
    """Show what changes from one form set to another."""
    visit.require_everywhere("campaign.manage")
    query = visit.request.query_params
    versions, _ = formsets.available(), visit.wording
    before, after = (_known(query.get(name, "")) for name in ("before", "after"))
    found = compare(before, after)
    groups = [
        (_(heading), [_row(change, before, after, _) for change in found.changes if change.subject == subject])
        for subject, heading in SUBJECTS.items()
    ]
    values = {
        "before": before,
        "after": after,
        "versions": versions,
        "groups": [(heading, rows) for heading, rows in groups if rows],
        "breaks": found.breaks,
    }
    return await visit.page("form_set_difference.html", values)


@router.get("/staff/form-sets/{version}/move")
async def ask_to_move(visit: Visitor, version: str) -> Response:
    """Say what a move would bring about, and ask for a confirmation."""
    visit.require_everywhere("campaign.manage")
    to = visit.request.query_params.get("to", "")
    one = next((s for s in await visit.services.forms.form_sets() if s.form_set == version and to in s.moves), None)
    if one is None:
        raise NotFound
    values = {"one": one, "to": to, "states": STATES, "moves": MOVES, "outcome": visit.wording(OUTCOMES[to])}
    return await visit.page("form_set_move.html", values)


@router.post("/staff/form-sets/{version}/move")
async def move(visit: Visitor, version: str) -> Response:
    """Move a form set in its life; a refused move is explained above the list."""
    fields = await visit.fields("to")
    to = fields.get("to", "")
    if to not in STATES:
        raise Invalid
    try:
        await visit.services.forms.move_form_set(version, to)
    except REFUSALS as failure:
        return await _page(visit, failure)
    note = visit.wording("Référentiel {version} : {state}.", version=version, state=visit.wording(STATES[to]).lower())
    return await visit.go("/staff/form-sets", note)


@router.get("/staff/form-sets/{version}/trial")
async def ask_to_try(visit: Visitor, version: str) -> Response:
    """Ask for the campaign whose filings a form set is tried on, whatever its state."""
    visit.require_everywhere("campaign.manage")
    query = visit.request.query_params
    return await _trial_page(visit, version, {name: query.get(name, "") for name in _CAMPAIGN})


@router.post("/staff/form-sets/{version}/trial")
async def try_on_a_campaign(visit: Visitor, version: str) -> Response:
    """Queue the trial, which leads to where its run stands; a refused one stays in view."""
    fields = await visit.fields(*_CAMPAIGN)
    tried = _known(version).version
    try:
        document, year = campaign_in(fields)
        request_id = visit.request_id(fields)
        run = await visit.services.validations.check_campaign(document, year, request_id, tried)
    except REFUSALS as failure:
        return await _trial_page(visit, version, fields, failure)
    return await visit.go(f"/staff/runs/{run}")


async def _trial_page(visit: Visit, version: str, asked: Mapping[str, str], failure: Failure | None = None) -> Response:
    values = {
        "version": _known(version).version,
        "asked": asked,
        "wrong": {violation.field for violation in failure.violations} if failure else set(),
        "failure": told_first(failure, visit.wording) if failure else "",
    }
    return await drawn(visit, "form_set_trial.html", values, failure)


async def _page(visit: Visit, failure: Failure | None = None) -> Response:
    found = [_of(status) for status in reversed(await visit.services.forms.form_sets())]
    values = {
        "form_sets": [(status, form_set, _before(status.form_set)) for status, form_set in found],
        "states": STATES,
        "moves": MOVES,
        "failure": explained(failure, visit.wording) if failure else "",
    }
    return await drawn(visit, "form_sets.html", values, failure)


def _of(status: FormSetStatus) -> tuple[FormSetStatus, FormSet | None]:
    """Return a form set with its package, None when this process was shipped without it."""
    return status, formsets.load(status.form_set) if status.form_set in formsets.available() else None


def _before(version: str) -> str:
    """Return the version before this one, empty for the first."""
    earlier = [one for one in formsets.available() if one < version]
    return earlier[-1] if earlier else ""


def _known(version: str) -> FormSet:
    if version not in formsets.available():
        raise NotFound
    return formsets.load(version)


def _row(change: Change, before: FormSet, after: FormSet, _: Wording) -> ChangeRow:
    word = _(PROPERTIES.get(change.property, change.property)) if change.property else _(KINDS[change.kind])
    label = _label(change, after, _) or _label(change, before, _)
    before_text, after_text = (_worded(change, text, _) for text in (change.before, change.after))
    kind = "code" if change.subject == "example" else KIND_OF.get(change.property, "")
    return ChangeRow(change.code, label, word, before_text, after_text, change.breaks_comparison, kind)


def _worded(change: Change, text: str, _: Wording) -> str:
    if change.property in DAYS:
        return _.day(text)
    return _(VALUES.get(text, text)) if text else ""


def _label(change: Change, form_set: FormSet, _: Wording) -> Markup:
    """Return the official label of what changes, where it has one."""
    if change.subject in ("cell", "accounts"):
        return label_of(form_set, change.code, _)
    known: Iterable[tuple[str, str]] = ((control.id, control.message) for control in form_set.controls)
    if change.subject == "line":
        known = ((line.code, line.label) for form in form_set.forms for line in form.lines)
    if change.subject == "form":
        known = ((form.code, form.title) for form in form_set.forms)
    if change.subject == "concept":
        known = ((concept.code, concept.label) for concept in form_set.concepts)
    return official(next((label for code, label in known if code == change.code), ""))
