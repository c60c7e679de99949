"""The words of the interface: French in the source, English in `locale/en.json` under the French sentence.

`locale/fr.json` has the reasons that services say in English only.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

from chassis.agreement import agreed
from chassis.clock import PARIS
from formsets.verdicts import VerdictText, verdict_told
from services.gateway.clients.answers import (
    ControlStatus,
    DeliveryState,
    Document,
    ExportFormat,
    ImportEffect,
    Indication,
    Origin,
    ReviewState,
    RunState,
    Sentence,
    Severity,
    Standing,
    Step,
    ThreePartMessage,
    Verdict,
)

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
SIGNATURE_LEVELS: Mapping[str, str] = {
    "ADVANCED_SEAL_WITH_CONSENT": "Cachet avancé du serveur, avec le consentement enregistré du signataire",
}
"""Signature levels in words."""
ATTACHMENT_KINDS: Mapping[str, str] = {
    "MANAGEMENT_REPORT": "Rapport de gestion",
    "DELIBERATION": "Délibération ou procès-verbal d’approbation",
    "AUDITOR_REPORT": "Rapport du commissaire aux comptes",
    "NOTES": "Annexe",
    "OTHER": "Autre pièce",
}
"""Kinds of attached PDF in words."""
JUSTIFICATION_REASONS: Mapping[str, str] = {
    "exceptional_event": "Opération ou événement exceptionnel",
    "method_change": "Changement de méthode ou de présentation comptable",
    "scope_change": "Changement de périmètre : fusion, cession ou transfert de logements",
    "earlier_error": "Correction d’une erreur d’un exercice antérieur",
    "special_rule": "Règle ou texte propre à l’organisme",
    "rounding": "Arrondi",
    "other": "Autre motif",
    "unspecified": "Motif non précisé",
}
"""Kinds of reason of a justification in words."""
NARROW_SPACE = "\u202f"

_LOCALE = Path(__file__).parent / "locale"
_BEFORE_MARK = re.compile(r"(?<=«) | (?=[:;?!»])")
_MONTHS_FR = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)

_LABELS: tuple[tuple[StrEnum, str], ...] = (
    (Document.ER, "États réglementaires (ER)"),
    (Document.QDIS, "Questionnaire du dossier individuel de situation (QDIS)"),
    (Step.ENTRY, "Saisie"),
    (Step.ACCOUNTING, "Validation comptable"),
    (Step.SIGNATURE, "Signature"),
    (Step.REVIEW, "Fiabilisation"),
    (Step.CLOSED, "Clôturé"),
    (Step.ARCHIVED, "Archivé"),
    (ReviewState.UNSPECIFIED, "À traiter"),
    (ReviewState.WAITING, "À traiter"),
    (ReviewState.IN_PROGRESS, "En cours"),
    (ReviewState.ASKED, "Question posée"),
    (ReviewState.ANSWERED, "Réponse reçue"),
    (ReviewState.RELIABLE, "Fiabilisé"),
    (Severity.BLOCKING, "Bloquant à la saisie"),
    (Severity.TRANSMISSION, "Bloquant à la transmission"),
    (Severity.ANOMALY, "Anomalie à corriger ou à justifier"),
    (Severity.REMARK, "Remarque"),
    (ControlStatus.PASSED, "Respecté"),
    (ControlStatus.FAILED, "Non respecté"),
    (ControlStatus.NOT_EVALUATED, "Non évalué"),
    (Origin.TYPED, "Saisie"),
    (Origin.IMPORTED, "Importée"),
    (Origin.SYNCHRONISED, "Synchronisée"),
    (Origin.LAST_YEAR, "Reprise de l’exercice précédent"),
    (Origin.COMPUTED, "Calculée"),
    (Origin.CHOSEN, "Choisie entre deux valeurs"),
    (ImportEffect.FILL, "Cases vides qui seront remplies"),
    (ImportEffect.REPLACE, "Valeurs importées qui seront remplacées"),
    (ImportEffect.PROTECTED, "Valeurs saisies à la main, gardées"),
    (ImportEffect.SAME, "Valeurs identiques"),
    (ImportEffect.COMPARED, "Cases calculées, comparées et non stockées"),
    (ImportEffect.ELSEWHERE, "Lignes de l’autre document, non stockées ici"),
    (ImportEffect.SEALED, "Données communes scellées par l’ER signé, refusées"),
    (ExportFormat.CSV, "CSV plat, le format d’import"),
    (ExportFormat.XLSX, "Classeur XLSX, une feuille par formulaire"),
    (ExportFormat.JSON, "JSON"),
    (ExportFormat.XBRL_JSON, "xBRL-JSON"),
    (ExportFormat.XBRL_CSV, "xBRL-CSV (ZIP)"),
    (ExportFormat.TAXONOMY, "Taxonomie XBRL (ZIP)"),
    (DeliveryState.AVAILABLE, "Mis à disposition, pas encore lu"),
    (DeliveryState.DELIVERED, "Reçu par le destinataire"),
    (DeliveryState.ACKNOWLEDGED, "Pris en compte par le destinataire"),
    (DeliveryState.SUPERSEDED, "Remplacé par une version plus récente"),
    (Standing.CURRENT, "En vigueur"),
    (Standing.SUSPENDED, "Suspendue"),
    (Standing.REPLACED, "Remplacée par une version plus récente"),
    (Standing.WITHDRAWN, "Retirée : plus en vigueur chez ce destinataire"),
    (RunState.WAITING, "En attente"),
    (RunState.RUNNING, "En cours"),
    (RunState.DONE, "Terminé"),
    (RunState.FAILED, "Abandonné"),
    (Indication.PASSED, "Signature valable"),
    (Indication.FAILED, "Signature non valable"),
    (Indication.INDETERMINATE, "Vérification impossible à conclure"),
)
LABELS: Mapping[tuple[type[StrEnum], str], str] = {(type(word), word.value): name for word, name in _LABELS}
"""French names of what the services answer, by kind and word: a run and a signature that failed have names of their own."""


@cache
def _catalogue(language: Language) -> Mapping[str, str]:
    catalogue: dict[str, str] = json.loads((_LOCALE / f"{language}.json").read_text(encoding="utf-8"))
    return catalogue


@dataclass(frozen=True, slots=True)
class Wording:
    """Says things in one language."""

    language: Language

    def __call__(self, french: str, **values: object) -> str:
        """Return the sentence in the language; a sentence nobody translated stays French rather than vanish."""
        text = _unbroken(french) if self.language == "fr" else _catalogue("en").get(french, french)
        return agreed(text, values, self.language) if values else text

    def count(self, number: int) -> str:
        """Return a count with its thousands parted."""
        return f"{number:,}".replace(",", NARROW_SPACE if self.language == "fr" else ",")

    def tenths(self, number: float) -> str:
        """Return a measure to the tenth."""
        text = f"{number:,.1f}"
        return text.replace(",", NARROW_SPACE).replace(".", ",") if self.language == "fr" else text

    @property
    def colon(self) -> str:
        """A colon as the language writes it: after a space that never breaks, or after none."""
        return "\u00a0:" if self.language == "fr" else ":"

    def level(self, code: str) -> str:
        """Return a signature level in words; one that has none is shown as it is."""
        return self(SIGNATURE_LEVELS.get(code, code))

    def kind_of_reason(self, word: str) -> str:
        """Return the kind of reason of a justification in words."""
        return self(JUSTIFICATION_REASONS[word])

    def reason(self, code: str) -> str:
        """Return the sentence for a failure's reason, empty when its own message says more."""
        return _catalogue(self.language).get(f"reason:{code}", "")

    def violation(self, field: str, code: str) -> str:
        """Return the sentence for a violation, of that field or of any; empty when its own description says more."""
        found = _catalogue(self.language)
        return found.get(f"violation:{field}:{code}") or found.get(f"violation:{code}", "")

    def verdict(self, value: Verdict) -> VerdictText:
        """Return what a verdict is called and says, in the words of files, commands and services."""
        return verdict_told(value, self.language)

    def label(self, value: StrEnum) -> str:
        """Return the name of one of a service's words."""
        return self(LABELS.get((type(value), value.value), value.value.replace("_", " ")))

    def sentence(self, sentence: Sentence) -> str:
        """Return a service's own sentence; French when there is no other."""
        return (sentence.en if self.language == "en" else sentence.fr) or sentence.fr or sentence.en

    def parts(self, message: ThreePartMessage) -> tuple[str, str, str]:
        """Return what, where and how."""
        return self.sentence(message.what), self.sentence(message.where), self.sentence(message.how)

    def day(self, text: str) -> str:
        """Return an ISO day as people read it; what is no day is returned as it is."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        return self._day(day)

    def moment(self, at: datetime | None) -> str:
        """Return an instant in Paris time, to the minute, zone named; a dash for none."""
        if at is None:
            return "—"
        local = at.astimezone(PARIS)
        zone = self("heure de Paris")
        joint = "à" if self.language == "fr" else "at"
        return f"{self._day(local.date())} {joint} {local:%H:%M} ({zone})"

    def stamp(self, at: datetime) -> str:
        """Return an instant in Paris time as short as a table wants it."""
        return f"{at.astimezone(PARIS):%d/%m/%Y %H:%M}"

    def _day(self, day: date) -> str:
        if self.language == "en":
            return f"{day.day} {day:%B} {day.year}"
        first = "1er" if day.day == 1 else str(day.day)
        return f"{first} {_MONTHS_FR[day.month - 1]} {day.year}"


@cache
def _unbroken(french: str) -> str:
    """Return a sentence whose marks stay beside their word: before them, French has a space that never breaks."""
    return _BEFORE_MARK.sub("\u00a0", french)


def preferred(asked: str, kept: str, accepted: str) -> Language:
    """Return the language to speak: the one asked for, else the one kept, else the browser's first known, else French.

    Args:
        asked: `?lang=`.
        kept: value of the language cookie.
        accepted: the `Accept-Language` header.
    """
    for wanted in (asked, kept):
        for language in LANGUAGES:
            if wanted == language:
                return language
    ranked = sorted((_ranked(item) for item in accepted[:500].split(",")), reverse=True)
    for quality, code in ranked:
        for language in LANGUAGES:
            if quality > 0 and code == language:
                return language
    return "fr"


def _ranked(item: str) -> tuple[float, str]:
    code, _, rest = item.strip().partition(";")
    try:
        quality = float(rest.strip().removeprefix("q=")) if rest else 1.0
    except ValueError:
        quality = 0.0
    return quality, code.strip().lower().partition("-")[0]
