"""A dossier of the portal in the terms of our catalogue: procedure, agency, papers, applicant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from app.db.reference import Catalogue, Offered
from app.domain.actor import Actor, Role
from app.domain.agency import agency_code_is_valid
from app.domain.application import Applicant, Application, Fault, HandedIn
from app.domain.folding import fold
from app.domain.inbound import (
    Paper,
    Service,
    Submission,
    agency_code_of,
    bare_procedure,
)
from app.domain.intake import ReturnWay


@dataclass(frozen=True, slots=True)
class Matched:
    """An application without its documents: `components` are those of the papers, in order."""

    application: Application
    components: tuple[str, ...]
    faults: list[Fault]

    def with_documents(self, documents: Sequence[UUID]) -> Application:
        parts = zip(self.components, documents, strict=True)
        return replace(self.application, components=tuple(HandedIn(*part) for part in parts))


def person_of(submission: Submission) -> Actor:
    """Return who handed it in: our own code acts in their name, no token does."""
    return Actor(
        id=f"portal:{submission.code}",
        role=Role.APPLICANT,
        name=submission.name,
        identity_number=submission.number,
        tech_id=submission.tech_id,
        phone=submission.phone,
        email=submission.email,
        is_verified=submission.is_verified,
        is_internal=True,
    )


def match(catalogue: Catalogue, submission: Submission, on: date) -> Matched:
    """Put a submission into our terms, with what could not be put so.

    A procedure is found by its national code, whatever local suffix either side writes.
    """
    procedure = _procedure(catalogue, submission.procedure)
    offered = catalogue.version_on(procedure, on)
    faults: list[Fault] = []
    agency = _agency(catalogue, submission, offered, on, faults)
    components = _components(submission, offered, faults)
    application = Application(
        procedure=procedure,
        agency=agency,
        applicant=Applicant(
            submission.kind,
            submission.number,
            submission.name,
            submission.phone,
            submission.email,
            submission.address,
        ),
        form=submission.form or {},
        components=(),
        exemptions=(),
        return_way=_return_way(submission, offered),
        has_form=submission.form is not None,
    )
    return Matched(application, components, faults)


def _procedure(catalogue: Catalogue, code: str) -> str:
    if code in catalogue.procedures:
        return code
    bare = bare_procedure(code)
    return next((known for known in catalogue.procedures if bare_procedure(known) == bare), bare)


def _return_way(submission: Submission, offered: Offered | None) -> ReturnWay:
    is_online = submission.return_way is ReturnWay.ONLINE
    if is_online and offered is not None and not offered.version.result.electronic:
        return ReturnWay.DESK
    return submission.return_way


def _agency(
    catalogue: Catalogue,
    submission: Submission,
    offered: Offered | None,
    on: date,
    faults: list[Fault],
) -> str:
    """Return the agency's code: as said, by its name, or the only one that resolves it.

    What is wrong with a code that was said is for the examination.
    """
    if submission.agency is not None:
        return submission.agency
    said = submission.agency_name or ""
    code = agency_code_of(said)
    if said and agency_code_is_valid(code):
        return code
    able = [
        agency
        for agency in catalogue.agencies.values()
        if agency.is_valid_on(on) and offered and offered.version.is_resolved_by(agency, on)
    ]
    wanted = fold(said).split()
    fitting = [agency for agency in able if not said or fold(agency.name_on(on)).split() == wanted]
    if len(fitting) == 1:
        return fitting[0].code
    if offered is not None:
        faults.append(_no_agency(said, is_several=bool(fitting)))
    return ""


def _no_agency(said: str, *, is_several: bool) -> Fault:
    if not said:
        detail = "Bản tin không nêu cơ quan, và thủ tục không do đúng một cơ quan giải quyết."
        return Fault("/MaDonVi", "inbound.agency_missing", detail)
    if is_several:
        detail = "Nhiều cơ quan giải quyết thủ tục này có tên như vậy; hãy nêu MaDonVi."
        return Fault("/DonViXuLy", "inbound.agency_ambiguous", detail)
    detail = "Không có cơ quan nào giải quyết thủ tục này có tên như vậy; hãy nêu MaDonVi."
    return Fault("/DonViXuLy", "inbound.agency_unknown", detail)


def _components(
    submission: Submission, offered: Offered | None, faults: list[Fault]
) -> tuple[str, ...]:
    if offered is None:
        return tuple(paper.component or "" for paper in submission.papers)
    parts = offered.version.components
    names = {" ".join(fold(part.name).split()): part.code for part in parts}
    codes = {part.code for part in parts}
    taken: list[str] = []
    for paper in submission.papers:
        code = paper.component or names.get(" ".join(fold(paper.component_name or "").split()))
        if code is None and submission.service is Service.PROMOTION:
            left = [part.code for part in parts if part.code not in taken]
            code = _of_promotion(paper, names, codes, left)
        if code is None:
            detail = "Tệp không cho biết thuộc thành phần hồ sơ nào của thủ tục."
            pointer = f"{paper.pointer}/MaThanhPhanHoSo"
            faults.append(Fault(pointer, "inbound.component_unmapped", detail))
        taken.append(code or "")
    return tuple(taken)


def _of_promotion(
    paper: Paper, names: dict[str, str], codes: set[str], left: list[str]
) -> str | None:
    """Return the component of a promotion's file, which has no code: by name, then in order.

    The application is the first of the file; a clerk looks at all of them anyway.
    """
    stem = paper.name.rpartition(".")[0] or paper.name
    named = names.get(" ".join(fold(stem).replace("-", " ").replace("_", " ").split()))
    if not paper.is_main and (named or stem in codes):
        return named or stem
    return left[0] if left else None


_POINTERS = {
    "/procedure": "/MaTTHC",
    "/applicant/kind": "/LoaiDoiTuong",
    "/components": "/TaiLieuNop",
    "/return_way": "/HinhThuc",
}


def in_their_terms(faults: Sequence[Fault], submission: Submission) -> list[Fault]:
    """Return faults of an application with pointers into the portal's message."""
    is_promotion = submission.service is Service.PROMOTION
    pointers = {
        **_POINTERS,
        "/agency": "/DonViXuLy" if submission.agency is None else "/MaDonVi",
        "/applicant/number": "/MaSoThue" if is_promotion else "/DinhDanhCHS/0/SoDinhDanh",
    }
    return [
        replace(fault, pointer=_pointer(fault.pointer, pointers, submission)) for fault in faults
    ]


def _pointer(pointer: str, pointers: dict[str, str], submission: Submission) -> str:
    if pointer.startswith("/form"):
        return "/EformThongTinChiTiet" + pointer.removeprefix("/form")
    parts = pointer.split("/")
    if parts[1] == "components" and len(parts) > 2:  # noqa: PLR2004  (a row of the list)
        place = submission.papers[int(parts[2])].pointer
        return f"{place}/MaThanhPhanHoSo" if parts[3] == "component" else place
    return pointers.get(pointer, pointer)
