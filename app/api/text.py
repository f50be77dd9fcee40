"""Kinds of text that requests carry: no control characters, bounded, not blank."""

from typing import Annotated

from pydantic import StringConstraints

NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
Paragraph = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=NO_CONTROLS),
]
ItemCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,60}$")]
AgencyCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][0-9]{2}(\.[0-9A-Z]{2,3})*$", max_length=35)
]
