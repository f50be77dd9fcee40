"""Who belongs to a figure: denominator, numerator and reasons as conditions on a row of facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.reasons import Cause, Reason

_RECEIVED = "f.received_on BETWEEN :first AND :last AND f.agency_id = ANY (:agencies)"
_HANDLED = """(f.handled_on BETWEEN :first AND :until AND f.received_on < :first
    AND f.owner_ids[1 + width_bucket(f.handled_on, f.moved_on)] = ANY (:agencies))"""
_IS_LATE = """(f.late_on <= :until AND NOT (:is_now AND f.late_on = :until
    AND f.late_why = 'past_due' AND f.handled_on IS NULL AND f.counted_due_at > :now))"""
_OF_21 = f"({_RECEIVED} OR {_HANDLED})"
_HAS_RESULT = "(f.has_result_file OR NOT f.is_paper_due)"
_RESULT_REASONS = {
    Reason.NOT_RESOLVED: "f.ended_on IS NULL",
    Reason.ENDED_WITHOUT_RESULT: "f.outcome <> 'resolved'",
    Reason.NO_ELECTRONIC_RESULT: "true",
}
_CHANNEL_REASONS = {
    Reason.AT_DESK: "f.channel = 'desk'",
    Reason.BY_POST: "f.channel = 'post'",
    Reason.ONLINE: "f.channel = 'online'",
}


@dataclass(frozen=True, slots=True)
class Source:
    """The table whose versions are listed, and what its rows are called there."""

    table: str = "figure_fact"
    key: str = "dossier_id"
    ended_on: str = "handled_on"
    portal_code: str = "f.sync_code"
    spent: str = "f.spent"


PETITIONS = Source("figure_petition", "petition_id", "answered_on", "NULL::text", "NULL::bigint")


@dataclass(frozen=True, slots=True)
class Membership:
    """Conditions on a fact: denominator, numerator, and reasons in the order they are asked."""

    denominator: str
    numerator: str
    reasons: Mapping[Reason, str]
    source: "Source" = Source()

    @property
    def reason(self) -> str:
        cases = " ".join(f"WHEN {when} THEN '{reason}'" for reason, when in self.reasons.items())
        return f"CASE WHEN {self.numerator} THEN NULL {cases} END"


MEMBERSHIPS: Final[Mapping[str, Membership]] = {
    "1.4": Membership(
        _RECEIVED,
        "f.sync_state = 'acknowledged'",
        {
            Reason.SYNC_BLOCKED: "f.sync_state = 'blocked'",
            Reason.SYNC_DEAD: "f.sync_state = 'dead'",
            Reason.SYNC_WAITING: "true",
        },
    ),
    "2.1": Membership(
        _OF_21,
        f"coalesce(NOT {_IS_LATE}, true)",
        {
            Reason.ASKED_AGAIN: "f.late_why = 'asked_again'",
            Reason.LATE_ENDED: "f.handled_on <= :until",
            Reason.LATE_OPEN: "true",
        },
    ),
    "3.3": Membership(
        _RECEIVED,
        f"(f.channel = 'online' AND {_HAS_RESULT})",
        {
            Reason.AT_DESK: "f.channel = 'desk'",
            Reason.BY_POST: "f.channel = 'post'",
            **_RESULT_REASONS,
        },
    ),
    "3.3b": Membership(_RECEIVED, "f.channel = 'desk'", _CHANNEL_REASONS),
    "3.3c": Membership(_RECEIVED, "f.channel = 'post'", _CHANNEL_REASONS),
    "3.6": Membership(
        f"{_RECEIVED} AND f.is_fee_due", "f.is_paid_online", {Reason.NOT_PAID_ONLINE: "true"}
    ),
    "4.1": Membership(f"{_RECEIVED} AND f.is_paper_due", "f.has_result_file", _RESULT_REASONS),
    "4.2": Membership(
        _RECEIVED,
        "f.is_digital",
        {Reason.PAPER_COMPONENTS: "NOT f.are_files", **_RESULT_REASONS},
    ),
    "4.3": Membership(
        _RECEIVED,
        "f.is_reused",
        {
            Reason.NOTHING_SCANNED: "f.channel <> 'online'",
            Reason.NOTHING_REUSED: "true",
        },
    ),
    "4.4": Membership(_RECEIVED, "f.is_from_store", {Reason.NOT_FROM_STORE: "true"}),
    "4.5": Membership(
        _RECEIVED,
        "f.is_verified OR f.is_population_asked",
        {Reason.NOT_VERIFIED: "f.channel = 'online'", Reason.NO_ACCOUNT: "true"},
    ),
    "5.2": Membership(
        "f.due_on BETWEEN :first AND :last AND f.agency_id = ANY (:agencies)",
        "f.is_in_time",
        {
            Reason.PETITION_LATE: "f.answered_on IS NOT NULL",
            Reason.PETITION_OVERDUE: "f.due_at < :looked_at",
            Reason.PETITION_OPEN: "true",
        },
        PETITIONS,
    ),
    "5.4": Membership(
        _OF_21,
        f"(coalesce(NOT {_IS_LATE}, true) AND NOT f.is_displeased)",
        {
            Reason.LATE_AND_DISPLEASED: f"f.is_displeased AND {_IS_LATE}",
            Reason.DISPLEASED: "f.is_displeased",
            Reason.ASKED_AGAIN: "f.late_why = 'asked_again'",
            Reason.LATE_ENDED: "f.handled_on <= :until",
            Reason.LATE_OPEN: "true",
        },
    ),
}
"""The figures of the index that are shares of dossiers or petitions."""

_FINISHED = Membership(
    f"{_RECEIVED} AND f.spent IS NOT NULL", "true", {Reason.NOT_RESOLVED: "true"}
)

LISTED: Final[Mapping[str, Membership]] = {**MEMBERSHIPS, "2.2": _FINISHED, "2.2b": _FINISHED}
"""And those that are means over dossiers, each of which counts with its handling time."""

CAUSES: Final = {
    Cause.RECORDED_SINCE: "t.dossier_id IS NULL",
    Cause.DISPLEASED: "n.is_displeased <> t.is_displeased",
    Cause.HANDLED: "n.handled_on IS DISTINCT FROM t.handled_on",
    Cause.SYNC: "n.sync_state <> t.sync_state",
    Cause.PAYMENT: "n.is_paid_online <> t.is_paid_online",
    Cause.RESULT: "n.has_result_file <> t.has_result_file",
    Cause.COMPONENTS: "n.are_files <> t.are_files",
    Cause.DUE_MOVED: "n.counted_due_at IS DISTINCT FROM t.counted_due_at",
    Cause.ASKED_AGAIN: "n.late_why IS DISTINCT FROM t.late_why",
    Cause.TIME: "true",
}
PETITION_CAUSES: Final = {
    Cause.RECORDED_SINCE: "t.petition_id IS NULL",
    Cause.ANSWERED: "n.status <> t.status",
    Cause.DUE_MOVED: "n.due_at IS DISTINCT FROM t.due_at",
    Cause.TIME: "true",
}
"""Why a row counts otherwise than it did: conditions on it now (n) and then (t), in turn."""
