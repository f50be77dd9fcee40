"""Words as the search knows them: Vietnamese names with their marks and without.

A word of a name is kept plain (`nguyen`) and spelled (`=3nguyên`): the number of its tone, then its
letters with their own marks. The tone stands first because people write it on different vowels
(`hòa`, `hoà`) and because whoever types has not come to the last letters yet.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.domain.errors import DomainError

LONGEST_WORD: Final = 60
"""Letters of a word that count; no name has a longer one, a hostile text may."""

AGENCY_PLACE: Final = "@"
"""Stands in a query where the database puts the number of the agency that is looked through."""

_SPELLED: Final = "="
_PROCEDURE: Final = "#"
_TONES: Final = {"\u0300": 1, "\u0301": 2, "\u0303": 3, "\u0309": 4, "\u0323": 5}
_MARKED_D: Final = "đ"
_SELECTIVE_DIGITS: Final = 9
_FEWEST_LETTERS: Final = 2

_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_CODE = re.compile(
    r"(?P<agency>[a-z][0-9]{2}(?:\.[0-9a-z]{1,3})*)\.?(?:-(?P<rest>[0-9]{1,6}(?:-[0-9]{0,9})?)?)?"
)
_NUMBER = re.compile(r"[0-9+().-]*[0-9][0-9+().-]*")
_DASHED = re.compile(r"(?:[0-9]{1,3}-)?([0-9]{6}(?:-[0-9]{1,9})?)|([0-9]{10}-[0-9]{1,3})")
_SEPARATORS = re.compile(r"[().-]")
_GROUPED = re.compile(r"(?:0|\+?84)[0-9]{1,11}")


class SearchRefused(DomainError):
    """Nothing in it that could be looked for."""

    code = "search.too_short"
    title = "Từ khóa quá ngắn"


def fold(text: str) -> str:
    """Return a text in small letters without any mark, `đ` as `d`."""
    return _without_marks(_decomposed(text))


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word three ways: plain, with the marks of its letters, and its tone (0 to 5)."""

    plain: str
    letters: str
    tone: int

    @property
    def is_marked(self) -> bool:
        return self.tone > 0 or self.letters != self.plain

    @property
    def lexeme(self) -> str:
        return f"{_SPELLED}{self.tone}{self.letters}"


def spellings(text: str) -> list[Spelling]:
    """Return the words of a text in their order; what has neither letter nor digit is no word."""
    found = (_spelling(match.group()) for match in _WORD.finditer(_decomposed(text)))
    return [word for word in found if word.plain]


def name_words(name: str) -> list[str]:
    """Return what is kept of a name: each word plain and spelled."""
    words = spellings(name)
    return [word.plain for word in words] + [word.lexeme for word in words]


def phone_digits(phone: str) -> str:
    """Return a phone number in digits as it is dialled at home: `+84 900...` is `0900...`."""
    digits = re.sub(r"[^0-9]", "", phone)
    is_abroad = phone.strip().startswith("+84") or (digits[:2] == "84" and len(digits) == 11)  # noqa: PLR2004  (84 and nine digits)
    return f"0{digits[2:]}" if is_abroad else digits


def kept_words(name: str, number: str, phone: str | None, procedure: str) -> list[str]:
    """Return the words of a dossier that are known before it has a code, each once."""
    words = [*name_words(name), number, procedure_word(procedure)]
    if phone:
        words.append(phone_digits(phone))
    return list(dict.fromkeys(words))


def code_words(code: str) -> list[str]:
    """Return the parts of a dossier code: agency, day with number, number."""
    agency, day, number = code.split("-")
    return [agency.casefold(), f"{day}-{number}", number]


def procedure_word(procedure: str) -> str:
    return f"{_PROCEDURE}{procedure}"


@dataclass(frozen=True, slots=True)
class Term:
    """One word looked for: any of these, or whatever begins with one of them."""

    words: tuple[str, ...]
    is_prefix: bool = False

    @property
    def is_selective(self) -> bool:
        """Tell whether it is a number that few share: of a person, a phone, a dossier."""
        digits = sum(letter.isdigit() for letter in self.words[0])
        return digits >= _SELECTIVE_DIGITS

    def expression(self) -> str:
        """Return the term for PostgreSQL; words hold nothing that has a meaning there."""
        ending = ":*" if self.is_prefix else ""
        either = " | ".join(f"'{AGENCY_PLACE}{word}'{ending}" for word in self.words)
        return f"({either})"


