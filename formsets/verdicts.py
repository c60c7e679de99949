"""What each verdict is called and says, in French and English: the one table of pages, files, answers and commands.

A verdict is computed from the figures of a document alone (decisions.md 16). Its sentence therefore says nothing about
whether the filing may be signed: controls of the transmission (W-*) and values set aside may stand in the way of any.
This module stands on the standard library only, so that whoever audits the signature reads it whole.
"""

from collections.abc import Mapping
from typing import NamedTuple


class VerdictText(NamedTuple):
    """A verdict in one language."""

    word: str
    """The one word on top."""
    sentence: str
    """What it means."""


UNSPECIFIED = "unspecified"
"""No verdict: nothing was judged yet."""
VERDICTS: Mapping[str, Mapping[str, VerdictText]] = {
    "clean": {
        "fr": VerdictText("sans anomalie", "Aucun des contrôles évalués n'échoue."),
        "en": VerdictText("clean", "None of the evaluated controls fails."),
    },
    "remarks": {
        "fr": VerdictText("avec remarques", "Des contrôles échouent, tous comme remarque ou anomalie justifiée."),
        "en": VerdictText("with remarks", "Some controls fail, each as a remark or as a justified anomaly."),
    },
    "to_justify": {
        "fr": VerdictText("à justifier", "Au moins une anomalie n'est ni corrigée ni justifiée."),
        "en": VerdictText("to justify", "At least one anomaly is neither corrected nor justified."),
    },
    "blocked": {
        "fr": VerdictText("bloqué", "Au moins un contrôle bloquant n'est pas respecté."),
        "en": VerdictText("blocked", "At least one blocking control does not hold."),
    },
    "not_evaluable": {
        "fr": VerdictText(
            "non évaluable",
            "Un contrôle bloquant n'a pas pu être évalué, faute d'une case obligatoire ou de temps de calcul.",
        ),
        "en": VerdictText(
            "not evaluable",
            "A blocking control could not be evaluated, for want of a mandatory cell or of computing time.",
        ),
    },
    UNSPECIFIED: {
        "fr": VerdictText("pas encore contrôlé", "Les contrôles n'ont pas encore tourné."),
        "en": VerdictText("not checked yet", "The controls have not run yet."),
    },
}
"""Verdict, as programs are told it → language → text."""


def verdict_told(verdict: str | None, language: str) -> VerdictText:
    """The text of a verdict; of none, and of one newer than this release, that of a filing that was not checked yet."""
    return VERDICTS.get(verdict or UNSPECIFIED, VERDICTS[UNSPECIFIED])[language]
