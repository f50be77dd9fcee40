"""HTTP face of claiming, releasing and assigning dossiers."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.dependencies import CurrentDesk, UnversionedRequest
from app.api.problems import responses
from app.api.text import Line
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyReused
from app.services import claims
from app.services.holds import DossierClaimed
from app.services.transition import DossierElsewhere, DossierNotFound

router = APIRouter(prefix="/v1/dossiers/{code}", tags=["queue"])


class Holding(BaseModel):
    """Who works on a dossier, and whom it was given to."""

    code: str = Field(examples=["H44.29-261122-0001"])
    claimed_by: str | None = Field(description="Account", examples=["officer@H44.29"])
    claimed_name: str | None = Field(examples=["Lê Thị Thụ"])
    claimed_until: datetime | None = Field(description="Until then others cannot act on it")
    assigned_to: str | None
    assigned_name: str | None


class Assignment(BaseModel):
    """To a colleague: the account as the identity provider names it."""

    model_config = ConfigDict(extra="forbid")

    account: Line = Field(examples=["officer@H44.29"])
    name: Line = Field(examples=["Lê Thị Thụ"])


_REFUSALS = (RoleRefused, DossierElsewhere, DossierNotFound, InFlight, KeyReused)


@router.post(
    "/claim",
    summary="Claim (nhận xử lý)",
    description="Nobody else can act on it until the lease runs out; claim again to renew it. "
    "Acting on the dossier renews it, handing on ends it.",
    responses=responses(*_REFUSALS, DossierClaimed, claims.NotClaimable),
)
def claim(request: UnversionedRequest, desk: CurrentDesk) -> Holding:
    return Holding.model_validate(claims.claim(desk, request), from_attributes=True)


@router.post(
    "/release",
    summary="Give back (trả lại)",
    description="One's own claim and assignment; an approver anybody's.",
    responses=responses(*_REFUSALS, claims.NotHeld),
)
def release(request: UnversionedRequest, desk: CurrentDesk) -> Holding:
    return Holding.model_validate(claims.release(desk, request), from_attributes=True)


@router.post(
    "/assignment",
    summary="Assign to a colleague (giao xử lý)",
    description="For approvers. A claim of somebody else ends.",
    responses=responses(*_REFUSALS, claims.NotClaimable),
)
def assign(form: Assignment, request: UnversionedRequest, desk: CurrentDesk) -> Holding:
    assigned = claims.assign(desk, request, account=form.account, name=form.name)
    return Holding.model_validate(assigned, from_attributes=True)
