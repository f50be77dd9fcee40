"""Ratings (đánh giá): given by citizens, read by agencies, counted for analysts."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, desc, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.dossiers import dossier
from app.db.ratings import rating
from app.db.visibility import own_agencies, visible
from app.domain.actor import DESK_ROLES, FIGURE_ROLES, SYSTEM, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.lifecycle import RoleRefused, Status
from app.domain.periods import Period
from app.domain.ratings import (
    RatingFixed,
    RatingGiven,
    RatingNotFound,
    RatingsRefused,
    RatingStale,
    Scores,
    check_rated,
    last_change_on,
)
from app.services.desk import Desk
from app.services.transition import DossierNotFound, Request

Position = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Page:
    ratings: list[dict[str, Any]]
    next: Position | None


@dataclass(frozen=True, slots=True)
class AgencyScores:
    code: str
    name: str
    scores: Scores


def rate(desk: Desk, request: Request, *, score: int, comment: str | None) -> dict[str, Any]:
    """Rate a dossier that the agency has ended, once."""
    _check_citizen(request.actor)
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return dict(tx.seen)
        row = _dossier(tx, request.code)
        check_rated(Status(row.status))
        made = tx.db.execute(
            upsert(rating)
            .values(
                dossier_id=row.id,
                version=1,
                agency_id=row.agency_id,
                score=score,
                comment=comment,
                author_id=request.actor.id,
                rated_on=_day(request.now),
                rated_at=request.now,
            )
            .on_conflict_do_nothing()
            .returning(rating)
        ).one_or_none()
        if made is None:
            raise RatingGiven("Hồ sơ này đã được đánh giá; người đánh giá có thể sửa lại.")
        given = _view([made])
        remember(tx, request.once, given, request.now)
        return given


def change(desk: Desk, request: Request, *, score: int, comment: str | None) -> dict[str, Any]:
    """Think again within 15 days; what was said before stays on record."""
    _check_citizen(request.actor)
    with acting(desk.engine, request.actor) as tx:
        rows = _versions(tx, request.code)
        last = rows[0]
        if last.author_id != request.actor.id:
            raise RatingFixed("Đánh giá này do người khác gửi.")
        if (score, comment) == (last.score, last.comment):
            return _view(rows)
        if request.version != last.version:
            raise _stale(last.version)
        until = last_change_on(last.rated_on)
        if _day(request.now) > until:
            raise RatingFixed(f"Chỉ sửa được đánh giá đến hết ngày {until:%d/%m/%Y}.")
        values = {column: getattr(last, column) for column in _KEPT}
        made = tx.db.execute(
            upsert(rating)
            .values(
                **values,
                version=last.version + 1,
                score=score,
                comment=comment,
                rated_at=request.now,
            )
            .on_conflict_do_nothing()
            .returning(rating)
        ).one_or_none()
        if made is None:  # on another device of the same person, just now
            raise _stale(last.version + 1)
        return _view([made, *rows])


_KEPT = ("dossier_id", "agency_id", "author_id", "rated_on")


def _stale(version: int) -> RatingStale:
    return RatingStale("Đánh giá đã được sửa sau khi bạn mở. Hãy mở lại.", version=version)


def read(desk: Desk, code: str, *, actor: Actor) -> dict[str, Any]:
    """Return a dossier's rating with what it was before, to whoever sees the dossier."""
    with acting(desk.engine, actor) as tx:
        return _view(_versions(tx, code))


def _check_citizen(actor: Actor) -> None:
    if actor.role is not Role.APPLICANT:
        raise RoleRefused("Chỉ người nộp hoặc chủ hồ sơ đánh giá.")


def _dossier(tx: Transaction, code: str) -> Row[Any]:
    row = tx.db.execute(
        select(dossier).where(dossier.c.code == code, visible(tx.actor))
    ).one_or_none()
    if row is None:
        raise DossierNotFound(f"Không tìm thấy hồ sơ {code}.")
    return row


def _versions(tx: Transaction, code: str) -> list[Row[Any]]:
    """Return the rating of a dossier and what it was before, newest first."""
    rows = tx.db.execute(
        select(rating)
        .where(rating.c.dossier_id == _dossier(tx, code).id)
        .order_by(desc(rating.c.version))
    ).all()
    if not rows:
        raise RatingNotFound("Hồ sơ này chưa được đánh giá.")
    return list(rows)


def _view(rows: list[Row[Any]]) -> dict[str, Any]:
    """Return a rating as it is answered: JSON values."""
    last, *earlier = rows
    return {
        **_said(last),
        "version": last.version,
        "rated_on": last.rated_on.isoformat(),
        "changeable_until": last_change_on(last.rated_on).isoformat(),
        "earlier": [_said(row) for row in earlier],
    }


def _said(row: Row[Any]) -> dict[str, Any]:
    at = row.rated_at.astimezone(LOCAL_ZONE).isoformat()
    return {"score": row.score, "comment": row.comment, "rated_at": at}


def _is_last() -> ColumnElement[bool]:
    """Return the condition that a rating was not changed since."""
    newer = rating.alias("newer")
    return ~exists().where(
        newer.c.dossier_id == rating.c.dossier_id, newer.c.version > rating.c.version
    )


def received_page(
    desk: Desk, *, actor: Actor, score: int | None, after: Position | None, limit: int
) -> Page:
    """Return a page of what was said about the actor's agency and those below it, newest first."""
    if actor.role not in DESK_ROLES:
        raise RatingsRefused("Từng đánh giá dành cho cán bộ của cơ quan giải quyết.")
    conditions = [rating.c.agency_id == func.any(own_agencies()), _is_last(), visible(actor)]
    if score is not None:
        conditions.append(rating.c.score == score)
    if after is not None:
        conditions.append(tuple_(rating.c.rated_at, rating.c.dossier_id) < after)
    with acting(desk.engine, actor) as tx:
        rows = tx.db.execute(
            select(rating, dossier.c.code)
            .join(dossier, dossier.c.id == rating.c.dossier_id)
            .where(*conditions)
            .order_by(desc(rating.c.rated_at), desc(rating.c.dossier_id))
            .limit(limit + 1)
        ).all()
        catalogue = desk.references.catalogue(tx)
        page = rows[:limit]
        return Page(
            [
                {
                    **_said(row),
                    "dossier": row.code,
                    "agency": catalogue.agency_codes[row.agency_id],
                    "is_changed": row.version > 1,
                }
                for row in page
            ],
            (page[-1].rated_at, page[-1].dossier_id) if len(rows) > limit else None,
        )


def scores_of(
    desk: Desk, period: Period, *, agency: str | None, actor: Actor
) -> list[AgencyScores]:
    """Count ratings first given in a period, per agency by code; without any personal data.

    Counted by the system: who may see figures sees neither the dossiers nor what was said.
    """
    if actor.role not in FIGURE_ROLES and not actor.is_internal:
        raise RatingsRefused("Số liệu đánh giá dành cho cán bộ của tỉnh.")
    with acting(desk.engine, SYSTEM) as tx:
        rows = tx.db.execute(
            select(rating.c.agency_id, rating.c.score, func.count().label("times"))
            .where(rating.c.rated_on.between(period.first, period.last), _is_last())
            .group_by(rating.c.agency_id, rating.c.score)
        ).all()
        catalogue = desk.references.catalogue(tx)
    counted: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        counted[catalogue.agency_codes[row.agency_id]][row.score] = row.times
    return [
        AgencyScores(code, catalogue.agencies[code].name, Scores(counts))
        for code, counts in sorted(counted.items())
        if agency is None or f"{code}.".startswith(f"{agency}.")
    ]


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()
