"""publications as work in the background"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

INSTANTS = ("asked_at", "due_at", "finished_at")


def upgrade() -> None:
    """Those of the release before, which it works on in its own calls, are over: asked for again, they go on."""
    op.add_column("publications", sa.Column("undone_by", sa.Text(), nullable=False, server_default=""))
    op.add_column("publications", sa.Column("state", sa.Text(), nullable=False, server_default="done"))
    op.add_column("publications", sa.Column("token", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("publications", sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("publications", sa.Column("failure", sa.Text(), nullable=False, server_default=""))
    for instant in INSTANTS:
        op.add_column("publications", sa.Column(instant, sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "publications_to_do",
        "publications",
        ["asked_at"],
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )


def downgrade() -> None:
    op.drop_index("publications_to_do", table_name="publications")
    for name in ("undone_by", "state", "token", "attempts", "failure", *INSTANTS):
        op.drop_column("publications", name)
