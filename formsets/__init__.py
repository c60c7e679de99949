"""Questionnaires and controls as versioned packages: what a filing may hold, never what one holds.

A package is a folder of JSON files and their digest (`2024.1/`), produced by `tools/build_formset.py`. This library
reads and verifies packages with the standard library only, so any domain may import it. No file system write, no
network, no rule evaluation belongs here.
"""

from formsets.accounts import AccountDecision, AccountFilling, AccountRule, Unmapped
from formsets.package import (
    Concept,
    Control,
    ControlText,
    Form,
    FormSet,
    FormSetCorrupt,
    Line,
    UnknownCell,
    UnknownFormSet,
    available,
    load,
    version_for,
)

__all__ = [
    "AccountDecision",
    "AccountFilling",
    "AccountRule",
    "Concept",
    "Control",
    "ControlText",
    "Form",
    "FormSet",
    "FormSetCorrupt",
    "Line",
    "UnknownCell",
    "UnknownFormSet",
    "Unmapped",
    "available",
    "load",
    "version_for",
]
