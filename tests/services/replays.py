"""Replays of small tables, as tests play and look at them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from app.db.access import acting, connect
from app.domain.actor import SYSTEM
from app.domain.figures import Intake
from app.domain.past_stage import Odds
from app.domain.periods import Period
from app.services.desk import Rules
from app.services.figures import received, recount
from app.services.replay import Replay, Wishes, replaying
from tests.domain.past_samples import NOW, Cells, published

PUBLISHED = Path(__file__).parents[2] / "data" / "published" / "intake-2021.csv"
MARCH = Period(date(2021, 3, 1), date(2021, 3, 31))
OFTEN = Odds(
    refused=0.15,
    asked_at_once=0.2,
    answered_late=0.1,
    asked=0.4,
    asked_again=0.3,
    unanswered=0.4,
    withdrawn=0.08,
    stopped=0.08,
    extended=0.3,
    late=0.2,
    denied=0.2,
    uncollected=0.1,
)
"""Everything happens often."""


@contextmanager
def owner_of(url: str) -> Iterator[Engine]:
    owner = connect(url, as_owner=True)
    try:
        yield owner
    finally:
        owner.dispose()


@contextmanager
def opened(
    owner: Engine,
    data: bytes | None = None,
    *,
    share: str = "1",
    seed: int = 1,
    tell: bool = False,
    odds: Odds | None = None,
    batch: int = 100,
    patience_s: float = 30.0,
) -> Iterator[Replay]:
    """Open a replay; without `data` of the published table."""
    with replaying(
        owner,
        PUBLISHED.read_bytes() if data is None else data,
        Wishes(Decimal(share), seed, tell),
        rules=Rules(),
        now=NOW,
        odds=odds or Odds(),
        batch=batch,
        patience_s=patience_s,
    ) as replay:
        yield replay


def play(owner: Engine, data: bytes | None = None, **wishes: Any) -> int:  # noqa: ANN401  (as above)
    """Play what is left of a table; return how many dossiers that were."""
    with opened(owner, data, **wishes) as replay:
        return sum(replay.play()) if not replay.is_played else 0


def a_table(cells: Cells, periods: Sequence[Period]) -> bytes:
    return published(cells, periods).encode()


def a_march(at_desk: int = 3, online: int = 3, codes: Sequence[str] = ("H44.10",)) -> bytes:
    """A table of one month in which some agencies received as much on every weekday."""
    days = [MARCH.first + timedelta(days=n) for n in range(31)]
    cells = {
        (code, day): Intake(at_desk, online) for code in codes for day in days if day.weekday() < 5
    }
    return a_table(cells, [MARCH])


def rows(owner: Engine, query: str, **values: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401  (bound)
    with owner.connect() as db:
        return [dict(row) for row in db.execute(text(query), values).mappings()]


def one(owner: Engine, query: str, **values: Any) -> Any:  # noqa: ANN401  (any scalar)
    with owner.connect() as db:
        return db.scalar(text(query), values)


def books(owner: Engine, period: Period) -> Mapping[str, Intake]:
    """Return what each agency received by the sums, which must be what its dossiers say."""
    with acting(owner, SYSTEM) as tx:
        summed, counted = received(tx, period), recount(tx, period)
    assert {code: intake for code, intake in summed.items() if intake.received} == counted
    return counted


def marks(owner: Engine) -> int:
    return int(one(owner, "SELECT count(*) FROM replay_batch"))


def contents(owner: Engine) -> list[Mapping[str, Any]]:
    """Return all that was written of every dossier but for keys that the database gave."""
    return rows(
        owner,
        """
        SELECT to_jsonb(d) - 'id' AS dossier,
            (SELECT jsonb_agg(to_jsonb(e) - 'dossier_id' ORDER BY seq)
                FROM dossier_event AS e WHERE e.dossier_id = d.id) AS events,
            (SELECT jsonb_agg(to_jsonb(c) - 'dossier_id' ORDER BY n)
                FROM dossier_component AS c WHERE c.dossier_id = d.id) AS components,
            (SELECT jsonb_agg(to_jsonb(l) - 'dossier_id' - 'id' ORDER BY seq)
                FROM delivery AS l WHERE l.dossier_id = d.id) AS deliveries
        FROM dossier AS d ORDER BY code
        """,
    )
