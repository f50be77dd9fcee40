"""What the applicant does: hand in online, add what is missing, withdraw."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text

from app.db.access import Transaction
from app.db.documents import document
from app.domain.actor import Actor
from app.domain.application import Application, ApplicationFaulty, Fault, HandedIn
from app.domain.intake import Channel
from app.domain.lifecycle import Act
from app.domain.once import Once
from app.domain.procedure import unknown_components
from app.services.clocks import answer_due_anew, due_anew, version_of
from app.services.desk import Desk
from app.services.entry import enter
from app.services.transition import Effect, Outcome, Request, carry_out


def submit(
    desk: Desk, application: Application, *, actor: Actor, now: datetime, once: Once
) -> Outcome:
    """Hand in a dossier online (level 3 or 4); its code is given here."""
    return enter(desk, lambda _tx: application, Channel.ONLINE, actor=actor, now=now, once=once)


def supplement(
    desk: Desk, request: Request, *, components: tuple[HandedIn, ...], note: str | None
) -> Outcome:
    """Add what was asked for: the clock goes on where it stood."""

    def work(tx: Transaction, dossier: Row[Any]) -> Effect:
        _check(desk, tx, dossier, components)
        _add(tx, dossier, components, request.now)
        return Effect(
            {
                "due_at": due_anew(desk, tx, dossier, request.now),
                "answer_due_at": answer_due_anew(desk, tx, dossier, request.now),
                "reply_due_on": None,
            },
            note,
            details={"components": [part.component for part in components]},
        )

    return carry_out(desk, request, Act.SUPPLEMENT, work)


def withdraw(desk: Desk, request: Request, *, reason: str) -> Outcome:
    """Take the dossier back."""

    def work(_tx: Transaction, _dossier: Row[Any]) -> Effect:
        return Effect({"ended_at": request.now, "reply_due_on": None}, reason)

    return carry_out(desk, request, Act.WITHDRAW, work)


def _check(
    desk: Desk, tx: Transaction, dossier: Row[Any], components: tuple[HandedIn, ...]
) -> None:
    asked = tx.db.scalar(
        text("""
            SELECT details -> 'components' FROM dossier_event
            WHERE dossier_id = :id AND act = 'request_supplement' ORDER BY seq DESC LIMIT 1
        """),
        {"id": dossier.id},
    )
    unknown = set(
        unknown_components(version_of(desk, tx, dossier), [part.component for part in components])
    )
    usable = set(
        tx.db.scalars(
            select(document.c.id).where(
                document.c.id.in_([part.document for part in components if part.document]),
                document.c.owner_id == tx.actor.id,
                document.c.dossier_id.is_(None),
            )
        )
    )
    faults = []
    for n, part in enumerate(components):
        if part.component in unknown:
            detail = f"Thủ tục này không có thành phần hồ sơ {part.component}."
            faults.append(Fault(f"/components/{n}/component", "component.unknown", detail))
        elif asked and part.component not in asked:
            detail = f"Thành phần {part.component} không nằm trong yêu cầu bổ sung."
            faults.append(Fault(f"/components/{n}/component", "component.not_asked", detail))
        if part.document not in usable:
            detail = "Không có tài liệu này trong số tài liệu bạn đã tải lên và chưa nộp."
            faults.append(Fault(f"/components/{n}/document", "document.not_usable", detail))
    handed_in = {part.component for part in components}
    faults += [
        Fault("/components", "component.missing", f"Thiếu thành phần {code} đã được yêu cầu.")
        for code in asked or []
        if code not in handed_in
    ]
    if faults:
        raise ApplicationFaulty(faults)


def _add(
    tx: Transaction, dossier: Row[Any], components: tuple[HandedIn, ...], now: datetime
) -> None:
    if not components:
        return
    tx.db.execute(
        text("""
            WITH attached AS (
                UPDATE document SET dossier_id = :id
                WHERE id = ANY (CAST(:documents AS uuid[])) AND dossier_id IS NULL
            )
            INSERT INTO dossier_component (dossier_id, n, component, document_id, added_at)
            SELECT :id, part.n + (
                    SELECT coalesce(max(n), 0) FROM dossier_component WHERE dossier_id = :id),
                part.component, part.document, :now
            FROM unnest(CAST(:codes AS text[]), CAST(:documents AS uuid[]))
                WITH ORDINALITY AS part (component, document, n)
        """),
        {
            "id": dossier.id,
            "codes": [part.component for part in components],
            "documents": [part.document for part in components],
            "now": now,
        },
    )
