"""HTTP face of drafts: an application saved, resumed, looked over, handed in."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, Field

from app.api.acts import ActResult, answer
from app.api.cursors import AfterPosition, CursorRefused, Limit, link_to_next
from app.api.dependencies import (
    CurrentActor,
    CurrentDesk,
    MaybeOnce,
    Now,
    RequiredOnce,
    Version,
    VersionMissing,
)
from app.api.draft_reading import read_application
from app.api.problems import FaultView, responses
from app.domain.actor import Actor
from app.domain.application import ApplicationFaulty
from app.domain.drafts import DraftNotFound, DraftStale, DraftTooLarge, TooManyDrafts
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyMissing, KeyReused
from app.services import drafts

DraftId = Annotated[UUID, Path(examples=["6f2d3c1e-1f7c-4d0a-9a57-0f6f7c1f2b11"])]

router = APIRouter(prefix="/v1/drafts", tags=["drafts"])

Content = Annotated[
    dict[str, Any],
    Body(
        description="As POST /v1/dossiers takes it, complete or not; at most 64 KiB",
        examples=[{"procedure": "1.001193", "agency": "H44.29"}],
    ),
]


class Named(BaseModel):
    code: str
    name: str


class DraftSaved(BaseModel):
    """Hồ sơ nháp as it was kept; its version is also the ETag."""

    id: UUID
    version: int
    changed_at: datetime
    kept_until: datetime = Field(description="Swept then, unless it is changed before")


class DraftSummary(DraftSaved):
    created_at: datetime
    procedure: Named | None
    agency: Named | None


class Draft(DraftSummary):
    content: dict[str, Any]


class DraftPage(BaseModel):
    items: list[DraftSummary]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class DraftFaults(BaseModel):
    is_complete: bool = Field(description="Nothing is missing: it can be handed in")
    errors: list[FaultView] = Field(description="Pointers lead into the draft's content")


def _kept(response: Response, saved: dict[str, Any]) -> DraftSaved:
    response.headers["ETag"] = f'"{saved["version"]}"'
    return DraftSaved(**saved)


@router.post(
    "",
    status_code=201,
    summary="Save a draft (lưu hồ sơ nháp)",
    responses=responses(RoleRefused, DraftTooLarge, TooManyDrafts, InFlight, KeyReused),
)
def save(
    content: Content,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
    response: Response,
) -> DraftSaved:
    saved = drafts.save(desk, content, actor=actor, now=now, once=once)
    response.headers["Location"] = f"/v1/drafts/{saved['id']}"
    return _kept(response, saved)


@router.get("", summary="My drafts (hồ sơ nháp của tôi)", responses=responses(CursorRefused))
def list_drafts(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterPosition,
    limit: Limit = 20,
) -> DraftPage:
    page = drafts.list_page(desk, actor=actor, after=after, limit=limit)
    cursor = link_to_next(response, "/v1/drafts", page.next, {"limit": limit})
    return DraftPage(items=[DraftSummary(**item) for item in page.drafts], next=cursor)


@router.get(
    "/{draft_id}",
    summary="Open a draft (mở hồ sơ nháp)",
    responses=responses(DraftNotFound),
)
def read(draft_id: DraftId, desk: CurrentDesk, actor: CurrentActor, response: Response) -> Draft:
    found = drafts.read(desk, draft_id, actor=actor)
    response.headers["ETag"] = f'"{found["version"]}"'
    return Draft(**found)


@router.put(
    "/{draft_id}",
    summary="Save changes to a draft (lưu thay đổi)",
    description="Replaces the content. Sent again with the same content it changes nothing and "
    "succeeds, so that a broken line is no conflict.",
    responses=responses(DraftNotFound, DraftStale, DraftTooLarge, VersionMissing),
)
def change(
    draft_id: DraftId,
    content: Content,
    version: Version,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
) -> DraftSaved:
    saved = drafts.change(desk, draft_id, content, version=version, actor=actor, now=now)
    return _kept(response, saved)


@router.delete(
    "/{draft_id}",
    status_code=204,
    summary="Delete a draft (xóa hồ sơ nháp)",
    responses=responses(DraftNotFound, DraftStale, VersionMissing),
)
def discard(draft_id: DraftId, version: Version, desk: CurrentDesk, actor: CurrentActor) -> None:
    drafts.discard(desk, draft_id, version=version, actor=actor)


def _reader(actor: Actor) -> drafts.Reader:
    return partial(read_application, actor=actor)


@router.get(
    "/{draft_id}/faults",
    summary="What a draft still lacks, all at once (hồ sơ nháp còn thiếu gì)",
    responses=responses(DraftNotFound),
)
def faults(draft_id: DraftId, desk: CurrentDesk, actor: CurrentActor, now: Now) -> DraftFaults:
    found = drafts.faults(desk, draft_id, _reader(actor), actor=actor, now=now)
    views = [
        FaultView(pointer=fault.pointer, code=fault.code, detail=fault.detail) for fault in found
    ]
    return DraftFaults(is_complete=not views, errors=views)


@router.post(
    "/{draft_id}/submission",
    status_code=201,
    summary="Hand in a draft (nộp hồ sơ nháp)",
    description="As POST /v1/dossiers: the draft becomes a dossier and is gone, or, with faults, "
    "stays as it is. `Idempotency-Key` is required.",
    response_model=ActResult,
    responses=responses(
        *(RoleRefused, DraftNotFound, DraftStale, ApplicationFaulty),
        *(KeyMissing, KeyReused, InFlight, VersionMissing),
    ),
)
def submit(
    draft_id: DraftId,
    version: Version,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: RequiredOnce,
) -> Response:
    outcome = drafts.submit(
        desk, draft_id, _reader(actor), version=version, actor=actor, now=now, once=once
    )
    return answer(outcome, 201)
