"""HTTP face of warnings: what the desk must know of its due instants."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterPosition, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, MaybeOnce, Now
from app.api.problems import responses
from app.domain.lifecycle import Status
from app.domain.once import InFlight, KeyReused
from app.domain.warnings import WARNING_LABELS, WarningKind, WarningNotFound, WarningsRefused
from app.services import warnings

router = APIRouter(prefix="/v1", tags=["clock"])


class Warned(BaseModel):
    """A warning about a dossier's due instant."""

    id: int
    kind: WarningKind
    label: str = Field(examples=["Sắp đến hạn trả kết quả"])
    code: str = Field(examples=["H44.29-261122-0001"])
    procedure: str
    agency: str = Field(description="Resolves it")
    at_agency: str = Field(description="Has it in hand now")
    status: Status
    status_label: str
    due_at: datetime = Field(description="What it warns of; of an apology the appointment missed")
    in_words: str = Field(examples=["còn 1 ngày 3 giờ"])
    raised_at: datetime
    read_at: datetime | None = Field(description="By you")
    is_current: bool = Field(description="No longer, once time or an act has overtaken it")


class Warnings(BaseModel):
    items: list[Warned]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class ReadingForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    warnings: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(
        min_length=1, max_length=100, examples=[[1, 2]]
    )


class Reading(BaseModel):
    read: list[int]


class _Filter:
    """Which warnings are asked for."""

    def __init__(
        self,
        kind: Annotated[WarningKind | None, Query(description="Only these")] = None,
        *,
        unread: Annotated[bool, Query(description="Only what you have not read")] = False,
        every: Annotated[
            bool,
            Query(alias="all", description="Also what time or an act has overtaken, of 90 days"),
        ] = False,
    ) -> None:
        self.kind, self.unread, self.every = kind, unread, every

    @property
    def query(self) -> dict[str, object]:
        """What the next page has to be asked with."""
        return {
            "kind": self.kind,
            "unread": "true" if self.unread else None,
            "all": "true" if self.every else None,
        }


@router.get(
    "/warnings",
    summary="Warnings that concern you (cảnh báo thời hạn)",
    description="The desk's and the officer's before the due instant, the approver's after that.",
    responses=responses(CursorRefused, WarningsRefused),
)
def list_warnings(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    after: AfterPosition,
    wanted: Annotated[_Filter, Depends()],
    limit: Limit = 50,
) -> Warnings:
    found = warnings.listed(
        desk,
        actor=actor,
        now=now,
        kind=wanted.kind,
        only_unread=wanted.unread,
        every=wanted.every,
        after=after,
        limit=limit + 1,
    )
    page = found[:limit]
    place = (page[-1]["raised_at"], page[-1]["id"]) if len(found) > limit else None
    cursor = link_to_next(response, "/v1/warnings", place, {**wanted.query, "limit": limit})
    items = [Warned(label=WARNING_LABELS[WarningKind(item["kind"])], **item) for item in page]
    return Warnings(items=items, next=cursor)


@router.post(
    "/warnings/readings",
    summary="Mark warnings as read (đánh dấu đã đọc)",
    responses=responses(WarningsRefused, WarningNotFound, InFlight, KeyReused),
)
def mark_read(
    form: ReadingForm, desk: CurrentDesk, actor: CurrentActor, now: Now, once: MaybeOnce
) -> Reading:
    read = warnings.mark_read(
        desk, list(dict.fromkeys(form.warnings)), actor=actor, now=now, once=once
    )
    return Reading(**read)
