"""The one exception of this room: a signature does not pass, and why, in Vietnamese."""

from app.domain.signature import Coverage, SubIndication


class Fault(Exception):
    """Stops the check of one signature with its sub-indication and a sentence for the clerk."""

    def __init__(
        self, sub_indication: SubIndication, detail: str = "", coverage: Coverage = Coverage.NONE
    ) -> None:
        super().__init__(f"{sub_indication}: {detail}")
        self.sub_indication = sub_indication
        self.detail = detail
        self.coverage = coverage


def malformed(detail: str, coverage: Coverage = Coverage.NONE) -> Fault:
    """Return the fault of a signature whose structure breaks the standard, or that lies."""
    return Fault(SubIndication.FORMAT_FAILURE, detail, coverage)


class UnsignedDocument(Exception):
    """The document holds no digital signature; the message says so to the clerk."""
