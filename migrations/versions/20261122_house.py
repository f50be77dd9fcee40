"""The house: every table of the first release, the application's role, row security."""

from pathlib import Path

from alembic import op

revision = "20261122_house"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("""
        DROP TABLE replay_batch, payment, signature_verdict, document, file_chunk, stored_file,
            notice, delivery, idempotency, intake_day, dossier_event, dossier_component, dossier,
            revision, office_hours, calendar_day, procedure_agency, procedure_version, procedure,
            agency, report_group;
        DROP FUNCTION acting_role, acting_account, acting_number, acting_agencies;
        REVOKE USAGE ON SCHEMA public FROM motcua_app;
    """)
