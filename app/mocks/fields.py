"""Checks of a partner's fields, written as tables: a row of a table is a field of the contract."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from app.mocks.clock import LOCAL

Check = Callable[[object, str], list[str]]
"""Takes a value and where it stands, returns the faults, each naming the place."""

_INSTANT_LENGTH = 14
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Field:
    """One field: how its value is checked, and whether it may be missing or empty."""

    check: Check
    is_required: bool = False


Table = Mapping[str, Field]


def must(check: Check) -> Field:
    """Declare a mandatory field."""
    return Field(check, is_required=True)


def may(check: Check) -> Field:
    """Declare an optional field: absent, or an empty text, or a right value."""
    return Field(check)


def faults_of(table: Table, row: object, where: str) -> list[str]:
    """Return everything that is wrong with a row, unknown keys included."""
    if not isinstance(row, dict):
        return [f"{where}: phải là một đối tượng"]
    prefix = f"{where}." if where else ""
    faults = [f"{prefix}{key}: trường không có trong hợp đồng" for key in row if key not in table]
    for name, field in table.items():
        value = row.get(name, _ABSENT)
        if value is _ABSENT or value == "":
            if field.is_required:
                faults.append(f"{prefix}{name}: bắt buộc")
        else:
            faults += field.check(value, prefix + name)
    return faults


def text(longest: int | None = None) -> Check:
    """Accept a text, no longer than so many characters."""

    def check(value: object, where: str) -> list[str]:
        if not isinstance(value, str):
            return [f"{where}: phải là chuỗi"]
        if not value.strip():
            return [f"{where}: chỉ có khoảng trắng"]
        if longest is not None and len(value) > longest:
            return [f"{where}: dài quá {longest} ký tự"]
        return []

    return check


def one_of(*values: str) -> Check:
    """Accept one of the listed texts."""
    allowed = frozenset(values)

    def check(value: object, where: str) -> list[str]:
        if isinstance(value, str) and value in allowed:
            return []
        return [f"{where}: phải là một trong {', '.join(values)} (chuỗi)"]

    return check


def shaped(pattern: str, example: str) -> Check:
    """Accept a text that matches a pattern as a whole."""
    matches = re.compile(pattern, re.ASCII).fullmatch

    def check(value: object, where: str) -> list[str]:
        if isinstance(value, str) and matches(value):
            return []
        return [f"{where}: sai định dạng, ví dụ đúng: {example}"]

    return check


def instant(value: object, where: str) -> list[str]:
    """Accept yyyyMMddHHmmss that names a real instant."""
    if isinstance(value, str) and len(value) == _INSTANT_LENGTH and is_digits(value):
        try:
            datetime(
                int(value[:4]),
                int(value[4:6]),
                int(value[6:8]),
                int(value[8:10]),
                int(value[10:12]),
                int(value[12:]),
                tzinfo=LOCAL,
            )
        except ValueError:
            pass
        else:
            return []
    return [f"{where}: phải là thời điểm có thật dạng yyyyMMddHHmmss"]


def whole(least: int = 0) -> Check:
    """Accept a JSON integer (not a text, not true)."""

    def check(value: object, where: str) -> list[str]:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return []
        return [f"{where}: phải là số nguyên từ {least}"]

    return check


def amount(value: object, where: str) -> list[str]:
    """Accept an amount in đồng: digits as a text, no sign, no leading zero."""
    if isinstance(value, str) and is_digits(value) and (value == "0" or value[0] != "0"):
        return []
    return [f"{where}: phải là số tiền nguyên (chuỗi chữ số)"]


def boolean(value: object, where: str) -> list[str]:
    """Accept true or false."""
    return [] if isinstance(value, bool) else [f"{where}: phải là true hoặc false"]


def web_address(value: object, where: str) -> list[str]:
    """Accept an absolute http or https address."""
    if isinstance(value, str):
        try:
            parts = urlsplit(value)
        except ValueError:
            pass
        else:
            if parts.scheme in {"http", "https"} and parts.hostname:
                return []
    return [f"{where}: phải là địa chỉ http(s) đầy đủ"]


def rows(table: Table, least: int = 0, most: int | None = None) -> Check:
    """Accept a list of rows of another table."""

    def check(value: object, where: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{where}: phải là danh sách"]
        if len(value) < least:
            return [f"{where}: cần ít nhất {least} phần tử"]
        if most is not None and len(value) > most:
            return [f"{where}: tối đa {most} phần tử, nhận được {len(value)}"]
        faults: list[str] = []
        for index, row in enumerate(value):
            faults += faults_of(table, row, f"{where}[{index}]")
        return faults

    return check


def inner(table: Table) -> Check:
    """Accept an object of another table."""

    def check(value: object, where: str) -> list[str]:
        return faults_of(table, value, where)

    return check


def is_digits(value: str) -> bool:
    """Tell whether a text consists of ASCII digits only (`isdigit` alone takes others too)."""
    return value.isascii() and value.isdigit()


def filled(row: Mapping[str, Any], name: str) -> str:
    """Return the text of a field, empty where the field is missing."""
    value = row.get(name)
    return value if isinstance(value, str) else ""
