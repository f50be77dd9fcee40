"""A replayed dossier is what the use cases themselves would have written, act by act."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.actor import SYSTEM, Actor, Role
from app.domain.application import Applicant, Application, HandedIn
from app.domain.documents import DocumentKind
from app.domain.intake import Channel, ReturnWay
from app.domain.lifecycle import Act
from app.domain.once import Once
from app.domain.procedure import ApplicantKind
from app.domain.time_limits import LimitUnit, TimeLimit
from app.services import processing, reception, submission
from app.services.transition import Request
from tests.services.office import Office
from tests.services.replays import OFTEN, a_march, play

Row = Mapping[str, Any]

_KEYS = {"id", "code", "origin", "dossier_id"}
_DOSSIERS = """
    SELECT dossier.*, agency.code AS agency, procedure.code AS procedure FROM dossier
    JOIN agency ON agency.id = agency_id
    JOIN procedure_version ON procedure_version.id = procedure_version_id
    JOIN procedure ON procedure.id = procedure_id
    ORDER BY dossier.id
"""


class Reenactment:
    """One replayed dossier done over again through the use cases."""

    def __init__(self, office: Office, replayed: Row) -> None:
        self.office, self.replayed = office, replayed
        self.components = office.rows(
            "SELECT * FROM dossier_component WHERE dossier_id = :id ORDER BY n", id=replayed["id"]
        )
        first, *later = office.events(replayed["code"])
        self.code = self._enter(self._actor(first), first["occurred_at"])
        for event in later:
            request = Request(self.code, self._actor(event), event["occurred_at"])
            self._deeds()[Act(event["act"])](request, event)

    def _actor(self, event: Row) -> Actor:
        role = Role(event["actor_role"])
        if role is Role.SYSTEM:
            return SYSTEM
        is_applicant = role is Role.APPLICANT
        online = self.replayed["channel"] == "online"
        return Actor(
            event["actor_id"],
            role,
            event["actor_name"],
            None if is_applicant else event["actor_id"].partition("@")[2],
            identity_number=self.replayed["applicant_number"] if is_applicant else None,
            tech_id=self.replayed["submitter_tech_id"] if is_applicant and online else None,
            is_verified=is_applicant and bool(self.replayed["is_verified"]),
        )

    def _parts(self, at: datetime, uploader: Actor | None) -> tuple[HandedIn, ...]:
        return tuple(
            HandedIn(part["component"], self.office.upload(uploader) if uploader else None)
            for part in self.components
            if part["added_at"] == at
        )

    def _enter(self, actor: Actor, at: datetime) -> str:
        replayed, desk = self.replayed, self.office.desk
        channel = Channel(replayed["channel"])
        online = channel is Channel.ONLINE
        application = Application(
            replayed["procedure"],
            replayed["agency"],
            Applicant(
                ApplicantKind(replayed["applicant_kind"]),
                replayed["applicant_number"],
                replayed["applicant_name"],
                **replayed["contact"],
            ),
            replayed["form"],
            self._parts(at, actor if online else None),
            (),
            ReturnWay(replayed["return_way"]),
        )
        if online:
            once = Once(str(uuid4()), "POST /v1/dossiers", "0")
            return submission.submit(desk, application, actor=actor, now=at, once=once).code
        return reception.take_in(desk, application, channel, actor=actor, now=at).code

    def _deeds(self) -> dict[Act, Callable[[Request, Row], object]]:
        desk = self.office.desk
        return {
            Act.ACCEPT: lambda request, _: reception.accept(desk, request),
            Act.REFUSE: lambda request, event: reception.refuse(
                desk, request, reason=event["reason"], legal_ground=event["legal_ground"]
            ),
            Act.REQUEST_SUPPLEMENT: lambda request, event: processing.request_supplement(
                desk,
                request,
                components=tuple(event["details"]["components"]),
                reason=event["reason"],
                ground=event["legal_ground"],
            ),
            Act.SUPPLEMENT: lambda request, _: submission.supplement(
                desk, request, components=self._parts(request.now, request.actor), note=None
            ),
            Act.START: lambda request, _: processing.start(desk, request),
            Act.PASS_ON: lambda request, _: processing.pass_on(
                desk, request, agency=None, reason=None
            ),
            Act.EXTEND: lambda request, event: processing.extend(
                desk, request, by=_limit(event["details"]["extension"]), reason=event["reason"]
            ),
            Act.RESOLVE: self._resolve,
            Act.STOP: lambda request, event: processing.stop(
                desk, request, reason=event["reason"], legal_ground=event["legal_ground"]
            ),
            Act.WITHDRAW: lambda request, event: submission.withdraw(
                desk, request, reason=event["reason"]
            ),
            Act.RETURN_RESULT: lambda request, event: reception.return_result(
                desk, request, way=ReturnWay(event["details"]["return_way"]), note=None
            ),
        }

    def _resolve(self, request: Request, event: Row) -> None:
        # A live result is a signed file; the past has none.
        result: UUID = self.office.upload(request.actor, DocumentKind.RESULT)
        processing.resolve(
            self.office.desk,
            request,
            granted=event["details"]["granted"],
            reason=event["reason"],
            documents=(result,),
        )


def _limit(granted: Row) -> TimeLimit:
    return TimeLimit(granted["count"], LimitUnit(granted["unit"]))


def _bare(row: Row) -> dict[str, Any]:
    """Leave out keys, and the files that the past does not have."""
    found = {name: value for name, value in row.items() if name not in _KEYS}
    found.pop("document_id", None)
    if "details" in found:
        found["details"] = found["details"] | {"documents": None}
    return found


@pytest.mark.parametrize("codes", [("H44.10", "H44.03"), ("H44.29", "H44.18")])
def test_the_services_write_the_same_dossiers(office: Office, codes: tuple[str, str]) -> None:
    play(office.owner, a_march(3, 3, codes), share="0.5", odds=OFTEN)
    acts = Counter[str]()
    for replayed in office.rows(_DOSSIERS):
        live = Reenactment(office, replayed).code

        acts.update(event["act"] for event in office.events(live))
        assert _bare(office.dossier(live)) == _bare(office.dossier(replayed["code"]))
        for read in (office.events, partial(_components, office), partial(_told, office)):
            assert list(map(_bare, read(live))) == list(map(_bare, read(replayed["code"])))
    assert set(acts) == {str(act) for act in Act} - {Act.REQUEST_PAYMENT, Act.SETTLE, Act.MOVE}


def _components(office: Office, code: str) -> list[dict[str, Any]]:
    return office.rows(
        "SELECT c.* FROM dossier_component AS c JOIN dossier ON dossier.id = dossier_id"
        " WHERE code = :code ORDER BY n",
        code=code,
    )


def _told(office: Office, code: str) -> list[dict[str, Any]]:
    return office.rows(
        "SELECT partner, seq, kind, payload_version, subject FROM delivery"
        " JOIN dossier ON dossier.id = dossier_id WHERE code = :code ORDER BY seq",
        code=code,
    )
