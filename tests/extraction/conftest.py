"""A province with two months of dossiers, some of them today's, and names that mean harm."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.domain.calendar import LOCAL_ZONE
from app.domain.extraction import Kind, Wanted
from app.domain.figures import Intake
from app.domain.periods import Period
from app.services.desk import Desk
from tests.builders import Api, Given, a_dossier, running_api
from tests.services.replays import OFTEN, a_table, play

SPRING = Period(date(2021, 3, 1), date(2021, 4, 30))
AGENCIES = ("H44.01", "H44.02", "H44.10", "H44.29", "H44.30")
TODAY = datetime(2026, 11, 23, 9, tzinfo=LOCAL_ZONE)
"""The day after the replay."""

HOSTILE = '=HYPERLINK("https://xau.test")'


@dataclass(frozen=True)
class Province:
    """The application over HTTP, and the desk behind it."""

    api: Api

    @property
    def desk(self) -> Desk:
        desk: Desk = self.api.app.state.doors.desk
        return desk

    def rows(self, query: str, **values: Given) -> list[dict[str, Any]]:
        return self.api.rows(query, **values)


def wanted(kind: Kind, **changes: Any) -> Wanted:  # noqa: ANN401  (of Wanted)
    return Wanted(**{"kind": kind, "period": SPRING, **changes})


@pytest.fixture(scope="module")
def province(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """Replayed dossiers of two months, in which everything happens often, and three of today."""
    with running_api(module_database, tmp_path_factory.mktemp("extraction")) as api:
        play(api.owner, _spring(), odds=OFTEN)
        with api.owner.begin() as db:
            db.exec_driver_sql("UPDATE agency SET name = %s WHERE code = 'H44.02'", (HOSTILE,))
            db.exec_driver_sql("UPDATE procedure SET field_name = '@' || field_name")
        api.clock.at = TODAY
        for _ in range(3):
            a_dossier(api)
        yield Province(api)


def _spring() -> bytes:
    cells = {}
    for n, code in enumerate(AGENCIES):
        for day in range(0, 61, n + 1):
            at = SPRING.first + timedelta(days=day)
            if at.weekday() < 5:
                cells[code, at] = Intake(at_desk=(day + n) % 3, online=(day + 1) % 2)
    months = [Period(date(2021, 3, 1), date(2021, 3, 31)), Period(date(2021, 4, 1), SPRING.last)]
    return a_table(cells, months)
