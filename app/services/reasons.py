"""Why a figure is what it is: its dossiers one by one, what is lost by which reason, what if."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from app.db.figure_memberships import LISTED, MEMBERSHIPS
from app.db.figure_reasons import Change, Member, changes, members, reasons
from app.db.reference import Catalogue
from app.domain.actor import Actor
from app.domain.calendar import LOCAL_ZONE
from app.domain.question import AsOfRefused, Group, Question
from app.domain.reasons import Page, Reason, weight
from app.domain.steering import (
    Definition,
    NotDefined,
    Score,
    Scored,
    State,
    Steering,
    points_for,
    score,
)
from app.services.desk import Desk
from app.services.figure_scope import Asking, asking
from app.services.steering_index import Index, PartScore, index_of, wanted_for

_FEW = 200_000
"""Dossiers of a figure that are gathered before a page of them is cut."""

MEANS = LISTED.keys() - MEMBERSHIPS.keys()
"""Figures that are means: every dossier listed counts, none is missing."""


@dataclass(frozen=True, slots=True)
class Why:
    """A figure with its dossiers by reason (None: counted), and a page of them."""

    question: Question
    figure: Scored
    by_reason: Mapping[Reason | None, int]
    page: Sequence[Member]
    next_after: int | None
    catalogue: Catalogue

    def procedure_of(self, member: Member) -> str | None:
        """Return the code of a member's procedure; a petition may be about none."""
        if member.version_id is None:
            return None
        return self.catalogue.offered[member.version_id].procedure.code


@dataclass(frozen=True, slots=True)
class Loss:
    """What one reason costs in one figure: dossiers, points, and points if it were mended."""

    figure: Definition
    reason: Reason
    dossiers: int
    points_lost: Fraction
    points_if_mended: Fraction


