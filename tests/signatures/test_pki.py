"""The sample PKI appears whole or not at all, once, with its keys closed to others."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from app.signatures.pki import CITIZEN, FIRM, make_sample_pki
from app.signatures.trust import read_trust
from tests.signatures.office import AGENCY, DAY, NOW, Desk

_KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from app.signatures.certificates import Holder
from app.signatures.pki import make_sample_pki

class Deadly(Holder):
    def as_subject(self):
        os.kill(os.getpid(), signal.SIGKILL)

now = datetime(2026, 11, 22, tzinfo=UTC)
make_sample_pki(Path(sys.argv[1]), now, citizen=Deadly("x"), agencies=[("a", "b")])
"""


def holder(desk: Desk, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((desk.keys / f"{name}.crt").read_bytes())


def test_keys_are_closed_to_others(desk: Desk) -> None:
    assert stat.S_IMODE(desk.keys.stat().st_mode) == 0o700
    keys = list(desk.keys.glob("*.key"))
    assert {path.stem for path in keys} == {AGENCY, "citizen", "firm", "revoked", "expired", "tsa"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_it_is_made_once(desk: Desk) -> None:
    before = {path: path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()}

    assert make_sample_pki(desk.folder, NOW + DAY, agencies=[("H44.99", "Khác")]) is False

    assert {path: path.read_bytes() for path in before} == before
    assert not (desk.keys / "H44.99.key").exists()


def test_a_folder_that_an_administrator_filled_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "own.crt").write_bytes(b"mine")

    assert make_sample_pki(folder, NOW) is False
    assert [path.name for path in folder.iterdir()] == ["own.crt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    folder.mkdir()

    assert make_sample_pki(folder, NOW) is True
    assert len(read_trust(folder).anchors) == 2


def test_holders_carry_their_identity_number(desk: Desk) -> None:
    for name, uid in ((AGENCY, f"CQ:{AGENCY}"), ("citizen", CITIZEN.uid), ("firm", FIRM.uid)):
        (found,) = holder(desk, name).subject.get_attributes_for_oid(NameOID.USER_ID)
        assert found.value == uid


def test_agencies_and_citizens_have_different_roots(desk: Desk) -> None:
    agency, citizen = holder(desk, AGENCY).issuer, holder(desk, "citizen").issuer

    assert agency != citizen


def test_lists_of_every_authority_run_for_years(desk: Desk) -> None:
    lists = [x509.load_der_x509_crl(der) for der in desk.store.crls]
    names = {crl.issuer for crl in lists}

    assert len(names) == len(desk.store.anchors) + len(desk.store.intermediates)
    for crl in lists:
        assert crl.next_update_utc is not None
        assert crl.next_update_utc > NOW + 3000 * DAY


def test_a_fault_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "trust"

    with pytest.raises(OSError, match="no/such"):
        make_sample_pki(folder, NOW, agencies=[("no/such", "Cơ quan")])

    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_nothing_that_counts(tmp_path: Path) -> None:
    folder = tmp_path / "trust"

    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(folder)],
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert not folder.exists()
    assert len(list(tmp_path.iterdir())) == 1  # what it had begun

    assert make_sample_pki(folder, NOW) is True
    assert [path.name for path in tmp_path.iterdir()] == ["trust"]


def test_what_a_living_process_has_begun_is_not_taken_away(tmp_path: Path) -> None:
    other = tmp_path / f".trust.{os.getppid()}"
    other.mkdir()

    make_sample_pki(tmp_path / "trust", NOW)

    assert other.exists()
