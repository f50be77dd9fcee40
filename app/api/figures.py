"""HTTP face of figures."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.dependencies import CurrentActor, CurrentDesk
from app.api.problems import responses
from app.domain.periods import Period, PeriodRefused
from app.services import figures

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


@router.get(
    "/annex",
    summary="Online-processing rate per agency (phụ lục tỷ lệ hồ sơ trực tuyến)",
    description="Dossiers by day of receipt, both days included; totals per group.",
    responses=responses(figures.FiguresRefused, PeriodRefused),
)
def annex(
    desk: CurrentDesk,
    actor: CurrentActor,
    first: Annotated[date, Query(alias="from", examples=["2021-01-01"])],
    last: Annotated[date, Query(alias="to", examples=["2021-06-30"])],
) -> Annex:
    period = Period(first, last)
    rows = figures.annex_of(desk, period, actor=actor)
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
                online_rate_percent=(
                    None if row.intake.online_rate is None else str(row.intake.online_rate)
                ),
            )
            for row in rows
        ],
    )
