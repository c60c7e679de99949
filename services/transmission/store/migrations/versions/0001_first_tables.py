"""Lay the tables: matrices, boxes, dispatches with their feeds, journal, outbox, applied requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.database.migrations import begin_outbox

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _bookkeeping()
    begin_outbox()
    op.create_table(
        "matrices",
        sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, index=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
    )
    op.create_table(
        "boxes",
        sa.Column("body", sa.Text, primary_key=True),
        sa.Column("filing_id", sa.Text, primary_key=True),
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("is_ticked", sa.Boolean, nullable=False),
        sa.Column("chosen_by", sa.Text, nullable=False),
        sa.Column("chosen_at", INSTANT, nullable=False),
    )
    _dispatches()
    op.create_table(
        "journal",
        sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("filing_id", sa.Text, nullable=False, index=True),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
    )
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in ("matrices", "boxes", "journal"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _bookkeeping() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Uuid, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("traceparent", sa.Text, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("delivered_at", INSTANT),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("next_attempt_at", INSTANT),
        sa.Column("failure", sa.Text, nullable=False),
    )
    op.create_table(
        "outbox_head",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "applied_requests",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary),
        sa.Column("applied_at", INSTANT, nullable=False),
    )


def _dispatches() -> None:
    op.create_table(
        "dispatches",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("filing_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("body_name", sa.Text, nullable=False),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("year", sa.SmallInteger, nullable=False),
        sa.Column("form_set", sa.Text, nullable=False),
        sa.Column("departement", sa.Text, nullable=False),
        sa.Column("container_digest", sa.Text, nullable=False),
        sa.Column("content_digest", sa.Text, nullable=False),
        sa.Column("receipt_number", sa.Text, nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("replaces", sa.Uuid),
        sa.Column("superseded_by", sa.Integer),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("available_at", INSTANT),
        sa.Column("delivered_at", INSTANT),
        sa.Column("acknowledged_at", INSTANT),
        sa.UniqueConstraint("filing_id", "version", "recipient", name="once_per_version_and_recipient"),
    )
    op.create_index("feed", "dispatches", ["recipient", "sequence"], unique=True)
    op.create_index("feed_of_document", "dispatches", ["recipient", "document", "sequence"])
    op.create_table(
        "feed_heads",
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("the first migration has nothing before it")
