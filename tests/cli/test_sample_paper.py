"""`motcua sample-paper`: papers to try things out with."""

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import clock
from app.cli import _app
from app.domain.signature import Indication
from app.signatures.pki import make_sample_pki
from app.signatures.sandbox import check


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_DATA_DIR", str(tmp_path))


def test_each_file_is_another_paper_signed_by_who_was_named(tmp_path: Path) -> None:
    now = clock.now()
    make_sample_pki(tmp_path / "trust", now - timedelta(days=1), agencies=[("H44.29", "UBND mẫu")])
    files = [tmp_path / "a.pdf", tmp_path / "b.pdf"]

    done = CliRunner().invoke(_app, ["sample-paper", "--signer", "H44.29", *map(str, files)])

    assert done.exit_code == 0, done.output
    assert files[0].read_bytes() != files[1].read_bytes()
    verdict = check(files[0], tmp_path / "trust", now=clock.now())
    assert verdict.indication is Indication.TOTAL_PASSED


def test_without_a_signer_it_is_a_plain_paper(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"

    assert CliRunner().invoke(_app, ["sample-paper", str(file)]).exit_code == 0
    assert file.read_bytes().startswith(b"%PDF-")
    verdict = check(file, tmp_path / "trust", now=clock.now())
    assert verdict.indication is Indication.NO_SIGNATURE


def test_who_has_no_key_is_named(tmp_path: Path) -> None:
    asked = ["sample-paper", "--signer", "H44.99", str(tmp_path / "a.pdf")]

    done = CliRunner().invoke(_app, asked)

    assert done.exit_code == 2
    assert "H44.99" in done.stderr
    assert not (tmp_path / "a.pdf").exists()
