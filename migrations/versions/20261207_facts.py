"""Facts of dossiers and the sums of them: what every figure is answered from."""

from pathlib import Path

from alembic import op

revision = "20261207_facts"
down_revision = "20261206_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TRIGGER figures_mark ON dossier_event;
        DROP TRIGGER figures_mark ON dossier;
        DROP TRIGGER figures_mark ON delivery;
        DROP TRIGGER figures_mark ON payment;
        DROP TRIGGER figures_mark ON document;
        DROP FUNCTION figures_mark_event, figures_mark_dossier, figures_mark_delivery,
            figures_mark_payment, figures_mark_document;
        DROP TABLE figure_mark, figure_fact, figure_entry, figure_month, figure_closing,
            figure_check;
        DROP FUNCTION figures_forget;
    """)
