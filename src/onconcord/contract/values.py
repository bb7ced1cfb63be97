"""The one form that values have in a table: rounded floats, composed text, sets in order."""

import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onconcord.contract.arrow import FALSE, to_array, to_numpy, to_scalar
from onconcord.contract.model import Field, Table

_ZERO = to_scalar(0.0, pa.float64())


def normal_form(spec: Table, field: Field, array: pa.Array) -> pa.Array:
    """The values of a column, which are of its type, in the form that the contract gives them."""
    if field.type == "float64":
        if field.decimals is not None:
            array = pc.round(array, ndigits=field.decimals)
        return pc.add(array, _ZERO)  # -0.0 + 0.0 is 0.0
    if field.type == "string":
        return _nfc(array)
    if field.type == "list<string>" and field.name in spec.sets:
        return _sorted_sets(array)
    return array


def _nfc(array: pa.Array) -> pa.Array:
    if _is_ascii(array):
        return array
    # pyarrow.compute.utf8_normalize(form="NFC") leaves decomposed letters as they are (21.0)
    composed = (v if v is None else unicodedata.normalize("NFC", v) for v in array.to_pylist())
    return to_array(list(composed), pa.string())


def _is_ascii(array: pa.Array) -> bool:
    """Whether all text is ASCII; may be False where only bytes under a null are not."""
    _, offsets, text = array.buffers()
    if not len(array) or text is None:
        return True
    ends = np.frombuffer(offsets, np.int32)
    first, after = ends[array.offset], ends[array.offset + len(array)]
    # One pass over the bytes: pyarrow.compute.string_is_ascii looks at one string after another
    return int(np.frombuffer(text, np.uint8)[first:after].max(initial=0)) < 0x80


def _sorted_sets(array: pa.Array) -> pa.Array:
    """Each list sorted and without repeats; a null list stays null, a null element comes last."""
    flat, parents = array.flatten(), to_numpy(pc.list_parent_indices(array))
    values = _nfc(flat)
    if values is flat and _rising(values, parents):
        return array
    order = pc.sort_indices(
        pa.table({"parent": pc.list_parent_indices(array), "value": values}),
        sort_keys=[("parent", "ascending"), ("value", "ascending")],
    )
    values, parents = values.take(order), parents[to_numpy(order)]
    same = pc.equal(values.slice(1), values.slice(0, len(values) - 1)).fill_null(FALSE)
    keep = np.ones(len(values), np.bool_)
    keep[1:] = ~(to_numpy(same) & (parents[1:] == parents[:-1]))
    lengths = np.bincount(parents[keep], minlength=len(array))
    offsets = to_array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    mask = array.is_null() if array.null_count else None
    return pa.ListArray.from_arrays(
        offsets, values.filter(to_array(keep, pa.bool_())), type=array.type, mask=mask
    )


def _rising(values: pa.Array, parents: np.ndarray[Any, Any]) -> bool:
    """Whether each value is greater than the one before it in the same list."""
    if values.null_count:
        return False
    last = max(len(values) - 1, 0)
    rising = to_numpy(pc.less(values.slice(0, last), values.slice(1)))
    return bool((rising | (parents[1:] != parents[:-1])).all())
