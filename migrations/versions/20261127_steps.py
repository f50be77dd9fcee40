"""Steps as data: hand-overs, opinions of other agencies, drafts of procedures."""

from pathlib import Path

from alembic import op

revision = "20261127_steps"
down_revision = "20261126_once"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        SET LOCAL lock_timeout = '4s';
        SET LOCAL statement_timeout = '30s';
        DROP TRIGGER drop_opinions ON dossier;
        DROP FUNCTION drop_opinions;
        DROP FUNCTION end_procedure_version;
        DROP TABLE procedure_draft, opinion, opinion_request, handover;
        REVOKE INSERT ON procedure, procedure_version, procedure_agency FROM motcua_app;
    """)
