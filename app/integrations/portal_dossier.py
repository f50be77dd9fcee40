"""A dossier as our facts, up to one of its events: what every generation of the portal is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act, Status
from app.domain.lookups import Source
from app.domain.procedure import ApplicantKind, FeeKind, FeePhase


@dataclass(frozen=True, slots=True)
class EventFact:
    act: Act
    target: Status
    actor_name: str
    actor_title: str
    agency_name: str
    at: datetime
    due_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PaperFact:
    """A file of the dossier; `is_replaced` by a later one for the same component."""

    document_id: UUID
    name: str
    link: str
    sha256: str
    component: str | None
    component_name: str | None
    added_at: datetime | None
    is_replaced: bool
    result_code: str | None = None  # of the result that it is, if it is from the store of results


@dataclass(frozen=True, slots=True)
class PaperOnPaper:
    """A component that was handed in as paper: how many originals or, without any, copies."""

    component: str
    name: str
    count: int
    is_original: bool


@dataclass(frozen=True, slots=True)
class FeeFact:
    code: str
    name: str
    kind: FeeKind
    amount_vnd: int
    phase: FeePhase


@dataclass(frozen=True, slots=True)
class Origin:
    """How the portal itself names a dossier that was handed in there.

    `paid` is its DuocThanhToanTrucTuyen; a promotion is answered by a service of its own.
    """

    code: str
    procedure_code: str
    submitted_at: datetime
    paid: str
    is_promotion: bool


@dataclass(frozen=True, slots=True)
class DossierFacts:
    """A dossier up to and including one event, the last of `events`.

    `agency_code` is the agency that received it; `asked` are the databases that had answered about
    its applicant by then.
    """

    code: str
    procedure_code: str
    procedure_name: str
    field_code: str
    field_name: str
    agency_code: str
    channel: Channel
    return_way: ReturnWay
    applicant_kind: ApplicantKind
    applicant_number: str
    applicant_name: str
    address: str | None
    phone: str | None
    email: str | None
    submitter_name: str
    submitter_number: str | None
    tech_id: str | None
    is_verified: bool
    is_paid_online: bool
    received_at: datetime
    form: Mapping[str, Any]
    result_code: str
    events: Sequence[EventFact]
    papers: Sequence[PaperFact]
    on_paper: Sequence[PaperOnPaper]
    results: Sequence[PaperFact]
    fees: Sequence[FeeFact]
    asked: Sequence[Source] = ()
    origin: Origin | None = None

    @property
    def portal_code(self) -> str:
        """Return the MaHoSo under which the portal knows it: its own, or ours."""
        return self.origin.code if self.origin else self.code
