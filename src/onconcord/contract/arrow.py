"""
Arrow arrays from and to Python and numpy values, of the contract's types.

`pyarrow.array`, `pyarrow.scalar` and `to_numpy` import pandas wherever it is installed, whatever
they get: up to a second of every process that writes a table. By way of polars they need none.
"""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

_POLARS: dict[pa.DataType, Any] = {
    pa.string(): pl.String,
    pa.int32(): pl.Int64,
    pa.int64(): pl.Int64,
    pa.float64(): pl.Float64,
    pa.bool_(): pl.Boolean,
    pa.timestamp("us", tz="UTC"): pl.Datetime("us", "UTC"),
    pa.list_(pa.field("element", pa.string())): pl.List(pl.String),
}
"""Whole numbers are wide here, so that Arrow refuses what the narrow type cannot hold."""


def to_array(values: Any, type_: pa.DataType) -> pa.Array:
    """
    Values as an Arrow array.

    Args:
        values: a list or a numpy array; None is null.
        type_: one of the contract's types.
    Raises:
        TypeError: a value is of another kind.
        pyarrow.ArrowInvalid: a number is too large for the type.
    """
    return pl.Series(values, dtype=_POLARS[type_], strict=True).to_arrow().cast(type_)


def to_scalar(value: Any, type_: pa.DataType) -> pa.Scalar:
    """A value as an Arrow scalar; errors as for `to_array`."""
    return to_array([value], type_)[0]


FALSE = to_scalar(False, pa.bool_())


def to_numpy(array: pa.Array) -> np.ndarray[Any, Any]:
    """Numbers or booleans without a null as a numpy array; it may not be written to."""
    assert not array.null_count
    return pl.Series(array).to_numpy()
