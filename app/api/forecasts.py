"""HTTP face of the forecast: what will be late."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from app.api.cursors import AfterParts, CursorRefused, Limit, link_to_next, unreadable
from app.api.dependencies import CurrentActor, CurrentDesk, Now
from app.api.problems import responses
from app.domain.lifecycle import Status
from app.services import forecasts

router = APIRouter(prefix="/v1/forecast", tags=["clock"])

_PARTS = 4


class Expected(BaseModel):
    """An open dossier, held against this procedure's finished ones."""

    code: str
    procedure: dict[str, str]
    agency: str
    at_agency: str
    status: Status
    status_label: str
    step: str
    due_at: datetime
    remaining_minutes: int = Field(description="Working minutes until it is due")
    in_words: str = Field(examples=["còn 2 ngày 4 giờ"])
    chance: float | None = Field(description="To be late, 0 to 1; null: too few finished dossiers")
    median_minutes: int | None = Field(description="Of working time that it still takes")
    p90_minutes: int | None = Field(description="The same, in nine cases of ten not exceeded")
    cases: int = Field(description="Finished dossiers that this rests on")
    basis: str = Field(examples=["không đủ 20 hồ sơ"])


class Outlook(BaseModel):
    as_of: datetime
    looked_at: int
    is_capped: bool = Field(description="More dossiers are due than were looked at")
    items: list[Expected]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


def _place(parts: AfterParts) -> forecasts.Place | None:
    if parts is None:
        return None
    try:
        as_of, rank, due_at, key = parts
        place = forecasts.Place(
            datetime.fromisoformat(as_of), int(rank), datetime.fromisoformat(due_at), int(key)
        )
    except (ValueError, TypeError) as error:
        raise unreadable() from error
    if place.as_of.tzinfo is None or place.due_at.tzinfo is None:
        raise unreadable()
    return place


After = Annotated[forecasts.Place | None, Depends(_place)]


@router.get(
    "",
    summary="What will be late (dự báo hồ sơ trễ hạn)",
    description="Open dossiers due within so many days, the likeliest to be late first. "
    "Approvers and analysts see their agency's and those of the units below it.",
    responses=responses(CursorRefused, forecasts.ForecastRefused),
)
def read_outlook(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    after: After,
    within: Annotated[int, Query(ge=1, le=60, description="Days from now")] = 7,
    limit: Limit = 50,
) -> Outlook:
    found = forecasts.outlook(
        desk, actor=actor, now=now, within_days=within, after=after, limit=limit
    )
    place: tuple[Any, ...] | None = None
    if found.next is not None:
        place = (found.next.as_of, found.next.rank, found.next.due_at, found.next.id)
    asked = {"within": within, "limit": limit}
    cursor = link_to_next(response, "/v1/forecast", place, asked)
    return Outlook(
        as_of=found.as_of,
        looked_at=found.looked_at,
        is_capped=found.is_capped,
        items=[Expected(**item) for item in found.items],
        next=cursor,
    )
