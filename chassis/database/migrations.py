"""Runs a service's own Alembic tree against its own schema, as its own role; and makes that schema and role."""

from pathlib import Path

from alembic import command, context, op
from alembic.config import Config
from psycopg import sql
from sqlalchemy import MetaData, create_engine, make_url, text
from sqlalchemy.pool import NullPool

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "60s"
OUTBOX_INDEX = "outbox_due"


def role_of(schema: str) -> str:
    """Return the database role that owns a service's schema."""
    return f"harmonia_{schema}"


def migrations_of(schema: str) -> Path:
    """Return the folder of a service's Alembic tree."""
    return Path(__file__).resolve().parents[2] / "services" / schema / "store" / "migrations"


def prepare_schema(admin_url: str, schema: str, password: str = "") -> str:
    """Make the service's role and schema if they are not there, and return the URL that the service connects with.

    Args:
        admin_url: URL of a role that may create roles and schemas; only used here.
        schema: the service's name.
        password: password of the service's role; empty where the socket authenticates (embedded).
    """
    role = role_of(schema)
    engine = create_engine(admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        exists = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
        verb = sql.SQL("ALTER" if exists else "CREATE")
        secret = sql.SQL(" PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("")
        raw.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE{}").format(verb, sql.Identifier(role), secret)
        )
        raw.execute(
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(
                sql.Identifier(schema), sql.Identifier(role)
            )
        )
        raw.execute(sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
    engine.dispose()
    url = make_url(admin_url).set(username=role, password=password or None)
    return url.render_as_string(hide_password=False)


def upgrade(url: str, schema: str, revision: str = "head") -> None:
    """Bring a service's schema to a migration, the newest unless told otherwise; does nothing when it is there.

    Raises:
        sqlalchemy.exc.OperationalError: the database does not answer, or a lock was not had in five seconds.
    """
    config = Config()
    config.set_main_option("script_location", str(migrations_of(schema)))
    config.attributes["url"], config.attributes["schema"] = url, schema
    command.upgrade(config, revision)


def run(metadata: MetaData) -> None:
    """Run inside a service's `env.py`: connect, hold the migration lock, migrate in one transaction."""
    url, schema = context.config.attributes["url"], context.config.attributes["schema"]
    options = f"-csearch_path={schema} -clock_timeout={LOCK_TIMEOUT} -cstatement_timeout={STATEMENT_TIMEOUT}"
    engine = create_engine(url, poolclass=NullPool, connect_args={"options": options})
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_type=True,
            include_name=_is_of_the_rows,
        )
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"{schema}.migrations"})
            context.run_migrations()
    engine.dispose()


def _is_of_the_rows(name: str | None, kind: str, _parents: object) -> bool:
    # The index of begin_outbox is made by hand; a generated migration must not drop it.
    return not (kind == "index" and name == OUTBOX_INDEX)


def begin_outbox() -> None:
    """Run inside the first migration of a service, after its tables: the head row, and the index of what is due."""
    op.execute("INSERT INTO outbox_head (id, sequence) VALUES (1, 0)")
    op.create_index(OUTBOX_INDEX, "outbox_events", ["sequence"], postgresql_where=text("delivered_at IS NULL"))
