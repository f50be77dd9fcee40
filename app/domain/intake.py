"""How a dossier comes in and how its result goes out."""

from enum import StrEnum, auto


class Channel(StrEnum):
    """Kênh thực hiện."""

    DESK = auto()  # trực tiếp
    ONLINE = auto()  # trực tuyến
    POST = auto()  # bưu chính công ích


class ReturnWay(StrEnum):
    """Hình thức trả kết quả."""

    ONLINE = auto()  # trực tuyến
    DESK = auto()  # tại Bộ phận Một cửa
    POST = auto()  # qua bưu chính công ích
