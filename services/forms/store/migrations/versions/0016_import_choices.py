"""what was taken of an import"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    # Imports confirmed before have none: all that could be written was.
    op.add_column("imports", sa.Column("choice", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("imports", "choice")
