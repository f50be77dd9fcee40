"""Random histories of an office: dossiers, acts, payments, ratings, petitions, and looks."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st

from app.domain.actor import SYSTEM, Role
from app.domain.errors import DomainError
from app.domain.intake import Channel
from app.domain.lifecycle import Act, Status, possible_acts
from app.domain.once import Once
from app.domain.periods import Period
from app.domain.petitions import PetitionKind
from app.domain.question import Question
from app.domain.running import lines_of
from app.services import figures, petitions, ratings
from app.services import steering_index as steering
from app.services.transition import Request
from tests.builders import DESK, DISTRICT, OTHER_DISTRICT
from tests.services import brute_force
from tests.services.office import Office, an_applicant, staff

SAME_PAPER = b"\x89PNG\r\n\x1a\nthe same picture every time"
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
_ENDING = {Act.REFUSE, Act.WITHDRAW, Act.STOP, Act.RESOLVE, Act.PASS_ON, Act.EXTEND}
HOURS = st.sampled_from([0, 0, 2, 9, 16, 25, 100, 400])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("online", "desk", "post", "drain", "pay", "calendar", "look", "block"),
                *("again", "scan", "rate", "complain", "reply"),
                *["act"] * 14,
            ]
        ),
        st.integers(0, 59),
        HOURS,
    ),
    min_size=1,
    max_size=20,
)
FIRST_DAYS = st.integers(-3, 40).map(lambda n: date(2026, 10, 5) + timedelta(days=n))


class Play:
    """Plays steps in an office; what is not possible at that moment does not happen."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.codes: list[str] = []
        self.complaints: list[str] = []
        self.given: dict[Question, Any] = {}

    def step(self, kind: str, which: int, hours: int) -> None:
        self.office.clock.move(hours=hours)
        if kind in {"online", "desk", "post", "again", "scan"}:
            self.codes.append(self._enter(kind, which))
        elif self.codes:
            code = self.codes[which % len(self.codes)]
            if kind == "act":
                self._act(code, which // len(self.codes))
            elif kind in {"rate", "complain", "reply"}:
                with suppress(DomainError):  # not rated before its end, nor twice
                    getattr(self, f"_{kind}")(code, which)
            elif kind in set(Act):
                self._do(code, Act(kind))
            else:
                getattr(self, f"_{kind}")(code)

    def _enter(self, kind: str, which: int) -> str:
        """Enter a dossier: `again` with a paper that was handed in before, `scan` at the desk."""
        office = self.office
        if kind in {"online", "again"}:
            return office.submit(content=SAME_PAPER if kind == "again" else None)
        if kind == "scan":
            return office.take_in(DESK, DISTRICT, is_scanned=True)
        return office.take_in(DESK, (DISTRICT, OTHER_DISTRICT)[which % 2], Channel(kind))

    def _act(self, code: str, choice: int) -> None:
        possible = [
            act
            for act in possible_acts(Status(self.office.dossier(code)["status"]))
            for _ in range(1 if act in _ENDING else 4)  # most histories are longer than two acts
        ]
        if possible:
            self._do(code, possible[choice % len(possible)])

    def _do(self, code: str, act: Act) -> None:
        try:
            self.office.act(code, act)
        except DomainError:
            return  # extended too late, a second time ...

    def _rate(self, code: str, which: int) -> None:
        ratings.rate(self.office.desk, self._said(code), score=1 + which % 5, comment=None)

    def _complain(self, code: str, which: int) -> None:
        agency = code.partition("-")[0]
        kind = PetitionKind.SUGGESTION if which % 4 == 0 else PetitionKind.COMPLAINT
        about = None if which % 5 == 0 else code
        sent = petitions.Petition(kind, agency, about, "Phản ánh mẫu", "Nội dung mẫu", None)
        once = Once(str(uuid4()), "POST /v1/petitions", "0")
        desk, now = self.office.desk, self.office.clock()
        made = petitions.submit(desk, sent, actor=an_applicant(), now=now, once=once)
        self.complaints.append(made.code)

    def _reply(self, _code: str, which: int) -> None:
        """Take a petition up and answer it, refuse it, or let its author take it back."""
        if not self.complaints:
            return
        code = self.complaints[which % len(self.complaints)]
        agency, now = code.split("-")[1], self.office.clock()
        clerk, boss = (staff(role, agency) for role in (Role.RECEPTIONIST, Role.APPROVER))
        desk = self.office.desk
        if which % 7 == 0:
            petitions.withdraw(desk, Request(code, an_applicant(), now), reason=None)
        elif which % 7 == 1:
            petitions.refuse(desk, Request(code, boss, now), reason="Không thuộc thẩm quyền")
        else:
            petitions.accept(desk, Request(code, clerk, now))
            petitions.answer(desk, Request(code, boss, now), content="Đã xem xét")

    def _said(self, code: str) -> Request:
        return Request(code, an_applicant(), self.office.clock())

    def _drain(self, _code: str) -> None:
        self.office.drain()

    def _block(self, code: str) -> None:
        self.office.change(
            "UPDATE delivery SET state = 'blocked', answer_code = '-1' FROM dossier"
            " WHERE dossier.id = dossier_id AND code = :code AND seq = 1 AND state = 'waiting'",
            code=code,
        )

    def _pay(self, code: str) -> None:
        """A payment that the platform confirms, however late."""
        self.office.change(
            "INSERT INTO payment (reference, dossier_id, purpose, method, amount_vnd, status,"
            " payer_ip, opened_at, paid_at) SELECT :code, id, 'acceptance', 'platform', 1, 'paid',"
            " '', :now, :now FROM dossier WHERE code = :code ON CONFLICT DO NOTHING",
            code=code,
            now=self.office.clock(),
        )

    def _calendar(self, code: str) -> None:
        """A day off declared late: the due instant of an open dossier moves."""
        self.office.change(
            "UPDATE dossier SET due_at = due_at + interval '1 day'"
            " WHERE code = :code AND ended_at IS NULL AND status_before IS NULL",
            code=code,
        )

    def _look(self, _code: str) -> None:
        """Ask what was known yesterday, and remember the answer."""
        day = brute_force.local(self.office.clock()) - timedelta(days=1)
        question = Question(OCTOBER, as_of=day)
        self.given[question] = self.answered(question)

    def answered(self, question: Question) -> tuple[Any, Any]:
        desk, now = self.office.desk, self.office.clock()
        lines = figures.running(desk, question, actor=SYSTEM, now=now).total
        index = steering.index(desk, question, actor=SYSTEM, now=now).total
        return lines_of(lines.sums), counted_of(index)


def told(story: str) -> list[tuple[str, int, int]]:
    """Read steps about one dossier: `withdraw+9` is done 9 hours after the one before."""
    parts = (part.partition("+") for part in story.split())
    return [(kind, 0, int(hours or 0)) for kind, _, hours in parts]


def counted_of(part: steering.PartScore) -> dict[str, tuple[int, int]]:
    return {
        one.definition.id: (one.numerator, one.denominator)
        for one in part.score.figures
        if one.numerator is not None and one.denominator is not None
    }
