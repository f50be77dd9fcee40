"""Look-ups of a person's data at other agencies: for what, of whom, and what they showed.

Personal data may be asked for only for a dossier, only about its applicant and only for a named
purpose; every question stays on record for that person (Law 91/2025 on personal data protection).
"""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum, auto
from typing import Any

from app.domain.errors import DomainError
from app.domain.procedure import ApplicantKind


class Source(StrEnum):
    POPULATION = auto()  # CSDL quốc gia về dân cư
    BUSINESS_REGISTER = auto()  # CSDL đăng ký doanh nghiệp
    RESULT_STORE = auto()  # kho kết quả số hóa


class Purpose(StrEnum):
    VERIFY_APPLICANT = auto()  # xác minh chủ hồ sơ
    PREFILL = auto()  # điền sẵn biểu mẫu
    REUSE_RESULT = auto()  # khai thác kết quả đã số hóa


class LookupOutcome(StrEnum):
    MATCH = auto()  # khớp
    DIFFERS = auto()  # có khác biệt
    FOUND = auto()  # có dữ liệu
    NOT_FOUND = auto()  # không tìm thấy


class LookupEvent(StrEnum):
    """What happened to a person's data."""

    ASKED = auto()  # đã hỏi
    REUSED = auto()  # dùng lại câu trả lời còn hạn
    SHOWN = auto()  # cán bộ đã xem


SOURCE_LABELS = {
    Source.POPULATION: "Cơ sở dữ liệu quốc gia về dân cư",
    Source.BUSINESS_REGISTER: "Cơ sở dữ liệu về đăng ký doanh nghiệp",
    Source.RESULT_STORE: "Kho kết quả số hóa",
}
PURPOSE_LABELS = {
    Purpose.VERIFY_APPLICANT: "Xác minh chủ hồ sơ",
    Purpose.PREFILL: "Điền sẵn biểu mẫu",
    Purpose.REUSE_RESULT: "Khai thác kết quả đã số hóa",
}
EVENT_LABELS = {
    LookupEvent.ASKED: "Đã hỏi",
    LookupEvent.REUSED: "Dùng lại câu trả lời còn hạn",
    LookupEvent.SHOWN: "Cán bộ đã xem",
}
OUTCOME_LABELS = {
    LookupOutcome.MATCH: "Khớp",
    LookupOutcome.DIFFERS: "Có khác biệt",
    LookupOutcome.FOUND: "Có dữ liệu",
    LookupOutcome.NOT_FOUND: "Không tìm thấy",
}
UNCHECKED = "unchecked"
UNCHECKED_LABEL = "Chưa kiểm tra"

CHECKED_BY = {
    ApplicantKind.CITIZEN: Source.POPULATION,
    ApplicantKind.ENTERPRISE: Source.BUSINESS_REGISTER,
}
"""Where an applicant is checked; no register answers for state bodies and other organisations."""

AREA_CATEGORIES = {"commune": "DM_XA", "district": "DM_HUYEN", "province": "DM_TINH"}
"""Shared categories that name the areas of an address, smallest first."""

Facts = Mapping[str, Any]
"""What a register knows, under our names: name, number, birth_date, address, father_name ..."""


class LookupRefused(DomainError):
    """This applicant, purpose and source do not go together, or the dossier is over."""

    code = "lookup.refused"
    title = "Không tra cứu được"


class LookupNotFound(DomainError):
    code = "lookup.not_found"
    title = "Không tìm thấy lượt tra cứu"


class ProcedureUnknown(DomainError):
    code = "lookup.procedure_unknown"
    title = "Không có thủ tục này"


def source_of(purpose: Purpose, kind: ApplicantKind) -> Source:
    """Return where to ask about an applicant for a purpose; raises `LookupRefused`."""
    if purpose is Purpose.REUSE_RESULT:
        return Source.RESULT_STORE
    source = CHECKED_BY.get(kind)
    if source is None:
        raise LookupRefused("Không có cơ sở dữ liệu nào để tra cứu loại chủ hồ sơ này.")
    return source


def plain_name(name: str) -> str:
    """Write a name as the population database is asked: A to Z in capitals, nothing between."""
    folded = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(letter for letter in folded if "A" <= letter <= "Z")


def same_words(ours: str, theirs: str) -> bool:
    """Tell whether two texts are the same but for case, spaces and where a tone mark stands."""
    return _words(ours) == _words(theirs)


def _words(text: str) -> list[tuple[str, str]]:
    """Return letters and marks of each word: hòa and hoà are one spelling, hoa is another."""
    words = []
    for word in unicodedata.normalize("NFD", text.casefold()).split():
        letters = "".join(sign for sign in word if not unicodedata.combining(sign))
        marks = "".join(sorted(sign for sign in word if unicodedata.combining(sign)))
        words.append((letters, marks))
    return words


def compare(
    name: str, form: Mapping[str, Any], known_as: Mapping[str, str], facts: Facts
) -> list[str]:
    """List the fields in which a dossier differs from a register, by name and never by value.

    `known_as` says which members of the e-form are facts of a register. What the applicant left
    empty, or the register does not know, differs in nothing.
    """
    differing = [] if same_words(name, str(facts.get("name", ""))) else ["applicant.name"]
    for field, fact in known_as.items():
        ours, theirs = form.get(field), facts.get(fact)
        if ours and theirs and not same_words(str(ours), str(theirs)):
            differing.append(f"form.{field}")
    return differing


def known_as(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return which members of an e-form are facts of a register (annotation `x-known-as`)."""
    members = schema.get("properties", {})
    return {
        name: str(member["x-known-as"])
        for name, member in members.items()
        if isinstance(member, Mapping) and "x-known-as" in member
    }


def filled_from(schema: Mapping[str, Any], facts: Facts) -> dict[str, str]:
    """Return the members of an e-form that are known already (once-only)."""
    return {field: str(facts[fact]) for field, fact in known_as(schema).items() if facts.get(fact)}
