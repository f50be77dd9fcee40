"""What the papers of a dossier say, put together from the act that issues them.

Part of the door. Names come from the catalogue as it is at the act; they are kept with the paper,
whatever they become later.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row

from app.db.reference import Catalogue
from app.domain.actor import SYSTEM
from app.domain.agency import Agency
from app.domain.calendar import LOCAL_ZONE
from app.domain.intake import Channel, ReturnWay
from app.domain.papers import BOOKS, Form
from app.domain.procedure import ProcedureVersion
from app.papers.facts import (
    Apology,
    Component,
    Dossier,
    NumberedPaper,
    Receipt,
    Refusal,
    Signatory,
    StopNotice,
    SupplementRequest,
)
from app.services.letterheads import COUNCIL, DESK, in_full, office_of

_AUTOMATIC: Final = "Hệ thống lập tự động"
_WAYS: Final = {
    ReturnWay.DESK: "trực tiếp tại Bộ phận Tiếp nhận và Trả kết quả",
    ReturnWay.ONLINE: "trực tuyến, vào tài khoản của người nộp",
    ReturnWay.POST: "qua dịch vụ bưu chính công ích",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What of a dossier is printed, as it was before the act."""

    code: str
    version_id: int
    applicant: str
    submitter: str
    contact: Mapping[str, Any]
    channel: Channel
    return_way: ReturnWay
    received_at: datetime
    promised_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The act: a row of the history, or what is about to become one."""

    seq: int
    actor_id: str
    actor_name: str
    agency_id: int
    occurred_at: datetime
    due_at: datetime | None
    reason: str | None = None
    legal_ground: str | None = None
    details: Mapping[str, Any]


HandedIn = Callable[[], Sequence[tuple[str, bool]]]
"""Asks for the components handed in up to the act: their codes, and whether each is a file."""


@dataclass(frozen=True, slots=True)
class Source:
    """All that a paper is made from."""

    catalogue: Catalogue
    web_url: str
    case: Case
    event: Event
    handed_in: HandedIn

    @property
    def version(self) -> ProcedureVersion:
        return self.catalogue.offered[self.case.version_id].version

    @property
    def agency(self) -> Agency:
        """Return the agency that had the dossier at the act: the paper is in its books."""
        return self.catalogue.agency_of(self.event.agency_id)


def case_of(row: Row[Any]) -> Case:
    """Return what is printed of a row of `dossier`."""
    return Case(
        code=row.code,
        version_id=row.procedure_version_id,
        applicant=row.applicant_name,
        submitter=row.submitter_name,
        contact=row.contact,
        channel=Channel(row.channel),
        return_way=ReturnWay(row.return_way),
        received_at=row.received_at,
        promised_at=row.promised_at,
    )


def event_of(row: Row[Any]) -> Event:
    """Return a row of `dossier_event`."""
    return Event(
        seq=row.seq,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        agency_id=row.agency_id,
        occurred_at=row.occurred_at,
        due_at=row.due_at,
        reason=row.reason,
        legal_ground=row.legal_ground,
        details=row.details,
    )


def facts_of(form: Form, source: Source) -> NumberedPaper:
    """Return what a paper says; its number is 0 until the books give one."""
    return _MAKERS[form](source)


def common(form: Form, source: Source, *, desk: bool) -> dict[str, Any]:
    """Return what every paper has; with `desk` the one-stop desk is named as who issues it."""
    return {
        "office": office_of(source.catalogue, source.agency, source.event.occurred_at, desk=desk),
        "issued_at": source.event.occurred_at,
        "number": 0,
        "symbol": BOOKS[form].symbol,
        "dossier": _dossier(source),
    }


def _dossier(source: Source) -> Dossier:
    case = source.case
    return Dossier(
        code=case.code,
        applicant=case.applicant,
        address=case.contact.get("address"),
        phone=case.contact.get("phone"),
        email=case.contact.get("email"),
        procedure=source.catalogue.offered[case.version_id].procedure.name,
        tracking_url=f"{source.web_url}/v1/tracking/{case.code}",
    )


def _receipt(source: Source) -> Receipt:
    case, event = source.case, source.event
    due_at = event.due_at or case.promised_at
    if due_at is None:
        raise ValueError(f"{case.code} was accepted without an appointment")
    is_online = case.channel is Channel.ONLINE
    return Receipt(
        **common(Form.RECEIPT, source, desk=True),
        components=_components(source),
        sets=1,
        time_limit=source.version.limit.label,
        received_at=event.occurred_at,
        due_at=due_at,
        result_place=f"{DESK}, {in_full(source.agency.name)}",
        result_way=_WAYS[case.return_way],
        register_book=str(event.occurred_at.astimezone(LOCAL_ZONE).year),
        register_number=0,
        submitter=case.submitter if is_online else case.applicant,
        receptionist=event.actor_name,
    )


def _components(source: Source) -> tuple[Component, ...]:
    """List what was handed in: on paper as the procedure wants it, or as files."""
    handed_in = source.handed_in()
    files = Counter(code for code, is_file in handed_in if is_file)
    papers = {code for code, is_file in handed_in if not is_file}
    return tuple(
        Component(
            name=known.name,
            originals=known.originals if known.code in papers else 0,
            copies=known.copies if known.code in papers else 0,
            electronic=files[known.code],
        )
        for known in source.version.components
        if known.code in papers or files[known.code]
    )


def _supplement_request(source: Source) -> SupplementRequest:
    event = source.event
    names = {known.code: known.name for known in source.version.components}
    until = event.details.get("reply_due_on")
    return SupplementRequest(
        **common(Form.SUPPLEMENT_REQUEST, source, desk=True),
        missing=tuple(names.get(code, code) for code in event.details.get("components", ())),
        reason=event.reason or "",
        legal_ground=event.legal_ground,
        answer_by=date.fromisoformat(until) if until else None,
        contact=f"{event.actor_name}, {DESK}",
        contact_phone=None,
        adviser=event.actor_name,
    )


def _refusal(source: Source) -> Refusal:
    return Refusal(
        **common(Form.REFUSAL, source, desk=True),
        reason=source.event.reason or "",
        legal_ground=source.event.legal_ground or "",
        submitter=source.case.submitter,
        receptionist=source.event.actor_name,
    )


def _apology(source: Source) -> Apology:
    """Return form 04 of an extension; what was promised stands in the event."""
    case, event = source.case, source.event
    before = event.details.get("due_before")
    due_at = datetime.fromisoformat(before) if before else case.promised_at
    return apology_of(source, missed_at=due_at or event.occurred_at, new_due_at=event.due_at)


def apology_of(source: Source, *, missed_at: datetime, new_due_at: datetime | None) -> Apology:
    """Return form 04: an extension, or an apology for what is late already."""
    return Apology(
        **common(Form.APOLOGY, source, desk=False),
        received_at=source.case.received_at,
        due_at=missed_at,
        reason=source.event.reason or "",
        new_due_at=new_due_at or missed_at,
        signatory=_signatory(source),
    )


def _stop_notice(source: Source) -> StopNotice:
    return StopNotice(
        **common(Form.STOP_NOTICE, source, desk=False),
        received_at=source.case.received_at,
        reason=source.event.reason or "",
        legal_ground=source.event.legal_ground or "",
        signatory=_signatory(source),
    )


def _signatory(source: Source) -> Signatory:
    """Return who signs: for a people's committee (TM.) or as the head of an agency."""
    is_council = source.agency.name.startswith(COUNCIL)
    name = _AUTOMATIC if source.event.actor_id == SYSTEM.id else source.event.actor_name
    return Signatory(
        capacity=("TM. ỦY BAN NHÂN DÂN",) if is_council else ("THỦ TRƯỞNG CƠ QUAN",), name=name
    )


_MAKERS: Final[Mapping[Form, Callable[[Source], NumberedPaper]]] = {
    Form.RECEIPT: _receipt,
    Form.SUPPLEMENT_REQUEST: _supplement_request,
    Form.REFUSAL: _refusal,
    Form.APOLOGY: _apology,
    Form.STOP_NOTICE: _stop_notice,
}
