"""Look-ups worked off: the check of each applicant right after intake, and what clerks ask for.

Every question is on the record before it is asked. An answer is reused while it may be kept.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, text

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.db.lookup_answers import about, facts_of
from app.db.lookups import lookup_answer, lookup_log
from app.db.sealed import seal
from app.domain.actor import SYSTEM
from app.domain.deliveries import DeliveryState
from app.domain.lookups import (
    Facts,
    LookupEvent,
    LookupOutcome,
    Purpose,
    Source,
    compare,
    known_as,
)
from app.integrations.lgsp import (
    Lgsp,
    LgspContractBroken,
    LgspRefused,
    LgspUnavailable,
    Question,
)
from app.services import store_files
from app.services.clocks import version_of
from app.services.desk import Desk
from app.services.errands import Result, Trade, attempt, claim, done, heed, standing

LGSP = Trade("lgsp", "lookup", LgspUnavailable, LgspContractBroken, LgspRefused)

_ASKING: Mapping[Source, Callable[[Lgsp, Question, datetime], Facts | None]] = {
    Source.POPULATION: Lgsp.citizen,
    Source.BUSINESS_REGISTER: Lgsp.enterprise,
    Source.RESULT_STORE: Lgsp.results,
}


def work(
    desk: Desk, now: Callable[[], datetime], *, threads: ThreadPoolExecutor, batch: int
) -> int:
    """Look up what is due; return how many questions were worked on."""
    claimed = claim(desk, LGSP, now(), batch)
    for _ in threads.map(lambda row: look_up(desk, row, now), claimed):
        pass
    return len(claimed)


def look_up(desk: Desk, row: Row[Any], now: Callable[[], datetime]) -> None:
    """Answer one claimed question and record what came of it."""
    if now() >= row.leased_until:
        return  # it waited for a thread until its claim ran out: another worker may have it
    result = attempt(LGSP, row, lambda: _answer(desk, row, now))
    _record(desk, row, result, now())


def forget(desk: Desk, *, now: datetime) -> int:
    """Delete the answers that may no longer be kept; return how many."""
    with acting(desk.engine, SYSTEM) as tx:
        return tx.db.execute(
            delete(lookup_answer).where(lookup_answer.c.expires_at <= now)
        ).rowcount


def _answer(desk: Desk, row: Row[Any], now: Callable[[], datetime]) -> Result:
    wanted = store_files.file_of(desk, row.id)
    if wanted is not None:
        return _fetched(desk, row, wanted, now)
    kept, question = _prepare(desk, row, now())
    if kept is not None:
        return done(facts=kept[0], expires_at=kept[1], was_asked=False)
    facts = _ASKING[Source(row.source)](desk.partners.lgsp, question, now())
    return done(facts=facts, expires_at=now() + desk.rules.lookup_kept)


def _fetched(desk: Desk, row: Row[Any], wanted: Row[Any], now: Callable[[], datetime]) -> Result:
    """Fetch a file of the store; the person can read that it was asked for."""
    with acting(desk.engine, SYSTEM) as tx:
        put_on_record(tx, row, LookupEvent.ASKED, now(), request=None)
    return done(wanted=wanted, content=store_files.fetch(desk, wanted, now()))


def _prepare(
    desk: Desk, row: Row[Any], now: datetime
) -> tuple[tuple[Facts, datetime] | None, Question]:
    """Find an answer that is still kept, or put the question on record before it is asked."""
    with acting(desk.engine, SYSTEM) as tx:
        subject = tx.db.execute(select(dossier).where(dossier.c.id == row.dossier_id)).one()
        procedure = desk.references.catalogue(tx).offered[subject.procedure_version_id].procedure
        request = f"{row.id}-{row.attempts}-{row.lease}"
        kept = _kept(desk, tx, row, now)
        event = LookupEvent.ASKED if kept is None else LookupEvent.REUSED
        put_on_record(tx, row, event, now, request=request if kept is None else None)
    question = Question(
        row.subject_number, subject.applicant_name, row.requested_id, request, procedure.code
    )
    return kept, question


def put_on_record(
    tx: Transaction, row: Row[Any], event: LookupEvent, now: datetime, *, request: str | None
) -> None:
    """Add to the record that the person may read, in the name of who asked."""
    tx.db.execute(
        insert(lookup_log).values(
            lookup_id=row.id,
            dossier_id=row.dossier_id,
            subject_number=row.subject_number,
            event=event,
            source=row.source,
            purpose=row.purpose,
            actor_id=row.requested_id,
            actor_role=row.requested_role,
            actor_name=row.requested_name,
            agency_id=row.agency_id,
            occurred_at=now,
            request=request,
        )
    )


def _kept(
    desk: Desk, tx: Transaction, row: Row[Any], now: datetime
) -> tuple[Facts, datetime] | None:
    found = tx.db.execute(
        select(lookup_answer)
        .where(
            lookup_answer.c.subject_number == row.subject_number,
            lookup_answer.c.source == row.source,
            lookup_answer.c.expires_at > now,
        )
        .order_by(lookup_answer.c.fetched_at.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    facts = facts_of(found, desk.partners.link_key)
    return None if facts is None else (facts, found.expires_at)


_RECORD = text("""
UPDATE lookup SET state = :state, next_at = :next_at, lease = NULL, leased_until = NULL,
    answer_code = :code, answer = :answer, answered_at = :answered_at, outcome = :outcome,
    differs = :differs
