"""Registers as they were issued."""

from pathlib import Path

from alembic import op

revision = "20261208_registers"
down_revision = "20261207_facts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP TABLE issued_register;
    """)
