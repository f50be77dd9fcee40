"""Reorganisation of agencies: changes by date, who succeeds whom, where dossiers were received."""

from pathlib import Path

from alembic import op

revision = "20261202_reorganisation"
down_revision = "20261127_steps"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    """Take it all back; a move stays in the history as the hand-over that it was."""
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        UPDATE dossier_event SET act = 'pass_on' WHERE act = 'move';
        DO $$
        BEGIN
            EXECUTE 'ALTER TABLE dossier_event DROP CONSTRAINT ck_dossier_event_act, '
                'ADD CONSTRAINT ck_dossier_event_act ' || (
                    SELECT replace(pg_get_constraintdef(oid), ', ''move''::text', '')
                    FROM pg_constraint WHERE conname = 'ck_dossier_event_act');
        END
        $$;
        DROP FUNCTION rename_agency;
        DROP TABLE agency_former_name, agency_heir, agency_succession, agency_change;
        DROP INDEX ix_dossier_open_agency_id;
        ALTER TABLE dossier DROP COLUMN received_agency_id, DROP COLUMN clock_agency_id;
        REVOKE INSERT, DELETE, UPDATE (valid_to, successor_id) ON agency FROM motcua_app;
        REVOKE INSERT, DELETE ON report_group FROM motcua_app;
    """)
