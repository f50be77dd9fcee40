"""What all extractions have in common: fingerprints, media types, the data dictionary's parts."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import IO, Any, Final

from app.domain.data_dictionary import HEAD, Column, as_markdown, entries
from app.domain.extraction import Part, Watch
from app.papers.plain_tables import write_table

VERSION: Final = version("motcua")
CSV: Final = "text/csv; charset=utf-8"
JSON: Final = "application/json"
MARKDOWN: Final = "text/markdown; charset=utf-8"
PARQUET: Final = "application/vnd.apache.parquet"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def fingerprint(*content: Any) -> str:  # noqa: ANN401  (whatever a part is made from)
    """Return what changes when the content of a part does, or the release that writes it."""
    told = json.dumps([VERSION, *content], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def counted_part(
    name: str, media_type: str, content: Sequence[Any], write: Callable[[IO[bytes]], int]
) -> Part:
    """Return a part that is made at once from what was counted already."""

    def written(out: IO[bytes], watch: Watch) -> int:
        rows = write(out)
        watch(rows)
        return rows

    return Part(name, media_type, fingerprint(name, content), len(content), written)


def dictionary_parts(files: Mapping[str, Sequence[Column]]) -> list[Part]:
    """Return the dictionary of some files, for machines and for people."""
    listed = list(entries(files))
    page = as_markdown(files).encode()

    def write_page(out: IO[bytes]) -> int:
        out.write(page)
        return len(listed)

    def write_rows(out: IO[bytes]) -> int:
        return write_table(out, HEAD, listed)

    return [
        _dictionary("data-dictionary.csv", CSV, listed, write_rows),
        _dictionary("data-dictionary.md", MARKDOWN, listed, write_page),
    ]


def _dictionary(
    name: str, media_type: str, content: Sequence[Any], write: Callable[[IO[bytes]], int]
) -> Part:
    """Return a part that tells of the data: its rows are none of those that are waited for."""

    def written(out: IO[bytes], _watch: Watch) -> int:
        return write(out)

    return Part(name, media_type, fingerprint(name, content), 0, written, is_data=False)
