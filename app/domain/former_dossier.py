"""A row of a former system's file, checked by the rules of live dossiers.

Every fault is told at once, each with its column; a row without any becomes a past dossier.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from app.domain.actor import Actor, Role
from app.domain.agency import Agency
from app.domain.application import (
    Applicant,
    Application,
    fee_lines,
    find_standing_faults,
    find_wish_faults,
)
from app.domain.calendar import Calendar
from app.domain.former_acts import FORMER_ACCOUNT, begin_silently, play
from app.domain.former_cells import Cells, read_cells
from app.domain.former_columns import CellFault
from app.domain.former_history import history_of
from app.domain.former_mapping import FormerMapping
from app.domain.intake import Channel
from app.domain.lifecycle import Status
from app.domain.offers import Offer
from app.domain.past_dossier import PastDossier, PastRules
from app.domain.payments import Method
from app.domain.procedure import Procedure, unknown_components

_COLUMN_OF: Final = {
    "/procedure": "procedure",
    "/agency": "agency",
    "/applicant/kind": "applicant_kind",
    "/applicant/number": "applicant_number",
    "/return_way": "return_way",
}


class FormerRowFaulty(Exception):
    def __init__(self, faults: list[CellFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class FormerPayment:
    """What was paid of the fees of a phase, in đồng."""

    purpose: str
    amount_vnd: int
    method: Method
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class FormerDossier:
    """A dossier as it will be written; `told_at` is when the portal was told of it before."""

    code: str
    agency: Agency
    past: PastDossier
    fees: tuple[dict[str, Any], ...]
    payments: tuple[FormerPayment, ...]
    told_at: datetime | None
    promise_given: bool


@dataclass(frozen=True, slots=True)
class FormerRules:
    """What rows are checked against: catalogue, calendars, the province's rules, the present."""

    agencies: Mapping[str, Agency]
    procedures: Mapping[str, Procedure]
    calendar_of: Callable[[Agency], Calendar]
    past: PastRules
    mapping: FormerMapping
    now: datetime
    offers: dict[tuple[str, int], Offer] = field(default_factory=dict)

    def offer(self, procedure: Procedure, version: int) -> Offer:
        """Return the same object for the same version always."""
        key = (procedure.code, version)
        if key not in self.offers:
            known = next(each for each in procedure.versions if each.version == version)
            self.offers[key] = Offer(procedure.code, known)
        return self.offers[key]


def check(values: Mapping[str, Any], rules: FormerRules) -> FormerDossier:
    """Make a dossier of a row's translated values, or raise `FormerRowFaulty` with every fault."""
    cells, faults = read_cells(values, rules.mapping, rules.now)
    agency, offer = _standing(cells, rules, faults)
    if agency is None or offer is None or cells.received is None or cells.channel is None:
        raise FormerRowFaulty(faults)
    calendar = rules.calendar_of(agency)
    acts = history_of(cells, calendar, rules.mapping, rules.now, faults)
    if faults:
        raise FormerRowFaulty(faults)
    past = PastDossier(
        offer,
        calendar,
        rules.past,
        cells.channel,
        cells.applicant,
        cells.return_way,
        acts.received_at,
    )
    _hand_in(past, cells, rules.mapping.source)
    faults += play(past, acts.later, rules.mapping.source)
    if not faults:
        faults += _ends_otherwise(past, cells, rules.mapping.source)
    fees = _fees(cells, offer)
    payments = _payments(cells, fees, acts.paid_at, faults)
    if faults:
        raise FormerRowFaulty(faults)
    _mark(past, cells, acts.promised_at)
    return FormerDossier(
        *(cells.code, agency, past, fees, payments, acts.told_at),
        promise_given=acts.promised_at is not None,
    )


def _standing(
    cells: Cells, rules: FormerRules, faults: list[CellFault]
) -> tuple[Agency | None, Offer | None]:
    """Find agency and version of that day, and say why they cannot be."""
    agency, procedure = rules.agencies.get(cells.agency), rules.procedures.get(cells.procedure)
    day = cells.received.day if cells.received else None
    if cells.agency and agency is None:
        faults.append(
            CellFault("agency", "agency.unknown", f"Không có cơ quan {cells.agency[:40]}.")
        )
    if cells.procedure and procedure is None:
        detail = f"Không có thủ tục {cells.procedure[:40]}."
        faults.append(CellFault("procedure", "procedure.unknown", detail))
    if day is None:
        return None, None
    if agency is not None and not agency.is_valid_on(day):
        detail = f"{agency.name} không hoạt động ngày {day:%d/%m/%Y}."
        faults.append(CellFault("agency", "agency.not_valid_then", detail))
    version = procedure.version_on(day) if procedure else None
    if procedure is not None and version is None:
        detail = f"Thủ tục chưa có hoặc đã hết hiệu lực ngày {day:%d/%m/%Y}."
        faults.append(CellFault("procedure", "procedure.not_in_force", detail))
    if agency is None or procedure is None or version is None:
        return None, None
    offer = rules.offer(procedure, version.version)
    _asked_for(cells, offer, agency, faults)
    return agency, offer


