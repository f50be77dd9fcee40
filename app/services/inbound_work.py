"""Dossiers of the portal become ours: judged, their files fetched, entered; or put in quarantine.

Claimed, worked on outside of any transaction and recorded like every errand. What was fetched is
kept at once, so that a retry fetches the others only; the dossier and its way out of the inbox are
one transaction: killed or raced at any point, there is one dossier.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, insert, select

from app.db.access import Transaction, acting
from app.db.documents import document
from app.db.dossiers import dossier
from app.db.inbound import inbound, inbound_file, portal_origin
from app.domain.actor import SYSTEM
from app.domain.application import Application, ApplicationFaulty, Fault
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import DeliveryState
from app.domain.documents import DocumentKind, DocumentSource
from app.domain.inbound import InboundState, Malformed, Service, Submission
from app.domain.intake import Channel
from app.integrations.portal_files import FileBroken, FileUnavailable
from app.integrations.portal_inbound import read_message
from app.integrations.portal_submissions import read_submission
from app.services.desk import Desk
from app.services.entry import enter
from app.services.errands import Result, Trade, attempt, claim, done, heed
from app.services.examination import examine
from app.services.inbound_faults import faults_view
from app.services.inbound_fetching import Fetched, fetch
from app.services.inbound_matching import Matched, in_their_terms, match, person_of
from app.services.inbound_quarantine import put_down
from app.services.transition import Outcome

_CLOCKS_DIFFER = timedelta(hours=1)


class _Refused(Exception):
    """Never raised: what is refused here is quarantined with its faults."""


FILES = Trade("portal_files", "inbound", FileUnavailable, FileBroken, _Refused)


class _ClaimLost(Exception):
    """Another worker has it since the lease ran out, or a person let it begin anew."""


def work(
    desk: Desk, now: Callable[[], datetime], *, threads: ThreadPoolExecutor, batch: int
) -> int:
    """Enter what is due; return how many messages were worked on."""
    claimed = claim(desk, FILES, now(), batch)
    for _ in threads.map(lambda row: work_on(desk, row, now), claimed):
        pass
    return len(claimed)


def work_on(desk: Desk, row: Row[Any], now: Callable[[], datetime]) -> None:
    """Work on one claimed message and record what came of it."""
    if now() >= row.leased_until:
        return  # it waited for a thread until its claim ran out: another worker may have it
    result = attempt(FILES, row, lambda: _entered(desk, row, now))
    with acting(desk.engine, SYSTEM) as tx:
        if result.state is not DeliveryState.ACKNOWLEDGED:
            put_down(tx, row, result, now())
        heed(tx, FILES.partner, row, result, now())


def _entered(desk: Desk, row: Row[Any], now: Callable[[], datetime]) -> Result:
    fetched = Fetched((), was_asked=False)
    try:
        message = read_message(bytes(row.body)) if row.corrected is None else row.corrected
        submission = read_submission(Service(row.service), message)
        matched = _judge(desk, row, submission, now())
        fetched = fetch(desk, row, submission.papers, now())
        _enter(desk, row, submission, matched, fetched, now())
    except Malformed as malformed:
        return _faulty(malformed.faults, fetched)
    except ApplicationFaulty as faulty:
        return _faulty(in_their_terms(faulty.faults, submission), fetched)
    except _ClaimLost:
        return done(was_asked=False)
    return done(was_asked=fetched.was_asked)


def _faulty(faults: list[Fault], fetched: Fetched) -> Result:
    found = {"faults": faults_view(faults), "was_asked": fetched.was_asked}
    return Result(DeliveryState.BLOCKED, faults[0].code, found=found)


def _judge(desk: Desk, row: Row[Any], submission: Submission, now: datetime) -> Matched:
    """Find everything that is wrong before any file is fetched; raises `Malformed`."""
    with acting(desk.engine, person_of(submission)) as tx:
        catalogue = desk.references.catalogue(tx)
        matched = match(catalogue, submission, now.astimezone(LOCAL_ZONE).date())
        probe = matched.with_documents([uuid4() for _ in submission.papers])
        examined = examine(tx, catalogue, probe, Channel.ONLINE, now)
        is_ours = tx.db.scalar(select(dossier.c.id).where(dossier.c.code == submission.code))
        tx.db.execute(
            inbound.update()
            .where(inbound.c.id == row.id, inbound.c.lease == row.lease)
            .values(
                procedure=submission.procedure,
                agency_id=catalogue.agency_ids.get(probe.agency),
            )
        )
    faults = matched.faults + in_their_terms(
        [fault for fault in examined.faults if _is_new(fault, probe)], submission
    )
    if is_ours is not None:
        detail = "Mã này là mã hồ sơ của tỉnh, không phải của hồ sơ nộp trên Cổng."
        faults.append(Fault("/MaHoSo", "inbound.code_ours", detail))
    if submission.submitted_at > now + _CLOCKS_DIFFER:
        detail = "NgayNopHoSo ở sau thời điểm nhận."
        faults.append(Fault("/NgayNopHoSo", "inbound.from_the_future", detail))
    if faults:
        raise Malformed(faults)
    return matched


def _is_new(fault: Fault, probe: Application) -> bool:
    """Tell whether the matching has not said it: no agency, no component; files come later."""
    if fault.code == "agency.unknown":
        return bool(probe.agency)
    if fault.code == "component.unknown":
        return bool(probe.components[int(fault.pointer.split("/")[2])].component)
    return fault.code != "document.not_usable"


def _enter(
    desk: Desk,
    row: Row[Any],
    submission: Submission,
    matched: Matched,
    fetched: Fetched,
    now: datetime,
) -> None:
    """Make it a dossier by the rules of every online one, and take it out of the inbox."""

    def source(tx: Transaction) -> Application:
        _hold(tx, row)
        return matched.with_documents(_documents(tx, submission, fetched, now))

    def also(tx: Transaction, outcome: Outcome) -> None:
        _leave_inbox(tx, row, submission, outcome.code, now)

    person = person_of(submission)
    enter(desk, source, Channel.ONLINE, actor=person, now=now, once=None, also=also)


def _hold(tx: Transaction, row: Row[Any]) -> None:
    """Lock the message under the claim, or leave it to whoever has it now."""
    is_mine = tx.db.scalar(
        select(inbound.c.id)
        .where(
            inbound.c.id == row.id,
            inbound.c.lease == row.lease,
            inbound.c.state == InboundState.IN_FLIGHT,
        )
        .with_for_update()
    )
    if is_mine is None:
        raise _ClaimLost


def _documents(
    tx: Transaction, submission: Submission, fetched: Fetched, now: datetime
) -> list[UUID]:
    ids = [uuid4() for _ in fetched.hashes]
    made = [
        {
            "id": document_id,
            "sha256": sha256,
            "kind": DocumentKind.COMPONENT,
            "name": paper.name,
            "owner_id": tx.actor.id,
            "uploaded_at": now,
            "source": DocumentSource.PORTAL,
        }
        for document_id, paper, sha256 in zip(ids, submission.papers, fetched.hashes, strict=True)
    ]
    if made:
        tx.db.execute(insert(document), made)
    return ids


def _leave_inbox(
    tx: Transaction, row: Row[Any], submission: Submission, code: str, now: datetime
) -> None:
    dossier_id = tx.db.scalar(select(dossier.c.id).where(dossier.c.code == code))
    tx.db.execute(
        insert(portal_origin).values(
            dossier_id=dossier_id,
            code=submission.code,
            service=submission.service,
            procedure=submission.procedure,
            submitted_at=submission.submitted_at,
            paid=submission.paid,
        )
    )
    tx.db.execute(
        inbound.update()
        .where(inbound.c.id == row.id)
        .values(
            state=InboundState.ENTERED,
            dossier_id=dossier_id,
            entered_at=now,
            lease=None,
            leased_until=None,
            faults=[],
            answer_code=None,
            answer=None,
        )
    )
    tx.db.execute(delete(inbound_file).where(inbound_file.c.inbound_id == row.id))
