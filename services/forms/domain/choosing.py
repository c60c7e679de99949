"""Refuses what cannot be taken of an import, or left out of it, name by name."""

from chassis.errors import ThreeParts, Violation, violation
from services.forms.domain.errors import ImportChoiceRefused
from services.forms.domain.importing import Effect, ImportChoice, ImportPreview, names_of

_Told = tuple[tuple[str, str], tuple[str, str]]
"""What and how, in French and in English."""

_NEVER_WRITTEN: dict[Effect, _Told] = {
    Effect.COMPARED: (
        ("Cette case ne s'importe pas : sa valeur est calculée ou vient d'ailleurs.", "Laissez-la telle quelle."),
        ("This cell is not imported: its value is computed or comes from elsewhere.", "Leave it as it is."),
    ),
    Effect.ELSEWHERE: (
        ("Cette ligne est d'un autre document.", "Importez-la dans le dossier de ce document."),
        ("This line belongs to another document.", "Import it into the filing of that document."),
    ),
    Effect.SEALED: (
        ("L'ER est signé : cette donnée commune ne change plus ici.", "Corrigez-la dans un ER rouvert."),
        ("The ER is signed: this shared fact is sealed.", "Correct it in a reopened ER."),
    ),
}
_UNKNOWN: _Told = (
    (
        "L'aperçu de cet import n'a rien de ce nom.",
        "Prenez une case, une ligne ou un tableau de l'aperçu, par exemple BA.010.brut, BA.010 ou BA.",
    ),
    (
        "The preview of this import has nothing of this name.",
        "Take a cell, a line or a form of the preview, for instance BA.010.brut, BA.010 or BA.",
    ),
)
_REFUSED: _Told = (
    ("Cette ligne du fichier est refusée.", "Corrigez-la dans le fichier, puis refaites l'aperçu."),
    ("This line of the file is refused.", "Correct it in the file, then make the preview again."),
)
_BOTH: _Told = (
    ("Ce nom est à la fois pris et laissé de côté.", "Gardez l'un des deux."),
    ("This name is both taken and left out.", "Keep one of the two."),
)


def require_possible(preview: ImportPreview, choice: ImportChoice) -> None:
    """Let every name of a choice be one that the preview has, and every cell that is taken one that can be written.

    Raises:
        ImportChoiceRefused: with what, where and how for each name that is not.
    """
    effects = {change.address: change.effect for change in preview.changes}
    known = {name for address in effects for name in names_of(address)}
    refused = {problem.code for problem in preview.problems}

    def why_not(name: str) -> _Told | None:
        if name in choice.taken & choice.left:
            return _BOTH
        if name not in known and not (name in refused and name in choice.left):
            return _REFUSED if name in refused else _UNKNOWN
        return _NEVER_WRITTEN.get(effects[name]) if name in choice.taken and name in effects else None

    reasons = ((name, why_not(name)) for name in sorted(choice.taken | choice.left))
    if told := [_about(name, reason) for name, reason in reasons if reason]:
        raise ImportChoiceRefused(told)


def _about(name: str, reason: _Told) -> Violation:
    (what_fr, how_fr), (what_en, how_en) = reason
    fr = ThreeParts(what_fr, f"Choix « {name} ».", how_fr)
    en = ThreeParts(what_en, f"Choice “{name}”.", how_en)
    return violation(name, "IMPORT_CHOICE", fr, en)
