"""The worked example of the administrator's page, fed as it stands there."""

import csv
import re
from pathlib import Path

from app.domain.former_columns import COLUMNS
from app.services.importing import mapping_of
from tests.imports.samples import Desk, counts

PAGE = (Path(__file__).parents[2] / "docs" / "administrator.md").read_text("utf-8")


def _block(kind: str) -> str:
    [found] = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_example_goes_as_the_page_says(desk: Desk) -> None:
    (desk.folder / "anh-xa.toml").write_text(_block("toml"), "utf-8")
    mapping = mapping_of(desk.folder / "anh-xa.toml", None)

    found = desk.feed(_block("csv").encode(), "ho-so-2019.csv", mapping)

    assert counts(found) == (2, 0, 1)
    with desk.faults_of("ho-so-2019.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file, delimiter=";")
    for name in ("fault_columns", "fault_codes"):
        assert f"`{row[name]}`" in PAGE


def test_the_template_holds_every_column(tmp_path: Path) -> None:
    from app.cli.import_template import write  # noqa: PLC0415

    write(tmp_path)
    write(tmp_path)  # what is there is left as it is

    header = (tmp_path / "import.csv").read_text("utf-8-sig").strip().split(",")
    guide = (tmp_path / "import-columns.md").read_text("utf-8")
    assert header == [column.name for column in COLUMNS]
    assert all(f"| `{name}` |" in guide for name in header)
    assert mapping_of(tmp_path / "import-mapping.toml", "Khác").source == "Khác"
