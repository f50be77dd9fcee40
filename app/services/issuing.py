"""Issuing papers: what a paper says is frozen in the transaction of the act that issues it.

Part of the door: `transition`, `entry` and `apologies` call it. No PDF is made here: that takes
15 ms, and most papers are never printed (`papers` does it for the first who asks).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, exists, select, text

from app.db.access import Transaction
from app.db.clock import apology as apology_table
from app.db.dossiers import dossier_component, dossier_event
from app.db.papers import issued_paper
from app.domain.calendar import LOCAL_ZONE
from app.domain.lifecycle import Act
from app.domain.papers import INTERNAL, ISSUED_BY, Form
from app.papers.facts import NumberedPaper
from app.papers.keeping import kept
from app.services.desk import Desk
from app.services.paper_facts import Event, Source, apology_of, case_of, event_of, facts_of

_ISSUE: Final = text("""
WITH numbered AS (
    INSERT INTO paper_number AS known (agency_id, form, year, last_number)
    VALUES (:agency_id, :form, :year, 1)
    ON CONFLICT (agency_id, form, year) DO UPDATE SET last_number = known.last_number + 1
    RETURNING last_number
)
INSERT INTO issued_paper (dossier_id, seq, form, apology_id, agency_id, year, number, facts,
    issued_at, issued_by, issued_name)
SELECT :dossier_id, :seq, :form, CAST(:apology_id AS bigint), :agency_id, :year, last_number,
    CAST(:facts AS jsonb), :issued_at, :issued_by, :issued_name
FROM numbered
RETURNING *
""")
_EVENTS_WITHOUT: Final = (
    select(dossier_event)
    .where(
        dossier_event.c.act.in_(list(ISSUED_BY)),
        ~exists().where(
            issued_paper.c.dossier_id == dossier_event.c.dossier_id,
            issued_paper.c.seq == dossier_event.c.seq,
            issued_paper.c.form.not_in(list(INTERNAL)),
            issued_paper.c.apology_id.is_(None),
        ),
    )
    .order_by(dossier_event.c.seq)
)
_APOLOGIES_WITHOUT: Final = (
    select(apology_table)
    .where(~exists().where(issued_paper.c.apology_id == apology_table.c.id))
    .order_by(apology_table.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A paper about to be entered in the books."""

    form: Form
    facts: NumberedPaper
    dossier_id: int
    event: Event
    apology_id: int | None = None


def issue_papers(desk: Desk, tx: Transaction, dossier: Row[Any]) -> None:
    """Issue the papers of all acts that have none yet.

    As a rule that is the act being done. It is also what a release wrote that knew no papers, and
    what was played from a table: these get theirs, with the names of today, when first asked for.
    The caller has locked the dossier, or has just made it.
    """
    for row in events_without(tx, dossier.id):
        event, form = event_of(row), ISSUED_BY[Act(row.act)]
        facts = facts_of(form, source_of(desk, tx, dossier, event))
        issue(tx, Issue(form=form, facts=facts, dossier_id=dossier.id, event=event))


def issue_apologies(desk: Desk, tx: Transaction, dossier: Row[Any]) -> None:
    """Issue form 04 for apologies for what was late already, as `issue_papers` does for acts."""
    for row in apologies_without(tx, dossier.id):
        event = Event(
            seq=dossier.version,
            actor_id=row.signed_by,
            actor_name=row.signed_name,
            agency_id=row.agency_id,
            occurred_at=row.signed_at,
            due_at=row.new_due_at,
            reason=row.reason,
            details={},
        )
        facts = apology_of(
            source_of(desk, tx, dossier, event),
            missed_at=row.missed_at,
            new_due_at=row.new_due_at,
        )
        paper = Issue(
            form=Form.APOLOGY,
            facts=facts,
            dossier_id=dossier.id,
            event=event,
            apology_id=row.id,
        )
        issue(tx, paper)


def events_without(tx: Transaction, dossier_id: int) -> Sequence[Row[Any]]:
    """List the acts on a dossier whose paper was not issued yet."""
    return tx.db.execute(_EVENTS_WITHOUT.where(dossier_event.c.dossier_id == dossier_id)).all()


def apologies_without(tx: Transaction, dossier_id: int) -> Sequence[Row[Any]]:
    """List the apologies whose paper was not issued yet."""
    return tx.db.execute(_APOLOGIES_WITHOUT.where(apology_table.c.dossier_id == dossier_id)).all()


def source_of(desk: Desk, tx: Transaction, dossier: Row[Any], event: Event) -> Source:
    """Bring together what the paper of an event is made from."""
    return Source(
        desk.references.catalogue(tx),
        desk.partners.web_url,
        case_of(dossier),
        event,
        lambda: _handed_in_until(tx, dossier.id, event.occurred_at),
    )


def _handed_in_until(
    tx: Transaction, dossier_id: int, until: datetime
) -> Sequence[tuple[str, bool]]:
    rows = tx.db.execute(
        select(dossier_component.c.component, dossier_component.c.document_id)
        .where(dossier_component.c.dossier_id == dossier_id, dossier_component.c.added_at <= until)
        .order_by(dossier_component.c.n)
    )
    return [(row.component, row.document_id is not None) for row in rows]


def issue(tx: Transaction, paper: Issue) -> Row[Any]:
    """Enter a paper in the books: the next number of its agency, form and year.

    The number's row stays locked until the end of the transaction, so that none is lost; who
    comes here holds the dossier, always in this order.
    """
    event = paper.event
    return tx.db.execute(
        _ISSUE,
        {
            "dossier_id": paper.dossier_id,
            "seq": event.seq,
            "form": paper.form,
            "apology_id": paper.apology_id,
            "agency_id": event.agency_id,
            "year": event.occurred_at.astimezone(LOCAL_ZONE).year,
            "facts": json.dumps(kept(paper.form, paper.facts)),
            "issued_at": event.occurred_at,
            "issued_by": event.actor_id,
            "issued_name": event.actor_name,
        },
    ).one()
