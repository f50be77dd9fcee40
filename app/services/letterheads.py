"""The head of a paper: how an agency and its place are named (Decree 30/2020/NĐ-CP, annex I)."""

from datetime import datetime
from typing import Final

from app.db.reference import Catalogue
from app.domain.agency import Agency, Level
from app.domain.calendar import LOCAL_ZONE
from app.papers.facts import Office

DESK: Final = "Bộ phận Tiếp nhận và Trả kết quả"
COUNCIL: Final = "UBND "
_COUNCIL_IN_FULL: Final = "Ủy ban nhân dân "
_KINDS_OF_PLACE: Final = ("tỉnh ", "Thành phố ", "Thị xã ", "Huyện ", "Phường ", "Xã ", "Thị trấn ")


def office_of(catalogue: Catalogue, agency: Agency, at: datetime, *, desk: bool) -> Office:
    """Return the block of the agency's name at that time; a people's committee stands alone."""
    on = at.astimezone(LOCAL_ZONE).date()
    parent = (
        None if agency.name.startswith(COUNCIL) else catalogue.agencies.get(agency.parent or "")
    )
    return Office(
        parent_agency=in_full(parent.name_on(on)) if parent else None,
        agency=in_full(agency.name_on(on)),
        desk=DESK if desk else None,
        place=_place(catalogue, agency),
    )


def in_full(name: str) -> str:
    """Write an agency's name out, as the head of a paper does."""
    return _COUNCIL_IN_FULL + name.removeprefix(COUNCIL) if name.startswith(COUNCIL) else name


def _place(catalogue: Catalogue, agency: Agency) -> str:
    """Return the name of the province, district or commune that an agency belongs to."""
    seat = agency
    while not seat.name.startswith(COUNCIL):
        above = catalogue.agencies.get(seat.parent or "")
        if above is None or (above.level is Level.PROVINCE and seat.level is not Level.PROVINCE):
            break
        seat = above
    place = seat.name.removeprefix(COUNCIL)
    for kind in _KINDS_OF_PLACE if place != seat.name else ():
        place = place.removeprefix(kind)
    return place
