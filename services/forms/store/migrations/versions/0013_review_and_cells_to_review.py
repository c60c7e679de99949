"""review and cells to review"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "cells_to_review",
        sa.Column("filing_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["filing_id"],
            ["filings.id"],
        ),
        sa.PrimaryKeyConstraint("filing_id", "address"),
    )
    op.add_column("comments", sa.Column("is_shared", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("comments", sa.Column("is_by_authority", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("filings", sa.Column("review", postgresql.JSONB(), nullable=True))
    op.add_column("filings", sa.Column("return_request", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("filings", "return_request")
    op.drop_column("filings", "review")
    op.drop_column("comments", "is_by_authority")
    op.drop_column("comments", "is_shared")
    op.drop_table("cells_to_review")
