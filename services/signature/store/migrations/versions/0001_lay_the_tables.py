"""Lay the tables: intents, receipts, containers, log, outbox; and take back the right to rewrite evidence."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
LOG = ("log_entries", "log_nodes", "log_checkpoints")
RECEIPTS = ("receipts", "containers")


def upgrade() -> None:
    _bookkeeping()
    _intents()
    _receipts()
    _log()
    _protect()


def _intents() -> None:
    op.create_table(
        "signing_intents",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("filing_id", sa.Text, nullable=False),
        sa.Column("filing_version", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("year", sa.SmallInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("signatory_subject", sa.Text, nullable=False),
        sa.Column("signatory_name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("authenticated_at", INSTANT),
        sa.Column("committed_at", INSTANT),
        sa.Column("signed_at", INSTANT),
        sa.CheckConstraint("state IN ('prepared', 'committed', 'signed')", name="a_known_state"),
        sa.CheckConstraint(
            "(state = 'prepared') = (committed_at IS NULL) AND (state = 'signed') = (signed_at IS NOT NULL)",
            name="states_have_their_times",
        ),
    )
    op.create_index(
        "once_per_filing_version_and_role",
        "signing_intents",
        ["filing_id", "filing_version", "role"],
        unique=True,
        postgresql_where=sa.text("state <> 'prepared'"),
    )
    op.create_index(
        "unfinished_intents", "signing_intents", ["committed_at"], postgresql_where=sa.text("state = 'committed'")
    )
    op.create_index(
        "prepared_intents",
        "signing_intents",
        ["filing_id", "created_at"],
        postgresql_where=sa.text("state = 'prepared'"),
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("intent_id", sa.Uuid, sa.ForeignKey("signing_intents.id"), nullable=False, unique=True),
        sa.Column("filing_id", sa.Text, nullable=False),
        sa.Column("filing_version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("year", sa.SmallInteger, nullable=False),
        sa.Column("signatory_subject", sa.Text, nullable=False),
        sa.Column("signatory_name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("container_digest", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("assurance", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("entry", JSONB, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("log_index", sa.BigInteger, nullable=False, unique=True),
        sa.Column("log_size", sa.BigInteger, nullable=False),
        sa.Column("log_hashes", ARRAY(sa.LargeBinary), nullable=False),
        sa.Column("checkpoint", sa.Text, nullable=False),
        sa.UniqueConstraint("filing_id", "filing_version", "role", name="one_receipt_per_version_and_role"),
    )
    op.create_table(
        "containers",
        sa.Column("intent_id", sa.Uuid, sa.ForeignKey("signing_intents.id"), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "receipt_counters",
        sa.Column("document", sa.Text, primary_key=True),
        sa.Column("year", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
    )


def _log() -> None:
    op.create_table(
        "log_entries",
        sa.Column("index", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("index", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
    )


def _protect() -> None:
    """Two nets: the role gives up its own right, and a trigger refuses whoever has it."""
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in LOG:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER")
    for table in RECEIPTS:
        # UPDATE stays, for the row locks of their foreign keys; the trigger refuses it.
        op.execute(f"REVOKE DELETE, TRUNCATE ON {table} FROM CURRENT_USER")
    for table in LOG + RECEIPTS:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("REVOKE TRUNCATE ON signing_intents FROM CURRENT_USER")
    op.execute(
        """
        CREATE FUNCTION only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.state = 'prepared' AND TG_OP = 'DELETE' THEN
                RETURN OLD;
            END IF;
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'a committed intent is evidence';
            END IF;
            IF (OLD.state, NEW.state) NOT IN (('prepared', 'committed'), ('committed', 'signed'))
               OR (OLD.id, OLD.filing_id, OLD.filing_version, OLD.revision, OLD.body, OLD.document, OLD.year,
                   OLD.digest, OLD.content, OLD.signatory_subject, OLD.signatory_name, OLD.role, OLD.level,
                   OLD.key_id, OLD.policy, OLD.created_at)
                  IS DISTINCT FROM
                  (NEW.id, NEW.filing_id, NEW.filing_version, NEW.revision, NEW.body, NEW.document, NEW.year,
                   NEW.digest, NEW.content, NEW.signatory_subject, NEW.signatory_name, NEW.role, NEW.level,
                   NEW.key_id, NEW.policy, NEW.created_at)
               OR (OLD.state = 'committed' AND (OLD.committed_at, OLD.authenticated_at)
                   IS DISTINCT FROM (NEW.committed_at, NEW.authenticated_at)) THEN
                RAISE EXCEPTION 'an intent only moves forward';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER only_forward BEFORE UPDATE OR DELETE ON signing_intents "
        "FOR EACH ROW EXECUTE FUNCTION only_forward()"
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


def downgrade() -> None:
    raise NotImplementedError("the first migration has nothing before it")
