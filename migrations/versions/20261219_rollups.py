"""Sums by agency and by procedure alone, for questions that tell only one of them apart."""

from pathlib import Path

from alembic import op

revision = "20261219_rollups"
down_revision = "20261218_discard"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DELETE FROM backfill WHERE name = 'figure_rollup';
        CREATE OR REPLACE FUNCTION figures_forget() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            TRUNCATE figure_mark, figure_entry, figure_month;
            RETURN NULL;
        END $$;
        REVOKE ALL ON backfill FROM motcua_app;
        DROP TABLE figure_rollup;
        DROP INDEX ix_figure_fact_overdue_ended, ix_figure_fact_moved;
    """)
