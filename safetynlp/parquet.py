"""Tables as Parquet (extra ``[parquet]``)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from safetynlp.errors import UsageError

__all__ = ["check_parquet", "to_parquet"]


def check_parquet() -> None:
    """Say in good time if Parquet cannot be read or written here.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "Parquet files need pyarrow, which is not installed. Run: pip install "
            '"safetynlp[parquet]"',
            '读写 Parquet 文件需要 pyarrow，尚未安装。请运行：pip install "safetynlp[parquet]"',
        ) from error


def to_parquet(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> bytes:
    """Rows as the bytes of a Parquet file.

    Args:
        rows: each has a value, or None, for every column.
        columns: name → type: string, double, float, bool, int8, int32, or list (of strings).

    Raises:
        UsageError: pyarrow is not installed.
    """
    check_parquet()
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        "string": pa.string(),
        "double": pa.float64(),
        "float": pa.float32(),
        "bool": pa.bool_(),
        "int8": pa.int8(),
        "int32": pa.int32(),
        "list": pa.list_(pa.string()),
    }
    arrays = {
        name: pa.array([_encodable(row[name]) for row in rows], kinds[kind])
        for name, kind in columns.items()
    }
    out = io.BytesIO()
    pq.write_table(pa.table(arrays), out)
    return out.getvalue()


def _encodable(value: Any) -> Any:
    """Text without what UTF-8 cannot hold (undecodable bytes of a file name): a backslash is put."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return [_encodable(one) for one in value] if isinstance(value, list) else value
