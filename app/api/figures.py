"""HTTP face of figures of dossiers: the published annex, running figures."""

from decimal import Decimal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.dependencies import CurrentActor, CurrentDesk, Now
from app.api.questions import Asked, Asking, AsOf, First, Last, refusals
from app.domain.periods import Period
from app.domain.question import Question
from app.domain.running import RUNNING, lines_of
from app.services import figures
from app.services.figure_scope import Part

router = APIRouter(prefix="/v1/figures", tags=["figures"])


class Line(BaseModel):
    """A row of the annex, as the published table has it."""

    group: str = Field(examples=["province"])
    row: str = Field(description="Number in its group, or total", examples=["1"])
    agency: str = Field(examples=["Sở Công Thương"])
    agency_code: str | None = Field(examples=["H44.01"])
    total: int = Field(examples=[5135])
    at_desk: int = Field(examples=[335])
    online: int = Field(examples=[4800])
    online_rate_percent: str | None = Field(
        description="Two decimals, rounded half up; null: no data", examples=["93.48"]
    )


class Annex(BaseModel):
    period: str = Field(examples=["2021-01..2021-06"])
    rows: list[Line]


def text_of(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


@router.get(
    "/annex",
    summary="Online-processing rate per agency (phụ lục tỷ lệ hồ sơ trực tuyến)",
    description="Dossiers by day of receipt, both days included; totals per group.",
    responses=refusals(),
)
def annex(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    first: First,
    last: Last,
    as_of: AsOf = None,
) -> Annex:
    period = Period(first, last)
    rows = figures.annex_of(desk, Question(period, as_of=as_of), actor=actor, now=now)
    return Annex(
        period=str(period),
        rows=[
            Line(
                group=row.group,
                row=row.row,
                agency=row.agency,
                agency_code=row.agency_code,
                total=row.intake.received,
                at_desk=row.intake.at_desk,
                online=row.intake.online,
                online_rate_percent=text_of(row.intake.online_rate),
            )
            for row in rows
        ],
    )


class RunningRow(BaseModel):
    """Counts of a part: `opening + received + moved_in - moved_out = closed + open`."""

    code: str = Field(description="Of the part; empty: the whole", examples=["H44.29"])
    name: str = Field(examples=["UBND Huyện Cẩm Khê"])
    counts: dict[str, int] = Field(examples=[dict.fromkeys(RUNNING, 0)])


class Running(Asking):
    labels: dict[str, str] = Field(
        description="What each count is called", examples=[dict(RUNNING)]
    )
    rows: list[RunningRow]
    total: RunningRow


@router.get(
    "/running",
    summary="Running figures (số liệu tiếp nhận, giải quyết, tồn)",
    description="What came in, what was done with it, what is left at the end of the period. By "
    "officer: approvers and analysts read every officer of their agency, others their own line.",
    responses=refusals(),
)
def running(desk: CurrentDesk, actor: CurrentActor, now: Now, question: Asked) -> Running:
    answer = figures.running(desk, question, actor=actor, now=now)
    return Running(
        period=str(question.period),
        as_of=question.as_of,
        labels=dict(RUNNING),
        rows=[_running_row(part) for part in answer.parts],
        total=_running_row(answer.total),
    )


def _running_row(part: Part) -> RunningRow:
    return RunningRow(code=part.code, name=part.name, counts=lines_of(part.sums))