@dataclass(frozen=True, slots=True)
class Query:
    """All of these terms. `whole` is the condition, `narrow` the same without word beginnings.

    `begun` are the beginnings alone: whoever asks an index pays for every word that begins so.
    """

    terms: tuple[Term, ...]

    @property
    def is_selective(self) -> bool:
        return any(term.is_selective for term in self.terms)

    @property
    def whole(self) -> str:
        return _all_of(self.terms)

    @property
    def narrow(self) -> str | None:
        return _all_of(term for term in self.terms if not term.is_prefix) or None

    @property
    def begun(self) -> str | None:
        return _all_of(term for term in self.terms if term.is_prefix) or None


def read_query(text: str | None, procedure: str | None = None) -> Query:
    """Read what a clerk typed: words of a name in any order, numbers, parts of a code.

    The last word may be unfinished. A word with marks finds names that are spelled so, and names
    that were written down without any; a word without marks finds every spelling. Raises
    `SearchRefused` for less than two letters without a digit.
    """
    terms = [] if text is None else _typed_terms(text)
    if procedure is not None:
        terms.append(Term((procedure_word(procedure),)))
    return Query(tuple(dict.fromkeys(terms)))


def _typed_terms(text: str) -> list[Term]:
    plain = fold(text)
    letters = sum(sign.isalpha() for sign in plain)
    if letters < _FEWEST_LETTERS and not any(sign.isdigit() for sign in plain):
        raise SearchRefused("Hãy nhập ít nhất hai chữ cái, hoặc một số.")
    chunks = _joined(_decomposed(text).split())
    return [
        term
        for place, chunk in enumerate(chunks, 1)
        for term in _chunk_terms(chunk, is_last=place == len(chunks))
    ]


def _joined(chunks: Iterable[str]) -> list[str]:
    """Put the groups together in which people write a phone or personal number."""
    found: list[str] = []
    for chunk in chunks:
        grouped = _SEPARATORS.sub("", f"{found[-1]}{chunk}") if found else ""
        if _NUMBER.fullmatch(chunk) and _GROUPED.fullmatch(grouped):
            found[-1] = grouped
        else:
            found.append(chunk)
    return found


def _chunk_terms(chunk: str, *, is_last: bool) -> list[Term]:
    code = _CODE.fullmatch(chunk)
    if code is not None:
        agency, rest = code["agency"], code["rest"]
        if rest is None:
            return [Term((agency,), is_prefix=True)]
        return [Term((agency,)), Term((rest,), is_prefix=True)]
    if _NUMBER.fullmatch(chunk):
        return [Term((_number(chunk),), is_prefix=True)]
    words = [word for word in map(_spelling, _WORD.findall(chunk)) if word.plain]
    return [
        _name_term(word, is_last=is_last and place == len(words))
        for place, word in enumerate(words, 1)
    ]


def _number(chunk: str) -> str:
    """Return a number as it is kept: day and number of a code, a branch's tax code, else digits."""
    dashed = _DASHED.fullmatch(chunk.strip("().-"))
    return dashed[1] or dashed[2] if dashed else phone_digits(chunk)


def _name_term(word: Spelling, *, is_last: bool) -> Term:
    if any(sign.isdigit() for sign in word.plain):
        return Term((word.plain,), is_prefix=True)
    if not word.is_marked:
        return Term((word.plain,), is_prefix=is_last)
    # Whoever types has perhaps not come to the tone yet.
    tones = range(len(_TONES) + 1) if is_last and word.tone == 0 else (word.tone,)
    spelled = [f"{_SPELLED}{tone}{word.letters}" for tone in tones]
    unmarked = f"{_SPELLED}0{word.plain}"
    return Term((*spelled, unmarked), is_prefix=is_last)


def _all_of(terms: Iterable[Term]) -> str:
    return " & ".join(term.expression() for term in terms)


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text.casefold()).casefold()


def _without_marks(decomposed: str) -> str:
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return bare.replace(_MARKED_D, "d")


@lru_cache(maxsize=20_000)  # names are made of few words
def _spelling(decomposed: str) -> Spelling:
    tones = [_TONES[sign] for sign in decomposed if sign in _TONES]
    letters = "".join(sign for sign in decomposed if sign not in _TONES)
    return Spelling(
        _without_marks(decomposed)[:LONGEST_WORD],
        unicodedata.normalize("NFC", letters)[:LONGEST_WORD],
        tones[0] if tones else 0,
    )
