"""Papers of a dossier as they were issued: listed, printed once, handed out unchanged for good.

What a paper says was frozen with the act (`issuing`). Its bytes are made when somebody first asks
for them and kept: whoever comes later, or at the same moment, gets the same.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from sqlalchemy import ColumnElement, Row, desc, select, update

from app.db import file_store
from app.db.access import Transaction, acting
from app.db.documents import stored_file
from app.db.dossiers import dossier
from app.db.file_store import StoredFile
from app.db.papers import issued_paper
from app.db.views import paper_view
from app.db.visibility import visible
from app.domain.actor import SYSTEM, Actor, Role
from app.domain.errors import DomainError
from app.domain.papers import BOOKS, INTERNAL, Form
from app.papers.keeping import revived
from app.papers.rendering import render, template_of
from app.services.desk import Desk
from app.services.issuing import (
    apologies_without,
    events_without,
    issue_apologies,
    issue_papers,
)
from app.services.transition import DossierNotFound

_PDF = "application/pdf"


class PaperNotThere(DomainError):
    """Nothing has happened yet that the paper would be about, or it is not for this person."""

    code = "paper.not_there"
    title = "Chưa có giấy tờ này"


@dataclass(frozen=True, slots=True)
class Print:
    """A paper that was printed: its content is in the file store."""

    sha256: str
    size_bytes: int
    name: str


def listed(
    desk: Desk, code: str, *, actor: Actor, after: int, limit: int
) -> list[Mapping[str, Any]]:
    """Return the papers of a dossier that the actor may see, in the order of their issue."""
    with acting(desk.engine, actor) as tx:
        found = _seen(tx, code)
        is_complete = not (events_without(tx, found.id) or apologies_without(tx, found.id))
    if not is_complete:
        _complete(desk, code)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(issued_paper)
            .where(
                issued_paper.c.dossier_id == found.id,
                issued_paper.c.id > after,
                *_for(actor),
            )
            .order_by(issued_paper.c.id)
            .limit(limit)
        ).all()
    return [paper_view(code, row) for row in rows]


def printed(desk: Desk, code: str, paper_id: int, *, actor: Actor, now: datetime) -> Print:
    """Return a paper of a dossier as it was issued; print it if nobody has yet."""
    with acting(desk.engine, actor) as tx:
        found = _seen(tx, code)
        row = tx.db.execute(
            select(issued_paper).where(
                issued_paper.c.id == paper_id,
                issued_paper.c.dossier_id == found.id,
                *_for(actor),
            )
        ).one_or_none()
    if row is None:
        raise PaperNotThere("Hồ sơ không có giấy tờ này.")
    return _print(desk, code, row, now)


def receipt(desk: Desk, code: str, *, actor: Actor, now: datetime) -> Print:
    """Return the receipt and appointment (form 01) as it was given at acceptance."""
    with acting(desk.engine, actor) as tx:
        found = _seen(tx, code)
        row = _last(tx, found.id, Form.RECEIPT)
        is_missing = row is None and events_without(tx, found.id)
    if is_missing:
        _complete(desk, code)
        with acting(desk.engine, actor) as tx:
            row = _last(tx, found.id, Form.RECEIPT)
    if row is None:
        raise PaperNotThere("Hồ sơ chưa được tiếp nhận nên chưa có giấy tiếp nhận.")
    return _print(desk, code, row, now)


def content(desk: Desk, sha256: str) -> Iterator[bytes]:
    """Yield the content of a paper that the caller was shown."""
    return file_store.content(desk.engine, sha256)


def _seen(tx: Transaction, code: str) -> Row[Any]:
    row = tx.db.execute(
        select(dossier.c.id).where(dossier.c.code == code, visible(tx.actor))
    ).one_or_none()
    if row is None:
        raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
    return row


def _for(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions that a paper of a dossier that `actor` sees is for them."""
    if actor.role is Role.APPLICANT:
        return [issued_paper.c.form.not_in(list(INTERNAL))]
    return []


def _last(tx: Transaction, dossier_id: int, form: Form) -> Row[Any] | None:
    return tx.db.execute(
        select(issued_paper)
        .where(issued_paper.c.dossier_id == dossier_id, issued_paper.c.form == form)
        .order_by(desc(issued_paper.c.id))
        .limit(1)
    ).one_or_none()


def _complete(desk: Desk, code: str) -> None:
    """Issue what acts of an older release, or a replayed table, left without its paper."""
    with acting(desk.engine, SYSTEM) as tx:
        row = tx.db.execute(select(dossier).where(dossier.c.code == code).with_for_update()).one()
        issue_papers(desk, tx, row)
        issue_apologies(desk, tx, row)


def _print(desk: Desk, code: str, paper: Row[Any], now: datetime) -> Print:
    """Return the bytes that are kept of a paper, making them outside of any transaction."""
    form = Form(paper.form)
    if paper.sha256 is None:
        pdf = render(form, revived(form, paper.facts, paper.number))
        sha256 = _keep(desk, paper.id, form, pdf, now)
    else:
        sha256 = paper.sha256
    with acting(desk.engine, SYSTEM) as tx:
        size = tx.db.scalar(select(stored_file.c.size_bytes).where(stored_file.c.sha256 == sha256))
    return Print(sha256, size or 0, f"{BOOKS[form].slug}-{code}.pdf")


def _keep(desk: Desk, paper_id: int, form: Form, pdf: bytes, now: datetime) -> str:
    """Keep a paper's first print and return what is kept; who comes second gets the first's."""
    sha256 = hashlib.sha256(pdf).hexdigest()
    mine = issued_paper.c.id == paper_id
    unprinted = mine & issued_paper.c.sha256.is_(None)
    with acting(desk.engine, SYSTEM) as tx:
        # Two who print at once: the second waits here, and then finds nothing left to do.
        if tx.db.scalar(select(issued_paper.c.id).where(unprinted).with_for_update()) is None:
            return str(tx.db.scalar(select(issued_paper.c.sha256).where(mine)))
        file_store.write_from(tx.db, BytesIO(pdf), StoredFile(sha256, len(pdf), _PDF, now))
        tx.db.execute(
            update(issued_paper)
            .where(mine)
            .values(sha256=sha256, template=template_of(form), printed_at=now)
        )
    return sha256
