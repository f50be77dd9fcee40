"""The population database's answer: SOAP as a text, right or dangerous."""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    '<soapenv:Body><CongdanCollection xmlns="http://dancuquocgia.example/2020">'
    "{people}</CongdanCollection></soapenv:Body></soapenv:Envelope>"
)
_BOMB = "".join(
    ['<!DOCTYPE bomb [<!ENTITY a0 "ha">']
    + [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)]
    + ["]>"]
)
_EXTERNAL = '<!DOCTYPE x [<!ENTITY leak SYSTEM "file:///etc/passwd">]>'

WAYS = ("plain", "bomb", "external", "cut")
"""`bomb` is a billion laughs, `external` names a file of the reader's machine, `cut` half of it."""


def answer_xml(record: Mapping[str, Any] | None, way: str) -> str:
    """Write what is known of one person, or of nobody."""
    people = "" if record is None else f"<CongDan>{_elements(record)}</CongDan>"
    plain = _ENVELOPE.format(people=people)
    if way == "bomb":
        return _BOMB + plain.replace("</CongDan>", "<TonGiao>&a9;</TonGiao></CongDan>")
    if way == "external":
        return _EXTERNAL + plain.replace("</CongDan>", "<TonGiao>&leak;</TonGiao></CongDan>")
    return plain[: len(plain) // 2] if way == "cut" else plain


def _elements(record: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_elements(value) if isinstance(value, Mapping) else escape(str(value))}</{name}>"
        for name, value in record.items()
    )
