"""Lay the tables: bodies, members, partners, journal, the embedded provider's, outbox, applied requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _bookkeeping()
    _rights()
    _people_of_the_embedded_provider()
    _sessions_of_the_embedded_provider()
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal "
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


def _rights() -> None:
    op.create_table(
        "bodies",
        sa.Column("siren", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("departement", sa.Text, nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("disabled_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("members_of_scope", "members", ["scope"])
    op.create_index("one_person_a_username_and_scope", "members", ["username", "scope"], unique=True)
    op.create_table(
        "partners",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, unique=True),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
    )


def _people_of_the_embedded_provider() -> None:
    op.create_table(
        "accounts",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("username", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("realm_roles", ARRAY(sa.Text), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
    )
    op.create_table(
        "clients",
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text),
        sa.Column("grant_types", ARRAY(sa.Text), nullable=False),
        sa.Column("redirect_uris", ARRAY(sa.Text), nullable=False),
        sa.Column("post_logout_redirect_uris", ARRAY(sa.Text), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("realm_roles", ARRAY(sa.Text), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
    )


def _sessions_of_the_embedded_provider() -> None:
    op.create_table(
        "logins",
        sa.Column("sid", sa.Text, primary_key=True),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("authenticated_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("acr", sa.Text, nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    op.create_table(
        "codes",
        sa.Column("code_hash", sa.Text, primary_key=True),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("code_challenge", sa.Text, nullable=False),
        sa.Column("sid", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("authenticated_at", INSTANT, nullable=False),
        sa.Column("acr", sa.Text, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("spent_at", INSTANT),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("family", sa.Text, nullable=False, index=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("sid", sa.Text, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("spent_at", INSTANT),
    )


def downgrade() -> None:
    raise NotImplementedError("the first migration has nothing before it")
