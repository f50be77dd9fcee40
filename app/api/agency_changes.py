"""HTTP face of reorganisations: agencies merged, renamed, split, abolished by the province."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from app.api.cursors import AfterNumber, CursorRefused, Limit, link_to_next
from app.api.dependencies import CurrentActor, CurrentDesk, MaybeOnce, Now
from app.api.problems import responses
from app.api.text import AgencyCode, DossierCode, ItemCode, Line, Paragraph
from app.domain.actor import Actor
from app.domain.agency import Level
from app.domain.lifecycle import Status
from app.domain.once import InFlight, KeyReused
from app.domain.reorganisation import (
    ChangeState,
    Ending,
    EndingKind,
    NewAgency,
    NewGroup,
    Renaming,
    Reorganisation,
)
from app.domain.reorganisation_faults import AgencyChangeFaulty
from app.services import reorganisation_reading, reorganisations
from app.services.desk import Desk
from app.services.reorganisation_rules import AgencyChangeNotFound, AgencyChangeRefused

router = APIRouter(prefix="/v1/agencies/changes", tags=["agencies"])

_MOST = 2000


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GroupForm(_Form):
    """A block of rows in the published reports, after those that there are."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$", examples=["commune"])]
    name: Line = Field(examples=["UBND các xã, phường"])


class CreatedForm(_Form):
    """An agency that begins on the day of the change."""

    code: AgencyCode = Field(examples=["H44.60"])
    name: Line = Field(examples=["UBND phường Việt Trì"])
    level: Level
    parent: AgencyCode = Field(examples=["H44"])
    report_group: str | None = Field(None, max_length=30, examples=["commune"])


class MergeForm(_Form):
    """Sáp nhập, hợp nhất: several agencies end, one goes on with everything."""

    kind: Literal["merge"]
    agencies: list[AgencyCode] = Field(min_length=1, max_length=_MOST)
    into: AgencyCode

    def endings(self, place: str) -> list[Ending]:
        return [Ending(place, EndingKind.MERGE, code, self.into) for code in self.agencies]


class RenameForm(_Form):
    """Đổi tên: the code stays and so does every dossier; with `into`, a new code takes over."""

    kind: Literal["rename"]
    agency: AgencyCode
    name: Line | None = Field(None, description="New name under the same code")
    into: AgencyCode | None = Field(None, description="Agency that goes on under a new code")

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> "RenameForm":
        if (self.name is None) == (self.into is None):
            raise ValueError("name or into")
        return self

    def endings(self, place: str) -> list[Ending]:
        into = self.into
        return [Ending(place, EndingKind.RENAME, self.agency, into)] if into else []

    def renamings(self, place: str) -> list[Renaming]:
        return [Renaming(place, self.agency, self.name)] if self.name else []


class SplitForm(_Form):
    """Chia, tách: single procedures or dossiers go to others, everything else to `into`."""

    kind: Literal["split"]
    agency: AgencyCode
    into: AgencyCode = Field(description="Heir: gets everything that no rule gives to others")
    procedures: dict[ItemCode, AgencyCode] = Field(default={}, max_length=_MOST)
    dossiers: dict[DossierCode, AgencyCode] = Field(default={}, max_length=_MOST)

    def endings(self, place: str) -> list[Ending]:
        rules = self.procedures, self.dossiers
        return [Ending(place, EndingKind.SPLIT, self.agency, self.into, *rules)]


class AbolishForm(_Form):
    """Giải thể, kết thúc hoạt động: `into` goes on with what there is; the parent if not given."""

    kind: Literal["abolish"]
    agency: AgencyCode
    into: AgencyCode | None = None

    def endings(self, place: str) -> list[Ending]:
        into = self.into or self.agency.rpartition(".")[0] or self.agency
        return [Ending(place, EndingKind.ABOLISH, self.agency, into)]


ChangeForm = Annotated[
    MergeForm | RenameForm | SplitForm | AbolishForm, Field(discriminator="kind")
]


_EXAMPLE: JsonDict = {
    "source": "Nghị quyết số 01/MAU",
    "on": "2027-01-01",
    "changes": [{"kind": "merge", "agencies": ["H44.29"], "into": "H44.30"}],
}


class ReorganisationForm(_Form):
    """Everything that one document changes on one day."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    source: Line = Field(examples=["Nghị quyết số 01/MAU"])
    reason: Paragraph | None = Field(None, description="Needed where the day has passed")
    on: date = Field(description="First day on which it holds")
    groups: list[GroupForm] = Field(default=[], max_length=20)
    created: list[CreatedForm] = Field(default=[], max_length=_MOST)
    changes: list[ChangeForm] = Field(default=[], max_length=_MOST)

    def change(self) -> Reorganisation:
        placed = [(f"/changes/{n}", form) for n, form in enumerate(self.changes)]
        return Reorganisation(
            self.source,
            self.reason,
            self.on,
            tuple(NewGroup(**group.model_dump()) for group in self.groups),
            tuple(NewAgency(**made.model_dump()) for made in self.created),
            tuple(ending for place, form in placed for ending in form.endings(place)),
            tuple(
                renamed
                for place, form in placed
                if isinstance(form, RenameForm)
                for renamed in form.renamings(place)
            ),
        )


class Route(BaseModel):
    """How many open dossiers go from an agency to another."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    dossiers: int


