"""The story of the demo: who does what, and what must be true after it."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
from rich.table import Table

from app import clock
from app.cli.demo_papers import decision, paper
from app.cli.demo_stage import Person, Stage, Unexpected
from app.cli.reading import settings_of
from app.cli.token import CITIZEN, make
from app.settings import Settings

_FULL, _PARTIAL, _DESK = "2.000488", "1.004873", "1.001193"
_JUSTICE, _DISTRICT = "H44.10", "H44.29"
_APPLICANT = {
    "kind": "citizen",
    "number": CITIZEN[0],
    "name": CITIZEN[1],
    "phone": "0900000001",
    "email": "mau@example.vn",
    "address": "Số 1 phố Mẫu, thành phố Việt Trì",
}


def play(url: str | None, mocks_url: str | None, *, as_json: bool) -> int:
    """Play the story; 0 if everything was as expected."""
    settings = settings_of()
    with (
        _client(url or settings.web_url_local) as api,
        _client(mocks_url or settings.mocks_url) as mocks,
    ):
        stage = Stage(api, mocks, as_json)
        try:
            before = _annex(stage, settings)
            _full(stage, settings)
            _partial(stage, settings)
            _desk(stage, settings)
            _close(stage, before, _annex(stage, settings))
        except Unexpected as fault:
            sys.stderr.write(f"motcua demo: {fault}\n")
            return 1
        except httpx.TransportError as error:
            sys.stderr.write(
                f"motcua demo: không gọi được {api.base_url}: {error}. "
                "Hãy chạy `motcua up` trước.\n"
            )
            return 1
    return 0


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=30, trust_env=False)


def _people(stage: Stage, settings: Settings, agency: str) -> dict[str, Person]:
    labels = {
        "applicant": "Công dân",
        "receptionist": "Công chức một cửa",
        "officer": "Công chức thụ lý",
        "approver": "Lãnh đạo",
    }
    return {
        role: Person(
            label,
            stage.api,
            make(settings, role, None if role == "applicant" else agency),
        )
        for role, label in labels.items()
    }


def _application(
    procedure: dict[str, Any], agency: str, parts: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "procedure": procedure["code"],
        "agency": agency,
        "applicant": _APPLICANT,
        "form": procedure["form"]["examples"][0],
        "components": parts,
    }


def _papers(
    person: Person, settings: Settings, procedure: dict[str, Any], *, signed: bool
) -> list[dict[str, Any]]:
    """Upload every paper that is always required, signed by the citizen."""
    return [
        {
            "component": component["code"],
            "document": person.upload(
                paper(settings, component["name"], signer="citizen" if signed else None),
                f"{component['code']}.pdf",
            ),
        }
        for component in procedure["components"]
        if component["required"] and component["electronic"]
    ]


def _full(stage: Stage, settings: Settings) -> None:
    people = _people(stage, settings, _JUSTICE)
    citizen, desk = people["applicant"], people["receptionist"]
    procedure = citizen.get(f"/v1/procedures/{_FULL}")
    stage.heading(f"Hồ sơ toàn trình (mức độ 4): {procedure['name']}")
    parts = _papers(citizen, settings, procedure, signed=True)
    verdict = _verdict(stage, citizen, parts[0]["document"])
    stage.tell(citizen.label, f"tải lên {len(parts)} tệp đã ký số: {verdict}")

    body = _application(procedure, _JUSTICE, parts) | {"return_way": "online"}
    key = str(uuid4())
    made = citizen.post("/v1/dossiers", body, key=key)
    code = made["code"]
    stage.tell(citizen.label, f"nộp hồ sơ {code}", code, "1")
    if citizen.post("/v1/dossiers", body, key=key) != made:
        raise Unexpected("Gửi lại cùng khóa phải nhận cùng câu trả lời.")
    stage.tell(citizen.label, "gửi lại do mạng chập chờn: vẫn hồ sơ ấy, không nhân đôi")

    _pay(stage, citizen, code)
    accepted = desk.act(code, "acceptance")
    stage.tell(desk.label, f"tiếp nhận, hẹn trả {_local(accepted['due_at'])}", code, "2")
    receipt = citizen.paper(f"/v1/dossiers/{code}/receipt")
    stage.tell(citizen.label, f"nhận giấy tiếp nhận và hẹn trả (PDF, {len(receipt) // 1024} KiB)")
    _process(stage, people, code)
    _supplement(stage, settings, people, procedure, code)
    _resolve(stage, settings, people, code)
    stage.tell("Hệ thống", "trả kết quả điện tử vào tài khoản của công dân", code, "10")
    result = citizen.get(f"/v1/dossiers/{code}")["results"][0]
    content = citizen.download(result["id"])
    stage.tell(
        citizen.label,
        f"tải kết quả ({len(content) // 1024} KiB): {_verdict(stage, citizen, result['id'])}",
    )


def _pay(stage: Stage, citizen: Person, code: str) -> None:
    payment = citizen.post(f"/v1/dossiers/{code}/payments", {"purpose": "acceptance"})
    path = f"/v1/dossiers/{code}/payments/{payment['reference']}"
    address = stage.wait(
        lambda: citizen.get(path)["pay_url"], "Nền tảng thanh toán chưa cho địa chỉ thanh toán"
    )
    stage.mocks.post(address, json={"outcome": "paid"}).raise_for_status()
    paid = stage.wait(
        lambda: _if(citizen.get(path), lambda found: found["status"] == "paid"),
        "Chưa nhận được thông báo thanh toán",
    )
    amount = f"{paid['amount_vnd']:,}".replace(",", ".")
    stage.tell(citizen.label, f"nộp {amount} đồng, biên lai {paid['receipt_number']}")


def _process(stage: Stage, people: dict[str, Person], code: str) -> None:
    officer = people["officer"]
    officer.act(code, "processing")
    stage.tell(officer.label, "bắt đầu xử lý", code, "4")


def _supplement(
    stage: Stage,
    settings: Settings,
    people: dict[str, Person],
    procedure: dict[str, Any],
    code: str,
) -> None:
    citizen, officer = people["applicant"], people["officer"]
    component = procedure["components"][1]
    officer.act(
        code,
        "supplement-requests",
        {"components": [component["code"]], "reason": f"{component['name']}: bản chụp bị mờ"},
    )
    stage.tell(officer.label, f"yêu cầu bổ sung {component['code']}, đồng hồ dừng", code, "5")
    document = citizen.upload(
        paper(settings, f"{component['name']} (bản rõ)", signer="citizen"), "bo-sung.pdf"
    )
    parts = [{"component": component["code"], "document": document}]
    after = citizen.act(code, "supplements", {"components": parts})
    stage.tell(citizen.label, f"bổ sung, hẹn trả mới {_local(after['due_at'])}", code, "4")


def _resolve(stage: Stage, settings: Settings, people: dict[str, Person], code: str) -> None:
    officer, approver = people["officer"], people["approver"]
    while officer.get(f"/v1/dossiers/{code}")["step"] != "approval":
        moved = officer.act(code, "handovers", {})
        stage.tell(officer.label, f"chuyển sang bước {moved['details']['to_step']}", code, "4")
    dossier = approver.get(f"/v1/dossiers/{code}")
    result = approver.upload(decision(settings, dossier), "ket-qua.pdf", "result")
    approver.act(code, "resolution", {"granted": True, "documents": [result]})
    stage.tell(approver.label, "ký số và ban hành kết quả", code, "9")


def _partial(stage: Stage, settings: Settings) -> None:
    people = _people(stage, settings, _DISTRICT)
    citizen, desk = people["applicant"], people["receptionist"]
    procedure = citizen.get(f"/v1/procedures/{_PARTIAL}")
    stage.heading(f"Hồ sơ một phần (mức độ 3): {procedure['name']}")
    parts = _papers(citizen, settings, procedure, signed=False)
    body = _application(procedure, _DISTRICT, parts) | {"return_way": "desk"}
    code = citizen.post("/v1/dossiers", body)["code"]
    stage.tell(citizen.label, f"nộp hồ sơ {code}", code, "1")
    refused = citizen.post(f"/v1/dossiers/{code}/payments", {}, expect=409)
    stage.tell(citizen.label, f"thử trả tiền trực tuyến: {refused['detail']}")
    accepted = desk.act(code, "acceptance")
    stage.tell(desk.label, f"tiếp nhận, hẹn trả {_local(accepted['due_at'])}", code, "2")
    cash = desk.post(f"/v1/dossiers/{code}/payments", {"purpose": "acceptance"})
    stage.tell(desk.label, f"thu tiền mặt, biên lai {cash['receipt_number']}")
    _process(stage, people, code)
    _resolve(stage, settings, people, code)
    desk.act(code, "return", {"way": "desk"})
    stage.tell(desk.label, "trả kết quả tại quầy", code, "10")


def _desk(stage: Stage, settings: Settings) -> None:
    people = _people(stage, settings, _DISTRICT)
    desk, officer = people["receptionist"], people["officer"]
    procedure = desk.get(f"/v1/procedures/{_DESK}")
    stage.heading(f"Hồ sơ tại quầy: {procedure['name']}")
    parts = [{"component": part["code"]} for part in procedure["components"] if part["required"]]
    body = _application(procedure, _DISTRICT, parts) | {"return_way": "desk", "channel": "desk"}
    made = desk.post("/v1/dossiers/intake", body)
    code = made["code"]
    stage.tell(desk.label, f"tiếp nhận {code}, hẹn trả {_local(made['due_at'])}", code, "2")
    _process(stage, people, code)
    officer.act(
        code, "payment-requests", {"amount_vnd": 20_000, "reason": "Cấp thêm 10 bản sao trích lục"}
    )
    stage.tell(officer.label, "yêu cầu nghĩa vụ tài chính 20.000 đồng", code, "6")
    desk.act(code, "settlement")
    stage.tell(desk.label, "thu đủ bằng tiền mặt, hồ sơ đi tiếp", code, "4")
    _resolve(stage, settings, people, code)
    desk.act(code, "return", {"way": "desk"})
    stage.tell(desk.label, "trả kết quả tại quầy", code, "10")


def _verdict(stage: Stage, person: Person, document: str) -> str:
    found = stage.wait(
        lambda: _if(
            person.get(f"/v1/documents/{document}"),
            lambda seen: seen["signature"]["indication"] != "PENDING",
        ),
        f"Chữ ký của tài liệu {document} chưa được kiểm tra",
    )
    if found["signature"]["indication"] != "TOTAL_PASSED":
        raise Unexpected(f"Chữ ký không đạt: {found['signature']}")
    return str(found["signature"]["reason"])


def _if(found: dict[str, Any], holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
    return found if holds(found) else None


def _local(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(clock.LOCAL):%H:%M ngày %d/%m/%Y}"


def _annex(stage: Stage, settings: Settings) -> list[dict[str, Any]]:
    analyst = Person("Cán bộ tổng hợp", stage.api, make(settings, "analyst", "H44"))
    today = str(clock.today())
    answer = analyst.get("/v1/figures/annex", **{"from": today, "to": today})
    rows: list[dict[str, Any]] = answer["rows"]
    return rows


def _close(stage: Stage, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    stage.heading("Phụ lục trong ngày (những cơ quan có hồ sơ)")
    was = {(row["group"], row["row"]): row for row in before}
    gained = {"total": 0, "at_desk": 0, "online": 0}
    table = Table()
    for heading in ("Cơ quan", "Tổng số", "Tại Một cửa", "Trực tuyến", "Tỷ lệ (%)"):
        table.add_column(heading, justify="left" if heading == "Cơ quan" else "right")
    for row in after:
        if row["row"] != "total":
            for name in gained:
                gained[name] += row[name] - was[row["group"], row["row"]][name]
        if row["total"]:
            rate = row["online_rate_percent"].replace(".", ",")
            counts = [str(row[name]) for name in gained]
            table.add_row(row["agency"], *counts, rate)
    if not stage.as_json:
        stage.console.print(table)
    if gained["online"] < 2 or gained["at_desk"] < 1 or gained["total"] < 3:  # noqa: PLR2004  (ours)
        raise Unexpected(f"Phụ lục không tăng đúng: {gained}")
    stage.tell("Cán bộ tổng hợp", "phụ lục đã có thêm 2 hồ sơ trực tuyến và 1 hồ sơ tại quầy")
