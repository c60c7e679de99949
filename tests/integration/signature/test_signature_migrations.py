"""The migrations make exactly the tables that the rows describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.signature.store.rows import Row


async def test_the_migrations_and_the_rows_agree(engine):
    async with engine.connect() as connection:
        drift = await connection.run_sync(
            lambda plain: compare_metadata(
                MigrationContext.configure(plain, opts={"compare_type": True, "include_schemas": False}), Row.metadata
            )
        )

    assert [change for change in drift if "alembic_version" not in str(change)] == []
