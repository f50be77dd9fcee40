"""Invented particulars of persons and enterprises: the same subject always gets the same ones."""

from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from app.mocks.fields import is_digits

_NUMBER_LENGTHS = {9, 10, 12, 13}  # old card, tax code, personal number, tax code of a branch


def tech_id(number: str) -> str:
    """Return the account identifier (TechID) that goes with an identity or tax number."""
    return str(uuid5(NAMESPACE_URL, f"vneid-mau:{number}"))


def has_account(number: str) -> bool:
    """Tell whether a number has a portal account: all do but those that end in 0000."""
    digits = number.replace("-", "")
    return is_digits(digits) and len(digits) in _NUMBER_LENGTHS and not digits.endswith("0000")


def personal_number(subject: str) -> str:
    """Return the subject if it is a personal number, else one of province 000, which is none."""
    return subject if is_personal_number(subject) else "000" + _digits(subject, 9)


def is_personal_number(value: str) -> bool:
    """Tell whether a text looks like a number of personal identification (12 digits)."""
    return len(value) == 12 and is_digits(value)  # noqa: PLR2004  (the law's length)


def is_tax_code(value: str) -> bool:
    """Tell whether a text looks like an enterprise's tax code (10 digits, or 10-3 of a branch)."""
    number, _, branch = value.partition("-")
    return (
        len(number) == 10  # noqa: PLR2004  (the law's length)
        and is_digits(number)
        and (not branch or (len(branch) == 3 and is_digits(branch)))  # noqa: PLR2004  (same)
    )


def phone(subject: str) -> str:
    """Return a phone number that nobody has."""
    return "0000" + _digits("phone:" + subject, 6)


def mail(subject: str) -> str:
    """Return a mail address in a domain that cannot exist (RFC 2606)."""
    return f"nd-{_digits('mail:' + subject, 8)}@nguoidan.example"


def _digits(seed: str, count: int) -> str:
    return str(int(sha256(seed.encode()).hexdigest(), 16))[-count:]