WHERE id = :id AND lease = :lease AND state = 'in_flight'
""")


def _record(desk: Desk, row: Row[Any], result: Result, now: datetime) -> None:
    """Record an attempt, unless the claim was lost to another worker meanwhile."""
    try:
        _put_down(desk, row, result, now)
    except store_files.TooLate:
        said = "Hồ sơ đã được giải quyết hoặc đã kết thúc trước khi tệp về đến."
        _put_down(desk, row, Result(DeliveryState.BLOCKED, "refused", said), now)


def _put_down(desk: Desk, row: Row[Any], result: Result, now: datetime) -> None:
    with acting(desk.engine, SYSTEM) as tx:
        outcome, differs = _judge(desk, tx, row, result)
        values = {"outcome": outcome, "differs": differs, "answered_at": now if outcome else None}
        if tx.db.execute(_RECORD, standing(row, result, now) | values).rowcount:
            _keep(desk, tx, row, result, now)
            if "content" in result.found:
                store_files.keep(tx, row, result.found["wanted"], result.found["content"], now)
        heed(tx, LGSP.partner, row, result, now)


def _judge(
    desk: Desk, tx: Transaction, row: Row[Any], result: Result
) -> tuple[LookupOutcome | None, list[str]]:
    """Say what an answer means for the dossier: a check tells names of fields, never values."""
    if "content" in result.found:
        return LookupOutcome.FOUND, []
    if "facts" not in result.found:
        return None, []
    facts = result.found["facts"]
    if facts is None:
        return LookupOutcome.NOT_FOUND, []
    if row.purpose != Purpose.VERIFY_APPLICANT:
        return LookupOutcome.FOUND, []
    found = tx.db.execute(select(dossier).where(dossier.c.id == row.dossier_id)).one()
    members = known_as(version_of(desk, tx, found).form)
    differs = compare(found.applicant_name, found.form, members, facts)
    return (LookupOutcome.DIFFERS if differs else LookupOutcome.MATCH), differs


def _keep(desk: Desk, tx: Transaction, row: Row[Any], result: Result, now: datetime) -> None:
    """Keep an answer under its question, sealed; what may not be kept is dropped."""
    facts, expires_at = result.found.get("facts"), result.found.get("expires_at", now)
    tx.db.execute(delete(lookup_answer).where(lookup_answer.c.lookup_id == row.id))
    if facts is None or expires_at <= now:
        return
    tx.db.execute(
        insert(lookup_answer).values(
            lookup_id=row.id,
            source=row.source,
            subject_number=row.subject_number,
            content=seal(dict(facts), desk.partners.link_key, about(row)),
            fetched_at=now,
            expires_at=expires_at,
        )
    )
