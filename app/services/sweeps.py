"""What time alone, or a finished step, causes: done by the worker, safe with several of them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.errors import DomainError
from app.domain.intake import ReturnWay
from app.domain.lifecycle import Act, Status, StepRefused
from app.services.clocks import calendar_of, own_calendars
from app.services.desk import Desk
from app.services.transition import Effect, Request, carry_out

_ANSWERS_KEPT = timedelta(days=7)


def return_electronic_results(desk: Desk, *, now: datetime, limit: int = 50) -> int:
    """Return results that the applicant wanted online and that are there as files."""
    with acting(desk.engine, SYSTEM) as tx:
        codes = tx.db.scalars(
            text("""
                SELECT code FROM dossier
                WHERE status = 'resolved' AND return_way = 'online' AND origin = 'live'
                    AND EXISTS (SELECT FROM document
                        WHERE dossier_id = dossier.id AND kind = 'result')
                ORDER BY resolved_at LIMIT :limit
            """),
            {"limit": limit},
        ).all()
    return sum(_return(desk, code, now) for code in codes)


def _return(desk: Desk, code: str, now: datetime) -> bool:
    def work(_tx: Transaction, _dossier: Row[Any]) -> Effect:
        return Effect(details={"return_way": ReturnWay.ONLINE})

    try:
        carry_out(desk, Request(code, SYSTEM, now), Act.RETURN_RESULT, work)
    except DomainError:
        return False  # another worker, or the desk, was first
    return True


_UNANSWERED = {
    Status.SUPPLEMENT_REQUESTED: "bổ sung, hoàn thiện hồ sơ",
    Status.PAYMENT_REQUESTED: "thực hiện nghĩa vụ tài chính",
}
_STOP_GROUND = "Điều 17 Nghị định số 118/2025/NĐ-CP"


def stop_unanswered(desk: Desk, *, now: datetime, limit: int = 50) -> int:
    """Stop dossiers whose applicants did not answer within the procedure's days (form 05).

    The last day ends at midnight; one that is a day off ends with the next working day (Civil
    Code 2015, art. 148). Returns how many were stopped.
    """
    today = now.astimezone(LOCAL_ZONE).date()
    with acting(desk.engine, SYSTEM) as tx:
        own = own_calendars(desk, tx)
        usual = desk.references.calendar(tx, "*")
        codes = tx.db.scalars(
            text("""
                SELECT code FROM dossier
                LEFT JOIN unnest(CAST(:offices AS bigint[]), CAST(:last_days AS date[]))
                    AS own (agency_id, last_day)
                    ON own.agency_id = coalesce(dossier.clock_agency_id, dossier.agency_id)
                WHERE ended_at IS NULL AND reply_due_on < :today AND origin = 'live'
                    AND reply_due_on <= coalesce(own.last_day, :last_day)
                    AND status IN ('supplement_requested', 'payment_requested')
                ORDER BY reply_due_on, id LIMIT :limit
            """),
            {
                "today": today,
                "last_day": usual.last_working_day_before(today),
                **_last_days(own, today),
                "limit": limit,
            },
        ).all()
    return sum(_stop(desk, code, today, now) for code in codes)


def _last_days(own: Mapping[int, Calendar], today: date) -> dict[str, Any]:
    return {
        "offices": list(own),
        "last_days": [calendar.last_working_day_before(today) for calendar in own.values()],
    }


def _stop(desk: Desk, code: str, today: date, now: datetime) -> bool:
    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        last = dossier.reply_due_on
        if last is None or calendar_of(desk, tx, dossier).next_working_day(last) >= today:
            raise StepRefused("Thời hạn trả lời chưa hết.")  # asked anew in between
        asked = _UNANSWERED[Status(dossier.status)]
        return Effect(
            {"ended_at": now, "reply_due_on": None},
            f"Đã hết thời hạn {asked} (ngày {last:%d/%m/%Y}) mà người nộp không thực hiện.",
            _STOP_GROUND,
            {"is_automatic": True, "reply_due_on": last.isoformat()},
        )

    try:
        carry_out(desk, Request(code, SYSTEM, now), Act.STOP, work)
    except DomainError:
        return False  # answered in between, or another worker was first
    return True


def forget_answers(desk: Desk, *, now: datetime) -> int:
    """Forget answers under request keys that are older than a week."""
    with acting(desk.engine, SYSTEM) as tx:
        done = tx.db.execute(
            text("DELETE FROM idempotency WHERE created_at < :before"),
            {"before": now - _ANSWERS_KEPT},
        )
        return done.rowcount
