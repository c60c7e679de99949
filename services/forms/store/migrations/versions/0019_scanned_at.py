"""when a content was scanned"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    # Empty: nobody looked for viruses; so it stays for what the release before this one keeps.
    op.add_column("attachment_contents", sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("attachment_contents", "scanned_at")
