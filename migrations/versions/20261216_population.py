"""Facts know whether the population database was asked (figure 4.5)."""

from pathlib import Path

from alembic import op

revision = "20261216_population"
down_revision = "20261215_reconciliation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP TRIGGER figures_mark ON lookup;
        DROP FUNCTION figures_mark_lookup;
        ALTER TABLE figure_fact DROP COLUMN is_population_asked;
    """)
