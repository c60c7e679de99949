"""Whole sentences that explain a decision: why a recipient gets a document, or at which layer it stops (F20)."""

from datetime import date

from services.transmission.domain.decision import Finding, Layer, Level, Mode, Question
from services.transmission.domain.recipient import Recipient, RecipientKind

_NAMES_FR = {
    "MIN": "le ministère",
    "FED-OPH": "la fédération des OPH",
    "FED-ESH": "la fédération des ESH",
    "FED-COOP": "la fédération des coopératives",
    "FED-EPL": "la fédération des EPL",
    "CDC": "la Caisse des dépôts",
    "CGLLS": "la CGLLS",
    "ANCOLS": "l’ANCOLS",
}
_NAMES_EN = {
    "MIN": "the ministry",
    "FED-OPH": "the OPH federation",
    "FED-ESH": "the ESH federation",
    "FED-COOP": "the co-operatives’ federation",
    "FED-EPL": "the EPL federation",
    "CDC": "the Caisse des dépôts",
    "CGLLS": "the CGLLS",
    "ANCOLS": "ANCOLS",
}
_DOCUMENTS_FR = {"ER": "l’ER", "QDIS": "le QDIS"}
_DOCUMENTS_EN = {"ER": "the ER", "QDIS": "the QDIS"}
_MONTHS_FR = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


def name_fr(code: str) -> str:
    """Name a recipient in French, with its article."""
    recipient = Recipient(code)
    if recipient.kind is RecipientKind.PREFET:
        return f"le préfet du département {recipient.departement}"
    return _NAMES_FR.get(code, f"le destinataire {code}")


def label_fr(code: str) -> str:
    """Name a recipient in French without its article, for tables."""
    name = name_fr(code)
    for article in ("le ", "la ", "l’"):
        name = name.removeprefix(article)
    return _capital(name)


def name_en(code: str) -> str:
    """Name a recipient in English."""
    recipient = Recipient(code)
    if recipient.kind is RecipientKind.PREFET:
        return f"the préfet of département {recipient.departement}"
    return _NAMES_EN.get(code, f"the recipient {code}")


def explain_fr(question: Question, rule: str | None, mode: Mode | None, layers: tuple[Layer, ...]) -> str:
    """Say in one French sentence what was decided and by which layers."""
    is_allowed = all(layer.finding is not Finding.REFUSES for layer in layers)
    document = _DOCUMENTS_FR.get(question.document, question.document)
    verb = "reçoit" if is_allowed else "ne reçoit pas"
    clauses = [_scope_fr(question, rule, mode, layers[0])]
    clauses += [_further_fr(question, document, layer) for layer in _examined(layers)]
    return f"{_capital(name_fr(question.recipient))} {verb} {document} : {_join(clauses, is_allowed, 'et', 'mais')}."


def explain_en(question: Question, rule: str | None, mode: Mode | None, layers: tuple[Layer, ...]) -> str:
    """Say in one English sentence what was decided and by which layers."""
    is_allowed = all(layer.finding is not Finding.REFUSES for layer in layers)
    document = _DOCUMENTS_EN.get(question.document, question.document)
    verb = "receives" if is_allowed else "does not receive"
    clauses = [_scope_en(question, rule, mode, layers[0])]
    clauses += [_further_en(question, document, layer) for layer in _examined(layers)]
    return f"{_capital(name_en(question.recipient))} {verb} {document}: {_join(clauses, is_allowed, 'and', 'but')}."


