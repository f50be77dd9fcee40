"""How a dossier comes to be: the door's other half, for online submission and desk intake.

Number, dossier, components, words to find it by, first event, message to the national portal and
the answer under the request's key are written by one statement: this is the busiest path of all.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, select, text
from sqlalchemy.exc import IntegrityError

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.db.reference import Offered
from app.domain.actor import Actor
from app.domain.agency import Agency
from app.domain.application import Application, ApplicationFaulty, Fault, fee_lines
from app.domain.calendar import LOCAL_ZONE, Calendar
from app.domain.deadlines import due, first_answer_due
from app.domain.folding import kept_words
from app.domain.intake import Channel
from app.domain.lifecycle import Act, Status, take
from app.domain.once import Once
from app.services.desk import Desk
from app.services.examination import examine
from app.services.issuing import issue_papers
from app.services.transition import (
    REMEMBER,
    Effect,
    Outcome,
    Request,
    as_in_flight,
    event_values,
)

Source = Callable[[Transaction], Application]
"""Gives what is handed in, in the transaction that makes a dossier of it."""

Also = Callable[[Transaction, Outcome], None]
"""What else is written in that transaction, once the dossier is there."""


def _nothing(_tx: Transaction, _outcome: Outcome) -> None:
    """Write nothing else."""


def enter(
    desk: Desk,
    source: Source,
    channel: Channel,
    *,
    actor: Actor,
    now: datetime,
    once: Once | None,
    also: Also = _nothing,
) -> Outcome:
    """Write a new dossier, or refuse it with all its faults (`ApplicationFaulty`)."""
    try:
        with acting(desk.engine, actor, once) as tx:
            if tx.seen is not None:
                return Outcome(**tx.seen)
            _step(channel, actor)  # who may not is told so before what is wrong with it
            application = source(tx)
            catalogue = desk.references.catalogue(tx)
            offered, agency = examine(tx, catalogue, application, channel, now).checked()
            outcome = _write(desk, tx, application, channel, offered, agency, now, once)
            if channel is not Channel.ONLINE:
                _issue_receipt(desk, tx, outcome.code)
            also(tx, outcome)
    except IntegrityError as error:
        raise as_in_flight(error) from error
    desk.wake()
    return outcome


def _issue_receipt(desk: Desk, tx: Transaction, code: str) -> None:
    """Issue the receipt of what was taken in: it is accepted in the same act."""
    issue_papers(desk, tx, tx.db.execute(select(dossier).where(dossier.c.code == code)).one())


def _step(channel: Channel, actor: Actor) -> tuple[Act, Status | None, Status]:
    """Return the first act with the statuses before and after it, or refuse the actor's role."""
    act, source = (Act.SUBMIT, Status.DRAFT) if channel is Channel.ONLINE else (Act.TAKE_IN, None)
    return act, source, take(source, act, actor.role)


def _write(
    desk: Desk,
    tx: Transaction,
    application: Application,
    channel: Channel,
    offered: Offered,
    agency: Agency,
    now: datetime,
    once: Once | None,
) -> Outcome:
    act, source, target = _step(channel, tx.actor)
    answer_due_at, due_at = _instants(
        channel, offered, desk.references.calendar(tx, agency.code), now
    )
    request = Request("", tx.actor, now, None, once)
    outcome = Outcome("", target, 1, due_at.isoformat() if due_at else None, {})
    values = {
        **event_values(request, act, Effect(), due_at),
        **_applicant_values(application, tx.actor),
        **_component_values(application),
        **_channel_values(channel),
        "version_id": offered.id,
        "agency_id": desk.references.catalogue(tx).agency_ids[agency.code],
        "agency_code": agency.code,
        "source": source,
        "target": target,
        "day": now.astimezone(LOCAL_ZONE).date(),
        "code_day": f"{now.astimezone(LOCAL_ZONE):-%y%m%d-}",
        "fees": json.dumps(fee_lines(offered.version, application.exemptions)),
        "return_way": application.return_way,
        "answer_due_at": answer_due_at,
        "accepted_at": now if target is Status.ACCEPTED else None,
        "calendar_revision": tx.calendar_revision,
        "outcome": json.dumps(asdict(outcome)),
        "documents": application.documents,
        "authorisation": application.authorisation,
        **(asdict(once) if once else {}),
    }
    statement = _statement(
        is_once=once is not None,
        has_components=bool(application.components),
        has_documents=bool(application.documents),
    )
    made = tx.db.execute(statement, values).one()
    if made.attached != len(application.documents):
        detail = "Một tài liệu vừa được nộp trong hồ sơ khác."
        raise ApplicationFaulty([Fault("/components", "document.not_usable", detail)])
    return Outcome(made.code, target, 1, outcome.due_at, {})


