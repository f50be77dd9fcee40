"""Reconciliations with the national portal, mending through the ledger, looks at its catalogue."""

from pathlib import Path

from alembic import op

revision = "20261215_reconciliation"
down_revision = "20261214_inbound"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP FUNCTION figures_mark_told;
        DELETE FROM delivery_act WHERE act = 'mend';
        ALTER TABLE delivery_act DROP CONSTRAINT ck_delivery_act_act;
        ALTER TABLE delivery_act ADD CONSTRAINT ck_delivery_act_act
            CHECK (act IN ('retry', 'park', 'unpark'));
        DROP TABLE catalogue_sync, reconciliation_value, reconciliation_difference,
            reconciliation_count, reconciliation_part, reconciliation;
    """)
