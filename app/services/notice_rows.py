"""Notices as rows: who is told what of an event, over which channel, in which words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import Transaction, acting
from app.db.messages import message, notice_address
from app.db.reference import Catalogue
from app.domain.actor import SYSTEM, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import DeliveryState
from app.domain.intake import ReturnWay
from app.domain.lifecycle import Act, Status
from app.domain.message_texts import APPLICANT_TOPICS, Facts, Text, Topic, text_of, topics_of
from app.domain.messages import APPLICANT, Channel, way_to
from app.services.desk import Desk

Mailboxes = Mapping[tuple[int, str], str]
"""Office mailboxes by agency and role."""

_DEADLINED = frozenset({Topic.SUPPLEMENT_WANTED, Topic.PAYMENT_WANTED})
_PLAIN = "Hồ sơ có thay đổi, hãy đăng nhập để xem."


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is to be told: `key` is the same for the same notice."""

    key: str
    topic: Topic
    recipient: str
    agency_id: int
    text: Text
    dossier_id: int | None = None
    seq: int | None = None
    deadline_on: date | None = None


def mailboxes(tx: Transaction) -> Mailboxes:
    rows = tx.db.execute(select(notice_address).where(notice_address.c.email.is_not(None)))
    return {(row.agency_id, row.role): row.email for row in rows}


