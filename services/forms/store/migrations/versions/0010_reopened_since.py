"""Since when a filing is reopened; and the reopenings that nobody was told of yet are delivered.

Until now `FilingReopened` was marked as delivered without a receiver. Those events are due again after a quarter of an
hour, when no relay of yesterday's release is left to mark them; transmission leaves alone what was replaced meanwhile.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("filings", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE filings SET reopened_at = (SELECT max(at) FROM activities WHERE activities.filing_id = filings.id "
        "AND activities.kind = 'FILING_REOPENED') WHERE step < 4 AND signed_version > 0"
    )
    op.execute(
        "UPDATE outbox_events SET delivered_at = NULL, lane = 'transmission/' || lane, "
        "next_attempt_at = now() + interval '15 minutes' WHERE kind = 'FilingReopened'"
    )


def downgrade() -> None:
    op.drop_column("filings", "reopened_at")
