"""The migration of the queue: beside the release before, up, down and up again."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from app.db.access import connect
from app.db.migrate import configuration, migrate
from app.db.schema import metadata
from app.domain.lifecycle import Status
from app.services.backfill import backfill
from app.services.seeding import seed
from tests.database import empty_database

BEFORE = "20261124_clock"
OPEN = ["registered", "accepted", "in_process", "supplement_requested", "resolved"]


@pytest.fixture
def owner() -> Iterator[Engine]:
    """A database as the release before left it."""
    with empty_database() as url:
        engine = connect(url, as_owner=True)
        migrate(engine)
        seed(engine)
        _downgrade(engine)
        yield engine
        engine.dispose()


def _downgrade(owner: Engine) -> None:
    with owner.begin() as db:
        config = configuration()
        config.attributes["connection"] = db
        command.downgrade(config, BEFORE)


INSERT = text("""
    INSERT INTO dossier (code, procedure_version_id, agency_id, at_agency_id, agency_ids, step,
        channel, status, status_before, version, applicant_kind, applicant_number, applicant_name,
        contact, submitter_id, submitter_name, is_verified, form, fees, return_way, received_on,
        received_at, answer_due_at, accepted_at, due_at, supplements, resolved_at)
    SELECT 'H44.29-261005-' || lpad(CAST(:number AS text), 4, '0'), min(procedure_version_id),
        agency_id, agency_id, ARRAY[agency_id], 0, 'online', :status, :before, 1, 'citizen',
        '025900000001', 'Trần Thị Mẫu', '{}', 'a', 'Trần Thị Mẫu', 1, '{}', '[]', 'desk',
        '2026-10-05', '2026-10-05 02:00Z', '2026-10-06 02:00Z', '2026-10-05 03:00Z',
        '2026-10-09 03:00Z', 0, '2026-10-08 03:00Z'
    FROM procedure_agency WHERE agency_id = (SELECT id FROM agency WHERE code = 'H44.29')
    GROUP BY agency_id
    RETURNING id
""")
"""As the release before writes a dossier: it knows none of the new columns."""


def _write(owner: Engine, number: int, status: str) -> int:
    before = "in_process" if status.endswith("_requested") else None
    with owner.begin() as db:
        written = db.scalar(INSERT, {"number": number, "status": status, "before": before})
    assert isinstance(written, int)
    return written


def _queue(owner: Engine) -> dict[str, int | None]:
    with owner.connect() as db:
        rows = db.execute(text("SELECT status, queue_class FROM dossier"))
        return {row.status: row.queue_class for row in rows}


def test_dossiers_of_the_release_before_are_in_the_queue_at_once(owner: Engine) -> None:
    statuses = [status for status in Status if status is not Status.DRAFT]
    for number, status in enumerate(statuses):
        _write(owner, number, status)
    migrate(owner)
    assert {status for status, place in _queue(owner).items() if place is not None} == {
        *OPEN,
        "payment_requested",
    }
    assert backfill(owner, payment_stops=True) == len(statuses)


def test_the_release_before_goes_on_writing_after_the_migration(owner: Engine) -> None:
    migrate(owner)
    key = _write(owner, 1, "registered")
    assert _queue(owner) == {"registered": 0}
    with owner.begin() as db:
        db.execute(
            text("UPDATE dossier SET status = 'returned', version = 2 WHERE id = :id"), {"id": key}
        )
    assert _queue(owner) == {"returned": None}
    assert backfill(owner, payment_stops=True) == 1


def test_up_down_and_up_again_is_the_schema_that_the_code_knows(owner: Engine) -> None:
    _write(owner, 1, "in_process")
    migrate(owner)
    backfill(owner, payment_stops=True)
    _downgrade(owner)
    _write(owner, 2, "accepted")
    with owner.connect() as db:
        left = db.scalar(
            text("""
                SELECT count(*) FROM pg_proc WHERE proname IN
                ('place_in_queue', 'follow_agencies', 'search_words', 'search_hits')
            """)
        )
    assert left == 0
    migrate(owner)
    backfill(owner, payment_stops=True)
    assert _queue(owner) == {"in_process": 0, "accepted": 0}
    with owner.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
