"""How the application reaches the database: one engine, one function that opens a transaction.

The application's role owns no table. Each transaction begins by telling the database who acts;
row security there repeats the filter that `visibility` puts into the queries. The same first
statement tells which revision the reference data is at and whether the request was seen before,
so that none of this costs a round trip of its own.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, create_engine, text
from sqlalchemy.engine import make_url

from app.domain.actor import Actor, Role
from app.domain.agency import AgencyEnded
from app.domain.once import InFlight, KeyReused, Once

APP_ROLE = "motcua_app"

_TELL = """
SELECT set_config('app.role', :role, true),
       set_config('app.account', :account, true),
       set_config('app.number', :number, true),
       set_config('app.agencies', CASE WHEN :agency = '' THEN '{}' ELSE coalesce((
           SELECT array_agg(id)::text FROM agency
           WHERE code = :agency OR code LIKE :agency || '.%' OR id IN (
               SELECT agency_heir.agency_id FROM agency_heir JOIN agency AS heir
                   ON heir.id = heir_id
               WHERE heir.code = :agency OR heir.code LIKE :agency || '.%')), '{}') END, true),
       (SELECT jsonb_build_object('name', ended.name, 'last_on', ended.valid_to,
               'heir', heir.code, 'heir_name', heir.name)
           FROM agency AS ended JOIN agency_heir ON agency_heir.agency_id = ended.id
           JOIN agency AS heir ON heir.id = heir_id
           WHERE ended.code = :agency AND NOT EXISTS (
               SELECT FROM agency_heir AS later WHERE later.agency_id = heir.id)) AS ended,
       (SELECT value FROM revision WHERE name = 'catalogue') AS catalogue,
       (SELECT value FROM revision WHERE name = 'calendar') AS calendar
"""
_TELL_PLAIN = text(_TELL)
_TELL_ONCE = text(f"""{_TELL.rstrip()},
       begun.is_first, begun.seen
FROM request_begun(:lock, :account, :key, :route) AS begun
""")


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction: its connection, who acts, what is known from its first statement."""

    db: Connection
    actor: Actor
    catalogue_revision: int
    calendar_revision: int
    seen: Mapping[str, Any] | None = None  # the outcome of the same request, answered before


def connect(url: str, *, as_owner: bool = False, pool_size: int = 10) -> Engine:
    """Return an engine on the database; `as_owner` is for migrations, seeds and bulk loads.

    Statements of the application give up after 30 s and wait 10 s for a lock at most.
    """
    options = "-c timezone=UTC -c application_name=motcua"
    if not as_owner:
        options += f" -c role={APP_ROLE} -c statement_timeout=30s -c lock_timeout=10s"
        options += " -c idle_in_transaction_session_timeout=60s"
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"options": options, "prepare_threshold": 2},
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_use_lifo=True,
    )


@contextmanager
def acting(
    engine: Engine, actor: Actor, once: Once | None = None, *, snapshot: str | None = None
) -> Iterator[Transaction]:
    """Open a transaction in which `actor` acts; it is committed at the end of the block.

    With `once`, refuses a key that is being worked on or was used for another body, and hands
    over the outcome if the same request was answered before. With `snapshot`, an exported one, it
    sees what the transaction sees that exported it; the engine's isolation is REPEATABLE READ.
    """
    told: dict[str, Any] = {
        "role": Role.SYSTEM if actor.is_internal else actor.role,
        "account": actor.id,
        "number": actor.identity_number or "",
        "agency": "" if actor.role is Role.APPLICANT else actor.agency or "",
    }
    with engine.begin() as db:
        if snapshot is not None:
            db.execute(text(f"SET TRANSACTION SNAPSHOT '{snapshot}'"))  # takes no parameters
        if once is None:
            row = db.execute(_TELL_PLAIN, told).one()
            _refuse_ended(row, actor)
            yield Transaction(db, actor, row.catalogue, row.calendar)
            return
        told |= {"lock": _lock_number(actor, once), "key": once.key, "route": once.route}
        row = db.execute(_TELL_ONCE, told).one()
        _refuse_ended(row, actor)
        seen = None if row.seen is None else _same_request(row.seen, once)
        if seen is None and not row.is_first:
            raise InFlight("Yêu cầu với khóa này đang được xử lý, hãy thử lại sau giây lát.")
        yield Transaction(db, actor, row.catalogue, row.calendar, seen)


def _refuse_ended(row: Row[Any], actor: Actor) -> None:
    """Refuse staff whose token names an agency that exists no more, and name who goes on.

    An identity provider that is late must not let in who was not taken over.
    """
    if row.ended is not None and actor.role is not Role.APPLICANT:
        ended = row.ended
        raise AgencyEnded(
            f"{ended['name']} ({actor.agency}) đã kết thúc hoạt động; tiếp tục công việc là "
            f"{ended['heir_name']} ({ended['heir']}). Hãy đăng nhập lại bằng tài khoản của cơ quan "
            "đang hoạt động.",
            agency=actor.agency,
            last_on=ended["last_on"],
            heir=ended["heir"],
            heir_name=ended["heir_name"],
        )


def _same_request(seen: Mapping[str, Any], once: Once) -> Mapping[str, Any]:
    if seen["fingerprint"] != once.fingerprint:
        raise KeyReused("Khóa này đã dùng cho một yêu cầu có nội dung khác.")
    outcome: Mapping[str, Any] = seen["outcome"]
    return outcome


def _lock_number(actor: Actor, once: Once) -> int:
    digest = hashlib.sha256(f"{actor.id}\0{once.route}\0{once.key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
