"""Dossiers of the past, invented or imported, as rows for COPY: all but the keys.

Rows are in COPY's text format. The id of the dossier, with which every row begins, and its code
are put in front when the batch is written, for only then are they known.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from json.encoder import encode_basestring
from typing import Any

from app.db.reference import Catalogue
from app.domain.application import fee_lines
from app.domain.calendar import LOCAL_ZONE
from app.domain.deliveries import PAYLOAD_VERSION, DeliveryState, Kind, Partner
from app.domain.folding import kept_words
from app.domain.former_dossier import FormerPayment
from app.domain.intake import Channel
from app.domain.intake_plan import Slice
from app.domain.lifecycle import Act
from app.domain.offers import Offer
from app.domain.past_dossier import PastDossier, PastEvent
from app.domain.payments import PaymentStatus

DOSSIER_COLUMNS = (
    *("id", "code", "procedure_version_id", "agency_id", "at_agency_id", "agency_ids", "step"),
    *("channel", "status", "status_before", "version", "applicant_kind", "applicant_number"),
    *("applicant_name", "contact", "submitter_id", "submitter_number", "submitter_name"),
    *("submitter_tech_id", "is_verified", "form", "fees", "return_way", "received_on"),
    *("received_at", "answer_due_at", "accepted_at", "due_at", "promised_at", "reply_due_on"),
    *("extension", "supplements", "resolved_at", "ended_at", "result_granted", "origin"),
    *("calendar_revision", "remaining_minutes"),
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

SEARCH_COLUMNS = ("dossier_id", "agency_id", "received_at", "words")
PAYMENT_COLUMNS = (
    *("dossier_id", "reference", "purpose", "method", "amount_vnd", "status", "payer_ip"),
    *("opened_at", "paid_at"),
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
    """A dossier's rows without its id, and its own without the code too.

    `words` are the lexemes to find it by, but for those of its code. `other_due` holds the due
    instant of figure 2.1 where it is not the clock's.
    """

    dossier: str
    components: Sequence[str]
    events: Sequence[str]
    deliveries: Sequence[str]
    place: str
    words: str
    payments: Sequence[str] = ()
    other_due: Sequence[datetime | None] = ()

    def paid(self, payments: Sequence[str]) -> "Rows":
        return replace(self, payments=payments)


@dataclass(frozen=True, slots=True)
class ReceivedDay:
    """What a batch brings to an agency's day: rows in order of receipt, and how many by channel."""

    agency_id: int
    agency_code: str
    day: date
    rows: Sequence[Rows]
    by_channel: Mapping[Channel, int]


@dataclass(frozen=True, slots=True)
class Told:
    """What the partners' ledger says of a past dossier.

    With `tell` it waits to be sent; else it is history that was acknowledged: soon after each act,
    or at an instant that is known. With neither it was never told.
    """

    tell: bool
    is_known: bool = True
    at: datetime | None = None


