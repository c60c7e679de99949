"""The content of a filing at one revision, ready to be signed; never changed once taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.forms.domain.attachment import Attachment
from services.forms.domain.evaluation import Justification
from services.forms.domain.filing import Verdict


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What would be signed. Values are in written form, computed ones rounded for release (decisions.md 7)."""

    filing_id: UUID
    version: int
    revision: int
    cells: Mapping[str, str]
    verdict: Verdict
    rule_set: str
    form_set_digest: str
    justifications: tuple[Justification, ...]
    frozen_at: datetime
    attachments: tuple[Attachment, ...] = ()


def changed_since(snapshot: Snapshot, cells: Mapping[str, str]) -> list[str]:
    """Return the addresses whose value differs from the snapshot, in order."""
    addresses = snapshot.cells.keys() | cells.keys()
    return sorted(a for a in addresses if snapshot.cells.get(a, "") != cells.get(a, ""))
