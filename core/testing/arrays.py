"""Looks into what plugins take and give: finds the arrays in lists, records and mappings, copies and compares them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")
Array = NDArray[Any]


def arrays_in(value: Any, place: str = "") -> Iterator[tuple[str, Array]]:
    """Finds every array in a value, with its place: `[1].boxes`."""
    if isinstance(value, np.ndarray):
        yield place or "answer", value
    for part, inner in _parts(value):
        yield from arrays_in(inner, place + part)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value) and not isinstance(value, type):
        yield from ((f".{field.name}", getattr(value, field.name)) for field in fields(value))
    elif isinstance(value, Mapping):
        yield from ((f"[{key!r}]", inner) for key, inner in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{index}]", inner) for index, inner in enumerate(value))


def copied(value: Value) -> Value:
    """Copies a value with all its arrays, which are writable in the copy."""
    twin = copy.deepcopy(value)
    for _, array in arrays_in(twin):
        array.setflags(write=True)
    return twin


def read_only(value: Value) -> Value:
    """Copies a value and forbids writing to the copy's arrays."""
    twin = copy.deepcopy(value)
    for _, array in arrays_in(twin):
        array.setflags(write=False)
    return twin


def difference(value: Any, other: Any, tolerance: float = 0.0) -> str | None:
    """Says in words where two values first differ; None when they are alike.

    Args:
        value: The value that is right: arrays, numbers and text in lists, records and mappings.
        other: The value to be compared.
        tolerance: How far numbers may differ, as a share of the array's largest magnitude (of 1, if that is larger);
            0 asks for equality bit for bit.
    """
    return _difference(value, other, tolerance, "")


def _difference(value: Any, other: Any, tolerance: float, place: str) -> str | None:
    if isinstance(value, np.ndarray) and isinstance(other, np.ndarray):
        return _array_difference(value, other, tolerance, place or "answer")
    if isinstance(value, float) and isinstance(other, (float, int)):
        return _array_difference(np.asarray(value), np.asarray(float(other)), tolerance, place or "answer")
    parts, others = dict(_parts(value)), dict(_parts(other))
    if type(value) is not type(other) or parts.keys() != others.keys():
        return f"{place or 'answer'}: {_in_short(value)} and {_in_short(other)}"
    if not parts and not _is_container(value) and value != other:
        return f"{place or 'answer'}: {_in_short(value)} and {_in_short(other)}"
    found = (_difference(parts[part], others[part], tolerance, place + part) for part in parts)
    return next((words for words in found if words), None)


def _is_container(value: Any) -> bool:
    return is_dataclass(value) or isinstance(value, (Mapping, list, tuple))


def _array_difference(value: Array, other: Array, tolerance: float, place: str) -> str | None:
    if value.shape != other.shape:
        return f"{place}: shapes {list(value.shape)} and {list(other.shape)}"
    if value.dtype != other.dtype:
        return f"{place}: {value.dtype} and {other.dtype}"
    if np.array_equal(value, other, equal_nan=value.dtype.kind == "f"):
        return None
    if value.dtype.kind not in "fiu":
        return f"{place}: other values"
    gap = np.abs(value.astype(np.float64) - other.astype(np.float64))
    allowed = tolerance * max(1.0, float(np.abs(np.nan_to_num(value)).max()))
    if np.isfinite(gap).all() and gap.max() <= allowed:
        return None
    return f"{place}: they differ by up to {np.nanmax(gap) if np.isfinite(gap).any() else gap.max():.3g}"


def _in_short(value: Any) -> str:
    if _is_container(value):
        size = f" of {len(value)}" if isinstance(value, (Mapping, list, tuple)) else ""
        return f"{type(value).__name__}{size}"
    return repr(value)[:80]


def not_finite(value: Any) -> str | None:
    """Names the first array that holds NaN or infinity; None when all are finite."""
    for place, array in arrays_in(value):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return place
    return None
