"""`motcua verify-signature` as a script uses it: JSON on standard output, 0 with any verdict."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli.trust_source import default_trust_dir
from app.cli.verify_signature import verify_signature
from app.signatures.pki import make_sample_pki
from app.signatures.sign import sign_pdf
from tests.signatures.forge_pdf import content, plain_pdf, update

app = typer.Typer()
app.command()(verify_signature)

CONTRACT = {
    "indication",
    "sub_indication",
    "intact",
    "valid",
    "trusted",
    "coverage",
    "reason",
    "signatures",
}
NOW = datetime.now(UTC)  # the command reads the clock; the certificates run for years around it


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "trust"
    make_sample_pki(folder, NOW)
    return folder


@pytest.fixture
def signed(tmp_path: Path, trust: Path) -> Path:
    path = tmp_path / "don.pdf"
    path.write_bytes(sign_pdf(plain_pdf(), "citizen", trust / "keys", now=NOW))
    return path


def test_a_good_signature_is_told_in_the_words_of_the_contract(signed: Path, trust: Path) -> None:
    result = run(signed, "--trust", trust)

    assert result.exit_code == 0
    verdict = json.loads(result.stdout)
    assert set(verdict) == CONTRACT
    assert verdict["indication"] == "TOTAL_PASSED"
    assert verdict["sub_indication"] is None
    assert verdict["coverage"] == "whole"
    assert (verdict["intact"], verdict["valid"], verdict["trusted"]) == (True, True, True)
    (entry,) = verdict["signatures"]
    assert entry["signer"] == "NGUYỄN VĂN MẪU"
    assert entry["signer_uid"] == "CCCD:001099000001"
    assert {"issuer", "serial", "claimed_signing_at", "proven_signing_at", "algorithm"} <= set(
        entry
    )
    assert datetime.fromisoformat(entry["proven_signing_at"]) <= NOW


def test_a_bad_signature_is_a_verdict_too(signed: Path, trust: Path) -> None:
    signed.write_bytes(update(signed.read_bytes(), {4: content("Phi 900 dong")}))

    result = run(signed, "--trust", trust)

    assert result.exit_code == 0
    verdict = json.loads(result.stdout)
    assert (verdict["indication"], verdict["coverage"]) == ("TOTAL_FAILED", "extended_bad")
    assert not verdict["intact"]
    assert "thay đổi" in verdict["reason"]


@pytest.mark.parametrize("body", [b"", b"%PDF-1.4", b"\x00" * 10, b"text"])
def test_any_file_gives_a_verdict(tmp_path: Path, trust: Path, body: bytes) -> None:
    path = tmp_path / "--strange name'.pdf"
    path.write_bytes(body)

    result = run("--trust", trust, "--", path)

    assert result.exit_code == 0
    assert json.loads(result.stdout)["indication"] == "NO_SIGNATURE"


def test_a_missing_file_is_one_sentence_and_2(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pdf", tmp_path):
        result = run(path)

        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"Không có tệp {path}.\n"


def test_a_missing_trust_folder_is_one_sentence_and_2(signed: Path, tmp_path: Path) -> None:
    result = run(signed, "--trust", tmp_path / "absent")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_the_configured_anchors_are_the_default(
    signed: Path, trust: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_DATA_DIR", str(trust.parent))

    assert json.loads(run(signed).stdout)["indication"] == "TOTAL_PASSED"


def test_without_any_anchors_nobody_is_trusted(
    signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_DATA_DIR", str(tmp_path / "nothing"))

    verdict = json.loads(run(signed).stdout)

    assert verdict["sub_indication"] == "NO_CERTIFICATE_CHAIN_FOUND"
    assert (verdict["intact"], verdict["trusted"]) == (True, False)


def test_the_trust_folder_is_below_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APP_DATA_DIR", raising=False)
    assert default_trust_dir() == Path(".motcua/trust")
    monkeypatch.setenv("APP_DATA_DIR", "/srv/motcua")
    assert default_trust_dir() == Path("/srv/motcua/trust")


def test_the_command_and_the_room_load_no_parser() -> None:
    script = (
        "import sys, app.signatures, app.cli.verify_signature, app.signatures.sandbox\n"
        "heavy = {'pyhanko', 'xmlsec', 'lxml', 'cryptography', 'asn1crypto'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )

    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )

    assert found.returncode == 0, found.stderr.decode()
