"""The national portal, generation A ("mapi"), behind the port: what is told by which service.

An event is told in two steps: the dossier as it stands (added, updated, or its status alone), then
the event as progress. Each can be repeated: what the portal holds already is not told again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256
from typing import Any

from app.integrations.national_portal import CHUNK, NationalPortal, body_of
from app.integrations.portal import (
    PORTAL_ERRORS,
    Answer,
    InTime,
    PortalRefused,
    Telling,
    Unmapped,
    Verdict,
    check_time,
    in_pieces,
    verdict_of,
)
from app.integrations.portal_messages import dossier_message, progress_row

_STATUS = "TrangThaiHoSo"


class _Way(Enum):
    """How a dossier is told."""

    HELD = auto()  # the portal holds it as it should be
    ADD = auto()  # DongBoHoSoMC, isUpdating False
    UPDATE = auto()  # DongBoHoSoMC, isUpdating True
    STATUS = auto()  # DongBoTrangThaiHoSo: nothing else has changed


@dataclass(frozen=True, slots=True)
class _Item:
    place: int
    telling: Telling
    message: Mapping[str, Any]
    progress: Mapping[str, Any]
    way: _Way

    @property
    def status_row(self) -> dict[str, str]:
        return {"MaHoSo": self.message["MaHoSo"], "TrangThai": self.message[_STATUS]}


@dataclass(frozen=True, slots=True)
class MapiPortal:
    """Adapter of generation A; `payload_version` 2 has every nested list."""

    client: NationalPortal
    payload_version: int = 2

    def close(self) -> None:
        self.client.http.close()

    def tell(
        self,
        tellings: Sequence[Telling],
        now: datetime,  # noqa: ARG002  (of the port)
        in_time: InTime,
    ) -> list[Verdict]:
        """Tell events of different dossiers, up to ten in a call; one verdict each, in order."""
        verdicts: dict[int, Verdict] = {}
        items: list[_Item] = []
        for place, telling in enumerate(tellings):
            try:
                check_time(in_time)
                items.append(self._item(place, telling))
            except PORTAL_ERRORS as error:
                verdicts[place] = verdict_of(error)
        for way in (_Way.ADD, _Way.UPDATE, _Way.STATUS):
            chosen = [item for item in items if item.way is way]
            verdicts |= {item.place: verdict for item, verdict in self._tell(chosen, way, in_time)}
        there = [item for item in items if _is_there(verdicts.get(item.place))]
        verdicts |= {item.place: verdict for item, verdict in self._progress(there, in_time)}
        for item in items:
            digest = sha256(body_of(item.message) + body_of(item.progress)).hexdigest()
            verdicts[item.place] = replace(verdicts[item.place], body_sha256=digest)
        return [verdicts[place] for place in range(len(tellings))]

    def _item(self, place: int, telling: Telling) -> _Item:
        """Put a telling into words and find out how it is to be told; raises what stops it."""
        message, progress = dossier_message(telling.facts), progress_row(telling.facts)
        if telling.is_sure:
            way = _way_from(_told_before(telling), message)
        else:
            way = self._asked(telling, message)
        return _Item(place, telling, message, progress, way)

    def _asked(self, telling: Telling, message: Mapping[str, Any]) -> _Way:
        """Ask what the portal holds (TraCuuHoSo): whether an earlier attempt arrived is unknown."""
        try:
            known = self.client.look_up(str(message["MaHoSo"]))
        except PortalRefused:
            if telling.before is not None:
                raise
            known = None  # "empty or error: not there"; if it is there, adding it will say so
        if known is None:
            return _Way.ADD if telling.before is None else _Way.UPDATE
        return _Way.HELD if known == message else _way_from(known, message)

    def _tell(
        self, items: Sequence[_Item], way: _Way, in_time: InTime
    ) -> Iterator[tuple[_Item, Verdict]]:
        def together(piece: Sequence[_Item]) -> Answer:
            if way is _Way.STATUS:
                return self.client.tell_statuses([item.status_row for item in piece])
            messages = [item.message for item in piece]
            return self.client.tell_dossiers(messages, is_update=way is _Way.UPDATE)

        return in_pieces(items, CHUNK, together, self._tell_alone, in_time)

    def _tell_alone(self, item: _Item, is_second: bool) -> Answer:  # noqa: FBT001  (of the port)
        way = self._asked(item.telling, item.message) if is_second else item.way
        if way is _Way.HELD:
            return Answer("0", "")
        if way is _Way.STATUS:
            return self.client.tell_statuses([item.status_row])
        return self.client.tell_dossier(item.message, is_update=way is _Way.UPDATE)

    def _progress(self, items: Sequence[_Item], in_time: InTime) -> Iterator[tuple[_Item, Verdict]]:
        def together(piece: Sequence[_Item]) -> Answer:
            return self.client.tell_progress([item.progress for item in piece])

        return in_pieces(items, CHUNK, together, lambda item, _: together([item]), in_time)


def _is_there(verdict: Verdict | None) -> bool:
    return verdict is None or verdict.is_taken


def _told_before(telling: Telling) -> Mapping[str, Any]:
    """Return the message of the event before: what the portal holds by the order of the ledger."""
    if telling.before is None:
        return {}
    try:
        return dossier_message(telling.before)
    except Unmapped:
        return {}


def _way_from(known: Mapping[str, Any], message: Mapping[str, Any]) -> _Way:
    """Tell the status alone where it is all that differs, else the whole dossier."""
    is_moved = known.get(_STATUS) != message[_STATUS]
    if is_moved and {**known, _STATUS: message[_STATUS]} == message:
        return _Way.STATUS
    return _Way.UPDATE
