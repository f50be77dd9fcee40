"""HTTP face of how long it takes: mean handling times, late dossiers by days late."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.dependencies import CurrentActor, CurrentDesk, Now
from app.api.questions import Asked, Asking, refusals
from app.api.steering import two_decimals
from app.services import durations

router = APIRouter(prefix="/v1/figures", tags=["figures"])


class HandlingRow(BaseModel):
    """Mean handling time of finished dossiers received in the period, by kind of limit."""

    code: str = Field(description="Of the part; empty: the whole", examples=["2.000488"])
    name: str = Field(examples=["Cấp Phiếu lý lịch tư pháp"])
    limit: str | None = Field(description="Of a single procedure", examples=["10 ngày làm việc"])
    unit: str = Field(
        description="Working days of 8 hours, working hours, or days of the year",
        examples=["ngày làm việc"],
    )
    finished: int = Field(examples=[120])
    spent: int = Field(description="Minutes of working time, or days", examples=[302400])
    mean: str | None = Field(description="In the unit, two decimals, half up", examples=["5.25"])


class HandlingTimes(Asking):
    rows: list[HandlingRow]
    total: list[HandlingRow] = Field(description="One for each kind of limit that occurs")


@router.get(
    "/handling-times",
    summary="Mean handling time, figure 2.2 (thời gian giải quyết trung bình)",
    description="From acceptance to the end by the clock's calendar, less the time the applicant "
    "took for supplements; dossiers count on the day of receipt once they ended.",
    responses=refusals(),
)
def handling_times(
    desk: CurrentDesk, actor: CurrentActor, now: Now, question: Asked
) -> HandlingTimes:
    rows, total = durations.handling_times(desk, question, actor=actor, now=now)
    return HandlingTimes(
        period=str(question.period),
        as_of=question.as_of,
        rows=[_handling_row(row) for row in rows],
        total=[_handling_row(row) for row in total],
    )


def _handling_row(row: durations.Handling) -> HandlingRow:
    return HandlingRow(
        code=row.code,
        name=row.name,
        limit=row.limit,
        unit=row.unit,
        finished=row.finished,
        spent=row.spent,
        mean=two_decimals(row.mean),
    )


class LateCounts(BaseModel):
    """Dossiers by working days late; a begun day counts whole."""

    one: int = Field(alias="1", examples=[7])
    to_five: int = Field(alias="2-5", examples=[4])
    to_ten: int = Field(alias="6-10", examples=[2])
    more: int = Field(alias="11+", examples=[1])


class LateRow(BaseModel):
    code: str = Field(description="Of the part; empty: the whole", examples=["H44.29"])
    name: str = Field(examples=["UBND Huyện Cẩm Khê"])
    resolved: LateCounts = Field(description="Resolved late in the period")
    open: LateCounts = Field(description="Overdue at the end of the period")


class Late(Asking):
    rows: list[LateRow]
    total: LateRow


@router.get(
    "/late",
    summary="Late dossiers by days late (hồ sơ trễ hạn theo số ngày trễ)",
    description="Working days by the clock's calendar. The columns add up to `resolved_late` and "
    "`overdue` of the running figures.",
    responses=refusals(),
)
def late(desk: CurrentDesk, actor: CurrentActor, now: Now, question: Asked) -> Late:
    rows, total = durations.late(desk, question, actor=actor, now=now)
    return Late(
        period=str(question.period),
        as_of=question.as_of,
        rows=[_late_row(row) for row in rows],
        total=_late_row(total),
    )


def _late_row(row: durations.LateRow) -> LateRow:
    return LateRow(
        code=row.code,
        name=row.name,
        resolved=_late_counts(row.resolved),
        open=_late_counts(row.open),
    )


def _late_counts(counts: tuple[int, ...]) -> LateCounts:
    return LateCounts.model_validate(dict(zip(("1", "2-5", "6-10", "11+"), counts, strict=True)))
