"""Reorganising agencies: entering a change, and taking it back before its day.

What a change says holds by date, from the moment it is entered: agencies end and begin at midnight
whether or not anybody works at that hour. Dossiers follow in `moving`.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.catalogue import agency, report_group
from app.db.reference import Catalogue, read_catalogue
from app.db.reorganisations import agency_change, agency_succession
from app.db.successions import change_view, lock_catalogue, raise_catalogue
from app.domain.actor import Actor
from app.domain.errors import DomainError
from app.domain.once import Once
from app.domain.reorganisation import (
    EVERYTHING,
    ChangeState,
    NewAgency,
    Reorganisation,
    as_document,
    change_of,
)
from app.services.desk import Desk
from app.services.reorganisation_rules import (
    AgencyChangeNotFound,
    examine,
    holders,
    let_in,
    local_day,
    pending,
)


class AgencyChangeBegun(DomainError):
    """It was begun, done or withdrawn, or another change that is to come builds on it."""

    code = "agency.change_begun"
    title = "Thay đổi cơ quan không rút được nữa"


def enter(
    desk: Desk,
    change: Reorganisation,
    *,
    actor: Actor,
    now: datetime,
    once: Once | None = None,
) -> Mapping[str, Any]:
    """Enter a change: agencies end and begin by its date, workers move dossiers from that day on.

    Raises `AgencyChangeFaulty` with everything that is wrong.
    """
    with acting(desk.engine, actor) as tx:
        let_in(desk, tx)
    known = holders(desk, change)
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        lock_catalogue(tx.db)
        catalogue = read_catalogue(tx.db)
        examine(tx, catalogue, change, known, now)
        entered = tx.db.execute(
            insert(agency_change)
            .values(
                takes_on=change.on,
                state=ChangeState.SCHEDULED,
                source=change.source,
                document=as_document(change),
                entered_at=now,
                entered_by=actor.id,
                entered_name=actor.name,
                total=0,
                moved=0,
                through=0,
                shown=0,
            )
            .returning(agency_change)
        ).one()
        ids = _create(tx, catalogue, change)
        _end(tx, change, ids, entered.id)
        raise_catalogue(tx.db)
        answer = change_view(entered)
        remember(tx, once, answer, now)
    desk.wake()
    return answer


def _create(tx: Transaction, catalogue: Catalogue, change: Reorganisation) -> dict[str, int]:
    """Write new groups and agencies; return the keys of all agencies by their codes."""
    position = max((group.position for group in catalogue.groups), default=0)
    for n, group in enumerate(change.groups, position + 1):
        tx.db.execute(insert(report_group).values(code=group.code, name=group.name, position=n))
    ids = dict(catalogue.agency_ids)
    for made in sorted(change.created, key=lambda made: made.code.count(".")):  # parents first
        ids[made.code] = _insert(tx, made, ids[made.parent], change.on)
    return ids


def _insert(tx: Transaction, made: NewAgency, parent_id: int, on: date) -> int:
    last = select(func.coalesce(func.max(agency.c.report_row), 0)).where(
        agency.c.report_group == made.report_group
    )
    key: int = tx.db.execute(
        insert(agency)
        .values(
            code=made.code,
            name=made.name,
            level=made.level,
            parent_id=parent_id,
            valid_from=on,
            report_group=made.report_group,
            report_row=last.scalar_subquery() + 1 if made.report_group else None,
        )
        .returning(agency.c.id)
    ).scalar_one()
    return key


def _end(tx: Transaction, change: Reorganisation, ids: Mapping[str, int], number: int) -> None:
    for ending in change.endings:
        tx.db.execute(
            update(agency)
            .where(agency.c.id == ids[ending.agency])
            .values(valid_to=change.on - timedelta(days=1), successor_id=ids[ending.heir])
        )
        given = {EVERYTHING: ending.heir, **ending.procedures}
        tx.db.execute(
            insert(agency_succession),
            [
                {
                    "agency_id": ids[ending.agency],
                    "procedure_code": procedure,
                    "successor_id": ids[successor],
                    "from_on": change.on,
                    "change_id": number,
                }
                for procedure, successor in given.items()
            ],
        )


def withdraw(
    desk: Desk, number: int, *, actor: Actor, now: datetime, once: Once | None = None
) -> Mapping[str, Any]:
    """Take a change back before its day: agencies go on as if it had never been entered."""
    with acting(desk.engine, actor, once) as tx:
        if tx.seen is not None:
            return tx.seen
        let_in(desk, tx)
        lock_catalogue(tx.db)
        row = tx.db.execute(
            select(agency_change).where(agency_change.c.id == number).with_for_update()
        ).one_or_none()
        if row is None:
            raise AgencyChangeNotFound(f"Không có thay đổi số {number}.")
        if row.state != ChangeState.SCHEDULED or row.takes_on <= local_day(now):
            raise AgencyChangeBegun("Thay đổi đã bắt đầu thực hiện hoặc đã được rút.")
        change = change_of(row.document)
        _refuse_built_on(tx, number, change)
        _undo(tx, number, change)
        taken = tx.db.execute(
            update(agency_change)
            .where(agency_change.c.id == number)
            .values(state=ChangeState.WITHDRAWN, withdrawn_at=now, withdrawn_name=actor.name)
            .returning(agency_change)
        ).one()
        raise_catalogue(tx.db)
        answer = change_view(taken)
        remember(tx, once, answer, now)
    return answer


def _refuse_built_on(tx: Transaction, number: int, change: Reorganisation) -> None:
    made = {created.code for created in change.created}
    groups = {group.code for group in change.groups}
    for other in pending(tx):
        if other.id == number:
            continue
        later = change_of(other.document)
        used = {code for ending in later.endings for _, code in ending.successors()}
        used |= {*later.ended, *(renamed.agency for renamed in later.renamings)}
        used |= {created.parent for created in later.created}
        if used & made or {created.report_group for created in later.created} & groups:
            raise AgencyChangeBegun(
                f"Thay đổi số {other.id} dựa vào thay đổi này: rút số ấy trước."
            )


def _undo(tx: Transaction, number: int, change: Reorganisation) -> None:
    tx.db.execute(delete(agency_succession).where(agency_succession.c.change_id == number))
    tx.db.execute(
        update(agency)
        .where(agency.c.code.in_(change.ended))
        .values(valid_to=None, successor_id=None)
    )
    for made in sorted(change.created, key=lambda made: made.code, reverse=True):
        tx.db.execute(delete(agency).where(agency.c.code == made.code))
    for group in change.groups:
        tx.db.execute(delete(report_group).where(report_group.c.code == group.code))
