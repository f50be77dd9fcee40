"""The citizen's side: drafts, authorisations, ratings, petitions, quotas of public tracking."""

from pathlib import Path

from alembic import op

revision = "20261126_citizen"
down_revision = "20261125_queue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP TABLE quota_use, petition_event, petition, petition_day, rating, draft;
        ALTER TABLE dossier DROP COLUMN authorisation_id;
    """)
