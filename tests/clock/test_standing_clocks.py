"""Clocks that stood: a first answer goes on where it stood; what is left follows the calendar."""

from app.domain.actor import Role
from app.domain.calendar_book import CalendarChange
from app.domain.lifecycle import Status
from app.services import processing
from tests.clock.bureau import Bureau, at, off


def test_days_that_the_applicant_took_do_not_make_the_first_answer_late(bureau: Bureau) -> None:
    code = bureau.submit(at("2026-10-07T13:00"))
    request = bureau.request(code, Role.RECEPTIONIST, at("2026-10-07T14:00"))
    processing.request_supplement(
        bureau.desk, request, components=("GT01",), reason="Mờ", ground=None
    )
    assert bureau.dossier(code)["remaining_minutes"] == 7 * 60

    bureau.supplement(code, at("2026-10-16T09:00"))

    again = bureau.dossier(code)
    assert (again["status"], again["remaining_minutes"]) == (Status.REGISTERED, None)
    assert again["answer_due_at"] == at("2026-10-19T08:00")

    bureau.enter(CalendarChange("Công điện", None, (off("2026-10-19"),)), at("2026-10-16T10:00"))
    bureau.derive(at("2026-10-16T10:00"))
    assert bureau.dossier(code)["answer_due_at"] == at("2026-10-20T08:00")

    bureau.accept(code, at("2026-10-16T11:00"))
    assert bureau.dossier(code)["answer_due_at"] == at("2026-10-20T08:00")


def test_what_a_standing_clock_has_left_is_derived_with_its_due_instant(bureau: Bureau) -> None:
    code = bureau.take_in(at("2026-10-05T09:00"))
    bureau.start(code, at("2026-10-06T09:00"))
    bureau.ask_supplement(code, at("2026-10-07T09:00"))
    assert bureau.dossier(code)["remaining_minutes"] == 480

    gone = CalendarChange("Công điện", "Ghi nhận muộn", (off("2026-10-06"),))
    bureau.enter(gone, at("2026-10-07T10:00"))
    bureau.derive(at("2026-10-07T10:00"))

    after = bureau.dossier(code)
    assert after["due_at"] == at("2026-10-09T09:00")
    assert after["remaining_minutes"] == after["queue_minutes"] == 2 * 480
