"""Rows of the release before get their words and their standing clocks what they had left."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.actor import Role
from app.domain.intake import Channel
from app.domain.lifecycle import Status
from app.services import processing, reception, search
from app.services.backfill import backfill
from app.services.search import Wanted
from app.services.transition import Request
from tests.queue.office import OTHER_DISTRICT, TUESDAY, Office, an_application, staff


def _forget(office: Office) -> None:
    """Leave the rows as the release before writes them."""
    with office.owner.begin() as db:
        db.execute(text("TRUNCATE dossier_search, backfill"))
        db.execute(text("UPDATE dossier SET remaining_minutes = NULL"))


def _words(office: Office) -> list[tuple[int, int, str]]:
    rows = office.rows(
        "SELECT agency_id, dossier_id, words::text FROM dossier_search ORDER BY 1, 2"
    )
    return [(row["agency_id"], row["dossier_id"], row["words"]) for row in rows]


def test_every_row_gets_its_words_once_in_batches_of_any_size(own_office: Office) -> None:
    own_office.write(own_office.random_rows(random.Random(5), 60))
    whole = _words(own_office)
    assert len(whole) > 60
    for batch in (3, 1000):
        _forget(own_office)
        assert backfill(own_office.owner, payment_stops=True, batch=batch) >= 60
        assert _words(own_office) == whole
        assert backfill(own_office.owner, payment_stops=True, batch=batch) == 0


def test_a_step_that_was_killed_goes_on_where_it_was(own_office: Office) -> None:
    own_office.write(own_office.random_rows(random.Random(6), 60))
    whole = _words(own_office)
    _forget(own_office)
    with own_office.owner.begin() as db:
        db.execute(text("ALTER TABLE dossier_search ADD CONSTRAINT brake CHECK (dossier_id < 31)"))
    with pytest.raises(Exception, match="brake"):
        backfill(own_office.owner, payment_stops=True, batch=10)
    with own_office.owner.begin() as db:
        assert db.scalar(text("SELECT through FROM backfill")) == 30
        assert db.scalar(text("SELECT count(DISTINCT dossier_id) FROM dossier_search")) == 30
        db.execute(text("ALTER TABLE dossier_search DROP CONSTRAINT brake"))
    backfill(own_office.owner, payment_stops=True, batch=10)
    assert _words(own_office) == whole


def test_what_the_release_before_writes_meanwhile_is_found_by_the_next_run(
    own_office: Office,
) -> None:
    code = own_office.a_dossier(applicant_name="Lê Thị Sau")
    with own_office.owner.begin() as db:
        db.execute(text("DELETE FROM dossier_search"))
    assert backfill(own_office.owner, payment_stops=True) == 1
    page = search.find(
        own_office.desk, Wanted("sau"), actor=staff(), after=None, limit=5, now=TUESDAY
    )
    assert [item["code"] for item in page.dossiers] == [code]


def test_the_words_of_another_agency_that_the_release_before_handed_on_to_are_made_up(
    own_office: Office,
) -> None:
    code = own_office.a_dossier(Status.IN_PROCESS)
    with own_office.owner.begin() as db:
        db.execute(text("DELETE FROM dossier_search"))
    request = Request(code, staff(), TUESDAY)
    processing.pass_on(own_office.desk, request, agency=OTHER_DISTRICT, reason="Đúng nơi")
    assert _words(own_office) == []
    backfill(own_office.owner, payment_stops=True)
    assert len(_words(own_office)) == 2


def test_a_standing_clock_gets_what_it_had_left_when_it_was_stopped(own_office: Office) -> None:
    code = own_office.a_dossier(
        Status.IN_PROCESS, due_at=TUESDAY.replace(hour=17) + timedelta(days=1)
    )
    version_id = own_office.row(code)["procedure_version_id"]
    [part, *_] = own_office.catalogue.offered[version_id].version.components
    request = Request(code, staff(), TUESDAY)
    processing.request_supplement(
        own_office.desk, request, components=(part.code,), reason="Mờ", ground=None
    )
    left = own_office.row(code)["remaining_minutes"]
    assert left == 150 + 240 + 480
    _forget(own_office)
    assert own_office.row(code)["queue_class"] == 0
    backfill(own_office.owner, payment_stops=True)
    row = own_office.row(code)
    assert (row["remaining_minutes"], row["queue_class"]) == (left, 1)


def test_a_dossier_that_is_taken_in_has_its_words_from_the_start(own_office: Office) -> None:
    made = reception.take_in(
        own_office.desk,
        an_application("Đặng Thị Mới", "025900000009", "+84 900 000 009"),
        Channel.DESK,
        actor=staff(Role.RECEPTIONIST),
        now=TUESDAY,
    )
    day_and_number = made.code.split("-", 1)[1]
    for words in ("moi dang", "Đặng Mới", made.code, day_and_number, "025900000009", "0900000009"):
        page = search.find(
            own_office.desk, Wanted(words), actor=staff(), after=None, limit=5, now=TUESDAY
        )
        assert [item["code"] for item in page.dossiers] == [made.code], words
    written = _words(own_office)
    _forget(own_office)
    assert backfill(own_office.owner, payment_stops=True) == 1
    assert _words(own_office) == written
