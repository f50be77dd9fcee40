"""HTTP face of drafts of procedures: compare, publish, discard."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, KeyMalformed, MaybeOnce, Now
from app.api.problems import responses
from app.api.text import Paragraph
from app.domain.drafts import (
    DraftClosed,
    DraftDayRefused,
    DraftNotFound,
    DraftRoleRefused,
    DraftStale,
    DraftState,
    Origin,
)
from app.domain.once import InFlight, KeyReused
from app.domain.procedure_definition import DefinitionError
from app.services import drafts, publication

router = APIRouter(prefix="/v1/procedure-drafts", tags=["procedure drafts"])

DraftId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]


class Draft(BaseModel):
    """A version of a procedure that is not yet in force (bản dự thảo)."""

    id: int
    code: str = Field(examples=["1.001193"])
    name: str
    origin: Origin
    state: DraftState
    created_by: str
    created_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    reason: str | None


class ChangeView(BaseModel):
    """One difference to the version in force."""

    pointer: str = Field(description="JSON pointer; members of lists by their code")
    before: Any
    after: Any


class DraftDetail(Draft):
    definition: dict[str, Any]
    changes: list[ChangeView] = Field(description="What publishing would change")
    faults: list[dict[str, Any]] = Field(description="What must be mended before")


class Drafts(BaseModel):
    items: list[Draft]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class PublicationForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    valid_from: date = Field(examples=["2027-01-01"], description="First day; today or later")


class DiscardForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Paragraph


_COMMON = (DraftRoleRefused, DraftNotFound, DraftClosed, InFlight, KeyMalformed, KeyReused)


@router.get(
    "",
    summary="List drafts of procedures (dự thảo thủ tục)",
    responses=responses(DraftRoleRefused, CursorRefused),
)
def list_drafts(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    state: Annotated[DraftState | None, Query(description="Only these")] = None,
    limit: Limit = 50,
) -> Drafts:
    found = drafts.list_page(desk, actor=actor, state=state, after=after, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, "/v1/procedure-drafts", place, {"state": state, "limit": limit})
    return Drafts(items=[Draft(**item) for item in found[:limit]], next=cursor)


@router.get(
    "/{draft_id}",
    summary="Compare a draft with what is in force (so sánh dự thảo)",
    responses=responses(DraftRoleRefused, DraftNotFound),
)
def read_draft(draft_id: DraftId, desk: CurrentDesk, actor: CurrentActor) -> DraftDetail:
    return DraftDetail(**drafts.read(desk, draft_id, actor=actor))


@router.post(
    "/{draft_id}/publication",
    summary="Publish a draft (công bố dự thảo)",
    description="The next version from a day on; dossiers keep theirs.",
    responses=responses(*_COMMON, DraftStale, DraftDayRefused, DefinitionError, takes_body=True),
)
def publish_draft(
    form: PublicationForm,
    draft_id: DraftId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Draft:
    return Draft(
        **publication.publish(
            desk, draft_id, valid_from=form.valid_from, actor=actor, now=now, once=once
        )
    )


@router.post(
    "/{draft_id}/discarding",
    summary="Discard a draft (bỏ dự thảo)",
    responses=responses(*_COMMON, takes_body=True),
)
def discard_draft(
    form: DiscardForm,
    draft_id: DraftId,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Draft:
    return Draft(
        **publication.discard(desk, draft_id, reason=form.reason, actor=actor, now=now, once=once)
    )
