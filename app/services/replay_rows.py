"""Invented dossiers as rows for COPY: everything but the keys that the database gives.

Rows are in COPY's text format. The id of the dossier, with which every row begins, and its code
are put in front when the batch is written, for only then are they known.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.db.reference import Catalogue
from app.domain.application import fee_lines
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import PAYLOAD_VERSION, DeliveryState, Kind, Partner
from app.domain.intake import Channel
from app.domain.intake_plan import Slice
from app.domain.offers import Offer
from app.domain.past_dossier import PastDossier, PastEvent

DOSSIER_COLUMNS = (
    *("id", "code", "procedure_version_id", "agency_id", "at_agency_id", "agency_ids", "step"),
    *("channel", "status", "status_before", "version", "applicant_kind", "applicant_number"),
    *("applicant_name", "contact", "submitter_id", "submitter_number", "submitter_name"),
    *("submitter_tech_id", "is_verified", "form", "fees", "return_way", "received_on"),
    *("received_at", "answer_due_at", "accepted_at", "due_at", "promised_at", "reply_due_on"),
    *("extension", "supplements", "resolved_at", "ended_at", "result_granted", "origin"),
    "calendar_revision",
)
COMPONENT_COLUMNS = ("dossier_id", "n", "component", "added_at")
EVENT_COLUMNS = (
    *("dossier_id", "seq", "act", "source", "target", "actor_id", "actor_role", "actor_name"),
    *("agency_id", "occurred_at", "due_at", "reason", "legal_ground", "details"),
)
DELIVERY_COLUMNS = (
    *("dossier_id", "seq", "next_at", "acknowledged_at", "partner", "kind", "payload_version"),
    *("state", "attempts", "answer_code"),
)

_NULL = "\\N"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ANSWERED_AFTER = timedelta(seconds=4)
_FACT = f"{Partner.NATIONAL_PORTAL}\t{Kind.DOSSIER_EVENT}\t{PAYLOAD_VERSION}"
_WAITING = f"{_FACT}\t{DeliveryState.WAITING}\t0\t{_NULL}"
_ACKNOWLEDGED = f"{_FACT}\t{DeliveryState.ACKNOWLEDGED}\t1\t0"  # the portal's word for accepted


@dataclass(frozen=True, slots=True)
class Rows:
    """A dossier's rows without its id, and its own without the code too."""

    dossier: str
    components: Sequence[str]
    events: Sequence[str]
    deliveries: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReceivedDay:
    """What a batch brings to an agency's day: rows in order of receipt, and how many by channel."""

    agency_id: int
    agency_code: str
    day: date
    rows: Sequence[Rows]
    by_channel: Mapping[Channel, int]


