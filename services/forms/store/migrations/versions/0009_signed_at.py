"""signed at"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("filings", sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True))
    # What was frozen was signed minutes later; the release before this one does not write the column.
    op.execute(
        "UPDATE filings SET signed_at = snapshots.frozen_at FROM snapshots"
        " WHERE snapshots.filing_id = filings.id AND snapshots.version = filings.signed_version AND snapshots.is_signed"
    )


def downgrade() -> None:
    op.drop_column("filings", "signed_at")
