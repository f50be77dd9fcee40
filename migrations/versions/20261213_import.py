"""Dossiers of former systems: files and what each came from. Sums that machines watch."""

from pathlib import Path

from alembic import op

revision = "20261213_import"
down_revision = "20261212_extraction"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    # What was imported stays; the release before knows it as dossiers of the past.
    op.execute("""
        CREATE OR REPLACE TRIGGER figures_mark AFTER INSERT OR UPDATE ON payment FOR EACH ROW
            WHEN (NEW.status IN ('paid', 'refunded'))
            EXECUTE FUNCTION figures_mark_payment();
        UPDATE dossier SET origin = 'replay' WHERE origin = 'import';
        ALTER TABLE dossier DROP CONSTRAINT ck_dossier_origin,
            ADD CONSTRAINT ck_dossier_origin CHECK (origin IN ('live', 'replay'));
        DROP TABLE import_row, import_run;
        DROP TRIGGER count_verdicts ON signature_verdict;
        DROP FUNCTION count_verdicts;
        DROP TABLE verdict_count;
        DROP INDEX ix_payment_waiting;
    """)
