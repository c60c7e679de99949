"""Notices in the feeds, what is known of each version, and what each dispatch replaced.

Yesterday's release running beside reads feeds without the notices and passes over their places: stop it before the
first filing is reopened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("filing_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("routed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("filing_id", "version"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispatch_id"],
            ["dispatches.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dispatch_id", "kind", name="once_per_dispatch_and_kind"),
    )
    op.create_index("notices_of_feed", "notices", ["recipient", "sequence"], unique=True)
    op.create_index("notices_of_feed_of_document", "notices", ["recipient", "document", "sequence"], unique=False)
    op.add_column("dispatches", sa.Column("replaced_version", sa.Integer(), nullable=True))
    op.add_column("dispatches", sa.Column("replaced_digest", sa.Text(), nullable=True))
    op.add_column("dispatches", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("dispatches", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE dispatches SET replaced_version = earlier.version, replaced_digest = earlier.content_digest "
        "FROM dispatches AS earlier WHERE dispatches.replaces = earlier.id"
    )


def downgrade() -> None:
    op.drop_column("dispatches", "withdrawn_at")
    op.drop_column("dispatches", "suspended_at")
    op.drop_column("dispatches", "replaced_digest")
    op.drop_column("dispatches", "replaced_version")
    op.drop_index("notices_of_feed_of_document", table_name="notices")
    op.drop_index("notices_of_feed", table_name="notices")
    op.drop_table("notices")
    op.drop_table("versions")
