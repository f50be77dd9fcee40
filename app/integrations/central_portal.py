"""The central national portal, generation B, behind the port.

A dossier gets its number there before anything else, and we keep it before we use it: a retry takes
no second one. Files are uploaded once. There is no call to ask what the portal holds, so a message
whose answer was lost is sent again as it was; the portal keeps it once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

from app.integrations.central_client import CHUNK, CentralClient
from app.integrations.central_messages import dossier_message, progress_row, status_row
from app.integrations.national_portal import body_of
from app.integrations.portal import (
    PORTAL_ERRORS,
    Answer,
    InTime,
    PortalContractBroken,
    Telling,
    Verdict,
    check_time,
    in_pieces,
    verdict_of,
)
from app.integrations.portal_dossier import PaperFact


@dataclass(frozen=True, slots=True)
class Numbered:
    """A dossier there: its number, and its id once it was created."""

    number: str
    portal_id: str | None


class Registry(Protocol):
    """Where it is kept what the portal called our dossiers and documents."""

    def find(self, dossier_id: int) -> Numbered | None: ...
    def keep_number(self, dossier_id: int, number: str, now: datetime) -> str:
        """Keep a number unless there is one; return the one that counts."""

    def keep_id(self, dossier_id: int, portal_id: str) -> None: ...
    def files(self, documents: Sequence[UUID]) -> dict[UUID, str]: ...
    def keep_file(self, document: UUID, file_id: str, digest: str, now: datetime) -> None: ...
    def content(self, digest: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Item:
    place: int
    progress: Mapping[str, Any]
    status: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CentralPortal:
    """Adapter of generation B."""

    client: CentralClient
    registry: Registry
    payload_version: int = 1

    @property
    def asker(self) -> None:
        """Nothing: the contract has no call that asks what the portal holds."""

    def close(self) -> None:
        self.client.http.close()

    def tell(self, tellings: Sequence[Telling], now: datetime, in_time: InTime) -> list[Verdict]:
        """Tell events of different dossiers, up to ten in a call; one verdict each, in order."""
        verdicts: dict[int, Verdict] = {}
        items: list[_Item] = []
        for place, telling in enumerate(tellings):
            try:
                check_time(in_time)
                items.append(self._item(place, telling, now))
            except PORTAL_ERRORS as error:
                verdicts[place] = verdict_of(error)
        for item, verdict in self._progress(items, now, in_time):
            verdicts[item.place] = verdict
        told = [item for item in items if verdicts[item.place].is_taken]
        for item, verdict in self._statuses(told, now, in_time):
            verdicts[item.place] = verdict
        for item in items:
            digest = sha256(body_of(item.progress) + body_of(item.status)).hexdigest()
            verdicts[item.place] = replace(verdicts[item.place], body_sha256=digest)
        return [verdicts[place] for place in range(len(tellings))]

    def _item(self, place: int, telling: Telling, now: datetime) -> _Item:
        """See to it that the dossier and its files are there, and put the event into words."""
        facts = telling.facts
        # Words first: what has none there is not given a number.
        progress_row(facts, "", "")
        number, portal_id = self._created(telling, now)
        files = self._uploaded(facts.results, now)
        return _Item(
            place,
            progress_row(facts, number, portal_id),
            status_row(facts, number, portal_id, files),
        )

    def _created(self, telling: Telling, now: datetime) -> tuple[str, str]:
        known = self.registry.find(telling.dossier_id)
        if known is not None and known.portal_id is not None:
            return known.number, known.portal_id
        papers = [paper for paper in telling.facts.papers if not paper.is_replaced]
        # A value without a word there is found before a number is taken or a file is sent.
        dossier_message(telling.facts, "", {paper.document_id: "" for paper in papers})
        number = known.number if known else self._numbered(telling, now)
        message = dossier_message(telling.facts, number, self._uploaded(papers, now))
        portal_id = self.client.create(message, now)
        self.registry.keep_id(telling.dossier_id, portal_id)
        return number, portal_id

    def _numbered(self, telling: Telling, now: datetime) -> str:
        number = self.client.next_number(telling.unit, now)
        return self.registry.keep_number(telling.dossier_id, number, now)

    def _uploaded(self, papers: Sequence[PaperFact], now: datetime) -> dict[UUID, str]:
        """Upload what is not there yet; a hash that is not ours means that it did not arrive."""
        files = self.registry.files([paper.document_id for paper in papers])
        for paper in papers:
            if paper.document_id in files:
                continue
            sent = self.client.upload(paper.name, self.registry.content(paper.sha256), now)
            if sent.sha256.lower() != paper.sha256:
                raise PortalContractBroken(
                    f"UploadFile: HashTepTin {sent.sha256} khác với {paper.sha256}"
                )
            self.registry.keep_file(paper.document_id, sent.file_id, sent.sha256, now)
            files[paper.document_id] = sent.file_id
        return files

    def _progress(
        self, items: Sequence[_Item], now: datetime, in_time: InTime
    ) -> Iterator[tuple[_Item, Verdict]]:
        def together(piece: Sequence[_Item]) -> Answer:
            return self.client.tell_progress([item.progress for item in piece], now)

        return in_pieces(items, CHUNK, together, lambda item, _: together([item]), in_time)

    def _statuses(
        self, items: Sequence[_Item], now: datetime, in_time: InTime
    ) -> Iterator[tuple[_Item, Verdict]]:
        def together(piece: Sequence[_Item]) -> Answer:
            return self.client.tell_statuses([item.status for item in piece], now)

        return in_pieces(items, CHUNK, together, lambda item, _: together([item]), in_time)
