"""An imported dossier that the portal was never told of is told whole, however late."""

from pathlib import Path

from app.domain.actor import Role
from app.services import processing, recounting
from app.services.import_telling import tell
from app.services.transition import Request
from tests.imports.samples import Desk, a_row, as_csv
from tests.services.office import Office, staff


def test_what_was_done_since_waits_for_what_was_before(office: Office, tmp_path: Path) -> None:
    rows = [
        a_row(1, status="in_process", resolved_at="", returned_at=""),
        a_row(2),
        a_row(3, told_at="05/03/2019"),
    ]
    found = Desk(office.owner, tmp_path).feed(as_csv(rows))
    assert (found.written, found.tally.open_untold) == (3, 1)
    request = Request(rows[0]["code"], staff(Role.OFFICER, "H44.10"), office.clock())
    processing.pass_on(office.desk, request, agency=None, reason=None)

    assert tell(office.owner, run=None, only_open=True, now=office.clock()) == 1
    assert tell(office.owner, run=None, only_open=True, now=office.clock()) == 0
    office.settle()

    ledger = office.rows(
        "SELECT code, seq, state FROM delivery JOIN dossier ON dossier.id = dossier_id"
        " ORDER BY code, seq"
    )
    assert {row["state"] for row in ledger} == {"acknowledged"}
    assert [row["seq"] for row in ledger if row["code"] == rows[0]["code"]] == [1, 2, 3]
    assert all(row["code"] != rows[1]["code"] for row in ledger)
    assert recounting.verify(office.desk, now=office.clock()).differences == []
