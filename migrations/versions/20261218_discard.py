"""A message of the portal can be discarded."""

from pathlib import Path

from alembic import op

revision = "20261218_discard"
down_revision = "20261217_recount"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        UPDATE inbound SET state = 'quarantined' WHERE state = 'discarded';
        DELETE FROM inbound_act WHERE act = 'discard';
        ALTER TABLE inbound DROP CONSTRAINT ck_inbound_state;
        ALTER TABLE inbound ADD CONSTRAINT ck_inbound_state
            CHECK (state IN ('waiting', 'in_flight', 'entered', 'quarantined'));
        ALTER TABLE inbound_act DROP CONSTRAINT ck_inbound_act_act;
        ALTER TABLE inbound_act ADD CONSTRAINT ck_inbound_act_act
            CHECK (act IN ('replay', 'mend'));
    """)
