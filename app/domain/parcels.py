"""Parcels of the public post (bưu chính công ích): orders to collect papers and send results."""

from collections.abc import Mapping
from enum import StrEnum, auto

from app.domain.errors import DomainError
from app.domain.lifecycle import Status


class ParcelKind(StrEnum):
    COLLECT = auto()  # thu gom hồ sơ giấy tại nhà
    RETURN = auto()  # chuyển phát kết quả


class Wanted(StrEnum):
    """What the post is to be brought to."""

    PLACED = auto()
    CANCELLED = auto()


class Parcel(StrEnum):
    """Where a parcel is; beside the legal status of its dossier, never in its place."""

    REQUESTED = auto()  # chờ gửi sang bưu chính
    REGISTERED = auto()  # bưu chính đã nhận đơn
    IN_TRANSIT = auto()  # đang thu gom, đang chuyển
    DELIVERED = auto()  # đã giao
    CANCELLED = auto()  # đã hủy
    UNDELIVERABLE = auto()  # không giao được


PARCEL_LABELS = {
    Parcel.REQUESTED: "Chờ gửi sang bưu chính",
    Parcel.REGISTERED: "Bưu chính đã nhận đơn",
    Parcel.IN_TRANSIT: "Đang thu gom, đang chuyển",
    Parcel.DELIVERED: "Đã giao",
    Parcel.CANCELLED: "Đã hủy",
    Parcel.UNDELIVERABLE: "Không giao được",
}
OVER = frozenset({Parcel.DELIVERED, Parcel.CANCELLED, Parcel.UNDELIVERABLE})
FREED = frozenset({Parcel.CANCELLED, Parcel.UNDELIVERABLE})
"""After these a new order of the same kind may be placed."""

TOLD = {
    "1": Parcel.REGISTERED,
    "2": Parcel.IN_TRANSIT,
    "3": Parcel.DELIVERED,
    "4": Parcel.CANCELLED,
    "5": Parcel.UNDELIVERABLE,
}
"""The post's codes (derived: no official list); a setting replaces them."""

POSSIBLE_WHILE: Mapping[ParcelKind, frozenset[Status]] = {
    ParcelKind.RETURN: frozenset({Status.RESOLVED}),
    ParcelKind.COLLECT: frozenset(
        {Status.REGISTERED, Status.ACCEPTED, Status.IN_PROCESS, Status.SUPPLEMENT_REQUESTED}
    ),
}


class ParcelRefused(DomainError):
    """Not possible as the dossier or the parcel stands."""

    code = "parcel.refused"
    title = "Không thực hiện được với đơn bưu chính"


class ParcelNotFound(DomainError):
    code = "parcel.not_found"
    title = "Không tìm thấy đơn bưu chính"


def order_number(code: str, n: int) -> str:
    """Return the OrderNumber of a dossier's n-th order: its code, then the code and a count."""
    return code if n == 1 else f"{code}-{n}"


def check_possible(kind: ParcelKind, status: Status) -> None:
    """Refuse an order that has nothing to carry; raises `ParcelRefused`."""
    if status not in POSSIBLE_WHILE[kind]:
        raise ParcelRefused(
            "Chỉ gửi kết quả qua bưu chính khi hồ sơ đã xử lý xong và chưa trả."
            if kind is ParcelKind.RETURN
            else "Chỉ thu gom giấy tờ khi hồ sơ đang chờ hoặc đang được giải quyết."
        )


def moves(now_at: Parcel, told: Parcel) -> bool:
    """Tell whether a track moves a parcel on: what is over stays, nothing goes back."""
    order = [Parcel.REQUESTED, Parcel.REGISTERED, Parcel.IN_TRANSIT]
    if now_at in OVER or told is now_at:
        return False
    return told in OVER or order.index(told) > order.index(now_at)
