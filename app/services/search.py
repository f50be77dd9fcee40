"""Finding dossiers: lists, newest first, and by words, among what a person may see.

No list costs more than a set amount of work, whatever is asked. Where what is wanted is common, the
newest dossiers are walked through; where it is rare, the index of words is asked. A page that was
cut short by the amount of work has a place to go on from, like any other.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Row, text

from app.db.access import Transaction, acting
from app.db.finding import HAS_WORDS, HITS, LISTED, OF_APPLICANT, OF_DESK, WORDS
from app.db.reference import Catalogue
from app.db.views import dossier_view
from app.domain.actor import DESK_ROLES, Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.folding import Query, read_query
from app.domain.lifecycle import Status
from app.services.desk import Desk

Position = tuple[datetime, int]
"""Where a page ends: instant of receipt and key of its last dossier."""

_SAMPLE: Final = 1_000  # dossiers walked through to see how common the words are
_STRETCH: Final = 6_000  # dossiers walked through at most
_COMMON: Final = 5  # found in the sample: more will be found by walking on
_OFTEN_BEGUN: Final = 100  # in the sample: so many begin as the unfinished word does
_MOST_HITS: Final = 2_000  # of the index, where other conditions have to be looked up
_FIRST_DAY: Final = date(1900, 1, 1)
_LAST_DAY: Final = date(8999, 12, 31)
_CLOCKS_DIFFER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for; `agency` means it and those below it, resolving or holding."""

    words: str | None = None
    procedure: str | None = None
    status: Status | None = None
    agency: str | None = None
    received_from: date | None = None
    received_to: date | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Dossiers, and where to go on; there may be a place to go on after fewer than asked for."""

    dossiers: list[dict[str, Any]]
    next: Position | None


@dataclass(frozen=True, slots=True)
class _Walk:
    """What a walk found: rows, the place it was cut off at (None: nothing is left), the words."""

    rows: list[Row[Any]]
    edge: Position | None
    is_common: bool = True
    is_seen: bool = True
    is_narrow_better: bool = False


def find(
    desk: Desk,
    wanted: Wanted,
    *,
    actor: Actor,
    after: Position | None,
    limit: int,
    now: datetime,
) -> Page:
    """Return a page of what `actor` may see, newest first.

    Applicants get what is theirs or what they handed in. Desk staff get what their agency resolves
    or has in hand; with words or a procedure, also what it handed on. Raises `SearchRefused`.
    """
    query = read_query(wanted.words, wanted.procedure)
    if actor.role is not Role.APPLICANT and actor.role not in DESK_ROLES:
        return Page([], None)
    with acting(desk.engine, actor) as tx:
        catalogue = desk.references.catalogue(tx)
        asked = _Asked(tx, catalogue, wanted, query, after, limit, now)
        walk = _by_words(asked) if query.terms and actor.role in DESK_ROLES else _listed(asked)
        page = walk.rows[:limit]
        is_cut = len(walk.rows) > limit
        return Page(
            [dossier_view(row, catalogue) for row in page],
            (page[-1].received_at, page[-1].id) if is_cut else walk.edge,
        )


class _Asked:
    """A list's conditions as SQL; made once per request."""

    def __init__(
        self,
        tx: Transaction,
        catalogue: Catalogue,
        wanted: Wanted,
        query: Query,
        after: Position | None,
        limit: int,
        now: datetime,
    ) -> None:
        self.tx, self.query, self.limit, self.now = tx, query, limit, now
        end = (_midnight(wanted.received_to, days=1), 0)
        place = min(after, end) if after else end
        self.values: dict[str, Any] = {
            "since": _midnight(wanted.received_from or _FIRST_DAY),
            "before_at": place[0],
            "before_id": place[1],
            "wanted": limit + 1,
            "whole": query.whole,
            "narrow": query.narrow or query.whole,
            "begun": query.begun or query.whole,
        }
        self.conditions = ["true"]
        if wanted.status is not None:
            self.conditions.append("dossier.status = :status")
            self.values["status"] = wanted.status
        if wanted.agency is not None:
            self.conditions.append(
                "(dossier.agency_id = ANY (:within) OR dossier.at_agency_id = ANY (:within))"
            )
            self.values["within"] = _subtree(catalogue, wanted.agency)

    @property
    def is_filtered(self) -> bool:
        return len(self.conditions) > 1

    def ask(self, statement: str, **values: object) -> list[Row[Any]]:
        filled = statement.replace("{conditions}", " AND ".join(self.conditions))
        return list(self.tx.db.execute(text(filled), {**self.values, **values}))


def _midnight(day: date | None, *, days: int = 0) -> datetime:
    """Return the local midnight that begins a day, or one some days later; None: the last one."""
    bounded = min(max(day or _LAST_DAY, _FIRST_DAY), _LAST_DAY)
    return datetime.combine(bounded, time(), LOCAL_ZONE) + timedelta(days=days)


def _subtree(catalogue: Catalogue, agency: str) -> list[int]:
    return [
        key
        for code, key in catalogue.agency_ids.items()
        if code == agency or code.startswith(f"{agency}.")
    ]


def _listed(asked: _Asked) -> _Walk:
    """Walk through the newest dossiers of each agency, or of the applicant, side by side."""
    if asked.query.terms:
        asked.conditions.append(HAS_WORDS)
    walked = OF_DESK if asked.tx.actor.role in DESK_ROLES else OF_APPLICANT
    budget = _STRETCH if asked.is_filtered else 0
    return _walk_of(asked.ask(LISTED.replace("{walked}", walked), budget=budget))


def _walk_of(rows: list[Row[Any]]) -> _Walk:
    told = rows[0]
    edge = (told.edge_at, told.edge_id) if told.edge_at is not None else None
    return _Walk([row for row in rows if row.id is not None], edge)


def _by_words(asked: _Asked) -> _Walk:
    """Walk through a sample, and find out from it whether to walk on or to ask the index."""
    if asked.query.is_selective:
        return _hits(asked, among=asked.query.whole, at_once=True)
    walk = _words_walk(asked, _SAMPLE)
    if walk.edge is None or len(walk.rows) > asked.limit:
        return walk
    if walk.is_common:
        return _words_walk(asked, _STRETCH)
    among = asked.query.narrow if walk.is_narrow_better else asked.query.whole
    return _hits(asked, among=among, at_once=not walk.is_seen)


def _words_walk(asked: _Asked, budget: int) -> _Walk:
    rows = asked.ask(WORDS, budget=budget)
    told, walk = rows[0], _walk_of(rows)
    # The index gathers all words of a beginning first: left off where they are many, and the
    # other words few enough to be looked through.
    is_narrow_better = (
        asked.query.narrow is not None and told.narrow < 2 * _COMMON and told.begun > _OFTEN_BEGUN
    )
    return _Walk(walk.rows, walk.edge, told.whole >= _COMMON, told.whole > 0, is_narrow_better)


def _hits(asked: _Asked, *, among: str | None, at_once: bool) -> _Walk:
    """Ask the index; with other conditions for so many hits, then on from the last of them.

    It is asked for the newest first, period by period, unless so few are expected that a page's
    worth of them would be looked for through all periods: then for all `at_once`.
    """
    most = _MOST_HITS if asked.is_filtered else asked.limit + 1
    newest = None if at_once else min(asked.values["before_at"], asked.now + _CLOCKS_DIFFER)
    rows = asked.ask(HITS, among=among, newest=newest, most=most)
    edge = (rows[-1].hit_at, rows[-1].hit_id) if len(rows) == most else None
    return _Walk([row for row in rows if row.id is not None], edge)
