"""`motcua deliveries` and `motcua catalogue`: what stands, why, letting it go on; the catalogue."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import _app
from app.domain.lifecycle import Act
from tests.builders import MONDAY, PARTIAL, mocks, partners, settings_for
from tests.services.office import Mocks, Office, opened

Run = Callable[..., str]


@pytest.fixture
def office(database: str, tmp_path: Path) -> Iterator[Office]:
    with mocks(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as http:
        settings = settings_for(database, tmp_path, **partners(url))
        with opened(settings, Mocks(url, http), tmp_path) as office:
            yield office


@pytest.fixture
def run(office: Office, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command and return what it said; it must end as it is told to."""
    assert office.settings.database_url is not None
    monkeypatch.setenv("APP_DATABASE_URL", office.settings.database_url.get_secret_value())
    monkeypatch.setenv("APP_DATA_DIR", str(office.settings.data_dir))
    monkeypatch.setenv("APP_PORTAL_URL", office.settings.portal)
    monkeypatch.setenv("COLUMNS", "200")

    def typed(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(_app, [*arguments])
        assert done.exit_code == code, done.output
        return done.output

    return typed


@pytest.fixture
def held(office: Office) -> str:
    """A dossier whose first message was refused."""
    code = office.walk(Act.SUBMIT, Act.ACCEPT)
    office.mocks.fault(
        "error_code", service="DongBoHoSoMC", error_code=-9, message="Sai mã thủ tục"
    )
    office.drain()
    return code


def test_what_stands_is_listed_explained_and_counted(office: Office, run: Run, held: str) -> None:
    number = str(office.ledger(held)[0]["id"])

    listed = run("deliveries", "list", "--state", "blocked")
    assert held in listed
    assert "Đối tác từ chối, mã -9: Sai mã thủ tục." in " ".join(listed.split())
    assert "Chờ bản tin số 1" in run("deliveries", "list", "--dossier", held)
    shown = run("deliveries", "show", number)
    assert "Các lần gửi chưa được nhận" in shown
    assert office.ledger(held)[0]["body_sha256"] in shown
    assert "Cổng Dịch vụ công quốc gia" in run("deliveries", "summary")


def test_it_is_parked_taken_back_and_sent_again(office: Office, run: Run, held: str) -> None:
    number = str(office.ledger(held)[0]["id"])

    assert "tạm gác" in run("deliveries", "park", number, "--reason", "Chờ cổng")
    refused = run("deliveries", "retry", number, code=1)
    assert "Hãy bỏ tạm gác trước" in refused
    assert "Chờ gửi" in run("deliveries", "unpark", number, "--reason", "Cổng đã sửa")
    office.change("UPDATE delivery SET next_at = :now WHERE state = 'waiting'", now=MONDAY)
    office.drain()

    office.check_books(held)
    acts = office.rows("SELECT act, actor_role FROM delivery_act ORDER BY id")
    assert acts == [
        {"act": "park", "actor_role": "administrator"},
        {"act": "unpark", "actor_role": "administrator"},
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deliveries", "show", "999"), "Không có bản tin 999"),
        (("deliveries", "list", "--partner", "la"), "--partner phải là một trong"),
        (("procedures", "draft", "999"), "Không có dự thảo này"),
        (
            ("deliveries", "route", "*", "--from", "2020-01-01", "--generation", "central"),
            "Ngày bắt đầu phải sau hôm nay",
        ),
        (
            ("deliveries", "route", "H99", "--from", "2999-01-01", "--generation", "central"),
            "Không có cơ quan H99",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    assert said in run(*arguments, code=1)


def test_a_way_is_kept_for_a_day_to_come(run: Run) -> None:
    way = ("deliveries", "route", "H44.10", "--from", "2999-01-01", "--generation", "central")

    run(*way, "--unit", "G09.20")

    assert "G09.20" in run("deliveries", "routes")
    assert "đã có tuyến gửi" in run(*way, code=1)


def test_the_portals_catalogue_is_compared_and_published(office: Office, run: Run) -> None:
    content = {
        "MATTHC": PARTIAL,
        "TENTTHC": "Tên mới",
        "LINHVUCTHUCHIEN": [{"MALINHVUC": "G17-XD01", "TENLINHVUC": "Xây dựng"}],
        "CACHTHUCTHUCHIEN": [
            {
                "KENH": "1",
                "THOIGIAN": [{"THOIGIANGIAIQUYET": "9", "DONVITINH": "Ngày làm việc"}],
            }
        ],
        "THANHPHANHOSO": [{"GIAYTO": [{"MAGIAYTO": "GT01", "TENGIAYTO": "Tờ khai"}]}],
        "KETQUATHUCHIEN": [{"MAKETQUA": "KQ.G17.000009", "TENKETQUA": "Giấy phép"}],
        "CANCUPHAPLY": [{"SOVANBAN": "50/2014/QH13", "TENVANBAN": "Luật Xây dựng"}],
    }
    url = f"/national-portal/_procedures/{PARTIAL}"
    office.mocks.http.put(url, json=content).raise_for_status()

    assert "1 thủ tục có dự thảo mới" in run("catalogue", "sync")
    assert "national_portal" in run("procedures", "list")
    shown = run("procedures", "draft", "1")
    assert "/definition/limit/count" in shown
    assert "“Tên mới”, lĩnh vực G17-XD01 Xây dựng" in shown
    assert '"count": 9' in run("procedures", "draft", "1", "--json")
    done = run("procedures", "publish-draft", "1", "--valid-from", "2026-12-31")
    assert "hiệu lực từ 31/12/2026" in done
    assert "đã được" in run("procedures", "discard-draft", "1", code=1)
    content["CANCUPHAPLY"] = [{"TENVANBAN": "Luật mới"}]
    office.mocks.http.put(url, json=content).raise_for_status()
    run("catalogue", "sync")
    assert f"Đã bỏ dự thảo 2 của {PARTIAL}" in run("procedures", "discard-draft", "2")
    office.mocks.fault("http_503")
    assert "Không đọc được danh mục của cổng: HTTP 503" in run("catalogue", "sync", code=1)
