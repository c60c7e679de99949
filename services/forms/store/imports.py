"""`SqlImports`: previews as one document each; they are read whole or not at all."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.forms.domain.accounts import AccountFeed
from services.forms.domain.cell import Origin
from services.forms.domain.errors import ImportUnknown
from services.forms.domain.importing import (
    Change,
    Disagreement,
    Effect,
    ImportChoice,
    ImportPreview,
    OwnRow,
    OwnTable,
    Problem,
    Sentences,
)
from services.forms.store.rows import ImportRow


class SqlImports:
    """Previews in the table `imports`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, preview: ImportPreview) -> None:
        """Keep a preview."""
        self._session.add(_to_row(preview))

    async def get(self, filing_id: UUID, import_id: UUID) -> ImportPreview:
        """Return a preview of this filing.

        Raises:
            ImportUnknown: there is none.
        """
        row = await self._session.scalar(
            select(ImportRow).where(ImportRow.id == import_id, ImportRow.filing_id == filing_id)
        )
        if row is None:
            raise ImportUnknown
        return _to_domain(row)

    async def mark_confirmed(self, import_id: UUID, choice: ImportChoice) -> None:
        """Mark a preview as written, with what was taken of it."""
        kept = _stored_choice(choice)
        await self._session.execute(
            update(ImportRow).where(ImportRow.id == import_id).values(is_confirmed=True, choice=kept)
        )


def _to_row(preview: ImportPreview) -> ImportRow:
    return ImportRow(
        id=preview.id,
        filing_id=preview.filing_id,
        file_name=preview.file_name,
        author=preview.author,
        made_at=preview.made_at,
        revision=preview.revision,
        is_confirmed=preview.is_confirmed,
        choice=_stored_choice(preview.choice) if preview.choice else None,
        content={
            "changes": [asdict(change) for change in preview.changes],
            "problems": [asdict(problem) for problem in preview.problems],
            "guesses": [list(guess) for guess in preview.guesses],
            "feeds": [asdict(feed) for feed in preview.feeds],
            # A JSON object of PostgreSQL forgets the order of its names.
            "own_columns": preview.own_columns,
            "package": preview.package,
            "table": _stored(preview.table) if preview.table else None,
        },
    )


def _to_domain(row: ImportRow) -> ImportPreview:
    return ImportPreview(
        id=row.id,
        filing_id=row.filing_id,
        file_name=row.file_name,
        author=row.author,
        made_at=row.made_at,
        revision=row.revision,
        is_confirmed=row.is_confirmed,
        changes=tuple(_change(_ordered(change, row)) for change in row.content["changes"]),
        problems=tuple(_problem(_ordered(problem, row)) for problem in row.content["problems"]),
        guesses=tuple((fr, en) for fr, en in row.content["guesses"]),
        feeds=tuple(_feed(feed) for feed in row.content.get("feeds", ())),
        table=_table(row.content.get("table")),
        choice=_choice(row.choice) if row.choice else None,
        package=row.content.get("package", ""),
    )


def _stored_choice(choice: ImportChoice) -> dict[str, Any]:
    return {"taken": sorted(choice.taken), "left": sorted(choice.left), "overwrites_typed": choice.overwrites_typed}


def _choice(stored: dict[str, Any]) -> ImportChoice:
    return ImportChoice(frozenset(stored["taken"]), frozenset(stored["left"]), stored["overwrites_typed"])


def _stored(table: OwnTable) -> dict[str, Any]:
    return {"titles_at": table.titles_at, "rows": [[row.account, *row.texts] for row in table.rows]}


def _table(stored: dict[str, Any] | None) -> OwnTable | None:
    if stored is None:
        return None
    return OwnTable(stored["titles_at"], tuple(OwnRow(account, tuple(texts)) for account, *texts in stored["rows"]))


def _ordered(stored: dict[str, Any], row: ImportRow) -> dict[str, Any]:
    """A line with the person's own columns in the order of the file."""
    extra = stored.get("extra", {})
    return {**stored, "extra": {name: extra[name] for name in row.content.get("own_columns", extra) if name in extra}}


def _change(stored: dict[str, Any]) -> Change:
    origin, found = stored["current_origin"], stored.get("disagreement")
    return Change(
        **{
            **stored,
            "effect": Effect(stored["effect"]),
            "current_origin": Origin(origin) if origin else None,
            "disagreement": Disagreement(found["control"], Sentences(**found["fr"]), Sentences(**found["en"]))
            if found
            else None,
        }
    )


def _feed(stored: dict[str, Any]) -> AccountFeed:
    return AccountFeed(**{**stored, "alternatives": tuple(stored["alternatives"])})


def _problem(stored: dict[str, Any]) -> Problem:
    return Problem(**{**stored, "fr": Sentences(**stored["fr"]), "en": Sentences(**stored["en"])})
