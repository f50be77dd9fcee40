"""HTTP face of apologies for dossiers that are late already."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import Code, CurrentActor, CurrentDesk, UnversionedRequest
from app.api.problems import responses
from app.api.text import Paragraph
from app.domain.lifecycle import RoleRefused
from app.domain.once import InFlight, KeyReused
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services import apologies
from app.services.transition import DossierElsewhere, DossierNotFound

router = APIRouter(prefix="/v1/dossiers/{code}", tags=["clock"])


class ApologyForm(BaseModel):
    """The new appointment lies so long after now."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1, le=1000, strict=True, examples=[2])
    unit: LimitUnit
    reason: Paragraph


class Apology(BaseModel):
    """Phiếu xin lỗi và hẹn lại (form 04) for a dossier that was late already."""

    id: int
    code: str
    agency: str
    missed_at: datetime = Field(description="The appointment that was missed")
    new_due_at: datetime = Field(description="The appointment given instead")
    reason: str
    signed_by: str
    signed_at: datetime


class Apologies(BaseModel):
    items: list[Apology]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


@router.post(
    "/apology",
    status_code=201,
    summary="Apologise for a dossier that is late (xin lỗi và hẹn lại)",
    description="No act: status, due instant and version stay. Before the due instant, extend.",
    responses=responses(
        RoleRefused,
        DossierElsewhere,
        DossierNotFound,
        apologies.ApologyRefused,
        InFlight,
        KeyReused,
    ),
)
def apologise(form: ApologyForm, request: UnversionedRequest, desk: CurrentDesk) -> Apology:
    by = TimeLimit(form.count, form.unit)
    return Apology(**apologies.apologise(desk, request, by=by, reason=form.reason))


@router.get(
    "/apologies",
    summary="Apologies for a dossier (các lần xin lỗi)",
    responses=responses(CursorRefused, DossierNotFound),
)
def list_apologies(
    code: Code,
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 50,
) -> Apologies:
    found = apologies.listed(desk, code, actor=actor, after=after, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, f"/v1/dossiers/{code}/apologies", place, {"limit": limit})
    return Apologies(items=[Apology(**item) for item in found[:limit]], next=cursor)
