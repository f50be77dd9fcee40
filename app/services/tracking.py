"""Public tracking (tra cứu tiến độ): without login, by code and check digits, and counted.

Whatever is wrong gets the same answer after the same statements: a look-up by code that may find
nothing, and a comparison that takes the same time.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, literal, select, union_all

from app.db import quotas
from app.db.access import Transaction, acting
from app.db.dossiers import dossier, dossier_event
from app.db.inbound import portal_origin
from app.db.petitions import petition, petition_event
from app.domain.actor import SYSTEM
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.deadlines import in_words, lateness
from app.domain.lifecycle import ACT_LABELS, Act, Status
from app.domain.petitions import ACT_LABELS as PETITION_ACT_LABELS
from app.domain.petitions import PetitionAct
from app.domain.quotas import Meter, Quota
from app.domain.tracking import (
    CLIENT_WINDOW_S,
    CODE_QUOTAS,
    Passed,
    Progress,
    Tracked,
    check_matches,
    dossier_label,
    dossier_summary,
    petition_label,
    petition_summary,
    read_check,
    read_code,
)
from app.services.clocks import calendar_of
from app.services.desk import Desk

_STANDS = "đang dừng tính thời hạn"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, if anything, and how the quotas stand; `blocked` names one used up."""

    progress: Progress | None
    meters: tuple[Meter, ...]
    blocked: Meter | None = None


def follow(desk: Desk, code: str, check: str | None, *, client: str, now: datetime) -> Answer:
    """Say where a dossier or petition stands, to whoever knows its code and check digits.

    Every try is counted against its client. Against its code only what was wrong is counted, but
    it is counted before the look-up, so that no number of tries at once gets past the quota.
    """
    known_code, known_check = read_code(code), read_check(check)
    with acting(desk.engine, SYSTEM) as tx:
        per_client = Quota("client", desk.rules.tracking_per_minute, CLIENT_WINDOW_S)
        meters = [quotas.use(tx, per_client, _subject(desk, client), now)]
        if meters[0].is_exceeded:
            return Answer(None, tuple(meters), meters[0])
        subject = _subject(desk, code.strip().upper())
        for quota in CODE_QUOTAS:
            meters.append(quotas.use(tx, quota, subject, now))
            if meters[-1].is_exceeded:
                return Answer(None, tuple(meters), meters[-1])
        found = tx.db.execute(_LOOK_UP, {"code": known_code}).one_or_none()
        numbers = (found.number, found.phone) if found else (None, None)
        if not check_matches(known_check, numbers) or found is None:
            return Answer(None, tuple(meters))
        meters[1:] = [quotas.give_back(tx, meter, subject) for meter in meters[1:]]
        return Answer(_PROGRESS[Tracked(found.kind)](desk, tx, found.id, now), tuple(meters))


def forget_counts(desk: Desk, *, now: datetime) -> int:
    """Forget what was counted in windows that have ended; return how many counters."""
    with acting(desk.engine, SYSTEM) as tx:
        return quotas.forget(tx, now)


def _subject(desk: Desk, text: str) -> str:
    """Return what a quota counts by: nobody can read the address or the code from it."""
    content = text.encode("utf-8", "surrogatepass")
    return hmac.new(desk.partners.link_key, b"quota\0" + content, hashlib.sha256).hexdigest()


_LOOK_UP = union_all(
    select(
        literal(str(Tracked.DOSSIER)).label("kind"),
        dossier.c.id,
        dossier.c.applicant_number.label("number"),
        dossier.c.contact["phone"].astext.label("phone"),
    ).where(dossier.c.code == bindparam("code")),
    select(
        literal(str(Tracked.PETITION)),
        petition.c.id,
        petition.c.petitioner_number,
        petition.c.phone,
    ).where(petition.c.code == bindparam("code")),
    select(
        literal(str(Tracked.DOSSIER)),
        dossier.c.id,
        dossier.c.applicant_number,
        dossier.c.contact["phone"].astext,
    )
    .join(portal_origin, portal_origin.c.dossier_id == dossier.c.id)
    .where(portal_origin.c.code == bindparam("code"), dossier.c.code != bindparam("code")),
)


def _dossier(desk: Desk, tx: Transaction, dossier_id: int, now: datetime) -> Progress:
    row = tx.db.execute(select(dossier).where(dossier.c.id == dossier_id)).one()
    catalogue = desk.references.catalogue(tx)
    owner, holder = catalogue.agency_of(row.agency_id), catalogue.agency_of(row.at_agency_id)
    events = tx.db.execute(
        select(dossier_event.c.act, dossier_event.c.agency_id, dossier_event.c.occurred_at)
        .where(dossier_event.c.dossier_id == row.id)
        .order_by(dossier_event.c.seq)
    )
    stands = row.status == Status.SUPPLEMENT_REQUESTED or (
        row.status == Status.PAYMENT_REQUESTED and desk.rules.payment_wait_stops_clock
    )
    return Progress(
        kind=Tracked.DOSSIER,
        code=row.code,
        status=row.status,
        status_label=dossier_label(row.status),
        agency=owner.code,
        agency_name=owner.name,
        received_at=row.received_at,
        answer_due_at=row.answer_due_at if row.status == Status.REGISTERED else None,
        due_at=None if stands else row.due_at,
        reply_due_on=row.reply_due_on,
        in_words=_STANDS if stands else _in_words(calendar_of(desk, tx, row), row, now),
        summary=dossier_summary(row.status, holder.name),
        steps=tuple(
            Passed(
                event.occurred_at,
                ACT_LABELS[Act(event.act)],
                catalogue.agency_of(event.agency_id).name_on(
                    event.occurred_at.astimezone(LOCAL_ZONE).date()
                ),
            )
            for event in events
        ),
    )


def _petition(desk: Desk, tx: Transaction, petition_id: int, now: datetime) -> Progress:
    row = tx.db.execute(select(petition).where(petition.c.id == petition_id)).one()
    agency = desk.references.catalogue(tx).agency_of(row.agency_id)
    calendar = desk.references.calendar(tx, agency.code)
    events = tx.db.execute(
        select(petition_event.c.act, petition_event.c.occurred_at)
        .where(petition_event.c.petition_id == row.id)
        .order_by(petition_event.c.seq)
    )
    return Progress(
        kind=Tracked.PETITION,
        code=row.code,
        status=row.status,
        status_label=petition_label(row.status),
        agency=agency.code,
        agency_name=agency.name,
        received_at=row.received_at,
        answer_due_at=None,
        due_at=row.due_at,
        reply_due_on=None,
        in_words=_in_words(calendar, row, now) if row.due_at else _STANDS,
        summary=petition_summary(row.status, agency.name),
        steps=tuple(
            Passed(event.occurred_at, PETITION_ACT_LABELS[PetitionAct(event.act)], agency.name)
            for event in events
        ),
    )


_PROGRESS = {Tracked.DOSSIER: _dossier, Tracked.PETITION: _petition}


def _in_words(calendar: Calendar, row: Row[Any], now: datetime) -> str | None:
    """Say how much working time is left, or by how much it is late; None: not begun, or ended."""
    if row.due_at is None or row.ended_at is not None:
        return None
    full_day = calendar.hours_on(now.astimezone(LOCAL_ZONE).date()).full_day_minutes
    return in_words(lateness(now, row.due_at, calendar), full_day)
