"""`harmonia mapping`: the body's own rules from accounts to cells, changed one by one."""

from collections.abc import Iterable, Mapping
from typing import Any


class BadRule(ValueError):
    """A rule is not written PRÉFIXE=LIGNE.colonne[:sens]."""


def changed(rules: Iterable[Mapping[str, Any]], added: Iterable[str], dropped: Iterable[str]) -> list[dict[str, str]]:
    """Return the body's own rules once these are added and dropped; those of the form set are left out.

    Raises:
        BadRule: an added rule cannot be read.
    """
    gone = set(dropped)
    own = {
        rule["prefix"]: {name: str(rule[name]) for name in ("prefix", "address", "side")}
        for rule in rules
        if rule["is_own"] and rule["prefix"] not in gone
    }
    for text in added:
        prefix, is_said, rest = text.partition("=")
        address, _, side = rest.partition(":")
        if not (is_said and prefix and address):
            raise BadRule(f"« {text} » n'est pas de la forme PRÉFIXE=LIGNE.colonne[:debit|credit].")
        own[prefix] = {"prefix": prefix, "address": address, "side": side or "debit"}
    return list(own.values())