def _examined(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    return tuple(layer for layer in layers[1:] if layer.finding is not Finding.NOT_NEEDED)


def _join(clauses: list[str], is_allowed: bool, and_: str, but: str) -> str:
    if len(clauses) == 1:
        return clauses[0]
    return f"{', '.join(clauses[:-1])}, {and_ if is_allowed else but} {clauses[-1]}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _to_fr(code: str) -> str:
    name = name_fr(code)
    return f"au {name.removeprefix('le ')}" if name.startswith("le ") else f"à {name}"


def _of_fr(code: str) -> str:
    name = name_fr(code)
    return f"du {name.removeprefix('le ')}" if name.startswith("le ") else f"de {name}"


def _day_fr(day: date | None) -> str:
    if day is None:
        return "toujours"
    return f"le {'1er' if day.day == 1 else day.day} {_MONTHS_FR[day.month - 1]} {day.year}"


def _on_fr(day: date) -> str:
    return _day_fr(day).replace("le ", "au ", 1)


def _scope_fr(question: Question, rule: str | None, mode: Mode | None, scope: Layer) -> str:
    if rule is None or mode is None:
        return (
            f"aucune règle ne prévoit cet envoi {_on_fr(question.on)} pour un organisme de la famille "
            f"{question.family} dont le siège est dans le département {question.departement or 'inconnu'}, "
            "et ce qui n’est pas prévu n’est pas envoyé"
        )
    since = f"depuis {_day_fr(scope.since)}"
    statutes = f"{since} la règle {rule} s’en remet aux statuts {_of_fr(question.recipient)}"
    holds = scope.finding is Finding.HOLDS
    return {
        Mode.AUTO: f"{since} la règle {rule} rend cet envoi automatique, sans autorisation, convention ni case",
        Mode.STATUTES: f"{statutes}, qui {'le prévoient' if holds else 'ne le prévoient pas'}",
        Mode.BOX: f"{since} la règle {rule} laisse le choix à l’organisme",
        Mode.CLOSED: f"{since} la règle {rule} ferme cet envoi, et personne ne peut l’ouvrir",
        Mode.NONE: f"selon la règle {rule}, ce document n’existe pas {_on_fr(question.on)} pour la famille "
        f"{question.family}",
    }[mode]


def _further_fr(question: Question, document: str, layer: Layer) -> str:
    holds = layer.finding is Finding.HOLDS
    if layer.level is Level.CONTROLLER:
        opened = "a ouvert" if holds else "n’a pas ouvert"
        party = name_fr(layer.party) if layer.party else "aucun serveur"
        return f"{party} {opened} {document} de la famille {question.family} {_to_fr(question.recipient)}"
    if layer.level is Level.AGREEMENT:
        if holds:
            return f"une convention est en vigueur depuis {_day_fr(layer.since)}"
        return f"aucune convention n’est en vigueur {_on_fr(question.on)}"
    return "l’organisme a coché la case" if holds else "l’organisme n’a pas coché la case"


def _scope_en(question: Question, rule: str | None, mode: Mode | None, scope: Layer) -> str:
    if rule is None or mode is None:
        return (
            f"no rule provides for it on {question.on.isoformat()} for a body of family {question.family} "
            f"with its seat in département {question.departement or 'unknown'}, and what is not provided for is not sent"
        )
    since = f"since {scope.since.isoformat() if scope.since else 'always'}"
    statutes = f"{since} rule {rule} leaves it to the statutes of {name_en(question.recipient)}"
    holds = scope.finding is Finding.HOLDS
    return {
        Mode.AUTO: f"{since} rule {rule} makes it automatic, without permit, agreement or box",
        Mode.STATUTES: f"{statutes}, which {'provide for it' if holds else 'do not provide for it'}",
        Mode.BOX: f"{since} rule {rule} leaves the choice to the body",
        Mode.CLOSED: f"{since} rule {rule} closes it, and nobody can open it",
        Mode.NONE: f"by rule {rule} this document does not exist on {question.on.isoformat()} for family "
        f"{question.family}",
    }[mode]


def _further_en(question: Question, document: str, layer: Layer) -> str:
    holds = layer.finding is Finding.HOLDS
    if layer.level is Level.CONTROLLER:
        opened = "opened" if holds else "has not opened"
        party = name_en(layer.party) if layer.party else "no server"
        return f"{party} {opened} {document} of family {question.family} to {name_en(question.recipient)}"
    if layer.level is Level.AGREEMENT:
        if holds:
            return f"an agreement is in force since {layer.since.isoformat() if layer.since else 'always'}"
        return f"no agreement is in force on {question.on.isoformat()}"
    return "the body ticked the box" if holds else "the body did not tick the box"
