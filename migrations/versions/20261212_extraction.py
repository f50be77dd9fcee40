"""Extractions: jobs, their files in pieces, schedules."""

from pathlib import Path

from alembic import op

revision = "20261212_extraction"
down_revision = "20261211_more_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TABLE extraction_chunk, extraction_file, extraction, extraction_schedule;
    """)
