"""HTTP face of delegation while somebody is away."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, MaybeOnce, Now
from app.api.problems import responses
from app.api.text import Line
from app.domain.delegation import DelegationRefused
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyReused
from app.services import delegations

router = APIRouter(prefix="/v1/delegations", tags=["queue"])


class DelegationForm(BaseModel):
    """Who works in whose place; `from_account` only where an approver asks for somebody else."""

    model_config = ConfigDict(extra="forbid")

    to_account: Line = Field(examples=["officer-2@H44.29"])
    to_name: Line = Field(examples=["Phạm Thị Thay"])
    first_on: date = Field(examples=["2026-11-25"])
    last_on: date = Field(description="Last day, included", examples=["2026-11-27"])
    reason: Line = Field(examples=["Nghỉ phép"])
    from_account: Line | None = None
    from_name: Line | None = None


class Delegation(BaseModel):
    """Ủy quyền xử lý trong thời gian vắng mặt."""

    id: int
    from_account: str
    from_name: str
    to_account: str
    to_name: str
    first_on: date
    last_on: date
    reason: str


class Delegations(BaseModel):
    items: list[Delegation]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


@router.post(
    "",
    status_code=201,
    summary="Delegate while away (ủy quyền khi vắng mặt)",
    description="In that time what is assigned to or claimed by the one shows among what is the "
    "other's (`tab=mine`). It gives no right that the other has not.",
    responses=responses(RoleRefused, DelegationRefused, InFlight, KeyReused),
)
def delegate(
    form: DelegationForm, desk: CurrentDesk, actor: CurrentActor, now: Now, once: MaybeOnce
) -> Delegation:
    wish = delegations.Wish(**form.model_dump())
    return Delegation(**delegations.delegate(desk, wish, actor=actor, now=now, once=once))


@router.get(
    "",
    summary="Delegations that are not over (các ủy quyền còn hiệu lực)",
    description="From oneself and to oneself; approvers see all of their agency.",
    responses=responses(RoleRefused, CursorRefused),
)
def list_delegations(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
    after: AfterNumber,
    limit: Limit = 100,
) -> Delegations:
    found = delegations.listed(desk, actor=actor, after=after, limit=limit + 1, now=now)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, "/v1/delegations", place, {"limit": limit})
    return Delegations(items=[Delegation(**each) for each in found[:limit]], next=cursor)


@router.delete(
    "/{delegation_id}",
    summary="Take a delegation back (thu hồi ủy quyền)",
    responses=responses(RoleRefused, delegations.DelegationNotFound),
)
def end(
    delegation_id: Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])],
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
) -> Delegation:
    return Delegation(**delegations.end(desk, delegation_id, actor=actor, now=now))
