"""The portal hands dossiers on: by hand, again and again until they are taken, and serves files."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.mocks.clock import LOCAL, stamp
from app.mocks.config import MockConfig
from app.mocks.fields import Table, boolean, faults_of, may, one_of
from app.mocks.portal_handed_in import (
    DOSSIER_SERVICE,
    HANDED_IN,
    PROMOTION_SERVICE,
    as_known,
    sample,
)
from app.mocks.portal_memory import PortalMemory
from app.mocks.portal_submission_memory import DueSubmission, SubmissionMemory
from app.mocks.small_pdf import small_pdf
from app.mocks.wire import Json, Malformed, page_of, parse_object, read_checked, refusal

_BATCH = 20
_LONGEST_WAIT_S = 60.0
_TIMEOUT_S = 10.0
_TAKEN = {0, 1}


def _object(value: object, where: str) -> list[str]:
    return [] if isinstance(value, dict) else [f"{where}: phải là một đối tượng"]


SUBMISSION_FAULTS = ("wrong_hash", "duplicate", "changed", "out_of_order", "wrong_secret")
_REQUEST: Table = {
    "service": may(one_of(DOSSIER_SERVICE, PROMOTION_SERVICE)),
    "message": may(_object),
    "files": may(_object),
    "fault": may(one_of(*SUBMISSION_FAULTS)),
    "strict": may(boolean),
}


class Courier:
    """Sends messages to the receiver, with growing pauses until it answers 0 or 1."""

    def __init__(
        self, config: MockConfig, memory: SubmissionMemory, now: Callable[[], datetime]
    ) -> None:
        self._config = config
        self._memory = memory
        self._now = now
        self._wake = asyncio.Event()
        self._http: httpx.AsyncClient | None = None

    def wake(self) -> None:
        """Say that there may be something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Send what is due, for ever; what was due before a restart too."""
        while True:
            self._wake.clear()
            due = self._memory.due(self._now(), _BATCH)
            if due:
                await asyncio.gather(*map(self._try, due))
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._wait_s())

    async def close(self) -> None:
        """Close the connections; what was not taken is sent after the next start."""
        if self._http is not None:
            await self._http.aclose()

    async def _try(self, due: DueSubmission) -> None:
        answer = await self._send(due)
        wait_s = min(self._config.notice_backoff_s * 2**due.attempts, _LONGEST_WAIT_S)
        again_at = self._now() + timedelta(seconds=wait_s)
        self._memory.record(
            due.sequence,
            answer,
            now=self._now(),
            next_at=None if _is_taken(answer) else again_at,
        )

    async def _send(self, due: DueSubmission) -> dict[str, Any]:
        at = self._now().isoformat()
        secret = self._config.portal_submission_secret
        if due.fault == "wrong_secret" and not due.attempts:
            secret = secret[::-1]
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)
        try:
            response = await self._http.post(
                f"{self._config.portal_submission_url}/{due.service}",
                json=due.message,
                headers={"Authorization": f"Bearer {secret}"},
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return {"at": at, "status": None, "body": f"{type(error).__name__}: {error}"}
        body: object = response.text
        with suppress(Malformed):
            body = parse_object(response.content)
        return {"at": at, "status": response.status_code, "body": body}

    def _wait_s(self) -> float | None:
        next_due = self._memory.next_due()
        return None if next_due is None else max(0.0, next_due - self._now().timestamp())


def _is_taken(answer: Mapping[str, Any]) -> bool:
    body = answer["body"]
    is_read = answer["status"] == httpx.codes.OK and isinstance(body, dict)
    return is_read and body.get("error_code") in _TAKEN and "message" in body


class Numbers:
    """Numbers of dossiers handed in: never one twice, also when the memory was emptied."""

    def __init__(self) -> None:
        self._last = 0

    def following(self, now: datetime) -> int:
        """Return the next one: seconds, but later than the one before."""
        self._last = max(self._last + 1, int(now.timestamp()) % 10**9)
        return self._last


@dataclass(frozen=True, slots=True)
class Submissions:
    """Handing in at the portal, looking at what was sent, and the links of the files."""

    config: MockConfig
    memory: SubmissionMemory
    known: PortalMemory
    courier: Courier
    now: Callable[[], datetime]
    numbers: Numbers = field(default_factory=Numbers)

    def routes(self) -> list[Route]:
        """List them: files are the partner's own, so faults can hit them."""
        return [
            Route("/files/{code}/{file}", self.file),
            Route("/_submissions", self.hand_in, methods=["POST"]),
            Route("/_submissions", self.listed, methods=["GET"]),
            Route("/_submissions/{code}", self.sent),
        ]

    async def hand_in(self, request: Request) -> Response:
        """Let somebody hand a dossier in: the sample, changed by `message`."""
        try:
            asked = await read_checked(request, _REQUEST)
            service = asked.get("service") or DOSSIER_SERVICE
            message = self._message(service, asked)
        except Malformed as error:
            return refusal(error)
        faults = faults_of(HANDED_IN[service], message, "")
        if faults and asked.get("strict", True):
            return refusal(Malformed("; ".join(faults)))
        if not faults:
            self.known.hand_in(as_known(service, message))
        self._send(service, message, asked.get("fault") or None)
        return Json({"code": message.get("MaHoSo"), "message": message}, 201)

    def _send(self, service: str, message: dict[str, Any], fault: str | None) -> None:
        now = self.now()
        self.memory.add(service, message, fault, None if fault == "out_of_order" else now)
        if fault == "duplicate":
            self.memory.add(service, message, fault, now)
        if fault == "changed":
            again = message | {"Fax": "0200000000"}
            self.memory.add(service, again, fault, now + timedelta(milliseconds=50))
        self.courier.wake()

    def _message(self, service: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the sample with what was asked for, its files put behind links or inside."""
        now = self.now()
        code = f"000.00.00.G22-{now.astimezone(LOCAL):%y%m%d}-{self.numbers.following(now):09}"
        message = sample(service, code, stamp(now)) | (asked.get("message") or {})
        message = {name: value for name, value in message.items() if value is not None}
        files = _files(asked.get("files") or {})
        papers = message.get("TaiLieuNop")
        if service == PROMOTION_SERVICE:
            return _with_files_inside(message, files)
        if isinstance(papers, list):
            rows = [self._hosted(message, row, files) for row in papers]
            message |= {"TaiLieuNop": rows}
        if asked.get("fault") == "wrong_hash":
            message["TaiLieuNop"][0]["HashTepTin"] = "0" * 64
        return message

    def _hosted(self, message: Mapping[str, Any], row: Any, files: dict[str, bytes]) -> Any:  # noqa: ANN401  (may be wrong on purpose)
        if not isinstance(row, dict) or "DuongDanTaiTepTin" in row or "Base64" in row:
            return row
        code, number = str(message.get("MaHoSo", "")), str(row.get("TepDinhKemId", "1"))
        content = files.get(number) or _paper(code, number)
        self.memory.keep_file(code, number, content)
        place = f"{quote(code, safe='')}/{quote(number, safe='')}"
        link = f"{self.config.public_url}/national-portal/files/{place}"
        return row | {"DuongDanTaiTepTin": link, "HashTepTin": sha256(content).hexdigest()}

    async def listed(self, request: Request) -> Response:
        """List what was sent, by pages."""
        try:
            after, limit = page_of(request)
            begin = int(after or "0")
        except (Malformed, ValueError):
            return refusal(Malformed("after phải là số, limit từ 1 đến 1000"))
        found = self.memory.listed(begin, limit)
        last = found[-1]["sequence"] if len(found) == limit else None
        return Json({"submissions": found, "next": last})

    async def sent(self, request: Request) -> Response:
        """Tell what was sent of a dossier, how it was answered, which files were fetched."""
        found = self.memory.history(request.path_params["code"])
        return Json(found, 200 if found["sent"] else 404)

    async def file(self, request: Request) -> Response:
        """Give out a file behind its link."""
        content = self.memory.file(request.path_params["code"], request.path_params["file"])
        if content is None:
            return Response(status_code=404)
        return Response(content, media_type="application/octet-stream")


def _paper(code: str, number: str) -> bytes:
    return small_pdf(f"Ho so {code}, tep {number}")


def _files(given: Mapping[str, Any]) -> dict[str, bytes]:
    try:
        return {number: base64.b64decode(text, validate=True) for number, text in given.items()}
    except (binascii.Error, ValueError, TypeError) as error:
        raise Malformed("files: mỗi tệp phải là Base64") from error


def _with_files_inside(message: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
    """Put the files of a promotion into its message: it has no links."""
    code = str(message.get("MaHoSo", ""))

    def content(number: str) -> str:
        return base64.b64encode(files.get(number) or _paper(code, number)).decode()

    rows = message.get("TaiLieuNop")
    if isinstance(rows, list):
        inside = [
            {"Base64": content(str(n)), **row} if isinstance(row, dict) else row
            for n, row in enumerate(rows, start=1)
        ]
        message |= {"TaiLieuNop": inside}
    return {"TepDonDangKy": content("0"), **message}
