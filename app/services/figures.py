"""Figures, answered from maintained sums."""

from collections.abc import Mapping

from sqlalchemy import func, select

from app.db.access import Transaction, acting
from app.db.catalogue import agency
from app.db.dossiers import dossier, intake_day
from app.domain.actor import FIGURE_ROLES, SYSTEM, Actor
from app.domain.agency import Agency
from app.domain.errors import DomainError
from app.domain.figures import AnnexRow, Intake, annex
from app.domain.intake import Channel
from app.domain.periods import Period
from app.services.desk import Desk


class FiguresRefused(DomainError):
    code = "figures.role_refused"
    title = "Vai trò không được xem số liệu"


def annex_of(desk: Desk, period: Period, *, actor: Actor) -> list[AnnexRow]:
    """Return the published annex (KPI A): dossiers received in `period` per agency.

    It covers the whole province for everybody who may see figures: the table is published.
    """
    if actor.role not in FIGURE_ROLES and not actor.is_internal:
        raise FiguresRefused("Số liệu dành cho cán bộ của tỉnh.")
    with acting(desk.engine, actor) as tx:
        catalogue = desk.references.catalogue(tx)
        intakes = received(tx, period)
        agencies = [
            known
            for known in catalogue.agencies.values()
            if known.code in intakes or _existed(known, period)
        ]
        return annex(catalogue.groups, agencies, intakes, period.last)


def _existed(known: Agency, period: Period) -> bool:
    ends_before = known.valid_to is not None and known.valid_to < period.first
    return known.valid_from <= period.last and not ends_before


def received(tx: Transaction, period: Period) -> dict[str, Intake]:
    """Sum up what each agency received in a period, by its code."""
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
