"""Reading the catalogue: what the province offers and who resolves it."""

from collections.abc import Sequence
from datetime import date

from app.db.access import acting
from app.db.reference import Catalogue, Offered
from app.domain.actor import SYSTEM
from app.domain.agency import Agency
from app.domain.errors import DomainError
from app.services.desk import Desk


class ProcedureNotFound(DomainError):
    code = "procedure.not_found"
    title = "Không tìm thấy thủ tục"


class AgencyNotFound(DomainError):
    code = "agency.not_found"
    title = "Không tìm thấy cơ quan"


def current(desk: Desk) -> Catalogue:
    """Return the catalogue as it is now; it is public and the same for everybody."""
    with acting(desk.engine, SYSTEM) as tx:
        return desk.references.catalogue(tx)


def procedures_on(
    desk: Desk, day: date, *, agency: str | None, level: int | None
) -> list[tuple[Offered, Sequence[Agency]]]:
    """List the procedures in force on a day, by code, each with the agencies that resolve it."""
    catalogue = current(desk)
    found: list[tuple[Offered, Sequence[Agency]]] = []
    for code in sorted(catalogue.procedures):
        offered = catalogue.version_on(code, day)
        if offered is None or level not in {None, int(offered.version.online_level)}:
            continue
        resolvers = [
            known
            for known in catalogue.agencies.values()
            if offered.version.is_resolved_by(known, day) and known.is_valid_on(day)
        ]
        if agency is None or any(known.code == agency for known in resolvers):
            found.append((offered, resolvers))
    return found


def procedure_on(desk: Desk, code: str, day: date) -> tuple[Offered, Sequence[Agency]]:
    for offered, resolvers in procedures_on(desk, day, agency=None, level=None):
        if offered.procedure.code == code:
            return offered, resolvers
    raise ProcedureNotFound(f"Không có thủ tục {code} có hiệu lực ngày {day:%d/%m/%Y}.")


def agencies_on(desk: Desk, day: date) -> list[Agency]:
    """List the agencies that exist on a day, by code."""
    return [known for known in current(desk).agencies.values() if known.is_valid_on(day)]


def agency(desk: Desk, code: str) -> Agency:
    known = current(desk).agencies.get(code)
    if known is None:
        raise AgencyNotFound(f"Không có cơ quan {code}.")
    return known
