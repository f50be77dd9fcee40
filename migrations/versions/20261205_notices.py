"""Notices to people and events for other systems."""

from pathlib import Path

from alembic import op

revision = "20261205_notices"
down_revision = "20261204_lgsp"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TABLE webhook_delivery, webhook_secret, webhook, publication, notice_address,
            notice_preference, message, announcement;
    """)