def keep(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    """Write notices to be sent; one that is there already stays as it is."""
    if rows:
        tx.db.execute(upsert(message).on_conflict_do_nothing(), rows)


def of_event(
    desk: Desk, catalogue: Catalogue, row: Row[Any], boxes: Mailboxes, now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the notices of an event that was announced; `row` has its dossier beside it."""
    act, target = Act(row.act), Status(row.target)
    to_agency = row.details.get("to_agency")
    told = topics_of(
        act,
        target,
        is_granted=row.details.get("granted", True),
        is_elsewhere=to_agency is not None,
        return_way=ReturnWay(row.return_way),
    )
    here = catalogue.agency_ids[to_agency] if to_agency else row.event_agency_id
    for recipient, topic in told:
        is_applicant = recipient == APPLICANT
        facts = _facts(catalogue, row, topic)
        notice = Notice(
            f"event:{row.dossier_id}:{row.seq}:{recipient}",
            topic,
            recipient,
            row.agency_id if is_applicant else here,
            text_of(topic, facts),
            row.dossier_id,
            row.seq,
            facts.reply_due_on if topic in _DEADLINED else None,
        )
        if is_applicant:
            yield _to_applicant(desk, notice, row, now)
        else:
            yield from to_staff(desk, notice, boxes, now)


def _facts(catalogue: Catalogue, row: Row[Any], topic: Topic) -> Facts:
    """Return what an event's notice may say, as the event left the dossier."""
    offered = catalogue.offered[row.procedure_version_id]
    days = {
        Topic.SUPPLEMENT_WANTED: offered.version.supplement_days,
        Topic.PAYMENT_WANTED: offered.version.payment_days,
    }.get(topic)
    occurred_on = row.occurred_at.astimezone(LOCAL_ZONE).date()
    names = {part.code: part.name for part in offered.version.components}
    return Facts(
        code=row.code,
        procedure=offered.procedure.name,
        agency=catalogue.agency_of(row.agency_id).name,
        occurred_at=row.occurred_at,
        due_at=row.event_due_at,
        reply_due_on=None if days is None else occurred_on + timedelta(days=days),
        components=tuple(names.get(code, code) for code in row.details.get("components", ())),
        amount_vnd=row.details.get("amount_vnd", 0),
        return_way=ReturnWay(row.return_way),
    )


def _to_applicant(desk: Desk, notice: Notice, row: Row[Any], now: datetime) -> dict[str, Any]:
    preferred = Channel(row.preferred) if row.preferred else None
    channel, address = way_to(row.contact, preferred, list(desk.partners.messengers))
    return _row(notice, notice.key, channel, address, now)


def to_staff(
    desk: Desk, notice: Notice, boxes: Mailboxes, now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield a notice on the desk's own list and, if its office has a mailbox, an e-mail."""
    yield _row(notice, f"{notice.key}:{Channel.INBOX}", Channel.INBOX, None, now)
    address = boxes.get((notice.agency_id, notice.recipient))
    if address and Channel.EMAIL in desk.partners.messengers:
        yield _row(notice, f"{notice.key}:{Channel.EMAIL}", Channel.EMAIL, address, now)


def _row(
    notice: Notice, key: str, channel: Channel, address: str | None, now: datetime
) -> dict[str, Any]:
    is_there = channel is Channel.INBOX
    return {
        "key": key,
        "dossier_id": notice.dossier_id,
        "seq": notice.seq,
        "topic": notice.topic,
        "recipient": notice.recipient,
        "agency_id": notice.agency_id,
        "channel": channel,
        "address": address,
        "subject": notice.text.subject,
        "body": notice.text.body,
        "short": notice.text.short,
        "deadline_on": notice.deadline_on,
        "tried": [],
        "created_at": now,
        "state": DeliveryState.ACKNOWLEDGED if is_there else DeliveryState.WAITING,
        "attempts": 0,
        "next_at": now,
        "acknowledged_at": now if is_there else None,
        "answer_code": None,
        "answer": None,
    }


def of_fault(row: Row[Any], fault: str, now: datetime) -> dict[str, Any]:
    """Return what is kept of an event whose notices could not be made: a person looks."""
    notice = Notice(
        f"event:{row.dossier_id}:{row.seq}:{APPLICANT}",
        APPLICANT_TOPICS.get(Act(row.act), Topic.RECEIVED),
        APPLICANT,
        row.agency_id,
        Text(f"Hồ sơ {row.code}", _PLAIN, _PLAIN),
        row.dossier_id,
        row.seq,
    )
    stuck = {"state": DeliveryState.BLOCKED, "acknowledged_at": None, "answer_code": "fault"}
    return _row(notice, notice.key, Channel.INBOX, None, now) | stuck | {"answer": fault[:1000]}


OVERDUE_ROLES = (Role.OFFICER, Role.APPROVER)


def of_overdue(
    desk: Desk, catalogue: Catalogue, row: Row[Any], boxes: Mailboxes, now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the warnings to those who have an overdue dossier in hand, once per due instant."""
    offered = catalogue.offered[row.procedure_version_id]
    facts = Facts(
        code=row.code,
        procedure=offered.procedure.name,
        agency=catalogue.agency_of(row.agency_id).name,
        occurred_at=now,
        due_at=row.due_at,
    )
    for role in OVERDUE_ROLES:
        notice = Notice(
            f"overdue:{row.id}:{int(row.due_at.timestamp())}:{role}",
            Topic.OVERDUE,
            role,
            row.at_agency_id,
            text_of(Topic.OVERDUE, facts),
            row.id,
        )
        yield from to_staff(desk, notice, boxes, now)


def way_of(desk: Desk, notice: Row[Any], tried: Sequence[str] = ()) -> tuple[Channel, str | None]:
    """Return how the recipient of a notice can be reached as things are now."""
    with acting(desk.engine, SYSTEM) as tx:
        if notice.recipient != APPLICANT:
            address = mailboxes(tx).get((notice.agency_id, notice.recipient))
            is_used = Channel.EMAIL in desk.partners.messengers
            return (Channel.EMAIL, address) if address and is_used else (Channel.INBOX, None)
        found = tx.db.execute(
            text("""
                SELECT contact, preference.channel FROM dossier
                LEFT JOIN notice_preference AS preference ON preference.number = applicant_number
                WHERE dossier.id = :id
            """),
            {"id": notice.dossier_id},
        ).one()
    preferred = Channel(found.channel) if found.channel else None
    return way_to(found.contact, preferred, list(desk.partners.messengers), tried)
