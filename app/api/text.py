"""Kinds of text that requests carry: no control characters, bounded, not blank."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
    Field(examples=["Khoản 2 Điều 17 Nghị định 118/2025/NĐ-CP"]),
]
Paragraph = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=NO_CONTROLS),
    Field(examples=["Bản chụp bị mờ, không đọc được số"]),
]
ItemCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,60}$"), Field(examples=["GT01"])
]
AgencyCode = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][0-9]{2}(\.[0-9A-Z]{2,3})*$", max_length=35),
    Field(examples=["H44.29"]),
]
Office = Annotated[
    Literal["*"] | AgencyCode, Field(description="Agency code, `*` for every office")
]
DOSSIER_CODE = r"^[A-Z]\d{2}(\.[0-9A-Z]{2,3})*-\d{6}-\d{4,9}$"
DossierCode = Annotated[str, StringConstraints(pattern=DOSSIER_CODE, max_length=60)]
