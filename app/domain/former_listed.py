"""The history of an old dossier as a list of acts, each with its instant."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.domain.actor import Role
from app.domain.calendar import Calendar
from app.domain.errors import DomainError
from app.domain.former_acts import FormerAct
from app.domain.former_cells import Cells
from app.domain.former_columns import ACT_WORDS, CellFault
from app.domain.former_mapping import FormerMapping, plain
from app.domain.former_values import Unreadable, read_instant, read_text, usual_instant
from app.domain.lifecycle import Act
from app.domain.time_limits import parse_limit

_MOST_ACTS: Final = 200
_LONGEST: Final = 4000
_TEXTS: Final = ("act", "at", "by", "role", "reason", "legal_ground", "extension")
_MEMBERS: Final = frozenset((*_TEXTS, "components", "amount_vnd", "granted"))
_ROLES: Final = {str(role): role for role in Role}


class Listed:
    """Reads a history: a list of acts, each with its instant."""

    def __init__(
        self,
        cells: Cells,
        calendar: Calendar,
        mapping: FormerMapping,
        now: datetime,
        faults: list[CellFault],
    ) -> None:
        self._cells, self._calendar, self._mapping = cells, calendar, mapping
        self._now, self._faults = now, faults

    def acts(
        self, at: Mapping[str, datetime], columns: Mapping[str, Act | None]
    ) -> tuple[FormerAct, ...]:
        """Return the acts after receipt; they must agree with the `columns` that say the same."""
        listed = _parsed(self._cells.history)
        if listed is None or len(listed) > _MOST_ACTS:
            self._fault("history.format", "Phải là danh sách JSON các thao tác, tối đa 200.")
            return ()
        acts: list[FormerAct] = []
        before = at["received_at"]
        for n, said in enumerate(listed, 1):
            act = self._act(n, said, before)
            if act is None:
                continue
            if act.at < before:
                self._fault("history.order", f"Thao tác {n} trước thao tác liền trước.")
            before = act.at
            acts.append(act)
        if acts and acts[0].act in {Act.SUBMIT, Act.TAKE_IN}:
            if acts[0].at != at["received_at"]:
                self._fault("history.differs", "Lúc nộp trong history khác cột received_at.")
            del acts[0]
        self._compare(acts, at, columns)
        return tuple(acts)

    def _compare(
        self,
        acts: list[FormerAct],
        at: Mapping[str, datetime],
        columns: Mapping[str, Act | None],
    ) -> None:
        for name, act in columns.items():
            if name not in at or act is None:
                continue
            days = {said.at.date() for said in acts if said.act is act}
            if self._cells.instants[name].day not in days:
                self._faults.append(
                    CellFault(name, "history.differs", "Ngày này không có trong history.")
                )

    def _act(self, n: int, said: Any, before: datetime) -> FormerAct | None:  # noqa: ANN401  (JSON)
        try:
            return self._read(_members(said), before)
        except Unreadable as fault:
            self._fault(fault.code, f"Thao tác {n}: {fault.detail}")
        except DomainError as refusal:
            self._fault("history.member", f"Thao tác {n}: {refusal.detail}")
        return None

    def _read(self, said: Mapping[str, Any], before: datetime) -> FormerAct:
        texts = {name: _text(name, said[name]) for name in _TEXTS if said.get(name) is not None}
        word = texts.get("act", "")
        if word not in ACT_WORDS:
            word = self._mapping.translated("act", plain(word))
        if word not in ACT_WORDS:
            raise Unreadable("history.act", f"không có thao tác “{word[:40]}”.")
        role = texts.get("role")
        if role and role not in _ROLES:
            raise Unreadable("history.member", f"không có vai trò “{role[:40]}”.")
        amount, granted = said.get("amount_vnd", 0), said.get("granted", True)
        if not isinstance(amount, int) or not isinstance(granted, bool) or amount < 0:
            raise Unreadable("history.member", "amount_vnd là số, granted là true hoặc false.")
        return FormerAct(
            *(Act(word), self._at(texts.get("at", ""), before), "history"),
            texts.get("by") or None,
            _ROLES[role] if role else None,
            texts.get("reason") or None,
            texts.get("legal_ground") or None,
            _codes(said["components"]) if said.get("components") else (),
            min(amount, 10**13),
            parse_limit(texts["extension"]) if texts.get("extension") else None,
            granted=granted,
        )

    def _at(self, value: str, before: datetime) -> datetime:
        found = read_instant(value, self._mapping.date_formats)
        at = found.at or usual_instant(found, self._calendar, opening=True)
        if found.at is None and before.date() == found.day:
            at = max(at, before)
        if found.at is None and found.day == self._now.date():
            at = min(at, self._now)
        if at > self._now:
            raise Unreadable("instant.future", "thời điểm chưa tới.")
        return at

    def _fault(self, code: str, detail: str) -> None:
        self._faults.append(CellFault("history", code, detail))


def _members(said: Any) -> Mapping[str, Any]:  # noqa: ANN401  (JSON)
    if not isinstance(said, dict) or not said.keys() <= _MEMBERS:
        raise Unreadable("history.member", f"chỉ gồm {', '.join(sorted(_MEMBERS))}.")
    return said


def _parsed(history: Any) -> list[Any] | None:  # noqa: ANN401  (text or JSON)
    if isinstance(history, str):
        try:
            history = json.loads(history)
        except (ValueError, RecursionError):
            return None
    return history if isinstance(history, list) else None


def _text(name: str, value: Any) -> str:  # noqa: ANN401  (JSON)
    if not isinstance(value, str):
        raise Unreadable("history.member", f"{name} phải là chữ.")
    return read_text(value.strip(), _LONGEST)


def _codes(said: Any) -> tuple[str, ...]:  # noqa: ANN401  (JSON)
    if not isinstance(said, list) or not all(isinstance(code, str) for code in said):
        raise Unreadable("history.member", "components là danh sách mã.")
    return tuple(dict.fromkeys(said))