def _asked_for(cells: Cells, offer: Offer, agency: Agency, faults: list[CellFault]) -> None:
    """Hold who asks for what against the version, as at the desk."""
    version = offer.version
    if cells.channel is not None and cells.received is not None and cells.has_applicant:
        asked = Application(
            procedure=offer.procedure_code,
            agency=agency.code,
            applicant=cells.applicant,
            form={},
            components=(),
            exemptions=(),
            return_way=cells.return_way,
        )
        found = find_standing_faults(asked, version, agency, cells.channel, cells.received.day)
        found += find_wish_faults(asked, version)
        faults += [CellFault(_COLUMN_OF[each.pointer], each.code, each.detail) for each in found]
    unknown = unknown_components(version, cells.components) if cells.components else []
    faults += [
        CellFault("components", "component.unknown", f"Thủ tục không có thành phần {code[:40]}.")
        for code in unknown
    ]


def _hand_in(past: PastDossier, cells: Cells, source: str) -> None:
    applicant: Applicant = cells.applicant
    if cells.channel is Channel.ONLINE:
        account = f"{FORMER_ACCOUNT}:{applicant.number}"
        past.submit(
            Actor(
                *(account, Role.APPLICANT, applicant.name),
                identity_number=applicant.number,
                is_verified=cells.is_verified,
            ),
            cells.components,
        )
    else:
        past.take_in(Actor(FORMER_ACCOUNT, Role.RECEPTIONIST, source), cells.components)


def _ends_otherwise(past: PastDossier, cells: Cells, source: str) -> list[CellFault]:
    if cells.status is Status.IN_PROCESS and past.status is Status.ACCEPTED:
        begin_silently(past, source)
    if past.status is cells.status:
        return []
    detail = f"Các thao tác dẫn tới {past.status}, không phải {cells.status}."
    return [CellFault("status", "status.differs", detail)]


def _fees(cells: Cells, offer: Offer) -> tuple[dict[str, Any], ...]:
    """Return the fees of the version, or as one line what the former system had."""
    usual = fee_lines(offer.version, ())
    amount = cells.fee_vnd
    if amount is None or amount == sum(line["amount_vnd"] for line in usual):
        return tuple(usual)
    if amount == 0:
        return ()
    name = "Phí, lệ phí theo hệ thống cũ"
    line = {"code": "HTC", "name": name, "kind": "fee", "amount_vnd": amount, "phase": "acceptance"}
    return (line,)


def _payments(
    cells: Cells,
    fees: tuple[dict[str, Any], ...],
    paid_at: datetime | None,
    faults: list[CellFault],
) -> tuple[FormerPayment, ...]:
    """Return one payment per phase whose fees were due."""
    if paid_at is None:
        return ()
    due: dict[str, int] = {}
    for line in fees:
        due[line["phase"]] = due.get(line["phase"], 0) + line["amount_vnd"]
    paid = [FormerPayment(str(p), vnd, cells.paid_by, paid_at) for p, vnd in due.items() if vnd > 0]
    if not paid:
        detail = "Hồ sơ không có phí, lệ phí nào phải nộp."
        faults.append(CellFault("paid_at", "fee.nothing_due", detail))
    return tuple(paid)


def _mark(past: PastDossier, cells: Cells, promised_at: datetime | None) -> None:
    """Keep the appointment that was given, and the result's number, where they are read later."""
    for event in past.events:
        if promised_at is not None and event.at == past.accepted_at:
            event.details = {**event.details, "former_promise": promised_at.isoformat()}
            break
    if promised_at is not None and past.accepted_at is not None:
        past.promised_at = promised_at
    if cells.result_number and past.resolved_at is not None:
        resolved = next(event for event in past.events if event.at == past.resolved_at)
        resolved.details = {**resolved.details, "result_number": cells.result_number}
