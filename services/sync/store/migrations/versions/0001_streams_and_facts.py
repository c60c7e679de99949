"""Lay the tables: streams, cursors, inbox, facts, tellings, memberships, receipts, incidents, outbox, requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _bookkeeping()
    _streams()
    _received()
    _facts()
    op.create_table(
        "incidents",
        sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
    )
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in ("incarnations", "envelopes", "membership_documents", "receipts", "incidents"):
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
    op.execute("INSERT INTO outbox_head (id, sequence) VALUES (1, 0)")
    op.create_table(
        "applied_requests",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary),
        sa.Column("applied_at", INSTANT, nullable=False),
    )


def _streams() -> None:
    op.create_table(
        "incarnations",
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
    )
    op.create_table(
        "stream_heads",
        sa.Column("epoch", sa.Text, primary_key=True),
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "envelopes",
        sa.Column("epoch", sa.Text, primary_key=True),
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("appended_at", INSTANT, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("is_ours", sa.Boolean, primary_key=True),
        sa.Column("epoch", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
    )


def _received() -> None:
    op.create_table(
        "cursors",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
        sa.Column("is_frozen", sa.Boolean, nullable=False),
    )
    op.create_table(
        "exchanges",
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("succeeded_at", INSTANT),
        sa.Column("failure", sa.Text, nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("fate", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
    )
    op.create_index("parked", "inbox", ["origin", "epoch", "seq"], postgresql_where=sa.text("fate = 'parked'"))


def _facts() -> None:
    op.create_table(
        "fact_versions",
        sa.Column("siren", sa.Text, primary_key=True),
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("concept", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("value", sa.Text),
        sa.Column("vector", sa.Text, nullable=False),
        sa.Column("hlc", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("is_provisional", sa.Boolean, nullable=False),
        sa.Column("is_sealed", sa.Boolean, nullable=False),
        sa.Column("is_standing", sa.Boolean, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
    )
    op.create_index(
        "standing_versions", "fact_versions", ["siren", "year", "concept"], postgresql_where=sa.text("is_standing")
    )
    op.create_table(
        "tellings",
        sa.Column("siren", sa.Text, primary_key=True),
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("concept", sa.Text, primary_key=True),
        sa.Column("context", sa.Text, primary_key=True),
        sa.Column("told_at", INSTANT, nullable=False),
    )
    op.create_table(
        "membership_documents",
        sa.Column("federation", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("the first migration has nothing before it")
