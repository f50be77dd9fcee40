"""The ledger in the hands of persons, breakers, the central portal, drafts of procedures."""

from pathlib import Path

from alembic import op

revision = "20261128_ledger"
down_revision = "20261122_house"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP VIEW delivery_seen;
        REVOKE UPDATE (value) ON revision FROM motcua_app;
        REVOKE UPDATE (valid_to) ON procedure_version FROM motcua_app;
        REVOKE UPDATE (name, field_code, field_name) ON procedure FROM motcua_app;
        REVOKE INSERT ON procedure, procedure_version, procedure_agency FROM motcua_app;
        DROP TABLE procedure_draft, portal_file, portal_dossier, portal_route, partner_breaker,
            delivery_act, delivery_attempt;
        ALTER TABLE delivery DROP COLUMN parked_at, DROP COLUMN retried_after;
    """)
