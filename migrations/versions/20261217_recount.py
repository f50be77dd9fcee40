"""The system is not asked dossier by dossier what it may see; facts do without a foreign key."""

from pathlib import Path

from alembic import op

revision = "20261217_recount"
down_revision = "20261216_population"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP TRIGGER facts_forget ON dossier;
        DROP FUNCTION facts_forget;
        ALTER TABLE figure_fact ADD CONSTRAINT fk_figure_fact_dossier_id
            FOREIGN KEY (dossier_id) REFERENCES dossier (id);
    """)
    for table in (
        *("dossier_component", "dossier_event", "payment", "lookup", "rating", "due_move"),
        *("warning", "apology", "import_row", "post_order", "portal_origin"),
    ):
        op.execute(f"""
            ALTER POLICY seen_with_dossier ON {table}
                USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));
        """)
    op.execute("""
        ALTER POLICY seen_with_petition ON petition_event
            USING (EXISTS (SELECT FROM petition WHERE petition.id = petition_id));
    """)
