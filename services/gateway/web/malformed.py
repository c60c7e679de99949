"""What a program sent and cannot send, told like every other refusal: what, where, how, in French and in English."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.errors import Violation, malformed

_Told = tuple[tuple[str, str], tuple[str, str]]
"""What and how, each in French and in English; `{…}` is a limit that the error names."""
_WHOLE: _Told = (
    ("Nombre entier attendu.", "A whole number is expected."),
    ("Écrivez un nombre entier.", "Write a whole number."),
)
_TOO_LONG = ("Texte trop long.", "Text too long.")
_OUT_OF_BOUNDS = ("Nombre hors limites.", "Number out of bounds.")
_TOLD: Mapping[str, _Told] = {
    "missing": (("Champ obligatoire absent.", "A required field is missing."), ("Ajoutez-le.", "Add it.")),
    "extra_forbidden": (("Champ inconnu.", "Unknown field."), ("Retirez-le.", "Remove it.")),
    "greater_than_equal": (_OUT_OF_BOUNDS, ("Au moins {ge}.", "At least {ge}.")),
    "less_than_equal": (_OUT_OF_BOUNDS, ("Au plus {le}.", "At most {le}.")),
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "string_too_long": (_TOO_LONG, ("Au plus {max_length} caractères.", "At most {max_length} characters.")),
    "string_too_short": (
        ("Texte trop court.", "Text too short."),
        ("Au moins {min_length} caractères.", "At least {min_length} characters."),
    ),
    "too_long": (("Liste trop longue.", "List too long."), ("Au plus {max_length}.", "At most {max_length}.")),
    "too_short": (("Liste trop courte.", "List too short."), ("Au moins {min_length}.", "At least {min_length}.")),
    "literal_error": (
        ("Valeur non admise.", "This value is not allowed."),
        ("Une de {expected}.", "One of {expected}."),
    ),
    "json_invalid": (
        ("Le corps n'est pas du JSON.", "The body is not JSON."),
        ("Envoyez un objet JSON en UTF-8.", "Send a JSON object in UTF-8."),
    ),
}
_OTHERWISE: _Told = (
    ("Valeur mal formée.", "Malformed value."),
    (
        "Voyez la description de l'interface, /api/openapi.json.",
        "See the description of the interface, /api/openapi.json.",
    ),
)


def malformations(errors: Sequence[Mapping[str, Any]]) -> list[Violation]:
    """Return one violation for each error of the framework."""
    return [_malformation(error) for error in errors]


def _malformation(error: Mapping[str, Any]) -> Violation:
    field = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    what, how = _TOLD.get(error["type"], _OTHERWISE)
    limits = {name: str(limit).replace(" or ", ", ") for name, limit in (error.get("ctx") or {}).items()}
    said = (how[0].format_map(limits), how[1].format_map(limits))
    return malformed(field[:200], str(error["type"]).upper(), what, said)
