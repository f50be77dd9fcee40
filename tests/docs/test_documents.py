"""Every document holds together: links lead somewhere, tables are tables, nothing is left out."""

import re
from itertools import groupby
from pathlib import Path

import pytest
import typer.main

from app.cli import _app
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/**/*.md")])
SETTINGS_ON = ("operations.md", "notices.md", "lgsp-and-post.md")

_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SETTING = re.compile(r"`(_?[A-Z][A-Z0-9_]+)`")


def prose(document: Path) -> str:
    """Return a document without its blocks of code."""
    return _FENCED.sub("", document.read_text("utf-8"))


def anchors(document: Path) -> set[str]:
    """Return what a link may name behind `#`, as the usual viewers make it of headings."""
    headings = re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(prose(document)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_table_has_a_head_and_as_many_cells_in_each_row(document: Path) -> None:
    lines = prose(document).splitlines()
    before = ""
    for is_table, rows in groupby(lines, key=lambda line: line.startswith("|")):
        block = list(rows)
        if is_table:
            widths = {len(re.findall(r"(?<!\\)\|", row)) for row in block}
            assert len(widths) == 1, block[0]
            assert re.fullmatch(r"(\|-+:?)+\|", block[1]), block[0]
            assert not before.strip(), f"no empty line before {block[0]}"
        before = block[-1]


def test_every_page_is_on_the_readme_or_on_the_list_of_decisions() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for page in DOCS.glob("*.md"):
        assert f"](docs/{page.name})" in readme
    decisions = (DOCS / "decisions" / "README.md").read_text("utf-8")
    for page in (DOCS / "decisions").glob("0*.md"):
        assert f"]({page.name})" in decisions


def test_every_setting_is_on_a_page_and_every_name_there_is_a_setting() -> None:
    named: list[str] = []
    for page in SETTINGS_ON:
        section = (DOCS / page).read_text("utf-8").split("\n## Settings")[1].split("\n## ")[0]
        for row in section.splitlines():
            if row.startswith("| `"):
                named += _in_full(_SETTING.findall(row.split("|")[1]))

    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def _in_full(names: list[str]) -> list[str]:
    """Complete `POST_SENDER_NAME`, `_PHONE`: a name with `_` begins as the one before it."""
    whole: list[str] = []
    for name in names:
        whole.append(whole[0].rpartition("_")[0] + name if name.startswith("_") else name)
    return whole


def test_every_command_is_on_a_page() -> None:
    pages = "\n".join(page.read_text("utf-8") for page in DOCUMENTS)
    for name in typer.main.get_group(_app).commands:
        assert f"motcua {name}" in pages, name


def test_every_file_that_a_page_names_exists() -> None:
    for page in DOCUMENTS:
        for name in re.findall(r"`((?:app|bench|data|migrations|tests)/[\w./-]+)`", prose(page)):
            assert (ROOT / name).exists(), f"{page.name}: {name}"
