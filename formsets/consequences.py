"""What a failed control asks for, by severity: the sentence that ends `how` in a package, in both languages."""

from collections.abc import Mapping

from formsets.package import ControlText

CONSEQUENCES: Mapping[str, Mapping[str, str]] = {
    "B": {"fr": "La valeur est refusée.", "en": "The value is refused."},
    "T": {
        "fr": "La transmission est bloquée tant que ce n'est pas corrigé.",
        "en": "Transmission is blocked until it is corrected.",
    },
    "A": {
        "fr": "Corrigez, ou justifiez en 20 caractères au moins.",
        "en": "Correct it, or justify it in 20 characters or more.",
    },
    "R": {"fr": "Simple remarque : aucune action n'est exigée.", "en": "A remark only: no action is required."},
}
"""Severity → language → sentence."""


def severity_told(how: str, language: str) -> str:
    """The severity whose consequence ends this text, empty when none does."""
    return next((severity for severity, told in CONSEQUENCES.items() if how.endswith(told[language])), "")


def told_as(text: ControlText, language: str, severity: str) -> ControlText:
    """The text with the consequence of this severity at its end, in place of that of another one."""
    told = severity_told(text.how, language)
    advice = text.how.removesuffix(CONSEQUENCES[told][language]).rstrip() if told else text.how
    return ControlText(text.what, text.where, f"{advice} {CONSEQUENCES[severity][language]}".lstrip())
