"""What a worker does for look-ups and parcels, step by step, with the test's clock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.domain.actor import Role
from app.domain.lookups import Purpose
from app.domain.parcels import ParcelKind
from app.services import lookup_work, lookups, parcel_tracking, parcel_work, parcels
from app.services.transition import Request
from tests.builders import JUSTICE
from tests.services.office import Office, staff

PERSON = parcels.Person("Trần Thị Mẫu", "0900000001", "Số 1, phố Mẫu", 29, 0, "mau@example.vn")
_ROUNDS = 200


def look_up(office: Office) -> int:
    """Answer what is due now."""
    return _all(lambda pool: lookup_work.work(office.desk, office.clock, threads=pool, batch=4))


def carry(office: Office) -> int:
    """Bring to the post what is due now."""
    return _all(lambda pool: parcel_work.work(office.desk, office.clock, threads=pool, batch=4))


def _all(work: Callable[[ThreadPoolExecutor], int]) -> int:
    done = 0
    with ThreadPoolExecutor(4) as pool:
        while n := work(pool):
            done += n
    return done


def track(office: Office) -> int:
    """Poll the post as if it were time, and return what was delivered."""
    office.change("UPDATE post_poll SET next_at = '2000-01-01'")
    read = parcel_tracking.poll(office.desk, office.clock)
    parcel_work.return_delivered(office.desk, now=office.clock())
    return read


def settle(office: Office, table: str) -> None:
    """Work until nothing of a table is open, the clock put on to each next attempt."""
    work = {"lookup": look_up, "post_order": carry}[table]
    for _ in range(_ROUNDS):
        work(office)
        left = office.one(f"""
            SELECT count(*) AS n FROM {table} WHERE state IN ('waiting', 'in_flight')
        """)
        if not left["n"]:
            return
        office.clock.move(minutes=2)
    raise AssertionError(f"{table} does not come to rest")


def check_of(office: Office, code: str) -> dict[str, Any]:
    return office.one(
        """
        SELECT lookup.* FROM lookup JOIN dossier ON dossier.id = dossier_id
        WHERE code = :code AND purpose = 'verify_applicant'
        """,
        code=code,
    )


def order_of(office: Office, code: str, n: int = 1) -> dict[str, Any]:
    return office.one(
        """
        SELECT post_order.* FROM post_order JOIN dossier ON dossier.id = dossier_id
        WHERE code = :code AND n = :n
        """,
        code=code,
        n=n,
    )


def log_of(office: Office, code: str) -> list[dict[str, Any]]:
    return office.rows(
        """
        SELECT lookup_log.* FROM lookup_log JOIN dossier ON dossier.id = dossier_id
        WHERE code = :code ORDER BY lookup_log.id
        """,
        code=code,
    )


def by_clerk(office: Office, code: str, agency: str = JUSTICE) -> Request:
    office.clock.move(minutes=1)
    return Request(code, staff(Role.RECEPTIONIST, agency), office.clock())


def ask(office: Office, code: str, purpose: Purpose = Purpose.PREFILL) -> int:
    """Ask as a clerk does and return the look-up's number."""
    return int(lookups.ask(office.desk, by_clerk(office, code), purpose)["id"])


def order(
    office: Office, code: str, kind: ParcelKind = ParcelKind.RETURN, cod_vnd: int = 0
) -> dict[str, Any]:
    """Order a parcel as a clerk does."""
    request = by_clerk(office, code)
    placed = parcels.place(office.desk, request, kind=kind, person=PERSON, cod_vnd=cod_vnd)
    return dict(placed)


def questions(office: Office) -> list[dict[str, Any]]:
    """Return what the LGSP was asked about persons and enterprises."""
    found = office.mocks.http.get("/lgsp/_questions").json()["questions"]
    return [question for question in found if question["service"] != "categories"]


def at_the_post(office: Office, number: str) -> dict[str, Any]:
    """Return all that the post remembers of an order."""
    answer = office.mocks.http.get(f"/post/_orders/{number}")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def move(office: Office, number: str, code: str) -> None:
    """Let a parcel be somewhere else."""
    answer = office.mocks.http.post(f"/post/_orders/{number}/tracks", json={"StatusCode": code})
    answer.raise_for_status()
