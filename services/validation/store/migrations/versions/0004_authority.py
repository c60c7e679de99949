"""authority of an adjustment"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "adjustments", sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)
    )
    op.add_column("adjustments", sa.Column("authority", sa.Text(), server_default="", nullable=False))
    op.create_unique_constraint("adjustments_by_authority", "adjustments", ["authority", "id"])


def downgrade() -> None:
    op.drop_constraint("adjustments_by_authority", "adjustments", type_="unique")
    op.drop_column("adjustments", "authority")
    op.drop_column("adjustments", "id")
