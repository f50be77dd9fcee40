"""Dossiers that come in from the national portal; where a document is from; files of the store."""

from pathlib import Path

from alembic import op

revision = "20261214_inbound"
down_revision = "20261213_import"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP VIEW inbound_seen;
        DROP TABLE lookup_file, portal_origin, inbound_act, inbound_file, inbound_copy, inbound;
        ALTER TABLE document DROP COLUMN source_code, DROP COLUMN source;
    """)
