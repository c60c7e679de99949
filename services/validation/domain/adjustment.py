"""What the authority changes of a control for one campaign: a lower severity, or none at all (F13). Never a blocking one.

Authorities decide about their own documents: the ministry about the ER, each federation about the QDIS of its bodies.
"""

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from chassis.errors import Violation
from formsets import Control, FormSet
from formsets.consequences import told_as
from services.validation.domain.errors import AdjustmentRefused, NotTheAuthority

WITHDRAWN = ""
"""The severity of a control that no longer runs."""
_ADJUSTABLE = "TAR"
"""From the heaviest to the lightest."""
SHORTEST_REASON = 10
LONGEST_REASON = 2_000

Softening = tuple[str, str]
"""A control and its severity in this campaign."""


HERE = ""
"""The authority of this server's own decisions."""


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Which server decides about the controls of a document, as seen from this one (domain.md §9)."""

    here: str
    ministry: str

    def over(self, document: str) -> str | None:
        """Return the authority under whose decisions filings of this server are judged; None: nobody's."""
        if document == "ER":
            return HERE if self.here == self.ministry else self.ministry
        return HERE if self.here != self.ministry else None

    def require(self, authority: str, document: str) -> None:
        """Let an authority decide about a document, or refuse.

        Raises:
            NotTheAuthority: another server decides.
        """
        server = authority or self.here
        if (document == "ER") != (server == self.ministry):
            raise NotTheAuthority(
                "Les contrôles de l'ER relèvent du ministère, ceux du QDIS de la fédération de l'organisme.",
                metadata={"server": server, "document": document},
            )


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One decision of the authority on one control; a later one replaces it without erasing it."""

    form_set: str
    document: str
    year: int
    control: str
    severity: str
    """T, A, R, or `WITHDRAWN`; the official one puts the control back as it was."""
    reason: str
    author: str
    at: datetime
    id: UUID
    """The same on every server."""
    authority: str = HERE
    """The server that decided; empty for this one."""

    def after(self, earlier: "Adjustment | None") -> "Adjustment":
        """Return the decision dated after the one it replaces, even when this server's clock was set back since."""
        return self if earlier is None else replace(self, at=max(self.at, earlier.at + timedelta(microseconds=1)))

    @property
    def softening(self) -> Softening:
        """What it changes."""
        return self.control, self.severity

    def require_sound(self, form_set: FormSet) -> None:
        """Let a decision through.

        Raises:
            AdjustmentRefused: no such control, one of the software itself or of another document, a blocking one, a
                heavier severity, no reason.
        """
        control = next((one for one in form_set.controls if one.id == self.control), None)
        wrong = obstacle(control, self.document, self.severity)
        if wrong:
            raise AdjustmentRefused(wrong, violations=[Violation("control", wrong, "CONTROL")])
        self.require_reason()

    def require_reason(self) -> None:
        """Let a decision through that is explained, in neither too few nor too many words.

        Raises:
            AdjustmentRefused: it is not.
        """
        if not SHORTEST_REASON <= len(self.reason) <= LONGEST_REASON:
            wrong = (
                f"La raison compte {len(self.reason)} caractères ; il en faut de {SHORTEST_REASON} à {LONGEST_REASON}."
            )
            raise AdjustmentRefused(wrong, violations=[Violation("reason", wrong, "REASON")])


def obstacle(control: Control | None, document: str, severity: str) -> str:
    """Why a control of this document cannot have this severity, empty when it can."""
    if control is None or control.expression is None:
        return "Ce contrôle n'existe pas dans ce référentiel, ou n'est pas un contrôle de cohérence."
    if control.document != document:
        return f"Le contrôle n'est pas de ceux du {document} : il ne peut pas être assoupli pour ce document."
    if control.severity == "B":
        return "Un contrôle bloquant à la saisie ne peut pas être assoupli."
    if severity != WITHDRAWN and _ADJUSTABLE.find(severity) < _ADJUSTABLE.index(control.severity):
        return f"Le contrôle est de gravité {control.severity} : il ne peut être que d'une gravité moindre, ou retiré."
    return ""


def softened(form_set: FormSet, adjustments: Iterable[Adjustment]) -> tuple[Softening, ...]:
    """What these decisions change of a form set, by control id; one that says the official severity changes nothing."""
    return effective(form_set, (one.softening for one in adjustments))


def effective(form_set: FormSet, softenings: Iterable[Softening]) -> tuple[Softening, ...]:
    """Those that change a form set, by control id."""
    official = {control.id: control.severity for control in form_set.controls}
    return tuple(sorted(one for one in softenings if one[0] in official and one[1] != official[one[0]]))


@functools.lru_cache(maxsize=32)
def adjusted(form_set: FormSet, softenings: tuple[Softening, ...]) -> FormSet:
    """The form set with its controls softened or left out, under a digest of its own; itself when nothing changes."""
    if not softenings:
        return form_set
    severities = dict(softenings)
    controls = tuple(
        _weighed(control, severities[control.id]) if control.id in severities else control
        for control in form_set.controls
        if severities.get(control.id) != WITHDRAWN
    )
    text = json.dumps([form_set.digest, softenings], separators=(",", ":"))
    return replace(form_set, controls=controls, digest=hashlib.sha256(text.encode()).hexdigest())


def _weighed(control: Control, severity: str) -> Control:
    """The control under another severity: what it asks for follows."""
    texts = {language: told_as(text, language, severity) for language, text in control.texts.items()}
    return replace(control, severity=severity, texts=MappingProxyType(texts))  # type: ignore[arg-type]
