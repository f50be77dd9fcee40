"""Facts of a paper as JSON, so that they can be kept with the act that issues it.

The number is not among them: it is given by the books when the facts are written down.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from app.domain.papers import Form
from app.papers.facts import FACTS_OF, NumberedPaper, Paper

_NUMBERS: Final = ("number", "register_number")


def kept(form: Form, facts: NumberedPaper) -> dict[str, Any]:
    """Return the facts as JSON values, without the number."""
    values: dict[str, Any] = _adapter(form).dump_python(facts, mode="json")
    return {name: value for name, value in values.items() if name not in _NUMBERS}


def revived(form: Form, values: Mapping[str, Any], number: int) -> Paper:
    """Return facts that were kept, with the number that the books gave."""
    given = {**values, **dict.fromkeys(_NUMBERS, number)}
    facts: Paper = _adapter(form).validate_python(given)
    return facts


@cache
def _adapter(form: Form) -> TypeAdapter[Any]:
    return TypeAdapter(FACTS_OF[form])
