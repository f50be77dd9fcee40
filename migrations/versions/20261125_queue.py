"""The queue and the search: who works on what, where a dossier stands, words to find it by."""

from pathlib import Path

from alembic import op

revision = "20261125_queue"
down_revision = "20261124_clock"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP TRIGGER place_in_queue ON dossier;
        DROP TRIGGER follow_agencies ON dossier;
        DROP FUNCTION search_hits;
        DROP FUNCTION place_in_queue;
        DROP FUNCTION follow_agencies;
        DROP TABLE dossier_search, backfill, delegation;
        DROP FUNCTION search_words;
        ALTER TABLE dossier
            DROP COLUMN remaining_minutes,
            DROP COLUMN queue_class,
            DROP COLUMN queue_minutes,
            DROP COLUMN claimed_by,
            DROP COLUMN claimed_name,
            DROP COLUMN claimed_until,
            DROP COLUMN assigned_to,
            DROP COLUMN assigned_name;
    """)
