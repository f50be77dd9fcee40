"""`motcua register` and `motcua papers` as they are typed, on the province's own database."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli.papers import papers
from app.cli.register import register
from app.cli.replay_progress import progress
from tests.builders import CITIZEN, DESK, DISTRICT, OTHER_DISTRICT, Api, an_application, succeeded
from tests.papers.pdf_reading import squeezed, text_of
from tests.papers.xlsx_reading import rows_of

Run = Callable[..., Result]
MONTH = ("--from", "2026-10-01", "--to", "2026-10-31")


@pytest.fixture
def run(api: Api, monkeypatch: pytest.MonkeyPatch) -> Run:
    assert api.settings.database_url is not None
    monkeypatch.setenv("APP_DATABASE_URL", api.settings.database_url.get_secret_value())
    monkeypatch.setenv("APP_DATA_DIR", str(api.settings.data_dir))
    command = typer.Typer()
    command.command()(register)
    command.command()(papers)

    return lambda *arguments: CliRunner().invoke(command, [str(part) for part in arguments])


@pytest.fixture
def code(api: Api) -> str:
    applicant = {"kind": "citizen", "number": CITIZEN, "name": "Trần Thị Sổ"}
    body = an_application(DESK, applicant=applicant)
    return str(succeeded(api.receptionist().post("/v1/dossiers/intake", body))["code"])


def test_the_register_is_written_as_a_spreadsheet_and_in_print(
    run: Run, code: str, tmp_path: Path
) -> None:
    for name in ("so-theo-doi.xlsx", "so-theo-doi.PDF"):
        done = run("register", "--agency", DISTRICT, *MONTH, "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
        assert name in done.stdout

    rows = rows_of((tmp_path / "so-theo-doi.xlsx").read_bytes())
    assert code in [row["B"].text for row in rows if "B" in row]
    assert squeezed("Trần Thị Sổ") in text_of((tmp_path / "so-theo-doi.PDF").read_bytes())
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--agency", OTHER_DISTRICT, *MONTH), "không nhận hồ sơ nào"),
        (("--agency", "H99", *MONTH), "Không có cơ quan H99"),
        (
            ("--agency", DISTRICT, "--from", "2026-10-31", "--to", "2026-10-01"),
            "trước khi bắt đầu",
        ),
        (
            ("--agency", DISTRICT, "--from", "2020-01-01", "--to", "2026-10-01"),
            "tối đa 366 ngày",
        ),
    ],
)
def test_what_cannot_be_written_is_said_and_the_file_of_before_stays(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    out = tmp_path / "so.xlsx"
    out.write_bytes("bản trước".encode())

    done = run("register", *arguments, "--out", out)

    assert done.exit_code == 2
    assert sentence in done.stderr
    assert out.read_bytes() == "bản trước".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["so.xlsx"]


def test_only_spreadsheets_and_pdf_are_written_into_folders_that_exist(
    run: Run, tmp_path: Path
) -> None:
    wrong = run("register", "--agency", DISTRICT, *MONTH, "--out", tmp_path / "so.csv")
    lost = run("register", "--agency", DISTRICT, *MONTH, "--out", tmp_path / "no" / "so.xlsx")

    assert (wrong.exit_code, lost.exit_code) == (2, 2)
    assert "đuôi .xlsx hoặc .pdf" in wrong.stderr
    assert "không có thư mục" in lost.stderr


def test_what_the_command_issues_can_be_printed_again_and_what_it_shows_is_not_kept(
    api: Api,
    run: Run,
    code: str,  # noqa: ARG001  (gives the register an entry)
    tmp_path: Path,
) -> None:
    issued, viewed = tmp_path / "so.xlsx", tmp_path / "xem.xlsx"
    for out, more in ((issued, ()), (viewed, ("--view",))):
        done = run("register", "--agency", DISTRICT, *MONTH, "--out", out, *more)
        assert done.exit_code == 0, done.output

    kept = succeeded(api.approver().get("/v1/registers", agency=DISTRICT))["items"]
    [mine] = [
        one for one in kept if one["sha256"] == hashlib.sha256(issued.read_bytes()).hexdigest()
    ]

    assert api.approver().get(mine["href"]).content == issued.read_bytes()
    assert "chưa phát hành" in rows_of(viewed.read_bytes())[2]["A"].text
    assert hashlib.sha256(viewed.read_bytes()).hexdigest() not in {one["sha256"] for one in kept}


def test_progress_is_told_as_lines_where_there_is_no_terminal() -> None:
    out = io.StringIO()

    with progress(2_000, 0, out, label="Ghi sổ", every_s=0) as advance:
        advance(1_000)

    assert out.getvalue().startswith("1.000/2.000 hồ sơ")


def test_papers_are_listed_and_printed_as_they_were(
    api: Api, run: Run, code: str, tmp_path: Path
) -> None:
    [paper] = succeeded(api.receptionist().get(f"/v1/dossiers/{code}/papers"))["items"]

    listed = run("papers", code)
    done = run("papers", code, "--print", paper["id"], "--out", tmp_path / "giay.pdf")

    assert paper["number"] in listed.stdout
    content = (tmp_path / "giay.pdf").read_bytes()
    assert hashlib.sha256(content).hexdigest() in done.stdout
    assert api.receptionist().get(paper["href"]).content == content


def test_papers_that_are_not_there_are_refused(run: Run, code: str, tmp_path: Path) -> None:
    unknown = run("papers", "H44.29-200101-0001")
    absent = run("papers", code, "--print", "999999", "--out", tmp_path / "giay.pdf")
    half = run("papers", code, "--print", "1")

    assert (unknown.exit_code, absent.exit_code, half.exit_code) == (2, 2, 2)
    assert "Không tìm thấy hồ sơ" in unknown.stderr
    assert "không có giấy tờ này" in absent.stderr
    assert "đi cùng nhau" in half.stderr
    assert list(tmp_path.iterdir()) == []
