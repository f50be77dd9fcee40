"""The question that every figure is asked by: period, scope, grouping, day of knowledge."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from app.api.problems import responses
from app.api.text import AgencyCode, ItemCode
from app.domain.agency import Level
from app.domain.errors import DomainError
from app.domain.intake import Channel
from app.domain.periods import Period, PeriodRefused
from app.domain.question import AsOfRefused, Group, Question, ScopeRefused
from app.services.bookkeeping import FiguresBehind
from app.services.figure_scope import FiguresRefused

First = Annotated[date, Query(alias="from", description="First day", examples=["2021-01-01"])]
Last = Annotated[date, Query(alias="to", description="Last day", examples=["2021-06-30"])]
AsOf = Annotated[
    date | None,
    Query(description="As it was known at the end of this day; default: now", examples=[None]),
]


class _Wanted(BaseModel):
    first: date = Field(alias="from", description="First day", examples=["2021-01-01"])
    last: date = Field(alias="to", description="Last day", examples=["2021-06-30"])
    agency: AgencyCode | None = Field(None, description="Default: all that you may see")
    subtree: bool = Field(default=True, description="Count the units below it too")
    level: Level | None = Field(None, description="Agencies of this level only")
    field: ItemCode | None = Field(None, description="Lĩnh vực")
    procedure: ItemCode | None = Field(None, description="Thủ tục")
    channel: Channel | None = Field(None, description="Kênh thực hiện")
    group: Group = Field(Group.NONE, description="What the rows tell apart")
    as_of: date | None = Field(None, description="As known at the end of this day; default: now")


async def _question(asked: Annotated[_Wanted, Query()]) -> Question:
    wanted = asked.model_dump()
    return Question(Period(wanted.pop("first"), wanted.pop("last")), **wanted)


Asked = Annotated[Question, Depends(_question)]


def query_of(question: Question) -> dict[str, object]:
    """Write a question as the query that asks it again: for links to further pages."""
    return {
        "from": question.period.first,
        "to": question.period.last,
        "agency": question.agency,
        "subtree": str(question.subtree).lower(),
        "level": question.level,
        "field": question.field,
        "procedure": question.procedure,
        "channel": question.channel,
        "as_of": question.as_of,
    }


def refusals(*errors: type[DomainError]) -> dict[int | str, Any]:
    """Describe what every question about figures may be refused with, and more."""
    return responses(
        FiguresRefused, FiguresBehind, PeriodRefused, ScopeRefused, AsOfRefused, *errors
    )


class Asking(BaseModel):
    """What was asked, as it was understood."""

    period: str = Field(examples=["2021-06"])
    as_of: date | None = Field(description="Null: as it is known now", examples=[None])
