"""Reading a draft as the application that it is to become, as far as it goes.

What cannot be read is told, and a stand-in takes its place, so that everything else can be
examined in the same go.
"""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from app.api.intake import ApplicantNumber, ApplicationForm
from app.api.problems import shape_faults
from app.api.text import AgencyCode, ItemCode
from app.domain.actor import Actor
from app.domain.application import Applicant, Application, Fault, HandedIn
from app.domain.drafts import Reading
from app.domain.intake import ReturnWay
from app.domain.procedure import ApplicantKind

T = TypeVar("T")
F = TypeVar("F")

_ITEM: TypeAdapter[str] = TypeAdapter(ItemCode)
_AGENCY: TypeAdapter[str] = TypeAdapter(AgencyCode)
_NUMBER: TypeAdapter[str] = TypeAdapter(ApplicantNumber)
_KIND = TypeAdapter(ApplicantKind)
_WAY = TypeAdapter(ReturnWay)
_DOCUMENT = TypeAdapter(UUID)

_NOTHING = "-"
_DIGITS = {ApplicantKind.CITIZEN: 12}
_TAX_CODE_DIGITS = 10


def read_application(content: Mapping[str, Any], actor: Actor) -> Reading:
    """Read a draft of `actor` as an application."""
    try:
        # As FastAPI reads the body of POST /v1/dossiers, so that the codes are the same.
        form = ApplicationForm.model_validate(content, from_attributes=True)
    except ValidationError as error:
        faults = [Fault(**fault) for fault in shape_faults(error.errors())]
        return Reading(_as_far_as_it_goes(content, actor), faults)
    return Reading(form.application(actor), ())


def _as_far_as_it_goes(content: Mapping[str, Any], actor: Actor) -> Application:
    applicant = _object(content.get("applicant"))
    number = _valid(_NUMBER, applicant.get("number"), None)
    claimed = [_valid(_ITEM, code, None) for code in _list(content.get("exemptions"))]
    return Application(
        procedure=_valid(_ITEM, content.get("procedure"), _NOTHING),
        agency=_valid(_AGENCY, content.get("agency"), _NOTHING),
        applicant=_applicant(applicant, number),
        form=_object(content.get("form")),
        components=tuple(_part(_object(part)) for part in _list(content.get("components"))),
        exemptions=tuple(code for code in claimed if code is not None),
        return_way=_valid(_WAY, content.get("return_way"), ReturnWay.DESK),
        authorisation=_valid(_DOCUMENT, content.get("authorisation"), None),
        on_behalf=number is not None and number != actor.identity_number,
    )


def _applicant(given: Mapping[str, Any], number: str | None) -> Applicant:
    """Return the applicant; a kind that is not said is the one that the number speaks for."""
    is_citizen = number is None or len(number) == _DIGITS[ApplicantKind.CITIZEN]
    likely = ApplicantKind.CITIZEN if is_citizen else ApplicantKind.ENTERPRISE
    kind = _valid(_KIND, given.get("kind"), likely)
    return Applicant(kind, number or "0" * _DIGITS.get(kind, _TAX_CODE_DIGITS), _NOTHING)


def _part(given: Mapping[str, Any]) -> HandedIn:
    return HandedIn(
        _valid(_ITEM, given.get("component"), _NOTHING),
        _valid(_DOCUMENT, given.get("document"), None),
    )


def _valid(kind: TypeAdapter[T], value: object, stand_in: F) -> T | F:
    try:
        return kind.validate_python(value)
    except ValidationError:
        return stand_in


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
