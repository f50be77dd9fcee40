"""HTTP face of the index for steering public services and of the supply of services."""

from decimal import Decimal
from fractions import Fraction

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.dependencies import CurrentActor, CurrentDesk, Now
from app.api.questions import Asked, Asking, refusals
from app.domain.rates import percent, rounded
from app.domain.steering import NotDefined, Score, Scored, State
from app.domain.supply import Aim, Standing
from app.services import steering_index as steering
from app.services import supply

router = APIRouter(prefix="/v1/figures", tags=["figures"])


def text_of(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def two_decimals(value: Fraction | None) -> str | None:
    return None if value is None else str(rounded(value))


class FigureRow(BaseModel):
    """A figure of the index: exact counts, its rate and points rounded half up."""

    id: str = Field(examples=["3.3"])
    name: str = Field(examples=["Hồ sơ được xử lý trực tuyến"])
    group: str = Field(examples=["3a"])
    state: State = Field(description="no_source: not counted here; no_data: nothing to divide by")
    numerator: int | None = Field(examples=[29551])
    denominator: int | None = Field(examples=[32868])
    rate_percent: str | None = Field(examples=["89.91"])
    points: str | None = Field(examples=["8.00"])
    points_lost: str | None = Field(examples=["0.00"])
    points_full: str = Field(examples=["8.00"])
    mean: str | None = Field(description="Of a figure that is no share", examples=[None])
    unit: str | None = Field(description="Of the mean", examples=[None])
    why_not: str | None = Field(description="Why there is no source", examples=[None])


class GroupRow(BaseModel):
    code: str = Field(examples=["3a"])
    name: str = Field(examples=["Cung cấp dịch vụ trực tuyến"])
    points: str = Field(examples=["11.20"])
    attainable: str = Field(description="Of its figures that have data", examples=["12.00"])
    points_full: str = Field(examples=["12.00"])


class IndexRow(BaseModel):
    """The index of a part; the code of the whole is empty."""

    code: str = Field(examples=["H44.29"])
    name: str = Field(examples=["UBND Huyện Cẩm Khê"])
    points: str = Field(examples=["61.35"])
    attainable: str = Field(examples=["66.00"])
    groups: list[GroupRow]
    figures: list[FigureRow]


class Index(Asking):
    definitions: str = Field(examples=["Quyết định số 766/QĐ-TTg ngày 23/6/2022"])
    rows: list[IndexRow]
    total: IndexRow


@router.get(
    "/index",
    summary="Index for steering public services (bộ chỉ số 766)",
    description="Each figure with its counts, rate and points; definitions are those in force on "
    "the period's last day.",
    responses=refusals(NotDefined),
)
def index(desk: CurrentDesk, actor: CurrentActor, now: Now, question: Asked) -> Index:
    found = steering.index(desk, question, actor=actor, now=now)
    return Index(
        period=str(question.period),
        as_of=question.as_of,
        definitions=found.steering.source,
        rows=[_index_row(part) for part in found.parts],
        total=_index_row(found.total),
    )


def _index_row(part: steering.PartScore) -> IndexRow:
    return IndexRow(
        code=part.code,
        name=part.name,
        points=str(rounded(part.score.points)),
        attainable=str(rounded(part.score.attainable)),
        groups=_group_rows(part.score),
        figures=[figure_row(one) for one in part.score.figures],
    )


def _group_rows(score: Score) -> list[GroupRow]:
    return [
        GroupRow(
            code=group.definition.code,
            name=group.definition.name,
            points=str(rounded(group.points)),
            attainable=str(rounded(group.attainable)),
            points_full=str(rounded(group.definition.points)),
        )
        for group in score.groups
    ]


def figure_row(one: Scored) -> FigureRow:
    known = one.definition
    return FigureRow(
        id=known.id,
        name=known.name,
        group=known.group,
        state=one.state,
        numerator=one.numerator,
        denominator=one.denominator,
        rate_percent=text_of(percent(one.share)),
        mean=two_decimals(one.mean),
        unit=known.unit,
        points=two_decimals(one.points),
        points_lost=two_decimals(one.lost),
        points_full=str(rounded(known.points)),
        why_not=one.why_not,
    )


class SupplyRow(BaseModel):
    """Procedures by exact level of online service; 3 is partial, 4 full."""

    level: str = Field(examples=["province"])
    name: str = Field(examples=["Cấp tỉnh"])
    procedures: int = Field(examples=[1431])
    by_online_level: dict[str, int] = Field(examples=[{"1": 0, "2": 191, "3": 754, "4": 486}])
    share_percent: dict[str, str | None] = Field(
        examples=[{"1": "0.00", "2": "13.35", "3": "52.69", "4": "33.96"}]
    )
    with_online: int = Field(
        description="Saw a dossier handed in online in the period", examples=[238]
    )
    with_online_percent: str | None = Field(examples=["16.63"])


class AimRow(BaseModel):
    """A target year: gap and pace in the target's own unit (percentage points or a number)."""

    year: int = Field(examples=[2030])
    target: str = Field(examples=["80.00"])
    gap: str = Field(examples=["12.50"])
    months_left: int = Field(examples=[49])
    pace_per_month: str | None = Field(examples=["0.26"])


class TargetRow(BaseModel):
    indicator: str = Field(examples=["share of dossiers resolved online"])
    level: str = Field(examples=["all"])
    unit: str = Field(examples=["percent"])
    reached: dict[str, str] = Field(examples=[{"2020": "30.40"}])
    numerator: int = Field(examples=[135])
    denominator: int | None = Field(examples=[200])
    value: str | None = Field(description="Null: no data", examples=["67.50"])
    aims: list[AimRow]


class Supply(BaseModel):
    on: str = Field(description="Last day of the period", examples=["2026-11-30"])
    rows: list[SupplyRow]
    targets: list[TargetRow]


@router.get(
    "/supply",
    summary="Supply of online services against targets (mức độ cung cấp dịch vụ công)",
    description="Procedures in force on the period's last day; dossiers resolved in the period.",
    responses=refusals(),
)
def supplied(desk: CurrentDesk, actor: CurrentActor, now: Now, question: Asked) -> Supply:
    found = supply.supply(desk, question, actor=actor, now=now)
    return Supply(
        on=str(found.day),
        rows=[_supply_row(row) for row in found.rows],
        targets=[_target_row(one) for one in found.standings],
    )


def _supply_row(row: supply.SupplyRow) -> SupplyRow:
    every = row.procedures
    return SupplyRow(
        level=row.level,
        name=row.name,
        procedures=every,
        by_online_level={str(level): count for level, count in row.by_online_level.items()},
        share_percent={
            str(level): two_decimals(Fraction(100 * count, every) if every else None)
            for level, count in row.by_online_level.items()
        },
        with_online=row.with_online,
        with_online_percent=two_decimals(Fraction(100 * row.with_online, every) if every else None),
    )


def _target_row(one: Standing) -> TargetRow:
    return TargetRow(
        indicator=one.target.indicator,
        level=one.target.level,
        unit=one.target.unit,
        reached={str(year): str(rounded(value)) for year, value in one.target.reached.items()},
        numerator=one.numerator,
        denominator=one.denominator,
        value=two_decimals(one.value),
        aims=[_aim_row(aim) for aim in one.aims],
    )


def _aim_row(aim: Aim) -> AimRow:
    return AimRow(
        year=aim.year,
        target=str(rounded(aim.target)),
        gap=str(rounded(aim.gap)),
        months_left=aim.months_left,
        pace_per_month=two_decimals(aim.pace),
    )
