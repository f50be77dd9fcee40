"""Petitions (phản ánh, kiến nghị): each function is one act of petitioner or agency."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, select, text, update

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.db.petitions import petition
from app.db.visibility import visible
from app.domain.actor import SYSTEM, Actor
from app.domain.agency import Agency
from app.domain.application import Fault
from app.domain.calendar import LOCAL_ZONE
from app.domain.once import Once
from app.domain.petition_clock import PetitionClock, check_in_time, clock_of
from app.domain.petitions import (
    SUPPLEMENT_REQUESTS,
    PetitionAct,
    PetitionFaulty,
    PetitionKind,
    SupplementAskedBefore,
    petition_code,
    take,
)
from app.services.desk import Desk
from app.services.petition_door import (
    PetitionOutcome,
    Written,
    add_event,
    carry_out,
    derived_clock,
    remembered,
)
from app.services.transition import Request


@dataclass(frozen=True, slots=True)
class Petition:
    """What a citizen sends: about an agency, and maybe about a dossier there."""

    kind: PetitionKind
    agency: str
    dossier: str | None
    subject: str
    content: str
    phone: str | None


def submit(
    desk: Desk, sent: Petition, *, actor: Actor, now: datetime, once: Once
) -> PetitionOutcome:
    """Send a complaint or a suggestion; its code is given here and its clock starts."""
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return PetitionOutcome(**tx.seen)
        status = take(None, PetitionAct.SUBMIT, actor.role)
        agency, dossier_id = _subject_of(desk, tx, sent, now)
        clock = clock_of(now, (), desk.references.calendar(tx, agency.code))
        agency_id = desk.references.catalogue(tx).agency_ids[agency.code]
        code = petition_code(agency.code, _day(now), _next_number(tx, agency_id, _day(now)))
        row = tx.db.execute(
            insert(petition)
            .values(
                code=code,
                kind=sent.kind,
                agency_id=agency_id,
                dossier_id=dossier_id,
                subject=sent.subject,
                content=sent.content,
                status=status,
                version=1,
                petitioner_id=actor.id,
                petitioner_number=actor.identity_number,
                petitioner_name=actor.name,
                phone=sent.phone or actor.phone,
                received_at=now,
                due_at=clock.due_at,
                calendar_revision=tx.calendar_revision,
                supplements=0,
            )
            .returning(petition)
        ).one()
        add_event(tx, row, Request(code, actor, now), PetitionAct.SUBMIT, None)
        return remembered(tx, row, once, now)


def _subject_of(
    desk: Desk, tx: Transaction, sent: Petition, now: datetime
) -> tuple[Agency, int | None]:
    """Return the agency that a petition is about, and the dossier's key, or tell what is wrong."""
    catalogue = desk.references.catalogue(tx)
    faults = []
    agency = catalogue.agencies.get(sent.agency)
    if agency is None or not agency.is_valid_on(_day(now)):
        faults.append(Fault("/agency", "agency.unknown", "Không có cơ quan với mã này."))
    about = None
    if sent.dossier is not None:
        about = tx.db.execute(
            select(dossier.c.id, dossier.c.agency_ids).where(
                dossier.c.code == sent.dossier, visible(tx.actor)
            )
        ).one_or_none()
        if about is None:
            faults.append(Fault("/dossier", "dossier.unknown", "Bạn không có hồ sơ với mã này."))
        elif agency is not None and not _had_it(
            agency.code, [catalogue.agency_codes[known] for known in about.agency_ids]
        ):
            detail = f"Hồ sơ này không do {agency.name} giải quyết."
            faults.append(Fault("/agency", "agency.not_concerned", detail))
    if faults or agency is None:
        raise PetitionFaulty(faults)
    return agency, about.id if about else None


def _had_it(agency: str, had: list[str]) -> bool:
    """Tell whether an agency, or one below it, has or had the dossier in hand."""
    return any(f"{code}.".startswith(f"{agency}.") for code in had)


def _next_number(tx: Transaction, agency_id: int, day: date) -> int:
    """Count on: who comes next waits for this transaction, so that there are no gaps."""
    number: int = tx.db.execute(
        text("""
            INSERT INTO petition_day AS known (agency_id, day, last_number)
            VALUES (:agency_id, :day, 1)
            ON CONFLICT (agency_id, day) DO UPDATE SET last_number = known.last_number + 1
            RETURNING last_number
        """),
        {"agency_id": agency_id, "day": day},
    ).scalar_one()
    return number


def accept(desk: Desk, request: Request) -> PetitionOutcome:
    """Take a petition up."""
    return carry_out(desk, request, PetitionAct.ACCEPT, lambda _row, _clock: Written())


def refuse(desk: Desk, request: Request, *, reason: str) -> PetitionOutcome:
    """Refuse to take a petition up, within 2 working days of its receipt."""

    def work(_row: Row[Any], clock: PetitionClock) -> Written:
        check_in_time(PetitionAct.REFUSE, request.now, clock)
        return Written(reason)

    return carry_out(desk, request, PetitionAct.REFUSE, work)


def ask_supplement(desk: Desk, request: Request, *, what: str) -> PetitionOutcome:
    """Ask the petitioner for more, once and within 5 working days; the clock stands meanwhile."""

    def work(row: Row[Any], clock: PetitionClock) -> Written:
        if row.supplements >= SUPPLEMENT_REQUESTS:
            raise SupplementAskedBefore("Đã yêu cầu người gửi bổ sung một lần.")
        check_in_time(PetitionAct.ASK_SUPPLEMENT, request.now, clock)
        return Written(what, {"supplements": row.supplements + 1})

    return carry_out(desk, request, PetitionAct.ASK_SUPPLEMENT, work)


def supplement(desk: Desk, request: Request, *, content: str) -> PetitionOutcome:
    """Add what was asked for: the clock goes on where it stood."""
    return carry_out(desk, request, PetitionAct.SUPPLEMENT, lambda _row, _clock: Written(content))


def answer(desk: Desk, request: Request, *, content: str) -> PetitionOutcome:
    """Answer a petition for the agency."""
    return carry_out(
        desk,
        request,
        PetitionAct.ANSWER,
        lambda _row, _clock: Written(content, {"answered_at": request.now}),
    )


def withdraw(desk: Desk, request: Request, *, reason: str | None) -> PetitionOutcome:
    """Take a petition back."""
    return carry_out(desk, request, PetitionAct.WITHDRAW, lambda _row, _clock: Written(reason))


def recompute_open(desk: Desk, *, limit: int = 200) -> int:
    """Derive anew when open petitions are due whose calendar has changed; return how many."""
    with acting(desk.engine, SYSTEM) as tx:
        rows = tx.db.execute(
            select(petition)
            .where(
                petition.c.ended_at.is_(None),
                petition.c.calendar_revision < tx.calendar_revision,
            )
            .order_by(petition.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            clock = derived_clock(desk, tx, row, None)
            tx.db.execute(
                update(petition)
                .where(petition.c.id == row.id)
                .values(due_at=clock.due_at, calendar_revision=tx.calendar_revision)
            )
        return len(rows)


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()
