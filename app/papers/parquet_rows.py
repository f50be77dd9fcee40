"""Rows as Parquet: lines of CSV as the database gives them, a row group after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import IO, Final

import pyarrow as pa
from pyarrow import csv, parquet

from app.domain.data_dictionary import Column, Type

_GROUP: Final = 20_000
"""Rows of a group: so many are held at once."""

_TYPES: Final = {
    Type.TEXT: pa.string(),
    Type.DATE: pa.date32(),
    Type.INSTANT: pa.timestamp("us", tz="UTC"),
    Type.INTEGER: pa.int64(),
    Type.BOOLEAN: pa.bool_(),
}


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """Return the types of columns, each with its meaning and unit beside it."""
    return pa.schema(
        [
            pa.field(
                column.name,
                _TYPES[column.type],
                metadata={"meaning": column.meaning, "unit": column.unit},
            )
            for column in columns
        ]
    )


def write_parquet(
    out: IO[bytes],
    columns: Sequence[Column],
    lines: Iterable[bytes],
    watch: Callable[[int], None] = lambda _rows: None,
) -> int:
    """Write rows and return how many there are; without any it is a table of none."""
    schema = schema_of(columns)
    options = csv.ConvertOptions(
        column_types=schema,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    reading = csv.ReadOptions(use_threads=False, column_names=schema.names)
    # A name may hold a line break: it is quoted, and the row goes on.
    parsing = csv.ParseOptions(newlines_in_values=True)
    count = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in _grouped(lines):
            table = csv.read_csv(BytesIO(group), reading, parsing, options)
            writer.write_table(table.cast(schema))
            count += table.num_rows
            watch(table.num_rows)
    return count


def _grouped(lines: Iterable[bytes]) -> Iterator[bytes]:
    rows = iter(lines)
    while group := b"".join(islice(rows, _GROUP)):
        yield group
