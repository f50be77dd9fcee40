"""Reception desk (Bộ phận Một cửa): taking in, accepting, refusing, giving out the result."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.db.access import Transaction
from app.domain.actor import Actor
from app.domain.application import Application
from app.domain.deadlines import due
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act
from app.domain.once import Once
from app.services.clocks import version_of
from app.services.desk import Desk
from app.services.entry import enter
from app.services.transition import Effect, Outcome, Request, carry_out


def take_in(
    desk: Desk,
    application: Application,
    channel: Channel,
    *,
    actor: Actor,
    now: datetime,
    once: Once | None = None,
) -> Outcome:
    """Take in a dossier at the desk or from the post: entered and accepted in one act."""
    return enter(desk, lambda _tx: application, channel, actor=actor, now=now, once=once)


def accept(desk: Desk, request: Request) -> Outcome:
    """Accept a dossier: the clock starts, and the appointment is printed (form 01)."""

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        limit = version_of(desk, tx, dossier).limit
        office = desk.references.catalogue(tx).agency_codes[dossier.agency_id]
        due_at = due(limit, request.now, (), desk.references.calendar(tx, office)).due_at
        begun = {"accepted_at": request.now, "due_at": due_at, "promised_at": due_at}
        # The clock of the first answer may be a former agency's; this one begins here.
        moved = {"clock_agency_id": None} if dossier.clock_agency_id is not None else {}
        return Effect(begun | moved)

    return carry_out(desk, request, Act.ACCEPT, work)


def refuse(desk: Desk, request: Request, *, reason: str, legal_ground: str) -> Outcome:
    """Refuse to accept a dossier (form 03): reason and legal ground are told."""

    def work(_tx: Transaction, _dossier: Row[Any]) -> Effect:
        return Effect({"ended_at": request.now}, reason, legal_ground)

    return carry_out(desk, request, Act.REFUSE, work)


def return_result(desk: Desk, request: Request, *, way: ReturnWay, note: str | None) -> Outcome:
    """Hand over the result: online, at the desk or by post."""

    def work(_tx: Transaction, _dossier: Row[Any]) -> Effect:
        return Effect(reason=note, details={"return_way": way})

    return carry_out(desk, request, Act.RETURN_RESULT, work)
