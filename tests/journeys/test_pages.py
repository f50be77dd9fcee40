"""The pages are true: what they tell a reader to type is typed, in their order, and works."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from app.domain.actor import Role
from tests.builders import JUSTICE, MONDAY, PROVINCE, Api, succeeded
from tests.journeys.province import running_province

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 90.0
_SH = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# The installed command might be another checkout's, and it reads the time of today.
_COMMAND = f"""#!{sys.executable}
import sys
from datetime import datetime
sys.path.insert(0, {str(ROOT)!r})
from app import clock
clock.now = lambda: datetime.fromisoformat({MONDAY.isoformat()!r}).astimezone(clock.LOCAL)
from app.cli import main
main()
"""

pytestmark = pytest.mark.skipif(
    not (which("bash") and which("curl")), reason="the pages are typed into bash, and call curl"
)


@pytest.fixture
def province(database: str, tmp_path: Path) -> Iterator[Api]:
    with running_province(database, tmp_path) as api:
        yield api


def typed(api: Api, page: str, *names: str) -> list[str]:
    """Type every `sh` block of a page into one shell and return what its variables hold then."""
    folder = api.settings.data_dir
    command = folder / ".venv" / "bin" / "motcua"
    command.parent.mkdir(parents=True)
    command.write_text(_COMMAND, "utf-8")
    command.chmod(0o755)
    blocks = _SH.findall((ROOT / "docs" / page).read_text("utf-8"))
    told = " ".join(f'"${name}"' for name in names)
    script = ["set -euo pipefail", *blocks, f"printf '%s\\n' {told} > told.txt"]
    (folder / "page.sh").write_text("\n".join(script), "utf-8")
    done = subprocess.run(
        ["bash", "page.sh"],
        cwd=folder,
        env=_environment(api),
        check=False,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return (folder / "told.txt").read_text("utf-8").splitlines()


def _environment(api: Api) -> dict[str, str]:
    settings = api.settings
    assert settings.database_url is not None
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(settings.data_dir),
        "LC_ALL": "C.UTF-8",
        "API": settings.web_url,
        "APP_DATABASE_URL": settings.database_url.get_secret_value(),
        "APP_DATA_DIR": str(settings.data_dir),
        "APP_PUBLIC_URL": settings.web_url,
        "APP_IDENTITY_ISSUER": settings.issuer,
    }


def _acts(api: Api, code: str) -> list[str]:
    events = succeeded(api.receptionist(code[:6]).get(f"/v1/dossiers/{code}/events"))["items"]
    return [event["act"] for event in events]


def test_a_clerk_s_day_goes_as_the_page_says(province: Api) -> None:
    permit, online = typed(province, "clerk.md", "CODE", "ONLINE")

    assert province.dossier(permit)["status"] == "returned"
    assert province.dossier(online)["status"] == "supplement_requested"
    assert _acts(province, permit) == [
        *("take_in", "start", "pass_on", "extend", "pass_on", "resolve", "return_result")
    ]
    assert _acts(province, online) == ["submit", "accept", "start", "request_supplement"]


def test_a_dossier_from_the_phone_goes_as_the_page_says(province: Api) -> None:
    code, petition = typed(province, "citizen.md", "CODE", "PETITION")

    assert code.startswith(JUSTICE)
    assert _acts(province, code) == [
        *("submit", "accept", "start", "request_supplement", "supplement", "resolve"),
        "return_result",
    ]
    dossier = succeeded(province.citizen().get(f"/v1/dossiers/{code}"))
    assert (dossier["status"], dossier["payments"][0]["status"]) == ("returned", "paid")
    assert succeeded(province.citizen().get(f"/v1/dossiers/{code}/rating"))["score"] == 5
    sent = succeeded(province.citizen().get(f"/v1/petitions/{petition}"))
    assert (sent["status"], sent["dossier"]) == ("received", code)
    assert (province.settings.data_dir / "ket-qua.pdf").read_bytes().startswith(b"%PDF-")


def test_an_administrator_s_day_goes_as_the_page_says(province: Api) -> None:
    change, draft, number = typed(province, "administrator.md", "CHANGE", "DRAFT", "NUMBER")

    keeper = province.person(Role.ADMINISTRATOR, PROVINCE)
    entered = succeeded(keeper.get(f"/v1/calendar/changes/{change}"))
    assert [day["kind"] for day in entered["days"]] == ["off", "worked", "hours"]
    for day, version, days in (("2026-12-31", 2, 1), ("2027-01-01", 3, 2)):
        taught = succeeded(province.http.get("/v1/procedures/1.001193", params={"on": day}))
        assert (taught["version"], taught["limit"]) == (version, f"{days} ngày làm việc")
    assert succeeded(keeper.get(f"/v1/procedure-drafts/{draft}"))["state"] == "published"
    assert succeeded(keeper.get(f"/v1/agencies/changes/{number}"))["state"] == "withdrawn"
