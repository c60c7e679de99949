"""answers to justifications"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("justification", sa.BigInteger(), nullable=False),
        sa.Column("is_accepted", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("answers_of_justification", "answers", ["justification", "number"], unique=False)
    op.create_index("justifications_of_body", "justifications", ["siren", "control", "year", "number"], unique=False)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON answers FROM CURRENT_USER")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON answers "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_index("justifications_of_body", table_name="justifications")
    op.drop_index("answers_of_justification", table_name="answers")
    op.drop_table("answers")
