"""reports"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("filings", sa.Column("report", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("filings", "report")
