"""filings a publication failed on"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    # With a default, so that the release before this one goes on keeping its publications.
    empty = sa.text("'[]'::jsonb")
    op.add_column("publications", sa.Column("failed", postgresql.JSONB(), server_default=empty, nullable=False))


def downgrade() -> None:
    op.drop_column("publications", "failed")
