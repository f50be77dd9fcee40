"""HTTP face of the register (form 07): streamed from a file that is gone when it was read."""

import tempfile
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from io import BytesIO
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.api.dependencies import CurrentActor, CurrentDesk, Now
from app.api.problems import responses
from app.api.text import AgencyCode
from app.domain.periods import Period, PeriodRefused
from app.papers.rendering import RegisterTooLong
from app.services import registers

router = APIRouter(prefix="/v1", tags=["papers"])

_PIECE = 256 * 1024


class Kind(StrEnum):
    PDF = "pdf"
    XLSX = "xlsx"


_MEDIA = {
    Kind.PDF: "application/pdf",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {} for media in _MEDIA.values()}, "description": "The register"}
}


@router.get(
    "/register",
    summary="Register of a period (sổ theo dõi hồ sơ)",
    description="Form 07: what the agency and the units below it received on these days, in the "
    "order of receipt. As PDF up to 1,000 dossiers, as spreadsheet up to a million; a year at "
    "most. For desk staff of the agency or of one above it.",
    response_class=StreamingResponse,
    responses=responses(
        PeriodRefused,
        RegisterTooLong,
        registers.PeriodTooLong,
        registers.RegisterBusy,
        registers.RegisterEmpty,
        registers.RegisterRefused,
    )
    | _CONTENT,
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
    wanted = registers.Wanted(agency, Period(first, last))
    file: IO[bytes]
    if kind is Kind.PDF:
        file = BytesIO(registers.print_register(desk, wanted, actor=actor, now=now))
    else:
        file = tempfile.TemporaryFile(prefix="register-")  # noqa: SIM115  (closed when sent)
        try:
            registers.write_register(desk, wanted, file, actor=actor, now=now)
        except BaseException:
            file.close()
            raise
    size = file.seek(0, 2)
    file.seek(0)
    name = f"so-theo-doi-{agency}-{first:%Y%m%d}-{last:%Y%m%d}.{kind}"
    return StreamingResponse(
        _pieces(file),
        media_type=_MEDIA[kind],
        headers={
            "Content-Length": str(size),
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(_PIECE), b"")
