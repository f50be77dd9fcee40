"""Which generation of the national portal agencies are told by: data of an administrator."""

from datetime import date

from sqlalchemy import Engine, insert, select

from app.db.catalogue import agency
from app.db.portal import portal_route
from app.domain.deliveries import Generation
from app.domain.errors import DomainError
from app.domain.portal_routes import EVERY_AGENCY, Route


class RouteRefused(DomainError):
    """A way that would move dossiers which were told elsewhere, or leads nowhere."""

    code = "portal_route.refused"
    title = "Không đặt được tuyến gửi"


def list_routes(engine: Engine) -> list[Route]:
    """Return all ways, by agency and day."""
    with engine.begin() as db:
        rows = db.execute(
            select(portal_route).order_by(portal_route.c.agency, portal_route.c.valid_from)
        )
        return [
            Route(row.agency, row.valid_from, Generation(row.generation), row.unit) for row in rows
        ]


def add_route(owner: Engine, route: Route, *, today: date) -> None:
    """Let dossiers received from a day on go another way; the day must be still to come."""
    if route.valid_from <= today:
        raise RouteRefused("Ngày bắt đầu phải sau hôm nay: hồ sơ đã nhận giữ tuyến gửi cũ.")
    with owner.begin() as db:
        is_known = db.scalar(select(agency.c.id).where(agency.c.code == route.agency))
        if route.agency != EVERY_AGENCY and is_known is None:
            raise RouteRefused(f"Không có cơ quan {route.agency}.")
        held = db.scalar(
            select(portal_route.c.agency).where(
                portal_route.c.agency == route.agency,
                portal_route.c.valid_from == route.valid_from,
            )
        )
        if held is not None:
            raise RouteRefused(f"{route.agency} đã có tuyến gửi từ {route.valid_from:%d/%m/%Y}.")
        db.execute(
            insert(portal_route).values(
                agency=route.agency,
                valid_from=route.valid_from,
                generation=route.generation,
                unit=route.unit,
            )
        )
