"""`motcua figures chart`: what leaders look at, as SVG or PNG files in a folder."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import typer

from app import clock
from app.cli.figures_report import desk, number
from app.domain.actor import SYSTEM
from app.domain.figures import AnnexRow, Intake
from app.domain.intake import Channel
from app.domain.periods import Period
from app.domain.question import Question
from app.domain.rates import rounded
from app.domain.reasons import sentence
from app.papers import charts
from app.papers.charts import LossBar, Month, Picture, RateBar, RateGroup, Words
from app.services import figures, reasons
from app.services import supply as supply_service
from app.services.desk import Desk

_STEPS = 12  # of the waterfall; what costs less stands in one more
_MONTHS = 12
_ONLINE = "share of dossiers resolved online"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the charts are about, when it was asked, and the target to draw, if another one."""

    question: Question
    now: datetime
    target: Decimal | None

    @property
    def scope(self) -> str:
        return "toàn tỉnh" if self.question.agency is None else f"cơ quan {self.question.agency}"

    def words(self, title: str, period: Period, scope: str) -> Words:
        known = self.question.as_of or self.now
        source = f"Nguồn: Hệ thống một cửa điện tử của tỉnh; số liệu ngày {known:%d/%m/%Y}."
        return Words(title, f"{_in_words(period)}, {scope}", source)


def write(asked: Question, folder: Path, form: str, target: Decimal | None) -> None:
    """Write the three charts, as svg or png, and say where they are."""
    picture = Picture(form)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = _Asked(asked, clock.now(), target)
    with desk() as found:
        pictures = {
            "ty-le-truc-tuyen": _online_rate(found, wanted, picture),
            "theo-thang": _by_month(found, wanted, picture),
            "diem-mat": _points_lost(found, wanted, picture),
        }
    for name, drawn in pictures.items():
        period = str(asked.period).replace("..", "_")
        path = folder / f"{name}-{period}.{picture}"
        path.write_bytes(drawn)
        typer.echo(path)


def _online_rate(found: Desk, asked: _Asked, picture: Picture) -> bytes:
    question = Question(asked.question.period, as_of=asked.question.as_of)
    rows = figures.annex_of(found, question, actor=SYSTEM, now=asked.now)
    groups = list(_groups(rows, asked))
    words = asked.words("Tỷ lệ hồ sơ nộp trực tuyến theo cơ quan", question.period, "toàn tỉnh")
    if asked.target is None and any(group.target is not None for group in groups):
        words = replace(words, source=f"{words.source} {supply_service.TARGETS_SOURCE}")
    return charts.online_rate(words, groups, picture)


def _groups(rows: list[AnnexRow], asked: _Asked) -> Iterator[RateGroup]:
    """Yield each group of the annex: its total, then its agencies, the highest rate first."""
    for total in (row for row in rows if row.row == "total"):
        members = [row for row in rows if row.group == total.group and row is not total]
        members.sort(key=lambda row: (row.intake.online_rate is None, -row.rate, int(row.row)))
        year, target = _target(total.group, asked)
        told = None if target is None else f"Mục tiêu{year}: {_decimal(target)} %"
        bars = [_bar(row, target) for row in (total, *members)]
        yield RateGroup(total.agency, bars, target, told)


def _target(level: str, asked: _Asked) -> tuple[str, Fraction | None]:
    """Return the target of a level's plan that is next to be reached, or the one that is asked."""
    if asked.target is not None:
        return "", Fraction(asked.target)
    plan = [t for t in supply_service.targets() if (t.indicator, t.level) == (_ONLINE, level)]
    years = sorted(plan[0].wanted) if plan else []
    ahead = [year for year in years if year >= asked.question.period.last.year] or years[-1:]
    return (f" năm {ahead[0]}", plan[0].wanted[ahead[0]]) if ahead else ("", None)


def _bar(row: AnnexRow, target: Fraction | None) -> RateBar:
    intake, rate = row.intake, row.intake.online_rate
    is_total = row.row == "total"
    return RateBar(
        "Cả nhóm" if is_total else row.agency,
        rate,
        None if rate is None else f"{number(rate)} %",
        f"{number(intake.online)}/{number(intake.received)}",
        None if target is None else 100 * intake.online >= target * intake.received,
        is_total,
    )


