"""The root of every refusal that a person or partner gets to read."""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal with a stable `code`, a Vietnamese sentence and, where useful, facts.

    `code` is part of the API. `detail` is read by citizens and clerks. `facts` are merged into
    the problem document (RFC 9457, extension members): JSON values only.
    """

    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, **facts: Any) -> None:  # noqa: ANN401  (JSON values)
        super().__init__(detail)
        self.detail = detail
        self.facts = facts