class RowMaker:
    """Makes rows; what is the same for all dossiers of a version is put into words once.

    With `tell` the partners' ledger waits to be sent; without, it is history that was acknowledged.
    """

    def __init__(
        self, catalogue: Catalogue, calendar_revision: int, now: datetime, *, tell: bool
    ) -> None:
        self._catalogue = catalogue
        self._calendar_revision = calendar_revision
        self._now = now
        self._tell = tell
        self._texts: dict[Offer, tuple[str, str, str]] = {}

    def received(self, part: Slice, dossiers: Sequence[PastDossier]) -> ReceivedDay:
        agency_id = self._catalogue.agency_ids[part.agency.code]
        counts = dict.fromkeys(Channel, 0)
        for dossier in dossiers:
            counts[dossier.channel] += 1
        rows = [self._rows(dossier, agency_id) for dossier in dossiers]
        return ReceivedDay(agency_id, part.agency.code, part.day, rows, counts)

    def _rows(self, dossier: PastDossier, agency_id: int) -> Rows:
        components = [
            f"{n}\t{_text(part.component)}\t{_instant(part.at)}"
            for n, part in enumerate(dossier.parts, 1)
        ]
        events = _events(dossier.events, str(agency_id))
        deliveries = [self._delivery(seq, event.at) for seq, event in enumerate(dossier.events, 1)]
        return Rows(self._dossier(dossier, agency_id), components, events, deliveries)

    def _dossier(self, dossier: PastDossier, agency_id: int) -> str:
        applicant, submitter = dossier.applicant, dossier.submitter
        if submitter is None:
            raise ValueError("nobody handed it in")
        version_id, form, fees = self._texts_of(dossier.offer)
        extension = dossier.extension
        contact = {
            "phone": applicant.phone,
            "email": applicant.email,
            "address": applicant.address,
        }
        return "\t".join(
            (
                version_id,
                f"{agency_id}\t{agency_id}\t{{{agency_id}}}\t{dossier.step}\t{dossier.channel}",
                dossier.status or _NULL,
                dossier.status_before or _NULL,
                f"{len(dossier.events)}\t{applicant.kind}\t{applicant.number}",
                _text(applicant.name),
                _json(contact),
                _text(submitter.id),
                _text(submitter.identity_number),
                _text(submitter.name),
                _text(submitter.tech_id),
                "1" if submitter.is_verified else "0",
                form,
                fees,
                dossier.return_way,
                dossier.received_at.astimezone(LOCAL_ZONE).date().isoformat(),
                _instant(dossier.received_at),
                _instant(dossier.answer_due_at),
                _instant(dossier.accepted_at),
                _instant(dossier.due_at),
                _instant(dossier.promised_at),
                _NULL if dossier.reply_due_on is None else dossier.reply_due_on.isoformat(),
                _json({"count": extension.count, "unit": extension.unit} if extension else None),
                str(dossier.supplements),
                _instant(dossier.resolved_at),
                _instant(dossier.ended_at),
                _NULL if dossier.is_granted is None else str(int(dossier.is_granted)),
                "replay",
                str(self._calendar_revision),
            )
        )

    def _texts_of(self, offer: Offer) -> tuple[str, str, str]:
        """Return a version's key, its e-form filled in as its own example, and its fees."""
        texts = self._texts.get(offer)
        if texts is None:
            version = offer.version
            key = self._catalogue.version_ids[offer.procedure_code, version.version]
            example: Any = next(iter(version.form.get("examples", ())), {})
            texts = self._texts[offer] = (str(key), _json(example), _json(fee_lines(version, ())))
        return texts

    def _delivery(self, seq: int, at: datetime) -> str:
        if self._tell:
            return f"{seq}\t{_instant(at)}\t{_NULL}\t{_WAITING}"
        answered = _instant(min(at + _ANSWERED_AFTER, self._now))
        return f"{seq}\t{answered}\t{answered}\t{_ACKNOWLEDGED}"


def _events(events: Sequence[PastEvent], agency_id: str) -> list[str]:
    rows = []
    due_at, due = None, _NULL
    for seq, event in enumerate(events, 1):
        if event.due_at is not due_at:  # it seldom moves: put into words once
            due_at, due = event.due_at, _instant(event.due_at)
        actor = event.actor
        columns = (
            str(seq),
            event.act,
            event.source or _NULL,
            event.target,
            _text(actor.id),
            actor.role,
            _text(actor.name),
            agency_id,
            _instant(event.at),
            due,
            _text(event.reason),
            _text(event.legal_ground),
            _json(event.details) if event.details else "{}",
        )
        rows.append("\t".join(columns))
    return rows


def _text(value: str | None) -> str:
    if value is None:
        return _NULL
    # What COPY wants escaped is a backslash or not printable; most texts have neither.
    if value.isprintable() and "\\" not in value:
        return value
    return value.translate(_ESCAPES)


def _instant(at: datetime | None) -> str:
    return _NULL if at is None else at.isoformat()


def _json(value: Any) -> str:  # noqa: ANN401  (any JSON value)
    return _NULL if value is None else _text(_encode(value))
