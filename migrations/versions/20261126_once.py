"""A repeated request is looked up after its lock, never beside it."""

from pathlib import Path

from alembic import op

revision = "20261126_once"
down_revision = "20261126_citizen"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP FUNCTION request_begun;
    """)
