"""Short messages (tin nhắn SMS): how many parts a text takes, and how it reads without accents.

Vietnamese letters with diacritics are outside the GSM 7-bit alphabet, so one of them makes the
whole message UCS-2: 70 letters in one part, 67 in each of several (3GPP TS 23.038, 23.040).
"""

import unicodedata

LARGEST_PARTS = 2
"""What a notice may cost; the templates are kept below it for the longest codes (tests)."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€\f")
_ONE, _MORE = (160, 70), (153, 67)


def parts(text: str) -> int:
    """Count the parts that a text is sent in."""
    is_gsm = all(letter in _GSM or letter in _GSM_DOUBLE for letter in text)
    if is_gsm:
        length = len(text) + sum(letter in _GSM_DOUBLE for letter in text)
        one, more = _ONE[0], _MORE[0]
    else:
        length = len(text.encode("utf-16-be")) // 2
        one, more = _ONE[1], _MORE[1]
    return 1 if length <= one else -(-length // more)


def unaccented(text: str) -> str:
    """Return a text without diacritics, for gateways whose brand name takes nothing else."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