@dataclass(frozen=True, slots=True)
class Losses:
    question: Question
    score: Score
    losses: list[Loss]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The index as it is, and as it would be if some reasons were mended."""

    question: Question
    now: Score
    then: Score


def why(
    desk: Desk, question: Question, figure: str, page: Page, *, actor: Actor, now: datetime
) -> Why:
    """List a page of the dossiers that a figure counts or misses, each with the reason."""
    with asking(desk, replace(question, group=Group.NONE), actor=actor, now=now) as asked:
        index = index_of(asked)
        _check_listed(index, figure, LISTED)
        wanted = wanted_for(asked, figure)
        by_reason = reasons(asked.tx, wanted, [figure], now)[figure]
        longer = replace(page, limit=page.limit + 1)
        few = by_reason.total() < _FEW
        found = members(asked.tx, wanted, figure, now, longer, few=few)
        return Why(
            question,
            index.total.score.figure(figure),
            by_reason,
            found[: page.limit],
            found[page.limit - 1].id if len(found) > page.limit else None,
            asked.catalogue,
        )


def losses(desk: Desk, question: Question, *, actor: Actor, now: datetime) -> Losses:
    """Say which reason costs how many points; the losses of a figure add up to what it lost."""
    with asking(desk, replace(question, group=Group.NONE), actor=actor, now=now) as asked:
        index = index_of(asked)
        missing = _missing(asked, index)
    found: list[Loss] = []
    for one in index.total.score.figures:
        if one.lost and one.definition.points:
            by_reason = missing.get(one.definition.id, {})
            found += _losses_of(index, one, by_reason)
    found.sort(key=lambda loss: (-loss.points_lost, loss.figure.id, loss.reason))
    return Losses(question, index.total.score, found)


def what_if(
    desk: Desk, question: Question, mended: Sequence[Reason], *, actor: Actor, now: datetime
) -> WhatIf:
    """Return the index as if no dossier were missing for the chosen reasons."""
    with asking(desk, replace(question, group=Group.NONE), actor=actor, now=now) as asked:
        index = index_of(asked)
        missing = _missing(asked, index)
    then = _mended(index.steering, index.total, missing, frozenset(mended))
    return WhatIf(question, index.total.score, then)


@dataclass(frozen=True, slots=True)
class Changes:
    """A figure as of an earlier day and now, and a page of the dossiers that made the change."""

    question: Question
    then: Scored
    now: Scored
    page: Sequence[Change]
    next_after: int | None


def changed_since(
    desk: Desk, question: Question, figure: str, page: Page, *, actor: Actor, now: datetime
) -> Changes:
    """Say what a figure was as of an earlier day, what it is now, and which dossiers changed it."""
    question = replace(question, group=Group.NONE)
    today = now.astimezone(LOCAL_ZONE).date()
    if question.as_of is None or question.as_of >= today:
        raise AsOfRefused("Hãy chọn một ngày đã qua để so sánh (as_of).")
    with asking(desk, question, actor=actor, now=now) as asked:
        before = index_of(asked)
        _check_listed(before, figure, MEMBERSHIPS)
        then = asked.wanted(())
    current = replace(question, as_of=None)
    with asking(desk, current, actor=actor, now=now) as asked:
        after = index_of(asked)
        limits = (page.after, page.limit + 1)
        found = changes(asked.tx, then, asked.wanted(()), figure, now, limits)
    return Changes(
        question,
        before.total.score.figure(figure),
        after.total.score.figure(figure),
        found[: page.limit],
        found[page.limit - 1].id if len(found) > page.limit else None,
    )


def _check_listed(index: Index, figure: str, known: Container[str]) -> None:
    """Refuse to list what a figure counts if there is none, it has no source or counts no rows."""
    index.steering.figure(figure)
    if figure not in known:
        raise NotDefined(f"Chỉ số {figure} không đếm theo hồ sơ.")
    scored = index.total.score.figure(figure)
    if scored.state is State.NO_SOURCE:
        raise NotDefined(f"Chỉ số {figure} chưa có nguồn. {scored.why_not}")


_Missing = Mapping[str, Mapping[Reason, int]]


def _missing(asked: Asking, index: Index) -> _Missing:
    wanted = asked.wanted(())
    known = {figure.id for figure in index.steering.figures} & set(MEMBERSHIPS)
    counted = reasons(asked.tx, wanted, sorted(known), asked.now)
    found = {
        figure: {reason: count for reason, count in by_reason.items() if reason is not None}
        for figure, by_reason in counted.items()
    }
    counts = index.total.counts
    elsewhere = counts.get("received_by_either", 0) - counts.get("received", 0)
    if elsewhere > 0:
        for figure in known:
            if index.steering.figure(figure).denominator == "received_by_either":
                found[figure][Reason.UNKNOWN_HERE] = elsewhere
    return found


def _mended(
    steering: Steering, before: PartScore, missing: _Missing, mended: frozenset[Reason]
) -> Score:
    """Score again with the dossiers that are missing for `mended` reasons counted too."""
    raised = dict(before.counts)
    unknown = {one.definition.id for one in before.score.figures if one.state is State.NO_SOURCE}
    for figure_id, by_reason in missing.items():
        name = steering.figure(figure_id).numerator
        if name is not None:
            more = sum(
                count * weight(reason) for reason, count in by_reason.items() if reason in mended
            )
            raised[name] = raised.get(name, 0) + more
    return score(steering, raised, unknown)


def _losses_of(index: Index, one: Scored, by_reason: Mapping[Reason, int]) -> list[Loss]:
    """Divide what a figure lost among its reasons in proportion to their dossiers.

    What is lost by a factor (3.3 is multiplied by 1.4) is set apart first.
    """
    known, lost, reached = one.definition, one.lost or Fraction(), one.points or Fraction()
    found: list[Loss] = []
    if known.times is not None and one.numerator is not None and one.denominator:
        alone = points_for(known, Fraction(one.numerator, one.denominator))
        if alone > reached:
            found.append(Loss(known, Reason.SYNC_RATE, 0, alone - reached, alone))
            lost -= alone - reached
    every = sum(count * weight(reason) for reason, count in by_reason.items())
    for reason, count in by_reason.items():
        missing = {known.id: {reason: count}}
        then = _mended(index.steering, index.total, missing, frozenset({reason}))
        if_mended = then.figure(known.id).points or Fraction()
        share = lost * count * weight(reason) / every
        found.append(Loss(known, reason, count, share, if_mended))
    return found
