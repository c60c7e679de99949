"""The tables of the schema `forms`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    bindparam,
    false,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.database.rows import AppliedRequestColumns, OutboxEventColumns, OutboxHeadColumns
from services.forms.domain.activity import NOTICES


class Rows(DeclarativeBase):
    """Base of this service's rows; the schema comes from the connection's search path."""


class OutboxEventRow(OutboxEventColumns, Rows):
    """An event of this service."""


class OutboxHeadRow(OutboxHeadColumns, Rows):
    """The last sequence given."""


class AppliedRequestRow(AppliedRequestColumns, Rows):
    """A request applied here."""


SPLIT_ADDRESSES = select(func.unnest(func.string_to_array(bindparam("addresses"), " "))).scalar_subquery()
"""Addresses, given as one text with a space between them, as rows: some six hundred elements take a hundred times longer to send."""


class CampaignRow(Rows):
    """A campaign."""

    __tablename__ = "campaigns"

    document: Mapped[str] = mapped_column(Text, primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    form_set: Mapped[str] = mapped_column(Text)
    opens_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    closes_on: Mapped[date] = mapped_column(Date)
    families: Mapped[list[str]] = mapped_column(ARRAY(Text))
    required_attachments: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    corrected_until: Mapped[date | None] = mapped_column(Date)


class ExtensionRow(Rows):
    """More time for one body."""

    __tablename__ = "extensions"

    document: Mapped[str] = mapped_column(Text, primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    siren: Mapped[str] = mapped_column(Text, primary_key=True)
    due_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class FilingRow(Rows):
    """A filing, with the computed cells of its last evaluation."""

    __tablename__ = "filings"
    __table_args__ = (
        Index("filings_one_real", "siren", "document", "year", unique=True, postgresql_where=text("NOT is_trial")),
        Index(
            "filings_one_trial",
            "siren",
            "document",
            "year",
            "form_set",
            unique=True,
            postgresql_where=text("is_trial"),
        ),
        CheckConstraint("NOT is_trial OR (signed_version = 0 AND step = 1)", name="filings_trial_never_signed"),
        Index("filings_transmitted", "year", "signed_version"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    siren: Mapped[str] = mapped_column(Text)
    body_name: Mapped[str] = mapped_column(Text)
    family: Mapped[str] = mapped_column(Text)
    departement: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer)
    form_set: Mapped[str] = mapped_column(Text)
    opened_by: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_on: Mapped[date] = mapped_column(Date)
    step: Mapped[int] = mapped_column(SmallInteger)
    revision: Mapped[int] = mapped_column(BigInteger)
    verdict: Mapped[str | None] = mapped_column(Text)
    rule_set: Mapped[str] = mapped_column(Text)
    report: Mapped[str] = mapped_column(Text, server_default="")
    signed_version: Mapped[int] = mapped_column(Integer)
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    receipt_number: Mapped[str] = mapped_column(Text)
    reopened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    locked_by: Mapped[str | None] = mapped_column(Text)
    locked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_trial: Mapped[bool] = mapped_column(server_default=false())
    review: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    return_request: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    computed: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, deferred=True)


class CellRow(Rows):
    """The present value of an input cell."""

    __tablename__ = "cells"

    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"), primary_key=True)
    address: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    file: Mapped[str] = mapped_column(Text)
    line: Mapped[int] = mapped_column(Integer)
    server: Mapped[str] = mapped_column(Text)
    put_back: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    conflict: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    is_provisional: Mapped[bool]
    is_sealed: Mapped[bool] = mapped_column(server_default=false())


class CellVersionRow(Rows):
    """One version a cell had; only ever added."""

    __tablename__ = "cell_versions"

    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"), primary_key=True)
    address: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    file: Mapped[str] = mapped_column(Text)
    line: Mapped[int] = mapped_column(Integer)
    server: Mapped[str] = mapped_column(Text)
    put_back: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class ImportRow(Rows):
    """A preview of an import; figures reach the cells only when it is confirmed."""

    __tablename__ = "imports"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"), index=True)
    file_name: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revision: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_confirmed: Mapped[bool]
    choice: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class AccountMappingRow(Rows):
    """What a body saved for one accounting package: which accounts go to which cells."""

    __tablename__ = "account_mappings"

    siren: Mapped[str] = mapped_column(Text, primary_key=True)
    form_set: Mapped[str] = mapped_column(Text, primary_key=True)
    package: Mapped[str] = mapped_column(Text, primary_key=True)
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    saved_by: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class EditStepRow(Rows):
    """A change of content that can be undone; only the mark of an undone one may change."""

    __tablename__ = "edit_steps"
    __table_args__ = (Index("edit_steps_of_filing", "filing_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity())
    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"))
    kind: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    fr: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    cells: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    undoes: Mapped[UUID | None]
    is_undone: Mapped[bool]
    aside: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))


class FormSetStateRow(Rows):
    """The state of a form set on this server, once declared."""

    __tablename__ = "form_set_states"

    form_set: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PublicationRow(Rows):
    """A form set given to the open filings of a campaign; only whether it is undone and how its work is may change."""

    __tablename__ = "publications"
    __table_args__ = (
        Index("publications_of_campaign", "document", "year", "number"),
        Index("publications_to_do", "asked_at", postgresql_where=text("state IN ('waiting', 'running')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity())
    document: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_undone: Mapped[bool]
    undone_by: Mapped[str] = mapped_column(Text, server_default="")
    state: Mapped[str] = mapped_column(Text, server_default="done")
    """By default over: the release before does the work in the call that asks."""
    token: Mapped[int] = mapped_column(BigInteger, server_default="0")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    failure: Mapped[str] = mapped_column(Text, server_default="")
    asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Filings on which it failed, with why and when they are tried again."""


