"""cell and reason of a justification"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("justifications", sa.Column("cell", sa.Text(), server_default="", nullable=False))
    op.add_column("justifications", sa.Column("reason", sa.Text(), server_default="other", nullable=False))
    op.drop_index("justifications_of_filing", table_name="justifications")
    op.drop_index("justifications_of_body", table_name="justifications")
    op.create_index("justifications_of_filing", "justifications", ["filing_id", "control", "cell", "number"])
    op.create_index("justifications_of_body", "justifications", ["siren", "control", "cell", "year", "number"])


def downgrade() -> None:
    op.drop_index("justifications_of_body", table_name="justifications")
    op.drop_index("justifications_of_filing", table_name="justifications")
    op.create_index("justifications_of_filing", "justifications", ["filing_id", "control", "number"])
    op.create_index("justifications_of_body", "justifications", ["siren", "control", "year", "number"])
    op.drop_column("justifications", "reason")
    op.drop_column("justifications", "cell")
