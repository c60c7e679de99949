"""What a person sent and nobody took: it stands again in the page that says why, ready to be sent again.

It is read from the request and written in its answer, nowhere else: no typed value is kept on the server or in a log.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway.web.fields import CELL, CSRF, REQUEST_ID, WAS
from services.gateway.web.wording import Wording

LABELS: Mapping[str, str] = {
    "address": "Case",
    "answer": "Réponse",
    "body": "SIREN",
    "cells": "Cases à revoir, séparées par des espaces (facultatif)",
    "closes_on": "Clôture",
    "control": "Contrôle",
    "corrected_until": "Dernier jour des corrections (vide : la clôture)",
    "due_on": "Échéance",
    "keep_as": "Case",
    "opens_on": "Ouverture",
    "package": "Logiciel comptable",
    "reason": "Raison",
    "text": "Texte",
    "tried_on": "Essayer sur un exercice passé (vide : les dossiers ouverts)",
    "value": "Valeur",
    "year": "Exercice",
}
"""French names of the fields in which people write; the others hold choices, which go along unseen."""
RULES: Mapping[str, str] = {"prefix:": "Préfixe de compte, règle {n}", "address:": "Case, règle {n}"}
"""The same for repeated fields, by the beginning of their names."""
_SHOWN_WITH_ITS_CONTENT = "intent_id"
_ON_ONE_LINE = 60
TICKED = "yes"
"""What a box sends."""


@dataclass(frozen=True, slots=True)
class KeptField:
    """A field in which a person wrote."""

    name: str
    label: str
    text: str

    @property
    def is_long(self) -> bool:
        """Tell whether the text needs more than one line."""
        return len(self.text) > _ON_ONE_LINE or "\n" in self.text


@dataclass(frozen=True, slots=True)
class Kept:
    """What was sent, as a form that sends it again."""

    csrf: str
    request_id: str
    typed: tuple[KeptField, ...]
    hidden: tuple[tuple[str, str], ...]

    @property
    def has_own_words(self) -> bool:
        """Tell whether the person wrote or ticked something, which a page draws again; a button pressed is neither."""
        return bool(self.typed) or any(text == TICKED for _, text in self.hidden)

    @property
    def shows_all(self) -> bool:
        """Tell whether all that counts is in sight: a cell that was not changed is not saved."""
        return all(name.startswith((CELL, WAS)) for name, _ in self.hidden)


def kept_of(sent: Mapping[str, str], _: Wording) -> Kept | None:
    """Return what can be sent again: nothing for a button alone, or for a signature, sent only from what it signs."""
    others = {name: text for name, text in sent.items() if name not in (CSRF, REQUEST_ID)}
    if not others or _SHOWN_WITH_ITS_CONTENT in others:
        return None
    typed = tuple(
        KeptField(name, label, text) for name, text in others.items() if (label := _label(name, text, others, _))
    )
    named = {one.name for one in typed}
    hidden = tuple((name, text) for name, text in others.items() if name not in named)
    return Kept(sent.get(CSRF, ""), sent.get(REQUEST_ID, ""), typed, hidden)


def _label(name: str, text: str, sent: Mapping[str, str], _: Wording) -> str:
    """Return the label of a field in which the person wrote, empty for any other."""
    if name.startswith(CELL):
        address = name.removeprefix(CELL)
        before = sent.get(WAS + address, "").partition(":")[2]
        return _("Case {address}", address=address) if text.strip() != before.strip() else ""
    rule = next((label for beginning, label in RULES.items() if name.startswith(beginning)), "")
    if not text:
        return ""
    return _(rule, n=name.partition(":")[2]) if rule else _(LABELS[name]) if name in LABELS else ""
