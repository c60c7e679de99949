"""`SqlSnapshots`: frozen contents as compressed bytes (6 to 10 times cheaper than JSONB, performance.md)."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.forms.domain.attachment import Attachment
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.errors import FilingUnknown
from services.forms.domain.evaluation import Justification
from services.forms.domain.filing import Filing, Verdict
from services.forms.domain.snapshot import Snapshot
from services.forms.store.rows import FilingRow, SnapshotRow

SIGNED_CONTENTS_KEPT = 64
"""About 60 kB each."""
_SIGNED_BEFORE = Prepared(
    select(FilingRow.id, FilingRow.signed_version).where(
        FilingRow.siren == bindparam("siren"),
        FilingRow.document == bindparam("document"),
        FilingRow.year == bindparam("year"),
        FilingRow.signed_version > 0,
        ~FilingRow.is_trial,
    )
)


@dataclass(frozen=True, slots=True)
class SignedContents:
    """Cells of signed versions, read often and never changed; those asked for least recently are let go."""

    _kept: dict[tuple[UUID, int], Mapping[str, str]] = field(default_factory=dict)

    def get(self, filing_id: UUID, version: int) -> Mapping[str, str] | None:
        """Return what is kept of a version."""
        cells = self._kept.pop((filing_id, version), None)
        if cells is not None:
            self._kept[filing_id, version] = cells
        return cells

    def keep(self, filing_id: UUID, version: int, cells: Mapping[str, str]) -> None:
        """Keep a version."""
        self._kept[filing_id, version] = cells
        while len(self._kept) > SIGNED_CONTENTS_KEPT:
            del self._kept[next(iter(self._kept))]


class SqlSnapshots:
    """Snapshots in the table `snapshots`."""

    def __init__(self, session: AsyncSession, contents: SignedContents) -> None:
        self._session, self._contents = session, contents

    async def add(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; the same version and revision again replaces nothing that was signed."""
        row = {
            "filing_id": snapshot.filing_id,
            "version": snapshot.version,
            "revision": snapshot.revision,
            "content": _pack(snapshot),
            "frozen_at": snapshot.frozen_at,
            "is_signed": False,
        }
        await self._session.execute(upsert(SnapshotRow).values(row).on_conflict_do_nothing())

    async def get(self, filing_id: UUID, version: int, revision: int) -> Snapshot:
        """Return a snapshot.

        Raises:
            FilingUnknown: there is none.
        """
        row = await self._session.get(SnapshotRow, (filing_id, version, revision))
        if row is None:
            raise FilingUnknown("Cette version figée n'existe pas.")
        return _unpack(row)

    async def get_signed(self, filing_id: UUID, version: int) -> Snapshot:
        """Return the snapshot that was signed as this version.

        Raises:
            FilingUnknown: there is none.
        """
        row = await self._session.scalar(
            select(SnapshotRow).where(
                SnapshotRow.filing_id == filing_id, SnapshotRow.version == version, SnapshotRow.is_signed
            )
        )
        if row is None:
            raise FilingUnknown("Cette version signée n'existe pas.")
        return _unpack(row)

    async def signed_before(self, filing: Filing) -> tuple[str, Mapping[str, str]] | None:
        """Return what was signed last for the year before: one indexed query unless they are asked for the first time."""
        found = await _SIGNED_BEFORE.rows(
            self._session, siren=filing.body.siren, document=str(filing.document), year=filing.year - 1
        )
        if not found:
            return None
        filing_id, version = found[0]
        cells = self._contents.get(filing_id, version)
        if cells is None:
            cells = (await self.get_signed(filing_id, version)).cells
            self._contents.keep(filing_id, version, cells)
        return f"{filing_id}/{version}", cells

    async def mark_signed(self, filing_id: UUID, version: int, revision: int) -> None:
        """Say which snapshot was signed."""
        await self._session.execute(
            update(SnapshotRow)
            .where(SnapshotRow.filing_id == filing_id, SnapshotRow.version == version, SnapshotRow.revision == revision)
            .values(is_signed=True)
        )


def _pack(snapshot: Snapshot) -> bytes:
    content = {
        "cells": dict(snapshot.cells),
        "verdict": str(snapshot.verdict),
        "rule_set": snapshot.rule_set,
        "form_set_digest": snapshot.form_set_digest,
        "justifications": [_justified(one) for one in snapshot.justifications],
        "attachments": [_attached(one) for one in snapshot.attachments],
    }
    return zlib.compress(json.dumps(content, ensure_ascii=False).encode())


def _unpack(row: SnapshotRow) -> Snapshot:
    content: dict[str, Any] = json.loads(zlib.decompress(row.content))
    return Snapshot(
        filing_id=row.filing_id,
        version=row.version,
        revision=row.revision,
        cells=content["cells"],
        verdict=Verdict(content["verdict"]),
        rule_set=content["rule_set"],
        form_set_digest=content["form_set_digest"],
        justifications=tuple(_justification(one) for one in content["justifications"]),
        frozen_at=row.frozen_at,
        attachments=tuple(_attachment(one) for one in content.get("attachments", ())),
    )


def _attached(attachment: Attachment) -> dict[str, Any]:
    content = {
        **asdict(attachment),
        "id": str(attachment.id),
        "filing_id": str(attachment.filing_id),
        "at": attachment.at.isoformat(),
    }
    del content["scanned_at"]  # known of the content, and perhaps later: nothing that is signed
    return content


def _justified(justification: Justification) -> dict[str, Any]:
    answered_at = justification.answered_at
    return {
        **asdict(justification),
        "at": justification.at.isoformat(),
        "answered_at": answered_at.isoformat() if answered_at else None,
    }


def _justification(content: dict[str, Any]) -> Justification:
    answered_at = content.get("answered_at")
    return Justification(
        **{
            **content,
            "at": datetime.fromisoformat(content["at"]),
            "answered_at": datetime.fromisoformat(answered_at) if answered_at else None,
        }
    )


def _attachment(content: dict[str, Any]) -> Attachment:
    return Attachment(
        **{
            **content,
            "id": UUID(content["id"]),
            "filing_id": UUID(content["filing_id"]),
            "kind": AttachmentKind(content["kind"]),
            "at": datetime.fromisoformat(content["at"]),
        }
    )
