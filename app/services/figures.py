"""Figures of dossiers from maintained sums: the annex (KPI A), running figures (KPI C)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.db.access import Transaction, acting
from app.db.catalogue import agency
from app.db.dossiers import dossier, intake_day
from app.domain.actor import SYSTEM, Actor
from app.domain.figures import AnnexRow, Intake
from app.domain.intake import Channel
from app.domain.periods import Period
from app.domain.question import Group, Question
from app.services.annexes import annex_rows
from app.services.desk import Desk
from app.services.figure_officers import officer_parts
from app.services.figure_scope import Part, asking, authorise, parts, total


@dataclass(frozen=True, slots=True)
class Answer:
    """Parts and their total."""

    question: Question
    parts: list[Part]
    total: Part


def annex_of(desk: Desk, question: Question, *, actor: Actor, now: datetime) -> list[AnnexRow]:
    """Return the published annex (KPI A): dossiers received in a period per agency.

    It covers the whole province for everybody who may see figures: the table is published.
    """
    authorise(actor)
    whole = Question(question.period, as_of=question.as_of)
    with asking(desk, whole, actor=SYSTEM, now=now) as asked:
        return annex_rows(asked)


def running(desk: Desk, question: Question, *, actor: Actor, now: datetime) -> Answer:
    """Return the running figures (KPI C): what came, what was done, what is left."""
    with asking(desk, question, actor=actor, now=now) as asked:
        by_officer = question.group is Group.OFFICER
        found = officer_parts(asked) if by_officer else parts(asked)
    return Answer(question, found, total(found))


def received(tx: Transaction, period: Period) -> dict[str, Intake]:
    """Sum up what each agency received by the numbers it gave out; always up to the instant.

    The recount compares it with the facts: two witnesses of the same dossiers.
    """
    rows = tx.db.execute(
        select(
            agency.c.code,
            func.sum(intake_day.c.online).label("online"),
            func.sum(intake_day.c.desk + intake_day.c.post).label("at_desk"),
        )
        .join(agency, agency.c.id == intake_day.c.agency_id)
        .where(intake_day.c.day.between(period.first, period.last))
        .group_by(agency.c.code)
    )
    return {row.code: Intake(row.at_desk, row.online) for row in rows}


def recount(tx: Transaction, period: Period) -> Mapping[str, Intake]:
    """Count the same from the dossiers themselves: what `received` must equal."""
    is_online = dossier.c.channel == Channel.ONLINE
    rows = tx.db.execute(
        select(
            agency.c.code,
            func.count().filter(is_online).label("online"),
            func.count().filter(~is_online).label("at_desk"),
        )
        .join(
            agency,
            agency.c.id == func.coalesce(dossier.c.received_agency_id, dossier.c.agency_id),
        )
        .where(dossier.c.received_on.between(period.first, period.last))
        .group_by(agency.c.code)
    )
    return {row.code: Intake(row.at_desk, row.online) for row in rows}


def received_by_agency(desk: Desk, period: Period) -> dict[str, Intake]:
    """Return the same sums for the gauges, the province's own total under `all`."""
    with acting(desk.engine, SYSTEM) as tx:
        known = received(tx, period)
    return known | {"all": sum(known.values(), Intake())}
