"""How long it takes, as tables: mean handling times, late dossiers by days late."""

from collections.abc import Callable

from app import clock
from app.cli.figures_report import Sheet, desk, show
from app.domain.actor import SYSTEM
from app.domain.question import Question
from app.domain.rates import rounded
from app.services import durations

_HANDLING = {
    "code": "Mã",
    "name": "Nội dung",
    "limit": "Thời hạn",
    "finished": "Hồ sơ đã kết thúc",
    "mean": "Trung bình",
    "unit": "Đơn vị",
}
_BUCKETS = ("1", "2-5", "6-10", "11+")
_LATE = {
    "code": "Mã",
    "name": "Nội dung",
    **{f"resolved_{days}": f"Giải quyết trễ {days} ngày" for days in _BUCKETS},
    "resolved": "Cộng",
    **{f"open_{days}": f"Đang trễ {days} ngày" for days in _BUCKETS},
    "open": "Cộng",
}


def handling(asked: Question, form: str) -> None:
    with desk() as found:
        rows, total = durations.handling_times(found, asked, actor=SYSTEM, now=clock.now())
    table = [
        {
            "code": row.code,
            "name": row.name,
            "limit": row.limit or "",
            "finished": row.finished,
            "mean": None if row.mean is None else rounded(row.mean),
            "unit": row.unit,
        }
        for row in (*rows, *total)
    ]
    show(Sheet(f"Thời gian giải quyết trung bình {asked.period}", _HANDLING, table), form)


def late(asked: Question, form: str) -> None:
    with desk() as found:
        rows, total = durations.late(found, asked, actor=SYSTEM, now=clock.now())
    table = [
        {
            "code": row.code,
            "name": row.name,
            **{f"resolved_{d}": n for d, n in zip(_BUCKETS, row.resolved, strict=True)},
            "resolved": sum(row.resolved),
            **{f"open_{d}": n for d, n in zip(_BUCKETS, row.open, strict=True)},
            "open": sum(row.open),
        }
        for row in (*rows, total)
    ]
    show(Sheet(f"Hồ sơ trễ hạn {asked.period}, theo ngày làm việc", _LATE, table), form)


REPORTS: dict[str, Callable[..., None]] = {"handling": handling, "late": late}