class ChangedFilingRow(Rows):
    """One filing that a publication changed: how far the publication, or its undoing, is."""

    __tablename__ = "changed_filings"

    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"), primary_key=True)
    before: Mapped[str] = mapped_column(Text)
    is_undone: Mapped[bool]


class SetAsideRow(Rows):
    """A value that another form set did not take; what is kept never changes, only its fate."""

    __tablename__ = "set_aside_cells"

    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"), primary_key=True)
    address: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    why: Mapped[str] = mapped_column(Text)
    fate: Mapped[str] = mapped_column(Text)
    kept_as: Mapped[str] = mapped_column(Text)
    kept_version: Mapped[int] = mapped_column(BigInteger)


class SnapshotRow(Rows):
    """A frozen content, compressed; only the mark of the signed one may change."""

    __tablename__ = "snapshots"

    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    frozen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_signed: Mapped[bool]


class CellToReviewRow(Rows):
    """A cell that somebody asked the body to look at again, with what stood in it then."""

    __tablename__ = "cells_to_review"

    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"), primary_key=True)
    address: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CommentRow(Rows):
    """A comment on a cell; only ever added."""

    __tablename__ = "comments"
    __table_args__ = (Index("comments_of_cell", "filing_id", "address", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity())
    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"))
    address: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_flagged: Mapped[bool]
    is_shared: Mapped[bool] = mapped_column(server_default=false())
    is_by_authority: Mapped[bool] = mapped_column(server_default=false())


class AttachmentContentRow(Rows):
    """The bytes of PDFs, by their digest; only ever added, but for the time at which they were scanned."""

    __tablename__ = "attachment_contents"

    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    scanned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AttachmentRow(Rows):
    """A PDF attached to a filing."""

    __tablename__ = "attachments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity())
    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"), index=True)
    kind: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(ForeignKey("attachment_contents.digest"))
    size: Mapped[int] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


IS_NOTICE = text("kind IN ({})".format(", ".join(f"'{kind}'" for kind in NOTICES)))
"""As the partial index says it: a statement that says it otherwise reads every activity. Another kind is another index."""


class ActivityRow(Rows):
    """One thing that happened; only ever added."""

    __tablename__ = "activities"
    __table_args__ = (
        Index("activities_of_filing", "filing_id", "id"),
        Index("activities_notices", "filing_id", "at", postgresql_where=IS_NOTICE),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    filing_id: Mapped[UUID] = mapped_column(ForeignKey("filings.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    author: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    fr: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
