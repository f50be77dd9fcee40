"""HTTP face of changing a procedure: a draft is written, checked, published; versions end."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import (
    CurrentActor,
    CurrentDesk,
    MaybeOnce,
    Now,
    Version,
    VersionMissing,
)
from app.api.problems import FaultView, responses
from app.api.text import Paragraph
from app.domain.differences import Change
from app.domain.once import InFlight, KeyReused
from app.domain.procedure_drafts import (
    DraftFaulty,
    DraftOrigin,
    DraftState,
    RetirementRefused,
)
from app.services import catalogue_sync, procedure_drafts, procedure_reading, publications
from app.services.drafting import (
    CatalogueRefused,
    DraftClosed,
    DraftNotFound,
    DraftStale,
    ProcedureUnknown,
)

router = APIRouter(prefix="/v1", tags=["catalogue"])

CODE = r"^[1-3]\.[0-9]{6}(\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2})?$"


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FieldForm(_Form):
    code: str = Field(max_length=40, examples=["G15-TP01"])
    name: str = Field(max_length=1000, examples=["Hộ tịch"])


class Content(_Form):
    """What a version says, but for its number and dates; faults are told by the check."""

    name: str = Field(max_length=1000, examples=["Đăng ký khai sinh"])
    field: FieldForm
    sample: bool = Field(description="Codes and amounts are invented")
    definition: dict[str, Any] = Field(
        description="online_level, agencies, applicants, limit, supplement_days, payment_days, "
        "components, form, fees, steps, result, legal_basis",
        examples=[{"online_level": 4, "limit": {"count": 3, "unit": "working_days"}}],
    )


class DraftForm(_Form):
    """A new draft; without content it begins as the procedure's last version stands."""

    procedure: str = Field(pattern=CODE, examples=["1.001193"])
    content: Content | None = None
    note: Paragraph | None = None


class ChangeForm(_Form):
    content: Content
    note: Paragraph | None = None


class PublicationForm(_Form):
    valid_from: date = Field(description="First day, today or later", examples=["2027-01-01"])


class RetirementForm(_Form):
    last_day: date = Field(description="Last day, today or later", examples=["2026-12-31"])


class DraftSummary(BaseModel):
    """Dự thảo; its version is also the ETag."""

    id: int
    procedure: str
    origin: DraftOrigin
    state: DraftState
    version: int
    note: str | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


class Draft(DraftSummary):
    content: dict[str, Any]


class Difference(BaseModel):
    """A place and its values; of things with a code (steps, fees, papers) by their code."""

    pointer: str = Field(examples=["/definition/steps/appraisal/share_percent"])
    change: Change
    before: Any
    after: Any


class DraftDetail(Draft):
    errors: list[FaultView] = Field(description="What must be mended before it is published")
    against: int | None = Field(description="Version in force that it is compared with")
    differences: list[Difference]


class PortalLook(BaseModel):
    """The last look at the national portal's catalogue, by hand or at night."""

    begun_at: datetime
    asked_by: str
    finished_at: datetime | None
    outcome: Literal["done", "failed"] | None = Field(description="null: under way")
    drafted: list[str] = Field(description="Codes of procedures", examples=[["1.001193"]])
    unchanged: int
    faulty: dict[str, str] = Field(description="Why, by code", examples=[{"1.001193": "DONVITINH"}])
    renamed: dict[str, str] = Field(description="Names there, by code", examples=[{}])
    reason: str | None = Field(description="Why it failed")


class Drafts(BaseModel):
    items: list[DraftSummary]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")
    portal: PortalLook | None = Field(description="null: it was never looked at")


class Checked(DraftSummary):
    errors: list[FaultView]


class Publication(BaseModel):
    """The version that a draft became, and the one that gives way to it."""

    draft: int
    procedure: str
    version: int
    valid_from: date
    replaces: int | None
    replaced_until: date | None


class Retirement(BaseModel):
    procedure: str
    version: int
    valid_to: date


Number = Annotated[int, Path(ge=1, lt=2**63, examples=[1])]
_CHANGING = (*(CatalogueRefused, DraftNotFound, DraftClosed, DraftStale, VersionMissing),)


@router.post(
    "/procedure-drafts",
    status_code=201,
    summary="Begin a draft (soạn dự thảo phiên bản thủ tục)",
    responses=responses(CatalogueRefused, ProcedureUnknown, InFlight, KeyReused),
)
def write(
    form: DraftForm,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
    response: Response,
) -> Draft:
    content = form.content.model_dump() if form.content else None
    made = procedure_drafts.write(
        desk, form.procedure, content, note=form.note, actor=actor, now=now, once=once
    )
    response.headers["Location"] = f"/v1/procedure-drafts/{made['id']}"
    return Draft(**_tagged(response, made))


