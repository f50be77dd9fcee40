"""Putting the sample province into an empty database, once."""

from sqlalchemy import Connection, Engine, func, insert, select, text

from app import seeds
from app.db.books import write_book
from app.db.calendar import calendar_change, revision
from app.db.catalogue import (
    agency,
    procedure,
    procedure_agency,
    procedure_version,
    report_group,
)
from app.domain.calendar_book import fold
from app.domain.calendar_csv import change_from_csv
from app.domain.calendar_documents import as_document
from app.domain.procedure_definition import parse_version

_LOCK = 760_000_002  # any number that nothing else locks


def seed(owner: Engine) -> bool:
    """Write catalogue and calendar unless a catalogue is there; tell whether it was written."""
    with owner.begin() as db:
        db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if db.execute(select(agency.c.id).limit(1)).first() is not None:
            return False
        _seed_agencies(db)
        _seed_procedures(db)
        _seed_calendar(db)
        db.execute(
            insert(revision),
            [{"name": "catalogue", "value": 1}, {"name": "calendar", "value": 1}],
        )
        return True


def _seed_agencies(db: Connection) -> None:
    db.execute(
        insert(report_group),
        [
            {"code": group.code, "name": group.name, "position": group.position}
            for group in seeds.read_report_groups()
        ],
    )
    ids: dict[str, int] = {}
    for known in seeds.read_agencies():
        ids[known.code] = db.scalars(
            insert(agency)
            .values(
                code=known.code,
                name=known.name,
                level=known.level,
                parent_id=ids[known.parent] if known.parent else None,
                valid_from=known.valid_from,
                valid_to=known.valid_to,
                report_group=known.report_group,
                report_row=known.report_row,
            )
            .returning(agency.c.id)
        ).one()


def _seed_procedures(db: Connection) -> None:
    agencies = seeds.read_agencies()
    ids = {row.code: row.id for row in db.execute(select(agency.c.code, agency.c.id))}
    for document in seeds.read_procedure_documents():
        procedure_id = db.scalars(
            insert(procedure)
            .values(
                code=document["code"],
                name=document["name"],
                field_code=document["field"]["code"],
                field_name=document["field"]["name"],
                is_sample=document["sample"],
            )
            .returning(procedure.c.id)
        ).one()
        for definition in document["versions"]:
            version = parse_version(definition)
            version_id = db.scalars(
                insert(procedure_version)
                .values(
                    procedure_id=procedure_id,
                    version=version.version,
                    valid_from=version.valid_from,
                    valid_to=version.valid_to,
                    online_level=int(version.online_level),
                    definition=definition,
                )
                .returning(procedure_version.c.id)
            ).one()
            resolvers = [ids[known.code] for known in agencies if version.is_resolved_by(known)]
            db.execute(
                insert(procedure_agency),
                [
                    {"procedure_version_id": version_id, "agency_id": agency_id}
                    for agency_id in resolvers
                ],
            )


def _seed_calendar(db: Connection) -> None:
    """Write the calendar as the first change of all."""
    source = "Lịch ban đầu của hệ thống"
    texts = seeds.read_text("calendar.csv"), seeds.read_text("office_hours.csv")
    change = change_from_csv(*texts, source=source)
    change_id = db.scalars(
        insert(calendar_change)
        .values(
            revision=1,
            entered_at=func.now(),
            entered_by="system",
            entered_name="Hệ thống",
            source=source,
            document=as_document(change),
        )
        .returning(calendar_change.c.id)
    ).one()
    write_book(db, fold([change]), change, change_id)
