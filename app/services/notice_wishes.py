"""Where notices go: the channel that a person prefers, the mailboxes of offices."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import acting
from app.db.messages import STAFF, notice_address, notice_preference
from app.domain.actor import Actor, Role
from app.domain.agency import AgencyNotYours
from app.domain.messages import Channel, MessagesRefused
from app.services.desk import Desk


def preference(desk: Desk, *, actor: Actor) -> Channel | None:
    """Return the channel that a person prefers; None: the usual order."""
    number = _number(actor)
    with acting(desk.engine, actor) as tx:
        found = tx.db.scalar(
            select(notice_preference.c.channel).where(notice_preference.c.number == number)
        )
    return Channel(found) if found else None


def prefer(desk: Desk, channel: Channel, *, actor: Actor, now: datetime) -> Channel:
    """Keep the channel that a person prefers, for notices made from now on."""
    statement = upsert(notice_preference).values(
        number=_number(actor), channel=channel, changed_at=now
    )
    with acting(desk.engine, actor) as tx:
        tx.db.execute(
            statement.on_conflict_do_update(
                index_elements=["number"], set_={"channel": channel, "changed_at": now}
            )
        )
    return channel


def _number(actor: Actor) -> str:
    if actor.role is not Role.APPLICANT or actor.identity_number is None:
        raise MessagesRefused("Chỉ người nộp có số định danh chọn kênh nhận thông báo.")
    return actor.identity_number


def addresses(desk: Desk, *, actor: Actor) -> list[dict[str, Any]]:
    """List the mailboxes of the administrator's agency and those below it."""
    _check(actor)
    with acting(desk.engine, actor) as tx:
        codes = desk.references.catalogue(tx).agency_codes
        rows = tx.db.execute(select(notice_address)).all()
    found = [{"agency": codes[row.agency_id], "role": row.role, "email": row.email} for row in rows]
    mine = [one for one in found if _is_within(one["agency"], actor)]
    return sorted(mine, key=lambda one: (one["agency"], one["role"]))


def set_address(
    desk: Desk, agency: str, role: Role, email: str | None, *, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Set, or take away, the mailbox in which a role of an agency gets its notices."""
    _check(actor)
    if role not in STAFF:
        raise MessagesRefused("Vai trò này không nhận thông báo của cơ quan.")
    with acting(desk.engine, actor) as tx:
        agency_id = desk.references.catalogue(tx).agency_ids.get(agency)
        if agency_id is None or not _is_within(agency, actor):
            raise AgencyNotYours(f"Không có cơ quan {agency} trong phạm vi của bạn.")
        changes = {"email": email, "changed_at": now, "changed_by": actor.id}
        statement = upsert(notice_address).values(agency_id=agency_id, role=role, **changes)
        tx.db.execute(
            statement.on_conflict_do_update(index_elements=["agency_id", "role"], set_=changes)
        )
    return {"agency": agency, "role": role, "email": email}


def _check(actor: Actor) -> None:
    if actor.role is not Role.ADMINISTRATOR or actor.agency is None:
        raise MessagesRefused("Chỉ quản trị của cơ quan đặt hộp thư nhận thông báo.")


def _is_within(agency: str, actor: Actor) -> bool:
    return f"{agency}.".startswith(f"{actor.agency}.")