@router.get(
    "/procedure-drafts",
    summary="Drafts, the newest first (danh sách dự thảo)",
    responses=responses(CatalogueRefused, CursorRefused),
)
def list_drafts(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    state: Annotated[DraftState | None, Query(description="Only these")] = None,
    procedure: Annotated[str | None, Query(pattern=CODE, description="Of this procedure")] = None,
    origin: Annotated[DraftOrigin | None, Query(description="From there")] = None,
    limit: Limit = 20,
) -> Drafts:
    found = procedure_reading.drafts(
        desk,
        actor=actor,
        state=state,
        code=procedure,
        origin=origin,
        before=after or None,
        limit=limit + 1,
    )
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    asked = {"state": state, "procedure": procedure, "origin": origin, "limit": limit}
    cursor = link_to_next(response, "/v1/procedure-drafts", place, asked)
    looks = catalogue_sync.last_looks(desk)
    return Drafts(
        items=[DraftSummary(**item) for item in found[:limit]],
        next=cursor,
        portal=PortalLook(**looks[0]) if looks else None,
    )


@router.get(
    "/procedure-drafts/{number}",
    summary="A draft, its faults, what it changes (dự thảo, lỗi và thay đổi)",
    responses=responses(CatalogueRefused, DraftNotFound),
)
def read(
    number: Number, desk: CurrentDesk, actor: CurrentActor, now: Now, response: Response
) -> DraftDetail:
    found = procedure_reading.draft(desk, number, actor=actor, now=now)
    return DraftDetail(**_tagged(response, found))


@router.put(
    "/procedure-drafts/{number}",
    summary="Change a draft (sửa dự thảo)",
    responses=responses(*_CHANGING),
)
def change(
    number: Number,
    form: ChangeForm,
    version: Version,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    response: Response,
) -> Draft:
    changed = procedure_drafts.change(
        desk,
        number,
        form.content.model_dump(),
        note=form.note,
        version=version,
        actor=actor,
        now=now,
    )
    return Draft(**_tagged(response, changed))


@router.delete(
    "/procedure-drafts/{number}",
    status_code=204,
    summary="Discard a draft (bỏ dự thảo)",
    responses=responses(*_CHANGING),
)
def discard(
    number: Number, version: Version, desk: CurrentDesk, actor: CurrentActor, now: Now
) -> None:
    procedure_drafts.discard(desk, number, version=version, actor=actor, now=now)


@router.post(
    "/procedure-drafts/{number}/check",
    summary="Check a draft (kiểm tra dự thảo)",
    description="Without a fault it may be published; changing it wants another check.",
    responses=responses(*_CHANGING),
)
def check(
    number: Number,
    version: Version,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    _once: MaybeOnce,  # checking twice is checking once
    response: Response,
) -> Checked:
    draft, faults = procedure_drafts.examine(desk, number, version=version, actor=actor, now=now)
    return Checked(**_tagged(response, {**draft, "errors": faults}))


@router.post(
    "/procedure-drafts/{number}/publication",
    status_code=201,
    summary="Publish (ban hành phiên bản thủ tục)",
    description="In force from the day given; the version before ends the day before it. Dossiers "
    "that are under way keep the version that they were handed in under.",
    responses=responses(
        *_CHANGING, *(publications.DraftNotChecked, DraftFaulty, InFlight, KeyReused)
    ),
)
def publish(
    number: Number,
    form: PublicationForm,
    version: Version,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Publication:
    published = publications.publish(
        desk,
        number,
        valid_from=form.valid_from,
        version=version,
        actor=actor,
        now=now,
        once=once,
    )
    return Publication(**published)


@router.post(
    "/procedures/{code}/retirement",
    summary="End a procedure (chấm dứt hiệu lực thủ tục)",
    description="Its last version ends without one that follows it; dossiers under way go on.",
    responses=responses(
        *(CatalogueRefused, ProcedureUnknown, RetirementRefused, InFlight, KeyReused)
    ),
)
def retire(
    code: Annotated[str, Path(pattern=r"^[0-9.A-Z]{1,40}$", examples=["1.001193"])],
    form: RetirementForm,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
) -> Retirement:
    ended = publications.retire(desk, code, last_day=form.last_day, actor=actor, now=now, once=once)
    return Retirement(**ended)


def _tagged(response: Response, draft: Any) -> dict[str, Any]:  # noqa: ANN401  (a draft's members)
    response.headers["ETag"] = f'"{draft["version"]}"'
    return dict(draft)
