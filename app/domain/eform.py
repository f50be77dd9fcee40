"""E-forms (biểu mẫu điện tử): what a citizen filled in, held against the procedure's schema."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

_MESSAGES = {
    "required": "Mục này là bắt buộc.",
    "additionalProperties": "Biểu mẫu không có mục này.",
    "type": "Kiểu dữ liệu không đúng.",
    "pattern": "Không đúng định dạng.",
    "format": "Không đúng định dạng.",
    "enum": "Giá trị không nằm trong danh mục.",
    "const": "Giá trị không đúng.",
    "minLength": "Nội dung quá ngắn.",
    "maxLength": "Nội dung quá dài.",
    "minimum": "Giá trị nhỏ hơn mức cho phép.",
    "maximum": "Giá trị lớn hơn mức cho phép.",
    "exclusiveMinimum": "Giá trị nhỏ hơn mức cho phép.",
    "exclusiveMaximum": "Giá trị lớn hơn mức cho phép.",
    "multipleOf": "Giá trị không đúng bước nhảy.",
    "minItems": "Danh sách quá ngắn.",
    "maxItems": "Danh sách quá dài.",
    "uniqueItems": "Danh sách có giá trị trùng nhau.",
}
_OTHER = "Giá trị không hợp lệ."
_UNREADABLE = "Biểu mẫu có ký tự hoặc cấu trúc không đọc được."


class EForm:
    """One schema, compiled once; `faults` may be called from many threads."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator = jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True)

    def faults(self, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return every fault as (JSON pointer, Vietnamese sentence), none if it is well filled."""
        try:
            return [] if self._validator.is_valid(answers) else self._found(answers)
        except ValueError:  # half of a surrogate pair, or nested too deep to be looked at
            return [("", _UNREADABLE)]

    def _found(self, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for error in self._validator.iter_errors(answers):
            path = "".join(f"/{_escaped(part)}" for part in error.instance_path)
            message = _MESSAGES.get(error.kind.name, _OTHER)
            found.extend((path + member, message) for member in _members(error.kind))
        return found


def _members(kind: Any) -> list[str]:  # noqa: ANN401  (one class per kind of error)
    """Name the members that an error about an object is about."""
    if hasattr(kind, "property"):
        return [f"/{_escaped(kind.property)}"]
    if hasattr(kind, "unexpected"):
        return [f"/{_escaped(name)}" for name in kind.unexpected]
    return [""]


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