def _instants(
    channel: Channel, offered: Offered, calendar: Calendar, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return when the first answer is due and when the result: one of them, by the channel."""
    if channel is Channel.ONLINE:
        return first_answer_due(now, calendar), None
    return None, due(offered.version.limit, now, (), calendar).due_at


def _applicant_values(application: Application, actor: Actor) -> dict[str, Any]:
    applicant = application.applicant
    contact = {"phone": applicant.phone, "email": applicant.email, "address": applicant.address}
    return {
        "applicant_kind": applicant.kind,
        "applicant_number": applicant.number,
        "applicant_name": applicant.name,
        "words": kept_words(
            applicant.name, applicant.number, applicant.phone, application.procedure
        ),
        "contact": json.dumps({key: value for key, value in contact.items() if value}),
        "submitter_number": actor.identity_number,
        "submitter_tech_id": actor.tech_id,
        "is_verified": int(actor.is_verified),
        "form": json.dumps(dict(application.form)),
    }


def _component_values(application: Application) -> dict[str, list[Any]]:
    if not application.components:
        return {}
    return {
        "component_codes": [part.component for part in application.components],
        "component_documents": [part.document for part in application.components],
    }


def _channel_values(channel: Channel) -> dict[str, Any]:
    return {"channel": channel, **{str(known): int(known is channel) for known in Channel}}


_COMPONENTS = """
, components AS (
    INSERT INTO dossier_component (dossier_id, n, component, document_id, added_at)
    SELECT made.id, part.n, part.component, part.document, :now
    FROM made, unnest(CAST(:component_codes AS text[]), CAST(:component_documents AS uuid[]))
        WITH ORDINALITY AS part (component, document, n)
)"""

# A worker checks the applicant right afterwards; no register knows the other kinds of applicants.
_CHECK = """
, to_check AS (
    INSERT INTO lookup (dossier_id, source, purpose, subject_number, requested_id, requested_role,
        requested_name, agency_id, requested_at, state, attempts, next_at)
    SELECT made.id, register.source, 'verify_applicant', :applicant_number, 'system', 'system',
        'Hệ thống', :agency_id, :now, 'waiting', 0, :now
    FROM made JOIN (VALUES ('citizen', 'population'), ('enterprise', 'business_register'))
        AS register (kind, source) ON register.kind = :applicant_kind
)"""

_ATTACHED = """
, attached AS (
    UPDATE document SET dossier_id = made.id FROM made
    WHERE document.id = ANY (CAST(:documents AS uuid[])) AND document.dossier_id IS NULL
    RETURNING document.id
)"""


@lru_cache
def _statement(*, is_once: bool, has_components: bool, has_documents: bool) -> TextClause:
    remember = REMEMBER.format(
        outcome="CAST(:outcome AS jsonb) || jsonb_build_object('code', made.code)", made="made"
    )
    return text(f"""
WITH counted AS (
    INSERT INTO intake_day AS known (agency_id, day, last_number, online, desk, post)
    VALUES (:agency_id, :day, 1, :online, :desk, :post)
    ON CONFLICT (agency_id, day) DO UPDATE
    SET last_number = known.last_number + 1, online = known.online + excluded.online,
        desk = known.desk + excluded.desk, post = known.post + excluded.post
    RETURNING last_number
), made AS (
    INSERT INTO dossier (code, procedure_version_id, agency_id, at_agency_id, agency_ids,
        step, channel,
        status, version, applicant_kind, applicant_number, applicant_name, contact,
        submitter_id, submitter_number, submitter_name, submitter_tech_id, is_verified,
        form, fees, return_way,
        received_on, received_at, answer_due_at, accepted_at, due_at, promised_at, supplements,
        calendar_revision, authorisation_id)
    SELECT :agency_code || :code_day
            || lpad(last_number::text, greatest(4, length(last_number::text)), '0'),
        :version_id, :agency_id, :agency_id, ARRAY[CAST(:agency_id AS bigint)], 0, :channel,
        :target, 1, :applicant_kind, :applicant_number, :applicant_name, CAST(:contact AS jsonb),
        :actor_id, :submitter_number, :actor_name, :submitter_tech_id, :is_verified,
        CAST(:form AS jsonb), CAST(:fees AS jsonb), :return_way,
         :day, :now, :answer_due_at, :accepted_at, :due_at, :due_at, 0, :calendar_revision,
         CAST(:authorisation AS uuid)
    FROM counted
    RETURNING id, code
), event AS (
    INSERT INTO dossier_event (dossier_id, seq, act, source, target, actor_id, actor_role,
        actor_name, agency_id, occurred_at, due_at, details)
    SELECT id, 1, :act, :source, :target, :actor_id, :actor_role,
        :actor_name, :agency_id, :now, :due_at, CAST(:details AS jsonb)
    FROM made
), told AS (
    INSERT INTO delivery (partner, dossier_id, seq, kind, payload_version, state, attempts, next_at)
    SELECT 'national_portal', id, 1, 'dossier_event', 1, 'waiting', 0, :now FROM made
), findable AS (
    INSERT INTO dossier_search (agency_id, received_at, dossier_id, words)
    SELECT :agency_id, :now, id, search_words(:agency_id, :now, code, CAST(:words AS text[]))
    FROM made
), announced AS (
    INSERT INTO announcement (dossier_id, seq) SELECT id, 1 FROM made
){_CHECK}{_COMPONENTS if has_components else ""}{_ATTACHED if has_documents else ""}{
        remember if is_once else ""
    }
SELECT code, {"(SELECT count(*) FROM attached)" if has_documents else "0"} AS attached FROM made
""")
