"""Client of the provincial integration platform (LGSP): token, then registers behind an adapter.

The paths after `forward/` are not public: they are derived, and stand in one table here.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import httpx

from app.domain.lookups import Facts, plain_name
from app.integrations.lgsp_answers import Unreadable, citizen_of, enterprise_of, results_of
from app.integrations.token_keeper import TokenKeeper

_DONE = {"0", "00"}

_PATHS = {
    "population": "csdldc/traCuuCongDan",
    "business": "dkdn/chiTietDoanhNghiep",
    "categories": "danhmuc/layDanhMuc",
    "store_list": "khokq/GetDanhSachKetQua",
    "store_file": "khokq/GetGiayToByUrl",
}
_LARGEST_ANSWER = 4 * 1024 * 1024
_ROOM = 64 * 1024
"""What stands around a file in its answer."""
_AT_THE_DESK = "1"


class LgspUnavailable(Exception):
    """No answer, a 5xx, a quota, no token: ask again later."""


class LgspContractBroken(Exception):
    """An answer that cannot be read: a person looks."""


class LgspRefused(Exception):
    """The register read the question and does not answer it: its code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Subscription:
    """Our account at the platform: settings."""

    key: str
    secret: str
    adapter: Literal["VXPAdapter", "XrdAdapter"]
    unit: str  # MaDVC
    integration: str  # MaTichHop
    dstcodes: Mapping[str, str]  # by the names of _PATHS


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked about, by whom, under which number of ours (MaYeuCau, never used twice)."""

    number: str
    name: str
    asked_by: str
    request: str
    procedure: str


class Lgsp:
    """One subscription's token, shared by the threads of a process.

    Every method raises `LgspUnavailable`, `LgspContractBroken` or `LgspRefused`.
    """

    def __init__(self, http: httpx.Client, subscription: Subscription) -> None:
        self.http = http
        self._subscription = subscription
        self._tokens = TokenKeeper(self._fetch_token)

    def citizen(self, question: Question, now: datetime) -> Facts | None:
        """Ask the population database about a person; None: it knows nobody with this number."""
        body = {
            "HoVaTen": plain_name(question.name),
            "SoDinhDanh": question.number,
            "MaTichHop": self._subscription.integration,
            "MaDVC": self._subscription.unit,
            "MaCanBo": question.asked_by,
            "MaYeuCau": question.request,
        }
        answer = self._call("population", now, json=body)
        return _read(citizen_of, answer.get("message"))

    def enterprise(self, question: Question, now: datetime) -> Facts | None:
        """Ask the business register about an enterprise; None: it knows no such code."""
        answer = self._call("business", now, params={"msdn": question.number})
        return _read(enterprise_of, answer)

    def results(self, question: Question, now: datetime) -> Facts | None:
        """Ask the store of digitised results what it holds of a person; None: nothing."""
        body = {
            "SoDinhDanhChuSoHuu": question.number,
            "HoTenNguoiYeuCau": question.name,
            "KenhThucHien": _AT_THE_DESK,
            "SoDinhDanhNguoiYeuCau": question.asked_by,
            "MaThuTuc": question.procedure,
            "DanhSachDanhMucKetQua": [],
        }
        return _read(results_of, self._call("store_list", now, json=body))

    def result_file(self, owner: str, path: str, limit: int, now: datetime) -> bytes:
        """Fetch a file of the store by its path there, at most `limit` bytes of it.

        An empty answer is a refusal: the store has no such file.
        """
        body = {"CoQuanChuQuan": owner, "DuongDan": path}
        answer = self._call("store_file", now, json=body, largest=limit * 4 // 3 + _ROOM)
        content: bytes = _read_file(answer.get("result"))
        if len(content) > limit:
            raise LgspRefused("file.too_large", f"Tệp lớn hơn {limit // 1024 // 1024} MB.")
        return content

    def category(self, name: str, now: datetime) -> dict[str, str]:
        """Return a shared category: names by code."""
        rows = self._call("categories", now, params={"ma": name}).get("result")
        try:
            return {str(row["Ma"]): str(row["Ten"]) for row in rows or []}
        except (KeyError, TypeError) as error:
            raise LgspContractBroken(f"{name}: {rows}"[:500]) from error

    def _call(
        self,
        service: str,
        now: datetime,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        largest: int = _LARGEST_ANSWER,
    ) -> dict[str, Any]:
        """Call a service; a token that was refused is renewed once."""
        subscription = self._subscription
        path = f"/{subscription.adapter}/RestService/forward/{_PATHS[service]}"
        query = {"dstcode": subscription.dstcodes[service], **(params or {})}
        token = self._tokens.current(now)
        response = self._send(path, query, json, token, largest)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            anew = self._tokens.instead_of(token, now)
            response = self._send(path, query, json, anew, largest)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            # Nothing is wrong with the question: it waits until the account is let in again.
            raise LgspUnavailable("token refused")
        answer = _object(response)
        code = str(answer.get("error_code", answer.get("errorCode", "0")))
        if code not in _DONE:
            raise LgspRefused(code, str(answer.get("message", ""))[:500])
        return answer

    def _send(
        self,
        path: str,
        query: Mapping[str, str],
        json: Mapping[str, Any] | None,
        token: str,
        largest: int,
    ) -> httpx.Response:
        """Send a question and read the answer, as far as it may go."""
        method = "GET" if json is None else "POST"
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # a small answer must not grow
        }
        content = bytearray()
        try:
            with self.http.stream(
                method, path, params=query, json=json, headers=headers
            ) as response:
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > largest:
                        raise LgspContractBroken(f"HTTP {response.status_code}, too large")
        except httpx.TransportError as error:
            raise LgspUnavailable(type(error).__name__) from error
        return httpx.Response(
            response.status_code, content=bytes(content), request=response.request
        )

    def _fetch_token(self) -> tuple[str, float]:
        subscription = self._subscription
        try:
            answer = self.http.post(
                "/token",
                data={"grant_type": "client_credentials"},
                auth=(subscription.key, subscription.secret),
            )
            content = answer.raise_for_status().json()
            return str(content["access_token"]), float(content["expires_in"])
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise LgspUnavailable(f"token: {type(error).__name__}") from error


def _read(reader: Any, content: Any) -> Facts | None:  # noqa: ANN401  (readers of other shapes)
    try:
        facts: Facts | None = reader(content)
    except Unreadable as error:
        raise LgspContractBroken(str(error)) from error
    return facts


def _read_file(content: object) -> bytes:
    """Read Base64; blanks and line ends are let pass, anything else breaks the contract."""
    if content is None or content == "":
        raise LgspRefused("file.missing", "Kho không có tệp này.")
    try:
        if not isinstance(content, str):
            raise TypeError  # noqa: TRY301  (one error for all that is no Base64)
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise LgspContractBroken("GetGiayToByUrl: no Base64") from error


def _object(response: httpx.Response) -> dict[str, Any]:
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise LgspUnavailable(f"HTTP {response.status_code}")
    try:
        answer = response.raise_for_status().json()
    except (httpx.HTTPStatusError, ValueError) as error:
        # A page instead of an answer may carry anything: only its kind is told, not its text.
        raise LgspContractBroken(f"HTTP {response.status_code}, no JSON") from error
    if not isinstance(answer, dict):
        raise LgspContractBroken(f"HTTP {response.status_code}, no JSON object")
    return answer
