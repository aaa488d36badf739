"""Reads Parquet and Feather into columns; nothing in them is ever unpickled."""

from __future__ import annotations

import ast
import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pa_dataset
import pyarrow.feather as pa_feather
import pyarrow.parquet as pq

from blportfolio.data.files.headers import MOST_COLUMNS
from blportfolio.data.files.sources import DAMAGED, Source, cannot_read, too_large
from blportfolio.data.files.table import Table
from blportfolio.errors import DataError


def read_columnar(source: Source, *, max_bytes: int) -> Table:
    """Read a Parquet or Feather file into columns of floats, texts, booleans and timestamps.

    Raises:
        DataError: If it is damaged, larger than `max_bytes` when decompressed, or holds columns
            of lists, binary data or objects.
    """
    try:
        if source.kind == "parquet":
            table = _read_parquet(source, max_bytes)
        else:
            table = _read_feather(source, max_bytes)
    except DAMAGED as error:
        raise cannot_read(source.name, error) from error
    if not table.num_rows or not table.num_columns:
        raise DataError(f"The file {source.name!r} has no rows; it needs a header and prices.")
    names, notes = _names(table.schema)
    try:
        columns = [
            _column(column, " ".join(names[number]), source.name)
            for number, column in enumerate(table.columns)
        ]
    except pa.ArrowException as error:
        raise cannot_read(source.name, error) from error
    return Table(source.name, source.stem, names, columns, inferred=notes)


def _read_parquet(source: Source, max_bytes: int) -> pa.Table:
    buffer = pa.BufferReader(source.content)
    file = pq.ParquetFile(buffer)
    schema = file.schema_arrow
    _check_schema(schema, source.name)
    groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
    declared = sum(group.total_byte_size for group in groups)
    if max(declared, 8 * file.metadata.num_rows * len(schema)) > max_bytes:
        raise too_large(source.name, max_bytes, " when decompressed")
    texts = [field.name for field in schema if _is_text(field.type)]
    file = pq.ParquetFile(buffer, read_dictionary=texts)
    return file.read()


def _read_feather(source: Source, max_bytes: int) -> pa.Table:
    buffer = pa.BufferReader(source.content)
    if source.content.startswith(b"FEA1"):
        table = pa_feather.read_table(buffer)
        _check_schema(table.schema, source.name)
        return table
    with pa.ipc.open_file(buffer) as reader:
        _check_schema(reader.schema, source.name)
        # The number of rows stands apart from what may be compressed a thousandfold.
        n_rows = pa_dataset.IpcFileFormat().make_fragment(buffer).count_rows()
        if 8 * n_rows * len(reader.schema) > max_bytes:
            raise too_large(source.name, max_bytes, " when decompressed")
        batches, size = [], 0
        for number in range(reader.num_record_batches):
            batches.append(reader.get_batch(number))
            size += batches[-1].nbytes
            if size > max_bytes:
                raise too_large(source.name, max_bytes, " when decompressed")
        table = pa.Table.from_batches(batches, schema=reader.schema)
    table.validate(full=True)
    return table


def _check_schema(schema: pa.Schema, name: str) -> None:
    """Refuse columns that are neither numbers, texts nor dates, before any is read."""
    if len(schema) > MOST_COLUMNS:
        raise DataError(
            f"The file {name!r} has more than {MOST_COLUMNS} columns; it needs one column an asset "
            "and one row a date."
        )
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        known = (
            _is_text(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_integer(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_timestamp(kind)
            or pa.types.is_date(kind)
            or pa.types.is_null(kind)
        )
        if not known:
            raise DataError(
                f"The file {name!r} has no prices in column {field.name!r}: it holds {kind}. "
                "Remove that column, or write it as numbers, texts or dates."
            )


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _column(column: pa.ChunkedArray, label: str, name: str) -> pa.ChunkedArray:
    """Return a column as floats, texts, booleans or timestamps."""
    kind = column.type
    if _is_text(kind) or pa.types.is_dictionary(kind):
        column.validate(full=True)  # text that is no UTF-8
    if pa.types.is_dictionary(kind):
        if _is_text(kind.value_type):
            return column.cast(pa.dictionary(pa.int32(), pa.string()))
        return _column(column.cast(kind.value_type), label, name)
    if pa.types.is_null(kind):
        return column.cast(pa.float64())
    if _is_text(kind):
        return column.cast(pa.string())
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("s" if pa.types.is_date32(kind) else "ms"))
    if pa.types.is_decimal(kind):
        return column.cast(pa.string()).cast(pa.float64())  # a direct cast rounds twice
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return pc.cast(column, pa.float64(), safe=False)
    return column


def _names(schema: pa.Schema) -> tuple[list[tuple[str, ...]], list[str]]:
    """Return labels with one entry for each header level that pandas wrote down."""
    notes: list[str] = []
    levels = 1
    index: set[str] = set()
    try:
        written = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        levels = max(1, len(written.get("column_indexes", ())))
        index = {name for name in written.get("index_columns", ()) if isinstance(name, str)}
    except (ValueError, AttributeError, TypeError, RecursionError):
        notes.append("Its pandas metadata cannot be read; did without.")
    names = [_label(name, levels) for name in schema.names]
    names = [
        ("",) if name in index and name.startswith("__index_level_") else label
        for name, label in zip(schema.names, names, strict=True)
    ]
    if levels > 1:
        notes.append(f"Took {levels} header rows.")
    return names, notes


def _label(name: str, levels: int) -> tuple[str, ...]:
    """Take apart `('Close', 'AAPL')`, which is how pandas spells a label of two levels."""
    if levels > 1 and name.startswith("(") and name.endswith(")") and len(name) < 1000:
        try:
            parts = ast.literal_eval(name)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return (name,)
        if isinstance(parts, tuple):
            return tuple("" if part is None else str(part).strip() for part in parts)
    return (name.strip(),)
