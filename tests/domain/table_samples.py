"""A small sound table, to be spoiled, and what is told of a spoiled one."""

from datetime import date

import pytest

from app.domain.intake_table import IntakeTable, TableRefused, read_table
from app.domain.offers import OfferBook
from tests.domain.past_samples import BOOK, NOW, REGISTER

TODAY = NOW.date()
CENTRE = "Trung tâm phục vụ hành chính công"
HEADER = "period,group,row,agency,total,at_desk,online,online_rate_percent"
GOOD = """\
2021-03,province,total,Trung tâm phục vụ hành chính công,12,5,7,58.33
2021-03,province,1,Sở Công Thương,5,2,3,60.00
2021-03,province,2,Sở Y tế,7,3,4,57.14
2021-03,province,3,Sở Kế hoạch và Đầu tư,0,0,0,0.00
"""


def read(text: str, today: date = TODAY, book: OfferBook = BOOK) -> IntakeTable:
    return read_table(text.encode(), REGISTER, book, today)


def faults_of(text: str, book: OfferBook = BOOK) -> list[tuple[int, str, str]]:
    with pytest.raises(TableRefused) as refused:
        read(text, book=book)
    return [(fault.line, fault.agency, fault.detail) for fault in refused.value.faults]


def table(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def good(old: str = "", new: str = "") -> str:
    assert old in GOOD
    return f"{HEADER}\n{GOOD.replace(old, new) if old else GOOD}"
