"""HTTP face of the register (form 07): looked at as it stands, issued, and reprinted unchanged."""

import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, Now, RequiredOnce
from app.api.problems import responses
from app.api.text import AgencyCode
from app.domain.once import InFlight, KeyMissing, KeyReused
from app.domain.periods import Period, PeriodRefused
from app.papers.rendering import RegisterTooLong
from app.services import registers
from app.services.register_lines import (
    PeriodTooLong,
    RegisterBusy,
    RegisterEmpty,
    RegisterRefused,
    Wanted,
)
from app.services.registers import MEDIA, Kind, Order

router = APIRouter(prefix="/v1", tags=["papers"])

_PIECE = 256 * 1024
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media: {} for media in sorted(MEDIA.values())},
        "description": "The register",
    }
}
_REFUSALS = (
    PeriodRefused,
    RegisterTooLong,
    PeriodTooLong,
    RegisterBusy,
    RegisterEmpty,
    RegisterRefused,
)


class RegisterOrder(BaseModel):
    """Which register is to be issued."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agency: AgencyCode = Field(description="With the units below it")
    first_on: date = Field(examples=["2026-10-01"])
    last_on: date = Field(examples=["2026-10-31"])
    format: Kind = Kind.PDF


class IssuedRegister(BaseModel):
    """A register as it was issued (sổ theo dõi hồ sơ đã phát hành)."""

    id: int
    agency: str = Field(examples=["H44.29"])
    first_on: date
    last_on: date
    format: Kind
    entries: int = Field(description="Dossiers in it", examples=[283])
    issued_at: datetime
    issued_by: str
    sha256: str
    href: str = Field(description="Its file", examples=["/v1/registers/7"])


class IssuedRegisters(BaseModel):
    items: list[IssuedRegister]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


@router.get(
    "/register",
    summary="Look at the register of a period (xem sổ theo dõi hồ sơ)",
    description="Form 07 as the dossiers stand: what the agency and the units below it received "
    "on these days, in the order of receipt. It is marked as not issued and not kept. As PDF up "
    "to 1,000 dossiers, as spreadsheet up to a million; a year at most. For desk staff of the "
    "agency or of one above it.",
    response_class=StreamingResponse,
    responses=responses(*_REFUSALS) | _CONTENT,
)
def register(
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    agency: Annotated[AgencyCode, Query(description="With the units below it")],
    first: Annotated[date, Query(alias="from", description="First day", examples=["2026-10-01"])],
    last: Annotated[date, Query(alias="to", description="Last day", examples=["2026-10-31"])],
    kind: Annotated[Kind, Query(alias="format")] = Kind.PDF,
) -> StreamingResponse:
    order = Order(Wanted(agency, Period(first, last)), kind, actor, now)
    file: IO[bytes] = tempfile.TemporaryFile(prefix="register-")  # noqa: SIM115  (closed when sent)
    try:
        registers.look(order, desk, file)
    except BaseException:
        file.close()
        raise
    size = file.seek(0, 2)
    file.seek(0)
    name = registers.file_name(order.wanted, kind)
    return _answer(_pieces(file), MEDIA[kind], size, name, {})


@router.post(
    "/registers",
    status_code=201,
    summary="Issue the register of a period (phát hành sổ theo dõi hồ sơ)",
    description="Form 07 as the dossiers stand, kept as it is: its file is the same whenever it is "
    "asked for. While nothing in it has changed, the register issued before is answered.",
    responses=responses(*_REFUSALS, InFlight, KeyMissing, KeyReused),
)
def issue_register(
    body: RegisterOrder, desk: CurrentDesk, actor: CurrentActor, now: Now, once: RequiredOnce
) -> IssuedRegister:
    wanted = Wanted(body.agency, Period(body.first_on, body.last_on))
    order = Order(wanted, body.format, actor, now, once)
    return IssuedRegister(**registers.issue(order, desk))


@router.get(
    "/registers",
    summary="Registers that were issued (các sổ theo dõi hồ sơ đã phát hành)",
    description="Of the agency and the units below it, the newest first.",
    responses=responses(RegisterRefused, CursorRefused),
)
def list_registers(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    agency: Annotated[AgencyCode, Query(description="With the units below it")],
    after: AfterNumber,
    limit: Limit = 20,
) -> IssuedRegisters:
    found = registers.listed(desk, agency, actor=actor, after=after, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    asked = {"agency": agency, "limit": limit}
    cursor = link_to_next(response, "/v1/registers", place, asked)
    return IssuedRegisters(items=[IssuedRegister(**one) for one in found[:limit]], next=cursor)


@router.get(
    "/registers/{register_id}",
    summary="Print a register as it was issued (in lại sổ theo dõi hồ sơ)",
    description="Printed again it is the same, byte for byte, whatever became of its dossiers.",
    response_class=StreamingResponse,
    responses=responses(registers.RegisterNotFound) | _CONTENT,
)
def print_register(
    register_id: Annotated[int, Path(ge=1, lt=2**63, examples=[7])],
    desk: CurrentDesk,
    actor: CurrentActor,
) -> StreamingResponse:
    kept = registers.kept(desk, register_id, actor=actor)
    pieces = registers.content(desk, kept.sha256)
    tag = {"ETag": f'"{kept.sha256}"'}
    return _answer(pieces, kept.media_type, kept.size_bytes, kept.name, tag)


def _answer(
    pieces: Iterator[bytes], media_type: str, size: int, name: str, more: dict[str, str]
) -> StreamingResponse:
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(pieces, media_type=media_type, headers=headers | more)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(_PIECE), b"")