def _by_month(found: Desk, asked: _Asked, picture: Picture) -> bytes:
    """Draw the months of the period; of a single one, the year that it ends."""
    period = asked.question.period
    months = list(_months(period.first, period.last))
    if len(months) == 1:
        first = date(period.last.year - 1, period.last.month, 1)
        months = list(_months(first, period.last))[-_MONTHS:]
    drawn = []
    for month in months:
        question = replace(asked.question, period=month)
        sums = figures.running(found, question, actor=SYSTEM, now=asked.now).total.sums
        online = figures.running(
            found, replace(question, channel=Channel.ONLINE), actor=SYSTEM, now=asked.now
        ).total.sums
        received = sums.get("received", 0)
        intake = Intake(received - online.get("received", 0), online.get("received", 0))
        drawn.append(_month(month, intake))
    whole = Period(months[0].first, months[-1].last)
    words = asked.words("Hồ sơ tiếp nhận theo tháng", whole, asked.scope)
    return charts.by_month(words, drawn, picture)


def _months(first: date, last: date) -> Iterator[Period]:
    """Yield the whole months that have a day in a period."""
    for n in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = divmod(n, 12)
        days = monthrange(year, month + 1)[1]
        yield Period(date(year, month + 1, 1), date(year, month + 1, days))


def _month(month: Period, intake: Intake) -> Month:
    rate = intake.online_rate
    label = f"{month.first.month}/{month.first.year}"
    told = "" if rate is None else f"{number(rate)} %"
    return Month(label, intake.online, intake.at_desk, told, number(intake.received))


def _points_lost(found: Desk, asked: _Asked, picture: Picture) -> bytes:
    answer = reasons.losses(found, asked.question, actor=SYSTEM, now=asked.now)
    left = answer.score.attainable
    bars: list[LossBar] = []
    for label, lost in _losses(answer):
        left -= lost
        bars.append(LossBar(label, lost, left, f"−{number(rounded(lost))}"))
    words = asked.words("Điểm mất theo lý do, Bộ chỉ số 766", asked.question.period, asked.scope)
    return charts.points_lost(
        words,
        charts.Level(
            "Điểm tối đa của các chỉ số có số liệu",
            answer.score.attainable,
            _decimal(answer.score.attainable),
        ),
        bars,
        charts.Level("Điểm đạt được", answer.score.points, _decimal(answer.score.points)),
        picture,
    )


def _losses(answer: reasons.Losses) -> Iterator[tuple[str, Fraction]]:
    """Yield what cost most, then the rest together: they add up to all that was lost."""
    dearest = answer.losses[:_STEPS]
    for loss in dearest:
        yield f"{loss.figure.id} {sentence(loss.reason)}", loss.points_lost
    told = sum((loss.points_lost for loss in dearest), Fraction())
    rest = answer.score.attainable - answer.score.points - told
    if rest:
        yield "Các lý do và chỉ số khác", rest


def _decimal(value: Fraction) -> str:
    return number(rounded(value)).removesuffix(",00")


def _in_words(period: Period) -> str:
    """Say a period as people do: `Tháng 6/2021`, `Năm 2021`, two months, or two days.

    >>> _in_words(Period(date(2021, 1, 1), date(2021, 6, 30)))
    'Tháng 1 đến tháng 6/2021'
    """
    first, last = period.first, period.last
    is_whole = first.day == 1 and last.day == monthrange(last.year, last.month)[1]
    if not is_whole:
        return f"Từ {first:%d/%m/%Y} đến {last:%d/%m/%Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"Tháng {first.month}/{first.year}"
    if (first.year, first.month, last.month) == (last.year, 1, 12):
        return f"Năm {first.year}"
    begun = f"tháng {first.month}" + ("" if first.year == last.year else f"/{first.year}")
    return f"{begun.capitalize()} đến tháng {last.month}/{last.year}"