class MovedDossier(BaseModel):
    """An open dossier that a change would move; its code and its due instant stay."""

    code: str
    procedure: str
    status: Status
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    due_at: datetime | None


class AgencyPreview(BaseModel):
    """What a change would move as things are now."""

    count: int
    summary: str = Field(examples=["37 hồ sơ chưa xong sẽ chuyển"])
    routes: list[Route]
    petitions: int = Field(description="Open petitions that the heirs will answer")
    items: list[MovedDossier]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class AgencyChange(BaseModel):
    """A reorganisation as it was entered, and how far it is."""

    id: int
    on: date
    state: ChangeState
    source: str
    entered_at: datetime
    entered_by: str
    begun_at: datetime | None
    finished_at: datetime | None
    withdrawn_by: str | None
    total: int = Field(description="Open dossiers when it began")
    moved: int = Field(description="Moves done so far; late comers make it more than `total`")
    left: int | None = Field(description="Open dossiers still to move; told of a single change")
    document: dict[str, Any]


class AgencyChanges(BaseModel):
    items: list[AgencyChange]
    next: str | None = Field(description="Cursor of the next page, also in the Link header")


class _Preview:
    """Whether a change is only looked at, and which page of it."""

    def __init__(
        self,
        after: AfterNumber,
        *,
        preview: Annotated[bool, Query(description="Say what would move, write nothing")] = False,
        limit: Limit = 50,
    ) -> None:
        self.is_wanted, self.after, self.limit = preview, after, limit


@router.post(
    "",
    status_code=201,
    summary="Enter or preview a reorganisation (sắp xếp cơ quan, xem trước)",
    description="With `preview=true` nothing is written: the answer (200) says what would move.",
    response_model=AgencyChange,
    responses={
        **responses(CursorRefused, AgencyChangeRefused, AgencyChangeFaulty, InFlight, KeyReused),
        200: {"model": AgencyPreview, "description": "What the change would move"},
    },
)
def enter_change(
    form: ReorganisationForm,
    desk: CurrentDesk,
    actor: CurrentActor,
    now: Now,
    once: MaybeOnce,
    preview: Annotated[_Preview, Depends()],
) -> Response:
    if preview.is_wanted:
        return _previewed(desk, form.change(), preview, actor, now)
    entered = reorganisations.enter(desk, form.change(), actor=actor, now=now, once=once)
    place = {"Location": f"/v1/agencies/changes/{entered['id']}"}
    return JSONResponse(AgencyChange(**entered).model_dump(mode="json"), 201, place)


def _previewed(
    desk: Desk, change: Reorganisation, asked: _Preview, actor: Actor, now: datetime
) -> Response:
    seen = reorganisation_reading.preview(
        desk, change, actor=actor, now=now, after=asked.after, limit=asked.limit
    )
    response = Response(media_type="application/json")
    place = None if seen.next is None else (seen.next,)
    query = {"preview": "true", "limit": asked.limit}
    body = AgencyPreview(
        count=seen.count,
        summary=f"{seen.count} hồ sơ chưa xong sẽ chuyển",
        routes=[Route(**route) for route in seen.routes],
        petitions=seen.petitions,
        items=[MovedDossier(**item) for item in seen.page],
        next=link_to_next(response, "/v1/agencies/changes", place, query),
    )
    response.body = body.model_dump_json(by_alias=True).encode()
    response.headers["Content-Length"] = str(len(response.body))
    return response


Number = Annotated[int, Path(ge=1, lt=2**31, examples=[1])]


@router.get(
    "",
    summary="Reorganisations, the newest first (các lần sắp xếp cơ quan)",
    responses=responses(CursorRefused, AgencyChangeRefused),
)
def list_changes(
    desk: CurrentDesk,
    actor: CurrentActor,
    response: Response,
    after: AfterNumber,
    limit: Limit = 20,
) -> AgencyChanges:
    found = reorganisation_reading.changes(desk, actor=actor, before=after or None, limit=limit + 1)
    place = (found[limit - 1]["id"],) if len(found) > limit else None
    cursor = link_to_next(response, "/v1/agencies/changes", place, {"limit": limit})
    return AgencyChanges(items=[AgencyChange(**item) for item in found[:limit]], next=cursor)


@router.get(
    "/{number}",
    summary="A reorganisation and how far it is (một lần sắp xếp cơ quan)",
    responses=responses(AgencyChangeRefused, AgencyChangeNotFound),
)
def read_change(number: Number, desk: CurrentDesk, actor: CurrentActor) -> AgencyChange:
    return AgencyChange(**reorganisation_reading.change(desk, number, actor=actor))


@router.post(
    "/{number}/withdrawal",
    summary="Take a reorganisation back before its day (rút thay đổi)",
    responses=responses(
        AgencyChangeRefused,
        AgencyChangeNotFound,
        reorganisations.AgencyChangeBegun,
        InFlight,
        KeyReused,
    ),
)
def withdraw_change(
    number: Number, desk: CurrentDesk, actor: CurrentActor, now: Now, once: MaybeOnce
) -> AgencyChange:
    return AgencyChange(**reorganisations.withdraw(desk, number, actor=actor, now=now, once=once))
