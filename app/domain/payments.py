"""Life of a payment; money is integer đồng."""

from enum import StrEnum, auto

from app.domain.errors import DomainError


class Method(StrEnum):
    PLATFORM = auto()  # trực tuyến qua nền tảng thanh toán
    CASH = auto()  # tiền mặt tại quầy


class Purpose(StrEnum):
    ACCEPTANCE = auto()  # phí, lệ phí thu khi tiếp nhận
    RETURN = auto()  # phí, lệ phí thu khi trả kết quả
    OBLIGATION = auto()  # nghĩa vụ tài chính phát sinh khi xử lý


class PaymentStatus(StrEnum):
    OPENED = auto()  # mở, chưa có đường dẫn thanh toán
    PENDING = auto()  # chờ thanh toán
    PAID = auto()  # đã thanh toán
    FAILED = auto()  # không thành công; platform may still say later that it was paid
    EXPIRED = auto()  # hết hạn
    REFUNDED = auto()  # đã hoàn tiền


PAYABLE = frozenset(
    {PaymentStatus.OPENED, PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.EXPIRED}
)
"""What may still turn into paid: failed is never final (a captured payment may be told late)."""


class PaymentRefused(DomainError):
    """Nothing is due, it is paid already, or it cannot be paid this way."""

    code = "payment.refused"
    title = "Không thể thanh toán"


class PaymentNotFound(DomainError):
    code = "payment.not_found"
    title = "Không tìm thấy khoản thanh toán"
