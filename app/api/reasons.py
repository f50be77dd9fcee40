"""HTTP face of why: the dossiers of a figure, points lost, what if, what changed since."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, Now
from app.api.questions import Asked, Asking, query_of, refusals
from app.api.steering import FigureRow, figure_row
from app.domain.question import CHANNEL_NAMES, Question
from app.domain.rates import rounded
from app.domain.reasons import CAUSES, Cause, Page, Reason, sentence
from app.domain.steering import NotDefined, Score
from app.services import reasons

router = APIRouter(prefix="/v1/figures", tags=["figures"])

FigureId = Annotated[
    str,
    Path(description="As in the index", pattern=r"^[0-9]\.[0-9][a-z]?$", examples=["3.3"]),
]
Which = Annotated[
    Literal["missing", "numerator", "denominator"],
    Query(description="In the denominator but not counted; counted; all of them"),
]


class ReasonRow(BaseModel):
    reason: Reason | None = Field(description="Null: counted", examples=["sync_blocked"])
    sentence: str | None = Field(examples=["Chưa có kết quả điện tử"])
    dossiers: int = Field(examples=[12])


class DossierRow(BaseModel):
    """A dossier of the denominator; without a reason it is in the numerator too.

    Figure 5.2 is about petitions: one has the procedure and channel of its dossier, if any.
    """

    code: str = Field(examples=["H44.10-261122-0001"])
    agency: str = Field(description="Resolved it on the day of receipt", examples=["H44.10"])
    procedure: str | None = Field(examples=["2.000488"])
    channel: str | None = Field(examples=list(map(str, CHANNEL_NAMES)))
    received_on: date
    handled_on: date | None
    status: str = Field(examples=["resolved"])
    reason: Reason | None
    sentence: str | None = Field(examples=["Chưa có kết quả điện tử"])
    spent: int | None = Field(
        description="Handling time: minutes of working time, or days", examples=[2520]
    )


class WhyPage(Asking):
    figure: FigureRow
    reasons: list[ReasonRow]
    dossiers: list[DossierRow]
    next: str | None = Field(description="Cursor of the next page", examples=[None])


@router.get(
    "/{figure}/dossiers",
    summary="Dossiers of a figure and why they do not count (hồ sơ và lý do)",
    description="A dossier has one reason per figure: what is missing first. `late_and_displeased` "
    "(5.4) is missing twice.",
    responses=refusals(NotDefined, CursorRefused),
)
def why(  # noqa: PLR0913, PLR0917  (a page of a list, and what every route has)
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    figure: FigureId,
    question: Asked,
    after: AfterNumber,
    which: Which = "missing",
    reason: Reason | None = None,
    limit: Limit = 50,
) -> WhyPage:
    page = Page(which, reason, after, limit)
    found = reasons.why(desk, question, figure, page, actor=actor, now=now)
    place = None if found.next_after is None else (found.next_after,)
    query = {**query_of(question), "which": which, "reason": reason, "limit": limit}
    return WhyPage(
        **_asking(question),
        figure=figure_row(found.figure),
        reasons=[
            ReasonRow(reason=one, sentence=sentence(one) if one else None, dossiers=count)
            for one, count in found.by_reason.items()
        ],
        dossiers=[
            DossierRow(
                code=one.code,
                agency=found.catalogue.agency_codes[one.agency_id],
                procedure=found.procedure_of(one),
                channel=one.channel,
                received_on=one.received_on,
                handled_on=one.handled_on,
                status=one.status,
                reason=one.reason,
                sentence=sentence(one.reason, one.portal_code) if one.reason else None,
                spent=one.spent,
            )
            for one in found.page
        ],
        next=link_to_next(response, f"/v1/figures/{figure}/dossiers", place, query),
    )


class LossRow(BaseModel):
    figure: str = Field(examples=["3.3"])
    name: str = Field(examples=["Hồ sơ được xử lý trực tuyến"])
    reason: Reason
    sentence: str
    dossiers: int = Field(examples=[12])
    points_lost: str = Field(examples=["1.25"])
    points_if_mended: str = Field(description="Of the figure", examples=["7.90"])


class Losses(Asking):
    points: str = Field(examples=["61.35"])
    attainable: str = Field(examples=["66.00"])
    losses: list[LossRow]


@router.get(
    "/losses",
    summary="Points lost by reason (điểm mất theo lý do)",
    description="Most expensive first. What a figure lost is divided among its reasons in "
    "proportion to their dossiers, so that losses add up.",
    responses=refusals(NotDefined),
)
def losses(desk: CurrentDesk, actor: CurrentActor, now: Now, question: Asked) -> Losses:
    found = reasons.losses(desk, question, actor=actor, now=now)
    return Losses(
        **_asking(question),
        points=str(rounded(found.score.points)),
        attainable=str(rounded(found.score.attainable)),
        losses=[
            LossRow(
                figure=loss.figure.id,
                name=loss.figure.name,
                reason=loss.reason,
                sentence=sentence(loss.reason),
                dossiers=loss.dossiers,
                points_lost=str(rounded(loss.points_lost)),
                points_if_mended=str(rounded(loss.points_if_mended)),
            )
            for loss in found.losses
        ],
    )


class Outcome(BaseModel):
    points: str = Field(examples=["61.35"])
    figures: list[FigureRow]


class WhatIf(Asking):
    now: Outcome
    then: Outcome
    gain: str = Field(description="Points", examples=["4.20"])


@router.get(
    "/what-if",
    summary="The index if some reasons were mended (nếu khắc phục)",
    responses=refusals(NotDefined),
)
def what_if(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    question: Asked,
    mend: Annotated[list[Reason], Query(min_length=1, max_length=len(Reason))],
) -> WhatIf:
    found = reasons.what_if(desk, question, mend, actor=actor, now=now)
    return WhatIf(
        **_asking(question),
        now=_outcome(found.now),
        then=_outcome(found.then),
        gain=str(rounded(found.then.points - found.now.points)),
    )


def _outcome(score: Score) -> Outcome:
    return Outcome(
        points=str(rounded(score.points)), figures=[figure_row(one) for one in score.figures]
    )


class ChangeRow(BaseModel):
    """What became of one dossier in the figure: in it or not, counted or missing."""

    code: str = Field(examples=["H44.10-261122-0001"])
    was_in: bool
    is_in: bool
    reason_then: Reason | None
    reason_now: Reason | None
    cause: Cause
    sentence: str = Field(examples=["Đã thanh toán hoặc hoàn tiền sau ngày đó"])
    recorded_on: date


class ChangesPage(Asking):
    then: FigureRow
    now: FigureRow
    changes: list[ChangeRow]
    next: str | None = Field(description="Cursor of the next page", examples=[None])


@router.get(
    "/{figure}/changes",
    summary="What changed since an earlier day (thay đổi so với ngày đã hỏi)",
    description="Takes `as_of`: the figure as it was known then and now, dossier by dossier.",
    responses=refusals(NotDefined, CursorRefused),
)
def changes(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    figure: FigureId,
    question: Asked,
    after: AfterNumber,
    limit: Limit = 50,
) -> ChangesPage:
    page = Page(after=after, limit=limit)
    found = reasons.changed_since(desk, question, figure, page, actor=actor, now=now)
    place = None if found.next_after is None else (found.next_after,)
    query = {**query_of(question), "limit": limit}
    return ChangesPage(
        **_asking(question),
        then=figure_row(found.then),
        now=figure_row(found.now),
        changes=[
            ChangeRow(
                code=one.code,
                was_in=one.was_in,
                is_in=one.is_in,
                reason_then=one.reason_then,
                reason_now=one.reason_now,
                cause=one.cause,
                sentence=CAUSES[one.cause],
                recorded_on=one.recorded_on,
            )
            for one in found.page
        ],
        next=link_to_next(response, f"/v1/figures/{figure}/changes", place, query),
    )


def _asking(question: Question) -> dict[str, object]:
    return {"period": str(question.period), "as_of": question.as_of}
