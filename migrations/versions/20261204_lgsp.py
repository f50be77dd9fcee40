"""Look-ups through the LGSP, orders at the public post."""

from pathlib import Path

from alembic import op

revision = "20261204_lgsp"
down_revision = "20261203_papers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TABLE post_track, post_order, post_poll, lookup_answer, lookup_log, lookup,
            shared_category, partner_breaker;
    """)
