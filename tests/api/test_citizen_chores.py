"""What the worker does for the citizen's side, without being asked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from app.domain.drafts import KEPT
from app.worker import Worker
from tests.api.citizen_samples import a_draft, a_petition
from tests.builders import Api, refused


def test_the_worker_sweeps_drafts_and_counters_and_follows_the_calendar(own_api: Api) -> None:
    api = own_api
    draft = a_draft(api.citizen())
    petition = a_petition(api)
    api.http.get(f"/v1/tracking/{petition}", params={"check": "9999"})
    with api.owner.begin() as db:
        db.exec_driver_sql("""
            INSERT INTO calendar_day (day, kind, name, source)
            VALUES ('2026-10-14', 'off', 'Nghỉ', 'thử');
            UPDATE revision SET value = value + 1 WHERE name = 'calendar'
        """)
    api.clock.at += KEPT + timedelta(seconds=1)
    worker = Worker(api.app.state.doors.desk, threads=1, now=api.clock)

    with ThreadPoolExecutor(1) as pool:
        worker.work_once(pool)

    refused(api.citizen().get(f"/v1/drafts/{draft}"), 404, "draft.not_found")
    assert api.rows("SELECT * FROM quota_use") == []
    due = api.row("SELECT due_at FROM petition")["due_at"]
    assert due.isoformat() == "2026-10-27T02:00:00+00:00"
