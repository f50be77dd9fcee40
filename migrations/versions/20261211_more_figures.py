"""Facts for more figures: handling time, reuse, the shared store, satisfaction, petitions."""

from pathlib import Path

from alembic import op

revision = "20261211_more_figures"
down_revision = "20261208_registers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TRIGGER figures_mark ON rating;
        DROP TRIGGER figures_mark ON petition_event;
        DROP TRIGGER figures_mark ON petition;
        DROP FUNCTION figures_mark_rating, figures_mark_petition_event, figures_mark_petition;
        DROP TABLE figure_petition_mark, figure_petition, figure_since;
        DROP INDEX ix_figure_fact_ended_on, ix_figure_fact_stale, ix_figure_fact_store;
        REVOKE INSERT ON figure_mark FROM motcua_app;
        ALTER TABLE figure_fact DROP COLUMN officer_id, DROP COLUMN officer_name,
            DROP COLUMN stood_at, DROP COLUMN spent, DROP COLUMN crossed_on,
            DROP COLUMN is_reused, DROP COLUMN is_from_store, DROP COLUMN is_displeased,
            DROP COLUMN reading;
    """)
    for table in ("figure_entry", "figure_month"):
        op.execute(f"""
            ALTER TABLE {table} DROP COLUMN finished, DROP COLUMN spent, DROP COLUMN reused,
                DROP COLUMN from_store, DROP COLUMN displeased, DROP COLUMN handled_displeased,
                DROP COLUMN crossed;
        """)
