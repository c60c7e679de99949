"""last day of corrections"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("corrected_until", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaigns", "corrected_until")
