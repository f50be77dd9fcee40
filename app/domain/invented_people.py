"""Invented persons, bodies and staff: whoever has a number always has the same name.

No number can be a real one: personal numbers say "born in the twenty-fourth century" (the digit
after the province's code), tax codes begin with a province that does not exist, phone numbers
with zeros, mail addresses end in a domain that is reserved for examples (RFC 2606).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

from app.domain.actor import Actor, Role
from app.domain.application import Applicant
from app.domain.procedure import ApplicantKind

CITIZENS = 700_000
BODIES = 20_000

_PROVINCE = "025"  # of the sample province in personal numbers
_SEX_AND_CENTURY = (("8", "male"), ("9", "female"))  # of the years 2300 to 2399
_NO_PROVINCE = "99"  # of tax codes
_BIRTH_YEARS = 65
_OLDEST = 40
_HAMLETS = 14


@dataclass(frozen=True, slots=True)
class NameLists:
    """Parts that names are made of."""

    family: Sequence[str]
    middle: Mapping[str, Sequence[str]]
    given: Mapping[str, Sequence[str]]
    places: Sequence[str]
    company_kinds: Sequence[str]
    company_trades: Sequence[str]
    company_names: Sequence[str]
    state_bodies: Sequence[str]
    organisations: Sequence[str]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "NameLists":
        return cls(
            family=document["family_names"],
            middle=document["middle_names"],
            given=document["given_names"],
            places=document["places"],
            company_kinds=document["company_kinds"],
            company_trades=document["company_trades"],
            company_names=document["company_names"],
            state_bodies=document["state_bodies"],
            organisations=document["organisations"],
        )


class People:
    """Everybody there is, by a whole number; nobody is kept in memory."""

    def __init__(self, lists: NameLists) -> None:
        self._lists = lists

    def citizen(self, n: int) -> Applicant:
        """Return citizen `n` of `CITIZENS`."""
        mixed = _mixed(n)
        century, sex = _SEX_AND_CENTURY[n % 2]
        year = (_OLDEST + mixed % _BIRTH_YEARS) % 100
        return Applicant(
            ApplicantKind.CITIZEN,
            f"{_PROVINCE}{century}{year:02d}{n:06d}",
            self._name(mixed, sex),
            f"0000{n:06d}",
            f"nd{n:06d}@nguoidan.example",
            f"Khu {mixed % _HAMLETS + 1}, xã {_nth(self._lists.places, mixed >> 5)}",
        )

    def body(self, kind: ApplicantKind, n: int) -> Applicant:
        """Return body `n` of `BODIES`: an enterprise, state body or other organisation."""
        mixed = _mixed(n)
        number = f"{_NO_PROVINCE}{list(ApplicantKind).index(kind)}{n:07d}"
        place = _nth(self._lists.places, mixed)
        return Applicant(
            kind,
            number,
            self._body_name(kind, mixed, place, n),
            f"0000{n:06d}",
            f"dn{number}@nguoidan.example",
            f"Khu {mixed % _HAMLETS + 1}, xã {place}",
        )

    def staff(self, role: Role, n: int, agency_code: str) -> Actor:
        """Return the `n`-th person (from 1) of a role in an agency, as a token would name it."""
        mixed = _mixed(crc32(f"{role}-{n}@{agency_code}".encode()))
        name = self._name(mixed, _SEX_AND_CENTURY[mixed % 2][1])
        return Actor(f"{role}-{n}@{agency_code}", role, name, agency_code)

    def _name(self, mixed: int, sex: str) -> str:
        family = _nth(self._lists.family, mixed >> 3)
        middle = _nth(self._lists.middle[sex], mixed >> 11)
        return f"{family} {middle} {_nth(self._lists.given[sex], mixed >> 19)}"

    def _body_name(self, kind: ApplicantKind, mixed: int, place: str, n: int) -> str:
        lists = self._lists
        if kind is ApplicantKind.ENTERPRISE:
            kind_word, trade = (
                _nth(lists.company_kinds, mixed >> 3),
                _nth(lists.company_trades, mixed >> 9),
            )
            return f"{kind_word} {trade} {_nth(lists.company_names, mixed >> 17)} {n}"
        models = lists.state_bodies if kind is ApplicantKind.STATE_BODY else lists.organisations
        return f"{_nth(models, mixed >> 7).format(place=place)} {n}"


def account_of(applicant: Applicant, *, is_verified: bool = False) -> Actor:
    """Return an applicant as somebody who was let in to act on a dossier."""
    return Actor(
        applicant.number,
        Role.APPLICANT,
        applicant.name,
        identity_number=applicant.number,
        tech_id=str(uuid5(NAMESPACE_URL, f"phat-lai:{applicant.number}")),
        phone=applicant.phone,
        email=applicant.email,
        is_verified=is_verified,
    )


def _mixed(n: int) -> int:
    """Scatter the bits of a number, so that neighbours have nothing in common."""
    return (n * 0x9E3779B97F4A7C15 + 0x1234567) % 2**64 >> 16


def _nth(items: Sequence[str], n: int) -> str:
    return items[n % len(items)]
