"""Client of the public post (VNPost BCCI): orders, cancelling, tracking with a cursor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.domain.parcels import ParcelKind
from app.integrations.token_keeper import TokenKeeper

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_OK = "100"
_PATHS = {ParcelKind.RETURN: "/postal/vnpost", ParcelKind.COLLECT: "/postal/collectvnpost"}
_FLAG = 2
_CONFIRM_PAGE = 1


class PostUnavailable(Exception):
    """No answer, a 5xx, a quota, no token: whether an order arrived is unknown, ask first."""


class PostContractBroken(Exception):
    """An answer that cannot be read: a person looks."""


class PostRefused(Exception):
    """The post read the message and does not take it: its status and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Contact:
    """One end of a parcel's way; `province` and `district` are the post's own numbers."""

    name: str
    phone: str
    address: str
    province: int
    district: int
    email: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """Our account at the post: settings."""

    customer_key: str
    secret_key: str
    code: str
    agency: str
    office: Contact  # where results are sent from and collected papers go to


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be carried; the amount to be collected is integer đồng."""

    number: str
    kind: ParcelKind
    person: Contact
    cod_vnd: int
    description: str


@dataclass(frozen=True, slots=True)
class Track:
    """One thing that the post says happened; `code` is the post's own."""

    id: int
    number: str
    item_code: str
    code: str
    words: str
    occurred_at: datetime


class Post:
    """One customer's token, shared by the threads of a process.

    Every method raises `PostUnavailable`, `PostContractBroken` or `PostRefused`.
    """

    def __init__(self, http: httpx.Client, customer: Customer) -> None:
        self.http = http
        self._customer = customer
        self._tokens = TokenKeeper(self._fetch_token)

    def place(self, order: Order, now: datetime) -> str:
        """Order a parcel to be carried and return its waybill (ItemCode).

        Raises `PostRefused` also where the number is taken: ask `find` before and after.
        """
        answer = self._call("POST", _PATHS[order.kind], now, json=self._message(order))
        item_code = answer.get("ItemCode")
        return item_code if isinstance(item_code, str) else ""

    def cancel(self, number: str, now: datetime) -> None:
        """Cancel an order; one that is cancelled already stays so."""
        body = {"CustomerCode": self._customer.code, "OrderNumber": number}
        self._call("POST", "/cancelOrder", now, json=body)

    def find(self, number: str, now: datetime) -> str | None:
        """Return the waybill of an order that the post has, None if it has none."""
        tracks = self._tracking(now, {"lastId": "0", "orderNumber": number}, _CONFIRM_PAGE)
        return tracks[0].item_code if tracks else None

    def tracks(self, last_id: int, size: int, now: datetime) -> list[Track]:
        """Return a page of what happened to all parcels after `last_id`, in order."""
        found = self._tracking(now, {"lastId": str(last_id)}, size)
        ids = [track.id for track in found]
        if ids != sorted(set(ids)) or (ids and ids[0] <= last_id):
            raise PostContractBroken("getOrderTracking: Id not in order")
        return found

    def _tracking(self, now: datetime, query: Mapping[str, str], size: int) -> list[Track]:
        params = {**query, "pageSize": str(size), "govAgencyCode": self._customer.agency}
        rows = self._call("GET", "/getOrderTracking", now, params=params).get("Data")
        try:
            return [_track(row) for row in rows or []]
        except (KeyError, TypeError, ValueError) as error:
            raise PostContractBroken(f"getOrderTracking: {type(error).__name__}") from error

    def _message(self, order: Order) -> dict[str, Any]:
        """Write an order; for a collection the person sends and the office receives."""
        office, person = self._customer.office, order.person
        is_return = order.kind is ParcelKind.RETURN
        sender, receiver = (office, person) if is_return else (person, office)
        message: dict[str, Any] = {
            "CustomerCode": self._customer.code,
            "OrderNumber": order.number,
            "CODAmount": order.cod_vnd,
            "SenderProvince": sender.province,
            "SenderDistrict": sender.district,
            "SenderAddress": sender.address,
            "SenderName": sender.name,
            "SenderTel": sender.phone,
            "Description": order.description,
            "ReceiverName": receiver.name,
            "ReceiverAddress": receiver.address,
            "ReceiverTel": receiver.phone,
            "ReceiverProvince": receiver.province,
            "ReceiverDistrict": receiver.district,
            "FlagConfig": _FLAG,
        }
        emails = {"SenderEmail": sender.email, "ReceiverEmail": receiver.email}
        return message | {name: email for name, email in emails.items() if email}

    def _call(
        self,
        method: str,
        path: str,
        now: datetime,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Call the post; a token that was refused is renewed once (the call was not taken)."""
        token = self._tokens.current(now)
        response = self._send(method, path, params, json, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            token = self._tokens.instead_of(token, now)
            response = self._send(method, path, params, json, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise PostUnavailable("token refused")
        answer = _object(response)
        if str(answer.get("Status")) != _OK:
            raise PostRefused(str(answer.get("Status")), str(answer.get("Message", ""))[:500])
        return answer

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        json: Mapping[str, Any] | None,
        token: str,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            return self.http.request(method, path, params=params, json=json, headers=headers)
        except httpx.TransportError as error:
            raise PostUnavailable(type(error).__name__) from error

    def _fetch_token(self) -> tuple[str, float]:
        customer = self._customer
        keys = {"customerKey": customer.customer_key, "secretKey": customer.secret_key}
        try:
            answer = self.http.post("/getToken", json=keys).raise_for_status().json()
            return str(answer["Token"]), float(answer["ExpiresIn"])
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            # Nothing is wrong with the order: it waits until the account is let in.
            raise PostUnavailable(f"token: {type(error).__name__}") from error


def _track(row: Mapping[str, Any]) -> Track:
    return Track(
        id=int(row["Id"]),
        number=str(row["OrderNumber"]),
        item_code=str(row.get("ItemCode") or ""),
        code=str(row["StatusCode"]),
        words=str(row.get("StatusName") or "")[:200],
        occurred_at=datetime.strptime(str(row["StatusDate"]), "%Y%m%d%H%M%S").replace(
            tzinfo=_LOCAL
        ),
    )


def _object(response: httpx.Response) -> dict[str, Any]:
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise PostUnavailable(f"HTTP {response.status_code}")
    try:
        answer = response.raise_for_status().json()
    except (httpx.HTTPStatusError, ValueError) as error:
        raise PostContractBroken(f"HTTP {response.status_code}, no JSON") from error
    if not isinstance(answer, dict) or "Status" not in answer:
        raise PostContractBroken(f"HTTP {response.status_code}, no Status")
    return answer
