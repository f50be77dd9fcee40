"""Examining an application: everything that is wrong with it, before anything is written."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from app.db.access import Transaction
from app.db.documents import document
from app.db.reference import Catalogue, Offered
from app.domain.actor import Actor
from app.domain.agency import Agency
from app.domain.application import Application, ApplicationFaulty, Fault, find_faults
from app.domain.calendar import LOCAL_ZONE
from app.domain.documents import DocumentKind
from app.domain.eform import EForm
from app.domain.intake import Channel


@dataclass(frozen=True, slots=True)
class Examined:
    """What an application is judged by, as far as it is known, and its faults."""

    offered: Offered | None
    agency: Agency | None
    faults: list[Fault]

    def checked(self) -> tuple[Offered, Agency]:
        """Return version and agency of an application without fault, or refuse it."""
        if self.faults or self.offered is None or self.agency is None:
            raise ApplicationFaulty(self.faults)
        return self.offered, self.agency


def examine(
    tx: Transaction,
    catalogue: Catalogue,
    application: Application,
    channel: Channel,
    now: datetime,
) -> Examined:
    """Examine an application for the version of its procedure that is in force at `now`."""
    today = now.astimezone(LOCAL_ZONE).date()
    offered = catalogue.version_on(application.procedure, today)
    if offered is None:
        detail = "Không có thủ tục với mã này đang có hiệu lực."
        return Examined(None, None, [Fault("/procedure", "procedure.unknown", detail)])
    named = agency = catalogue.agencies.get(application.agency)
    if agency is not None and not agency.is_valid_on(today):
        agency = None
    faults = find_faults(application, offered.version, agency, channel, _form(offered), today)
    if named is not None and agency is None:
        faults = _naming_successor(faults, catalogue, application, named, today)
    faults += _document_faults(tx, application)
    if channel is not Channel.ONLINE and not _serves(tx.actor, application.agency):
        detail = "Bạn không tiếp nhận hồ sơ của cơ quan này."
        faults.append(Fault("/agency", "agency.not_yours", detail))
    return Examined(offered, agency, faults)


def _naming_successor(
    faults: list[Fault], catalogue: Catalogue, application: Application, named: Agency, today: date
) -> list[Fault]:
    """Say of an agency that ended where to hand in instead, in place of that there is none."""
    goes_to = catalogue.successions.now_with(named.code, application.procedure, today)
    if goes_to == named.code:
        return faults
    heir = catalogue.agencies[goes_to]
    detail = f"{named.name} đã kết thúc hoạt động. Hãy nộp hồ sơ tới {heir.name} ({heir.code})."
    return [
        Fault("/agency", "agency.ended", detail) if fault.code == "agency.unknown" else fault
        for fault in faults
    ]


def _serves(actor: Actor, agency: str) -> bool:
    return actor.agency is not None and f"{agency}.".startswith(f"{actor.agency}.")


def _document_faults(tx: Transaction, application: Application) -> list[Fault]:
    named = application.documents
    if not named:
        return []
    usable = set(
        tx.db.scalars(
            select(document.c.id).where(
                document.c.id.in_(named),
                document.c.kind == DocumentKind.COMPONENT,
                document.c.owner_id == tx.actor.id,
                document.c.dossier_id.is_(None),
            )
        )
    )
    pointers = [
        (f"/components/{n}/document", part.document)
        for n, part in enumerate(application.components)
    ]
    pointers.append(("/authorisation", application.authorisation))
    return [
        Fault(
            pointer,
            "document.not_usable",
            "Không có tài liệu này trong số tài liệu bạn đã tải lên và chưa nộp.",
        )
        for pointer, named_document in pointers
        if named_document is not None and named_document not in usable
    ]


_forms: dict[int, EForm] = {}


def _form(offered: Offered) -> EForm:
    """Return the compiled e-form of a version; versions never change, so it is kept for good."""
    form = _forms.get(offered.id)
    if form is None:
        form = _forms[offered.id] = EForm(offered.version.form)
    return form
