"""notices by filing"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_KINDS = (
    "'DEADLINE_EXTENDED', 'FILING_CLOSED', 'FILING_REJUDGED', 'FILING_REOPENED', 'FILING_RETURNED', 'FORM_SET_CHANGED', "
    "'FORM_SET_TAKEN_BACK', 'RETURN_ACCEPTED', 'RETURN_REFUSED'"
)


def upgrade() -> None:
    op.create_index(
        "activities_notices", "activities", ["filing_id", "at"], postgresql_where=sa.text(f"kind IN ({_KINDS})")
    )


def downgrade() -> None:
    op.drop_index("activities_notices", table_name="activities")
