"""The national portal as a caller: who is let in, how its messages are taken apart and answered."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from app.domain.application import Fault
from app.domain.inbound import Malformed, is_portal_code

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PROCEDURE = re.compile(r"[0-9][0-9A-Za-z.]{3,39}", re.ASCII)


class Code(IntEnum):
    """error_code of our answers."""

    TAKEN = 0
    DUPLICATE = 1
    FAILED = -1


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets the portal in by a secret that both know, sent as a bearer token."""

    secret: str

    def lets_in(self, authorization: str | None) -> bool:
        """Compare in a time that tells nothing of the secret, its length included."""
        scheme, _, given = (authorization or "").partition(" ")
        known = hashlib.sha256(self.secret.encode()).digest()
        asked = hashlib.sha256(given.strip().encode("utf-8", "surrogatepass")).digest()
        return hmac.compare_digest(known, asked) and scheme.lower() == "bearer"


def answer(code: Code, message: str) -> dict[str, Any]:
    """Return what the portal gets to read."""
    return {"error_code": int(code), "message": message}


def read_message(raw: bytes) -> dict[str, Any]:
    """Read the JSON object of a body; raises `Malformed`.

    Repeated keys are refused: one reader would see the first, another the last.
    """
    try:
        content = json.loads(raw, object_pairs_hook=_without_repeats, parse_constant=_refused)
        json.dumps(content, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise _unreadable("inbound.not_json", "Nội dung không phải JSON hợp lệ.") from error
    if not isinstance(content, dict):
        raise _unreadable("inbound.not_json", "Nội dung phải là một đối tượng JSON.")
    if _NUL.search(raw):
        raise _unreadable("inbound.not_json", "Nội dung có ký tự không được phép.")
    return content


def code_of(message: Mapping[str, Any]) -> str:
    """Return the MaHoSo that a message is kept under; raises `Malformed`."""
    code = message.get("MaHoSo")
    if not is_portal_code(code):
        detail = "Mã hồ sơ của Cổng gồm 4 đến 60 chữ cái, chữ số, dấu chấm, gạch nối."
        raise Malformed([Fault("/MaHoSo", "inbound.code_missing", detail)])
    return str(code)


def procedure_of(message: Mapping[str, Any]) -> str | None:
    """Return the MaTTHC of a message, if it can be one."""
    code = message.get("MaTTHC")
    return code if isinstance(code, str) and _PROCEDURE.fullmatch(code) else None


def _unreadable(code: str, detail: str) -> Malformed:
    return Malformed([Fault("", code, detail)])


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("repeated key")
    return content


def _refused(name: str) -> None:
    raise ValueError(name)
