"""The ledger in the hands of persons, breakers, the central portal, what drafts were made from."""

from pathlib import Path

from alembic import op

revision = "20261206_ledger"
down_revision = "20261205_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP VIEW delivery_seen;
        ALTER TABLE partner_breaker DROP COLUMN reason, DROP COLUMN opened_at;
        COMMENT ON TABLE partner_breaker
            IS 'Partners that do not answer are left alone for a while, by all workers';
        COMMENT ON COLUMN partner_breaker.failures IS 'In a row';
        COMMENT ON COLUMN partner_breaker.open_until IS 'Until then nobody is asked';
        ALTER TABLE procedure_draft DROP COLUMN source_sha256;
        DROP TABLE portal_file, portal_dossier, portal_route,
            delivery_act, delivery_attempt;
        ALTER TABLE delivery DROP COLUMN parked_at, DROP COLUMN retried_after;
    """)
