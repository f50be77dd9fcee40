"""An application as handed in, and everything that is wrong with it, told at once.

The law allows one request to supplement (Decree 118/2025/NĐ-CP art. 17), so no fault may stay
unsaid because another one came first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from app.domain.agency import Agency
from app.domain.eform import EForm
from app.domain.errors import DomainError
from app.domain.intake import Channel, ReturnWay
from app.domain.procedure import (
    ApplicantKind,
    FeePhase,
    ProcedureVersion,
    fees_due,
    missing_components,
    unknown_components,
    unknown_exemptions,
)


@dataclass(frozen=True, slots=True)
class Applicant:
    """Chủ hồ sơ: `number` is a 12-digit personal number or a tax code of 10 or 10-3 digits."""

    kind: ApplicantKind
    number: str
    name: str
    phone: str | None = None
    email: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A paper of the file: as an uploaded document, or on paper if `document` is None."""

    component: str
    document: UUID | None


@dataclass(frozen=True, slots=True)
class Application:
    procedure: str
    agency: str
    applicant: Applicant
    form: Mapping[str, Any]
    components: tuple[HandedIn, ...]
    exemptions: tuple[str, ...]
    return_way: ReturnWay
    authorisation: UUID | None = None  # giấy ủy quyền, if handed in for somebody else
    on_behalf: bool = field(default=False)

    @property
    def documents(self) -> list[UUID]:
        named = [part.document for part in self.components] + [self.authorisation]
        return list(dict.fromkeys(document for document in named if document is not None))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend: where (JSON pointer into the request), a stable code, a sentence."""

    pointer: str
    code: str
    detail: str


class ApplicationFaulty(DomainError):
    code = "application.faulty"
    title = "Hồ sơ chưa hợp lệ"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(
            f"Hồ sơ có {len(faults)} điểm cần sửa.",
            errors=[
                {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
                for fault in faults
            ],
        )
        self.faults = faults


_PERSONAL_NUMBER = re.compile(r"[0-9]{12}")
_TAX_CODE = re.compile(r"[0-9]{10}(-[0-9]{3})?")


def find_faults(
    application: Application,
    version: ProcedureVersion,
    agency: Agency | None,
    channel: Channel,
    form: EForm,
    on: date | None = None,
) -> list[Fault]:
    """Return what is wrong with an application for this version, in the order of its members.

    `on` is the day on which it is handed in, for agencies that took a procedure over.
    """
    return [
        *find_standing_faults(application, version, agency, channel, on),
        *(
            Fault(f"/form{pointer}", "form.invalid", detail)
            for pointer, detail in form.faults(application.form)
        ),
        *_component_faults(application, version, channel),
        *find_wish_faults(application, version),
    ]


def find_standing_faults(
    application: Application,
    version: ProcedureVersion,
    agency: Agency | None,
    channel: Channel,
    on: date | None = None,
) -> list[Fault]:
    """Return what is wrong with who asks whom: what holds whatever was handed in and how."""
    return [
        *_service_faults(version, agency, channel, on),
        *_applicant_faults(application, version),
    ]


def _service_faults(
    version: ProcedureVersion, agency: Agency | None, channel: Channel, on: date | None
) -> list[Fault]:
    faults = []
    if channel is Channel.ONLINE and not version.online_level.accepts_online:
        faults.append(
            Fault(
                "/procedure",
                "procedure.not_online",
                f"Thủ tục này ở mức độ {int(version.online_level)}, không nhận hồ sơ trực tuyến. "
                "Hãy nộp tại Bộ phận Một cửa.",
            )
        )
    if agency is None:
        faults.append(Fault("/agency", "agency.unknown", "Không có cơ quan với mã này."))
    elif not version.is_resolved_by(agency, on):
        faults.append(
            Fault("/agency", "agency.not_competent", f"{agency.name} không giải quyết thủ tục này.")
        )
    return faults


def _applicant_faults(application: Application, version: ProcedureVersion) -> list[Fault]:
    faults = []
    applicant = application.applicant
    if applicant.kind not in version.applicants:
        faults.append(
            Fault(
                "/applicant/kind",
                "applicant.kind_not_served",
                "Thủ tục này không dành cho đối tượng này.",
            )
        )
    is_citizen = applicant.kind is ApplicantKind.CITIZEN
    pattern = _PERSONAL_NUMBER if is_citizen else _TAX_CODE
    if not pattern.fullmatch(applicant.number):
        wanted = "12 chữ số" if is_citizen else "10 chữ số, hoặc 10 và 3 chữ số nối bằng gạch"
        faults.append(
            Fault("/applicant/number", "applicant.number_invalid", f"Mã định danh gồm {wanted}.")
        )
    if application.on_behalf and application.authorisation is None:
        faults.append(
            Fault(
                "/authorisation",
                "applicant.authorisation_missing",
                "Nộp thay người khác thì phải kèm giấy ủy quyền.",
            )
        )
    return faults


def _component_faults(
    application: Application, version: ProcedureVersion, channel: Channel
) -> list[Fault]:
    handed_in = [part.component for part in application.components]
    unknown = set(unknown_components(version, handed_in))
    known = {component.code: component for component in version.components}
    faults = []
    for n, part in enumerate(application.components):
        if part.component in unknown:
            detail = f"Thủ tục này không có thành phần hồ sơ {part.component}."
            faults.append(Fault(f"/components/{n}/component", "component.unknown", detail))
        elif channel is Channel.ONLINE and part.document is None:
            detail = f"“{known[part.component].name}” phải kèm tệp khi nộp trực tuyến."
            faults.append(Fault(f"/components/{n}/document", "component.file_missing", detail))
    for component in missing_components(version, handed_in):
        if channel is Channel.ONLINE and not component.electronic:
            continue  # brought to the desk: the service is a partial one
        detail = f"Thiếu “{component.name}” ({component.code})."
        faults.append(Fault("/components", "component.missing", detail))
    return faults


def find_wish_faults(application: Application, version: ProcedureVersion) -> list[Fault]:
    """Return what cannot be granted of exemptions claimed and of the way of returning."""
    faults = [
        Fault("/exemptions", "fee.exemption_unknown", f"Không có trường hợp miễn {code}.")
        for code in unknown_exemptions(version, application.exemptions)
    ]
    if application.return_way is ReturnWay.ONLINE and not version.result.electronic:
        faults.append(
            Fault(
                "/return_way",
                "return_way.not_electronic",
                "Kết quả của thủ tục này không có bản điện tử, hãy chọn nhận tại quầy hoặc qua "
                "bưu chính.",
            )
        )
    return faults


def fee_lines(version: ProcedureVersion, exemptions: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the fees due of both phases, as the dossier keeps them; amounts in đồng."""
    return [
        {
            "code": fee.code,
            "name": fee.name,
            "kind": fee.kind,
            "amount_vnd": fee.amount_vnd,
            "phase": fee.phase,
        }
        for phase in FeePhase
        for fee in fees_due(version, exemptions, phase)
    ]
