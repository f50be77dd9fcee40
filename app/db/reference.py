"""Reference data as processes hold it in memory: the catalogue and the calendars."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from app.db.access import Transaction
from app.db.books import read_book
from app.db.catalogue import agency, procedure, procedure_version, report_group
from app.db.reorganisations import agency_former_name, agency_succession
from app.domain.agency import Agency, FormerName, Level, ReportGroup
from app.domain.calendar import Calendar
from app.domain.errors import DomainError
from app.domain.office_hours import EVERY_AGENCY
from app.domain.procedure import Procedure, ProcedureVersion
from app.domain.procedure_definition import parse_procedure
from app.domain.reorganisation import Succession, Successions


class CatalogueBehind(DomainError):
    """A version was published, and used, after this transaction had looked at the revision."""

    code = "catalogue.behind"
    title = "Danh mục vừa được cập nhật"


@dataclass(frozen=True, slots=True)
class Offered:
    """A version of a procedure with its key."""

    id: int
    procedure: Procedure
    version: ProcedureVersion


class _OfferedById(dict[int, Offered]):
    def __missing__(self, key: int) -> Offered:
        raise CatalogueBehind("Danh mục vừa được cập nhật, hãy thử lại.", version=key)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Agencies, report groups and procedures at one revision."""

    agencies: Mapping[str, Agency]
    agency_ids: Mapping[str, int]
    agency_codes: Mapping[int, str]
    groups: tuple[ReportGroup, ...]
    procedures: Mapping[str, Procedure]
    offered: Mapping[int, Offered]
    version_ids: Mapping[tuple[str, int], int]
    successions: Successions

    def agency_of(self, agency_id: int) -> Agency:
        return self.agencies[self.agency_codes[agency_id]]

    def version_on(self, code: str, day: date) -> Offered | None:
        """Return the version of a procedure that is in force on a day."""
        known = self.procedures.get(code)
        version = known.version_on(day) if known else None
        return self.offered[self.version_ids[code, version.version]] if version else None


def read_catalogue(db: Connection) -> Catalogue:
    keys = db.execute(select(agency.c.id, agency.c.code).order_by(agency.c.code)).all()
    agencies = _agencies(db)
    successions = _successions(db)
    procedures = {
        code: _taken_over(parse_procedure(document), successions, agencies)
        for code, document in _definitions(db).items()
    }
    ids = {
        (row.code, row.version): row.id
        for row in db.execute(
            select(procedure.c.code, procedure_version.c.version, procedure_version.c.id).join(
                procedure_version, procedure_version.c.procedure_id == procedure.c.id
            )
        )
    }
    return Catalogue(
        agencies={known.code: known for known in agencies},
        agency_ids={row.code: row.id for row in keys},
        agency_codes={row.id: row.code for row in keys},
        groups=tuple(
            ReportGroup(row.code, row.name, row.position)
            for row in db.execute(select(report_group).order_by(report_group.c.position))
        ),
        procedures=procedures,
        offered=_OfferedById(
            (
                ids[known.code, version.version],
                Offered(ids[known.code, version.version], known, version),
            )
            for known in procedures.values()
            for version in known.versions
        ),
        version_ids=ids,
        successions=successions,
    )


def _agencies(db: Connection) -> list[Agency]:
    parent, heir = aliased(agency), aliased(agency)
    names: defaultdict[int, list[FormerName]] = defaultdict(list)
    for row in db.execute(select(agency_former_name).order_by(agency_former_name.c.last_on)):
        names[row.agency_id].append(FormerName(row.last_on, row.name))
    rows = db.execute(
        select(agency, parent.c.code.label("parent"), heir.c.code.label("heir"))
        .outerjoin(parent, parent.c.id == agency.c.parent_id)
        .outerjoin(heir, heir.c.id == agency.c.successor_id)
        .order_by(agency.c.code)
    )
    return [
        Agency(
            row.code,
            row.name,
            Level(row.level),
            row.parent,
            row.valid_from,
            row.valid_to,
            row.report_group,
            row.report_row,
            row.heir,
            tuple(names[row.id]),
        )
        for row in rows
    ]


def _successions(db: Connection) -> Successions:
    successor = aliased(agency)
    rows = db.execute(
        select(agency_succession, agency.c.code, successor.c.code.label("successor"))
        .join(agency, agency.c.id == agency_succession.c.agency_id)
        .join(successor, successor.c.id == agency_succession.c.successor_id)
    )
    return Successions(
        Succession(row.code, row.procedure_code, row.successor, row.from_on) for row in rows
    )


def _taken_over(
    known: Procedure, successions: Successions, agencies: Sequence[Agency]
) -> Procedure:
    versions = (successions.taken_over(known, version, agencies) for version in known.versions)
    return replace(known, versions=tuple(versions))


def _definitions(db: Connection) -> dict[str, dict[str, object]]:
    """Put each procedure's document together again, its versions in order."""
    versions: defaultdict[int, list[object]] = defaultdict(list)
    for row in db.execute(
        select(
            procedure_version.c.procedure_id,
            procedure_version.c.definition,
            procedure_version.c.valid_to,
        ).order_by(procedure_version.c.procedure_id, procedure_version.c.version)
    ):
        # The column counts: the next version, once published, ends this one.
        ends = row.valid_to.isoformat() if row.valid_to else None
        versions[row.procedure_id].append({**row.definition, "valid_to": ends})
    return {
        row.code: {
            "code": row.code,
            "name": row.name,
            "field": {"code": row.field_code, "name": row.field_name},
            "sample": row.is_sample,
            "versions": versions[row.id],
        }
        for row in db.execute(select(procedure).order_by(procedure.c.code))
        if versions[row.id]
    }


def read_calendars(db: Connection) -> dict[str, Calendar]:
    """Return the calendar of each office that differs from the others, and `*` for those."""
    return read_book(db).calendars


class References:
    """The reference data of one process, read again when its revision was raised.

    A transaction knows the revision from its first statement, so what is used is never stale.
    One thread reads, the others of its process wait for it: reading costs a moment of processor.
    """

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._catalogue: tuple[int, Catalogue] | None = None
        self._calendars: tuple[int, dict[str, Calendar]] | None = None

    def catalogue(self, tx: Transaction) -> Catalogue:
        known = self._catalogue
        if known is None or known[0] != tx.catalogue_revision:
            with self._reading:
                known = self._catalogue
                if known is None or known[0] != tx.catalogue_revision:
                    known = self._catalogue = (tx.catalogue_revision, read_catalogue(tx.db))
        return known[1]

    def calendar(self, tx: Transaction, agency_code: str) -> Calendar:
        """Return the calendar of an agency: its own, or that of every office."""
        known = self.calendars(tx)
        return known.get(agency_code, known[EVERY_AGENCY])

    def calendars(self, tx: Transaction) -> Mapping[str, Calendar]:
        """Return the calendar of each office that differs from the others, and `*` for those."""
        known = self._calendars
        if known is None or known[0] != tx.calendar_revision:
            known = self._calendars = (tx.calendar_revision, read_calendars(tx.db))
        return known[1]
