"""HTTP face of ratings: one dossier's, an agency's, and the figures."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.cursors import AfterPosition, CursorRefused, Limit, link_to_next
from app.api.dependencies import (
    ActRequest,
    Code,
    CurrentActor,
    CurrentDesk,
    UnversionedRequest,
    VersionMissing,
)
from app.api.problems import responses
from app.api.text import NO_CONTROLS, AgencyCode
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyReused
from app.domain.periods import Period, PeriodRefused
from app.domain.ratings import (
    SCORES,
    RatingFixed,
    RatingGiven,
    RatingNotFound,
    RatingRefused,
    RatingsRefused,
    RatingStale,
    Scores,
)
from app.services import ratings
from app.services.transition import DossierNotFound

router = APIRouter(prefix="/v1", tags=["ratings"])

Score = Annotated[
    int,
    Field(
        examples=[5], ge=1, le=5, strict=True, description="1 rất không hài lòng to 5 rất hài lòng"
    ),
]
Comment = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=NO_CONTROLS),
]


class RatingForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    score: Score
    comment: Comment | None = Field(None, examples=["Cán bộ hướng dẫn tận tình."])


class Said(BaseModel):
    score: int
    comment: str | None
    rated_at: datetime


class Rating(Said):
    """Đánh giá: its version is also the ETag."""

    version: int
    rated_on: date = Field(description="Day on which it was first given")
    changeable_until: date = Field(description="Last day on which its author may change it")
    earlier: list[Said] = Field(description="What it was before, newest first")


class ReceivedRating(Said):
    dossier: str = Field(examples=["H44.29-261122-0001"])
    agency: str
    is_changed: bool


class ReceivedRatings(BaseModel):
    items: list[ReceivedRating]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class ScoresView(BaseModel):
    ratings: int
    mean: str | None = Field(
        description="Two decimals, rounded half up; null: no data", examples=["4.27"]
    )
    satisfied_percent: str | None = Field(
        description="Share of 4 and 5; null: no data", examples=["86.67"]
    )
    by_score: dict[int, int]


class AgencyScoresView(ScoresView):
    agency_code: str
    agency: str


class RatingFigures(BaseModel):
    period: str = Field(examples=["2026-11"])
    total: ScoresView
    rows: list[AgencyScoresView] = Field(description="Agencies that were rated, by code")


def _answer(response: Response, given: dict[str, Any]) -> Rating:
    response.headers["ETag"] = f'"{given["version"]}"'
    return Rating(**given)


@router.post(
    "/dossiers/{code}/rating",  # noqa: FAST003  (read by UnversionedRequest)
    status_code=201,
    summary="Rate how a dossier was handled (đánh giá mức độ hài lòng)",
    description="Once, by who handed it in or whose it is, after the agency ended it: with a "
    "result, by refusing or by stopping it.",
    responses=responses(
        DossierNotFound, RoleRefused, RatingRefused, RatingGiven, InFlight, KeyReused
    ),
)
def rate(
    form: RatingForm, request: UnversionedRequest, desk: CurrentDesk, response: Response
) -> Rating:
    return _answer(response, ratings.rate(desk, request, score=form.score, comment=form.comment))


@router.put(
    "/dossiers/{code}/rating",  # noqa: FAST003  (read by ActRequest)
    summary="Change one's rating within 15 days (sửa đánh giá)",
    description="What was said before stays on record.",
    responses=responses(
        *(DossierNotFound, RatingNotFound, RoleRefused, RatingFixed, RatingStale),
        VersionMissing,
    ),
)
def change(form: RatingForm, request: ActRequest, desk: CurrentDesk, response: Response) -> Rating:
    return _answer(response, ratings.change(desk, request, score=form.score, comment=form.comment))


@router.get(
    "/dossiers/{code}/rating",
    summary="A dossier's rating (đánh giá của một hồ sơ)",
    responses=responses(DossierNotFound, RatingNotFound),
)
def read(code: Code, desk: CurrentDesk, actor: CurrentActor, response: Response) -> Rating:
    return _answer(response, ratings.read(desk, code, actor=actor))


@router.get(
    "/ratings/received",
    summary="What was said about my agency (đánh giá cơ quan nhận được)",
    description="All of it, newest first; nobody can hide or change one.",
    responses=responses(RatingsRefused, CursorRefused),
)
def received(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterPosition,
    score: Annotated[int | None, Query(ge=1, le=5, description="Only these")] = None,
    limit: Limit = 20,
) -> ReceivedRatings:
    page = ratings.received_page(desk, actor=actor, score=score, after=after, limit=limit)
    asked = {"score": score, "limit": limit}
    cursor = link_to_next(response, "/v1/ratings/received", page.next, asked)
    return ReceivedRatings(items=[ReceivedRating(**item) for item in page.ratings], next=cursor)


@router.get(
    "/ratings",
    summary="Satisfaction per agency (mức độ hài lòng theo cơ quan)",
    description="Counted on the day of the first rating, both days of the period included, at the "
    "score that stands now. No personal data.",
    responses=responses(RatingsRefused, PeriodRefused),
)
def figures(
    desk: CurrentDesk,
    actor: CurrentActor,
    first: Annotated[date, Query(alias="from", examples=["2026-11-01"])],
    last: Annotated[date, Query(alias="to", examples=["2026-11-30"])],
    agency: Annotated[
        AgencyCode | None, Query(description="Only this agency and those below it")
    ] = None,
) -> RatingFigures:
    period = Period(first, last)
    rows = ratings.scores_of(desk, period, agency=agency, actor=actor)
    return RatingFigures(
        period=str(period),
        total=ScoresView(**_figures(sum((row.scores for row in rows), Scores()))),
        rows=[
            AgencyScoresView(agency_code=row.code, agency=row.name, **_figures(row.scores))
            for row in rows
        ],
    )


def _figures(scores: Scores) -> dict[str, Any]:
    mean, satisfied = scores.mean, scores.satisfied_percent
    return {
        "ratings": scores.total,
        "mean": None if mean is None else str(mean),
        "satisfied_percent": None if satisfied is None else str(satisfied),
        "by_score": {score: scores.counts.get(score, 0) for score in SCORES},
    }
