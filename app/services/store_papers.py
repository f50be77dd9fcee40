"""A paper from the store of digitised results: a clerk asks for one that a look-up listed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from app.db.access import Transaction, acting
from app.db.answers import remember
from app.db.lookups import lookup, lookup_file
from app.db.partner_views import lookup_view
from app.db.partner_views import store_files as store_files_of
from app.domain.actor import DESK_ROLES
from app.domain.deliveries import DeliveryState
from app.domain.documents import file_name
from app.domain.lifecycle import RoleRefused, Status
from app.domain.lookups import LookupRefused, Purpose, Source
from app.services.clocks import version_of
from app.services.desk import Desk
from app.services.lookup_rows import kept_facts, requested_by, row_of
from app.services.store_files import OPEN
from app.services.transition import DossierElsewhere, Request, lock

_ASKED_BEFORE = (DeliveryState.WAITING, DeliveryState.IN_FLIGHT, DeliveryState.ACKNOWLEDGED)


def ask(
    desk: Desk, request: Request, lookup_id: int, *, path: str, component: str
) -> Mapping[str, Any]:
    """Ask for a file that a look-up listed, to meet a component; under way or here, it is once.

    Only what was listed for this dossier, while that is kept, can be asked for.
    """
    if request.actor.role not in DESK_ROLES:
        raise RoleRefused("Chỉ cán bộ đang xử lý hồ sơ được tra cứu.")
    with acting(desk.engine, request.actor, request.once) as tx:
        if tx.seen is not None:
            return tx.seen
        found = lock(tx, request)
        if not found.is_here:
            raise DossierElsewhere("Hồ sơ đang do cơ quan khác xử lý.")
        if Status(found.status) not in OPEN:
            raise LookupRefused("Hồ sơ đã có kết quả hoặc đã kết thúc, không thêm giấy tờ.")
        wanted = _listed(desk, tx, found, lookup_id, request.now, path)
        if component not in {part.code for part in version_of(desk, tx, found).components}:
            raise LookupRefused(f"Thủ tục này không có thành phần hồ sơ {component}.")
        row = _asked_for(desk, tx, found, request, wanted | {"component": component})
        asked = lookup_view(row) | {"file": store_files_of(tx, found.id)[row.id]}
        remember(tx, request.once, asked, request.now)
    desk.wake()
    return asked


def _listed(
    desk: Desk, tx: Transaction, found: Row[Any], lookup_id: int, now: datetime, path: str
) -> dict[str, Any]:
    """Return the file behind a path as a look-up of this dossier listed it."""
    row = row_of(tx, found, lookup_id)
    facts = kept_facts(desk, tx, row.id, now) or {}
    for result in facts.get("results", ()):
        for file in result["files"]:
            if file["path"] == path:
                return {
                    "from_lookup_id": row.id,
                    "owner": result["owner"],
                    "path": path,
                    "name": file_name(file["name"]),
                    "result_code": result["code"],
                }
    raise LookupRefused("Lượt tra cứu này không liệt kê tệp ấy, hoặc đã hết hạn lưu. Hãy hỏi lại.")


def _asked_for(
    desk: Desk, tx: Transaction, found: Row[Any], request: Request, wanted: dict[str, Any]
) -> Row[Any]:
    known = tx.db.execute(
        select(lookup)
        .join(lookup_file, lookup_file.c.lookup_id == lookup.c.id)
        .where(
            lookup.c.dossier_id == found.id,
            lookup_file.c.path == wanted["path"],
            lookup_file.c.component == wanted["component"],
            lookup.c.state.in_(_ASKED_BEFORE),
        )
        .limit(1)
    ).one_or_none()
    if known is not None:
        return known
    row = tx.db.execute(
        insert(lookup)
        .values(
            dossier_id=found.id,
            source=Source.RESULT_STORE,
            purpose=Purpose.REUSE_RESULT,
            subject_number=found.applicant_number,
            **requested_by(desk, tx, found, request),
            state=DeliveryState.WAITING,
            attempts=0,
            next_at=request.now,
        )
        .returning(lookup)
    ).one()
    tx.db.execute(insert(lookup_file).values(lookup_id=row.id, **wanted))
    return row
