"""who put a value back"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for table in ("cells", "cell_versions"):
        op.add_column(table, sa.Column("put_back", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    for table in ("cells", "cell_versions"):
        op.drop_column(table, "put_back")
