"""steps about values set aside"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    # With a default, so that the release before this one goes on keeping its steps.
    empty = sa.text("'[]'::jsonb")
    op.add_column("edit_steps", sa.Column("aside", postgresql.JSONB(), server_default=empty, nullable=False))


def downgrade() -> None:
    op.drop_column("edit_steps", "aside")
