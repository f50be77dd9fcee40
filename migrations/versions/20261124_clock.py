"""The clock in full: calendars that are kept, what they moved, warnings, apologies, pace."""

from pathlib import Path

from alembic import op

revision = "20261124_clock"
down_revision = "20261122_house"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TABLE pace, apology, warning_reading, warning, due_move;
        DROP INDEX ix_dossier_resolved, ix_dossier_open_reply_due_on, ix_dossier_open_due_at,
            ix_dossier_open_revision;
        ALTER TABLE dossier DROP COLUMN calendar_revision;
        ALTER TABLE office_hours DROP COLUMN change_id;
        ALTER TABLE calendar_day DROP COLUMN change_id;
        DROP TABLE local_day, calendar_change;
        REVOKE UPDATE ON revision FROM motcua_app;
        REVOKE INSERT, UPDATE, DELETE ON calendar_day, office_hours FROM motcua_app;
    """)
