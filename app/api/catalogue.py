"""HTTP face of the catalogue: public, for whoever looks for a procedure."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from app.api.cursors import AfterCode, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentDesk, Now
from app.api.problems import responses
from app.api.text import AgencyCode
from app.db.reference import Offered
from app.domain.agency import Agency as KnownAgency
from app.domain.agency import Level
from app.domain.calendar import LOCAL_ZONE
from app.services import catalogue

router = APIRouter(prefix="/v1", tags=["catalogue"])

Day = Annotated[date | None, Query(description="As of this day; today if not given")]


class Agency(BaseModel):
    """Cơ quan, đơn vị."""

    code: str = Field(examples=["H44.10"])
    name: str = Field(examples=["Sở Tư pháp"])
    level: Level
    parent: str | None
    valid_from: date
    valid_to: date | None
    heir: str | None = Field(description="Agency that goes on with its files once it has ended")


class Agencies(BaseModel):
    items: list[Agency]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class Procedure(BaseModel):
    """Thủ tục hành chính, as lists show it. Codes and amounts of samples are invented."""

    code: str = Field(examples=["1.001193"])
    name: str = Field(examples=["Đăng ký khai sinh"])
    field: dict[str, str] = Field(examples=[{"code": "G15-TP01", "name": "Hộ tịch"}])
    sample: bool
    version: int
    valid_from: date
    valid_to: date | None
    online_level: int = Field(description="1 to 4; 3 is một phần, 4 toàn trình")
    limit: str = Field(examples=["3 ngày làm việc"])
    fee_vnd: int = Field(description="All fees without exemptions")
    agencies: list[str] = Field(description="Codes of the agencies that resolve it")


class ProcedureDetail(Procedure):
    """Everything needed to hand in: papers, e-form, fees, steps, result."""

    applicants: list[str]
    components: list[dict[str, Any]]
    form: dict[str, Any] = Field(description="JSON Schema, draft 2020-12")
    fees: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    result: dict[str, Any]
    supplement_days: int
    payment_days: int
    legal_basis: list[str]


class Procedures(BaseModel):
    items: list[Procedure]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


@router.get(
    "/agencies",
    summary="Agencies (cơ quan, đơn vị)",
    responses=responses(CursorRefused, is_public=True),
)
def list_agencies(
    desk: CurrentDesk,
    now: Now,
    response: Response,
    after: AfterCode,
    on: Day = None,
    limit: Limit = 100,
) -> Agencies:
    day = on or now.astimezone(LOCAL_ZONE).date()
    found = [known for known in catalogue.agencies_on(desk, day) if known.code > after]
    place = (found[limit - 1].code,) if len(found) > limit else None
    cursor = link_to_next(response, "/v1/agencies", place, {"on": on, "limit": limit})
    return Agencies(items=[_agency(known) for known in found[:limit]], next=cursor)


@router.get(
    "/agencies/{code}",
    summary="An agency (một cơ quan)",
    responses=responses(catalogue.AgencyNotFound, is_public=True),
)
def read_agency(code: AgencyCode, desk: CurrentDesk) -> Agency:
    return _agency(catalogue.agency(desk, code))


@router.get(
    "/procedures",
    summary="Procedures (danh mục thủ tục)",
    responses=responses(CursorRefused, is_public=True),
)
def list_procedures(
    desk: CurrentDesk,
    now: Now,
    response: Response,
    after: AfterCode,
    on: Day = None,
    agency: Annotated[AgencyCode | None, Query(description="Resolved by this agency")] = None,
    level: Annotated[int | None, Query(ge=1, le=4, description="Of this online level")] = None,
    limit: Limit = 100,
) -> Procedures:
    day = on or now.astimezone(LOCAL_ZONE).date()
    known = catalogue.procedures_on(desk, day, agency=agency, level=level)
    found = [item for item in known if item[0].procedure.code > after]
    place = (found[limit - 1][0].procedure.code,) if len(found) > limit else None
    asked = {"on": on, "agency": agency, "level": level, "limit": limit}
    cursor = link_to_next(response, "/v1/procedures", place, asked)
    return Procedures(items=[Procedure(**_procedure(*item)) for item in found[:limit]], next=cursor)


@router.get(
    "/procedures/{code}",
    summary="A procedure with papers, e-form, fees and steps (chi tiết thủ tục)",
    responses=responses(catalogue.ProcedureNotFound, is_public=True),
)
def read_procedure(
    code: Annotated[str, Path(pattern=r"^[0-9.A-Z]{1,40}$", examples=["1.001193"])],
    desk: CurrentDesk,
    now: Now,
    on: Day = None,
) -> ProcedureDetail:
    day = on or now.astimezone(LOCAL_ZONE).date()
    offered, resolvers = catalogue.procedure_on(desk, code, day)
    return ProcedureDetail(**_procedure(offered, resolvers), **_detail(offered))


def _agency(known: KnownAgency) -> Agency:
    return Agency(
        code=known.code,
        name=known.name,
        level=known.level,
        parent=known.parent,
        valid_from=known.valid_from,
        valid_to=known.valid_to,
        heir=known.heir,
    )


def _procedure(offered: Offered, resolvers: Sequence[KnownAgency]) -> dict[str, Any]:
    known, version = offered.procedure, offered.version
    return {
        "code": known.code,
        "name": known.name,
        "field": {"code": known.field.code, "name": known.field.name},
        "sample": known.sample,
        "version": version.version,
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "online_level": int(version.online_level),
        "limit": version.limit.label,
        "fee_vnd": sum(fee.amount_vnd for fee in version.fees),
        "agencies": [agency.code for agency in resolvers],
    }


def _detail(offered: Offered) -> dict[str, Any]:
    version = offered.version
    return {
        "applicants": list(version.applicants),
        "components": [asdict(component) for component in version.components],
        "form": dict(version.form),
        "fees": [asdict(fee) for fee in version.fees],
        "steps": [asdict(step) for step in version.steps],
        "result": asdict(version.result),
        "supplement_days": version.supplement_days,
        "payment_days": version.payment_days,
        "legal_basis": list(version.legal_basis),
    }
