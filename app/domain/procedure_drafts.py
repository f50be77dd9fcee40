"""Drafts."""

from enum import StrEnum, auto


class DraftOrigin(StrEnum):
    HAND = auto()  # quản trị soạn
    NATIONAL_PORTAL = auto()  # lấy từ Cổng Dịch vụ công quốc gia


class DraftState(StrEnum):
    DRAFT = auto()  # dự thảo
    CHECKED = auto()  # đã kiểm tra
    PUBLISHED = auto()  # đã ban hành
    DISCARDED = auto()  # đã bỏ
