"""trials"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("filings", sa.Column("is_trial", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    # The new index stands before the old one goes: a body has one real filing throughout.
    op.create_index(
        "filings_one_real",
        "filings",
        ["siren", "document", "year"],
        unique=True,
        postgresql_where=sa.text("NOT is_trial"),
    )
    op.create_index(
        "filings_one_trial",
        "filings",
        ["siren", "document", "year", "form_set"],
        unique=True,
        postgresql_where=sa.text("is_trial"),
    )
    op.drop_index("filings_one_per_body", table_name="filings")
    # The release before this one does not know a trial; it cannot move or sign one either.
    op.create_check_constraint(
        "filings_trial_never_signed", "filings", "NOT is_trial OR (signed_version = 0 AND step = 1)"
    )


def downgrade() -> None:
    # Fails while a body has a trial beside its filing: take the form sets out of their trial first.
    op.create_index("filings_one_per_body", "filings", ["siren", "document", "year"], unique=True)
    op.drop_constraint("filings_trial_never_signed", "filings")
    op.drop_index("filings_one_trial", table_name="filings")
    op.drop_index("filings_one_real", table_name="filings")
    op.drop_column("filings", "is_trial")