class RowMaker:
    """Makes rows; what is the same for all dossiers of a version is put into words once."""

    def __init__(
        self, catalogue: Catalogue, calendar_revision: int, now: datetime, origin: str
    ) -> None:
        self._catalogue = catalogue
        self._calendar_revision = calendar_revision
        self._now, self._origin = now, origin
        self._texts: dict[Offer, tuple[str, str, str]] = {}

    def received(self, part: Slice, dossiers: Sequence[PastDossier], *, tell: bool) -> ReceivedDay:
        """Return a day's invented dossiers: e-forms as their own examples, fees as defined."""
        agency_id = self._catalogue.agency_ids[part.agency.code]
        counts = dict.fromkeys(Channel, 0)
        for dossier in dossiers:
            counts[dossier.channel] += 1
        told = Told(tell)
        rows = [self._invented(dossier, agency_id, told) for dossier in dossiers]
        return ReceivedDay(agency_id, part.agency.code, part.day, rows, counts)

    def _invented(self, dossier: PastDossier, agency_id: int, told: Told) -> Rows:
        _, form, fees = self._texts_of(dossier.offer)
        return self.rows(dossier, agency_id, form, fees, told)

    def rows(self, dossier: PastDossier, agency_id: int, form: str, fees: str, told: Told) -> Rows:
        """Return a dossier's rows; `form` and `fees` are JSON as COPY takes it."""
        components = [
            f"{n}\t{_text(part.component)}\t{_instant(part.at)}"
            for n, part in enumerate(dossier.parts, 1)
        ]
        events = _events(dossier.events, str(agency_id))
        is_billed = any(event.act is Act.REQUEST_PAYMENT for event in dossier.events)
        return Rows(
            self._dossier(dossier, agency_id, form, fees),
            components,
            events,
            self._deliveries(dossier.events, told),
            f"{agency_id}\t{_instant(dossier.received_at)}",
            search_words(dossier, agency_id),
            other_due=(dossier.due_without_payments,) if is_billed else (),
        )

    def _deliveries(self, events: Sequence[PastEvent], told: Told) -> list[str]:
        if told.tell:
            return [
                f"{seq}\t{_instant(event.at)}\t{_NULL}\t{_WAITING}"
                for seq, event in enumerate(events, 1)
            ]
        if not told.is_known:
            return []
        rows = []
        known = None if told.at is None else _instant(told.at)
        for seq, event in enumerate(events, 1):
            answered = known
            if told.at is None or answered is None or told.at < event.at:
                answered = _instant(min(event.at + _ANSWERED_AFTER, self._now))
            rows.append(f"{seq}\t{answered}\t{answered}\t{_ACKNOWLEDGED}")
        return rows

    def _dossier(self, dossier: PastDossier, agency_id: int, form: str, fees: str) -> str:
        applicant, submitter = dossier.applicant, dossier.submitter
        if submitter is None:
            raise ValueError("nobody handed it in")
        version_id, _, _ = self._texts_of(dossier.offer)
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
                _json_texts({key: value for key, value in contact.items() if value}),
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
                self._origin,
                str(self._calendar_revision),
                _number(dossier.remaining_minutes),
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


def search_words(dossier: PastDossier, agency_id: int) -> str:
    """Return the words to find a dossier by as a tsvector is written, but for those of its code.

    They are those of the database's own `search_words`.
    """
    applicant = dossier.applicant
    words = kept_words(
        applicant.name, applicant.number, applicant.phone, dossier.offer.procedure_code
    )
    received = dossier.received_at.astimezone(UTC)
    words += [f"~{received.year}", f"~{received.year}q{(received.month + 2) // 3}"]
    return _lexemes(agency_id, words)


def code_lexemes(agency_id: str, code: str) -> str:
    agency, day, number = code.split("-")
    return _lexemes(agency_id, [agency.lower(), f"{day}-{number}", number])


def _lexemes(agency_id: int | str, words: Iterable[str]) -> str:
    return " ".join([f"'{agency_id}:{_quoted(word)}'" for word in words])


def _quoted(word: str) -> str:
    if "'" not in word and "\\" not in word:
        return word
    return word.replace("\\", "\\\\").replace("'", "''").translate(_ESCAPES)


def payment_row(payment: FormerPayment) -> str:
    """Return what was paid of a dossier's fees, without its id and reference."""
    paid_at = _instant(payment.paid_at)
    return (
        f"{payment.purpose}\t{payment.method}\t{payment.amount_vnd}\t{PaymentStatus.PAID}\t"
        f"\t{paid_at}\t{paid_at}"
    )


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
            _json_texts(event.details) if event.details else "{}",
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


def _number(value: int | None) -> str:
    return _NULL if value is None else str(value)


def json_text(value: Any) -> str:  # noqa: ANN401  (any JSON value)
    """Return JSON as COPY takes it."""
    return _json(value)


def _json_texts(said: Mapping[str, Any]) -> str:
    """Return an object as JSON; of texts alone, as most are, without the encoder's beginning."""
    parts = []
    for name, value in said.items():
        if type(value) is not str:
            return _json(said)
        parts.append(f'"{name}":{encode_basestring(value)}')
    return _text("{" + ",".join(parts) + "}")


def _json(value: Any) -> str:  # noqa: ANN401  (any JSON value)
    return _NULL if value is None else _text(_encode(value))
