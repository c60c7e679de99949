"""account mappings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "account_mappings",
        sa.Column("siren", sa.Text(), nullable=False),
        sa.Column("form_set", sa.Text(), nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("siren", "form_set", "package", name=op.f("account_mappings_pkey")),
    )


def downgrade() -> None:
    op.drop_table("account_mappings")
