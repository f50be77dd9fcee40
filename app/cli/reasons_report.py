"""Why a figure is what it is, as tables: dossiers and reasons, points lost, what if, changes."""

from collections.abc import Callable, Sequence

from app import clock
from app.cli.figures_report import Sheet, desk, show
from app.domain.actor import SYSTEM
from app.domain.intake import Channel
from app.domain.question import CHANNEL_NAMES, Question
from app.domain.rates import percent, rounded
from app.domain.reasons import CAUSES, Page, Reason, sentence
from app.domain.steering import Scored
from app.services import reasons

_WHY = {
    "code": "Mã hồ sơ",
    "agency": "Cơ quan",
    "procedure": "Thủ tục",
    "channel": "Kênh",
    "received_on": "Ngày nhận",
    "reason": "Mã lý do",
    "sentence": "Lý do",
    "spent": "Thời gian giải quyết (phút làm việc hoặc ngày)",
}
_LOSSES = {
    "figure": "Chỉ số",
    "reason": "Mã lý do",
    "sentence": "Lý do",
    "dossiers": "Hồ sơ",
    "points_lost": "Điểm mất",
    "points_if_mended": "Điểm nếu khắc phục",
}
_WHAT_IF = {
    "figure": "Chỉ số",
    "name": "Tên",
    "rate_now": "Hiện nay (%)",
    "points_now": "Điểm",
    "rate_then": "Nếu khắc phục (%)",
    "points_then": "Điểm khi đó",
}
_CHANGES = {
    "code": "Mã hồ sơ",
    "then": "Khi đó",
    "now": "Hiện nay",
    "cause": "Vì sao",
    "recorded_on": "Ghi nhận ngày",
}


def why(asked: Question, form: str, *, figure: str, limit: int) -> None:
    with desk() as found:
        page = Page("denominator" if figure in reasons.MEANS else "missing", limit=limit)
        answer = reasons.why(found, asked, figure, page, actor=SYSTEM, now=clock.now())
    rows = [
        {
            "code": one.code,
            "agency": answer.catalogue.agency_codes[one.agency_id],
            "procedure": answer.procedure_of(one) or "",
            "channel": CHANNEL_NAMES[Channel(one.channel)] if one.channel else "",
            "received_on": str(one.received_on),
            "reason": str(one.reason or ""),
            "spent": one.spent,
            "sentence": sentence(one.reason, one.portal_code) if one.reason else "",
        }
        for one in answer.page
    ]
    is_mean = figure in reasons.MEANS
    told = "đã kết thúc" if is_mean else "chưa được tính"
    left_out = {"reason", "sentence"} if is_mean else {"spent"}
    columns = {name: heading for name, heading in _WHY.items() if name not in left_out}
    rows = [{name: row[name] for name in columns} for row in rows]
    show(Sheet(f"{_said(answer.figure)}, {asked.period}: {told}", columns, rows), form)


def losses(asked: Question, form: str) -> None:
    with desk() as found:
        answer = reasons.losses(found, asked, actor=SYSTEM, now=clock.now())
    rows = [
        {
            "figure": loss.figure.id,
            "reason": str(loss.reason),
            "sentence": sentence(loss.reason),
            "dossiers": loss.dossiers,
            "points_lost": rounded(loss.points_lost),
            "points_if_mended": rounded(loss.points_if_mended),
        }
        for loss in answer.losses
    ]
    score = answer.score
    title = f"Điểm mất {asked.period}: đạt {rounded(score.points)}/{rounded(score.attainable)}"
    show(Sheet(title, _LOSSES, rows), form)


def what_if(asked: Question, form: str, *, mend: Sequence[Reason]) -> None:
    with desk() as found:
        answer = reasons.what_if(found, asked, mend, actor=SYSTEM, now=clock.now())
    rows = [
        {
            "figure": now.definition.id,
            "name": now.definition.name,
            "rate_now": percent(now.rate),
            "points_now": None if now.points is None else rounded(now.points),
            "rate_then": percent(then.rate),
            "points_then": None if then.points is None else rounded(then.points),
        }
        for now, then in zip(answer.now.figures, answer.then.figures, strict=True)
        if now.points is not None
    ]
    rows.append(
        {
            "figure": "",
            "name": "Tổng điểm",
            "points_now": rounded(answer.now.points),
            "points_then": rounded(answer.then.points),
        }
    )
    show(Sheet(f"Nếu khắc phục, {asked.period}", _WHAT_IF, rows), form)


def changes(asked: Question, form: str, *, figure: str, limit: int) -> None:
    with desk() as found:
        page = Page(limit=limit)
        answer = reasons.changed_since(found, asked, figure, page, actor=SYSTEM, now=clock.now())
    rows = [
        {
            "code": one.code,
            "then": _stood(one.reason_then, is_in=one.was_in),
            "now": _stood(one.reason_now, is_in=one.is_in),
            "cause": CAUSES[one.cause],
            "recorded_on": str(one.recorded_on),
        }
        for one in answer.page
    ]
    title = f"{_said(answer.then)} ngày {asked.as_of:%d/%m/%Y}, nay {_rate(answer.now)}"
    show(Sheet(title, _CHANGES, rows), form)


def _stood(reason: Reason | None, *, is_in: bool) -> str:
    if not is_in:
        return "ngoài mẫu số"
    return sentence(reason) if reason else "được tính"


def _said(figure: Scored) -> str:
    return f"{figure.definition.id} {figure.definition.name} {_rate(figure)}"


def _rate(figure: Scored) -> str:
    if figure.mean is not None:
        return f"{rounded(figure.mean)} {figure.definition.unit}"
    rate = percent(figure.rate)
    counted = f"{figure.numerator}/{figure.denominator}"
    return f"{counted} (không phát sinh)" if rate is None else f"{counted} ({rate} %)"


REPORTS: dict[str, Callable[..., None]] = {
    "why": why,
    "losses": losses,
    "what-if": what_if,
    "changes": changes,
}
