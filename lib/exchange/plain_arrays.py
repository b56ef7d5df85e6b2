"""What stands for NumPy's names in a pickle that is read as data: arrays, their types, single numbers.

Nothing here is looked up by a name from the pickle but in `CALLS`, whose functions are our own.

Reference:
    The states of arrays and types are documented in NumPy's `ndarray.__reduce__` and `dtype.__reduce__`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

_MOST_SIDES = 16

_DTYPE = re.compile(r"b1|[iu][1248]|f[248]")


class PlainPickleError(ValueError):
    """The bytes are no pickle, or one that holds more than plain data."""


class Stub:
    """An allowed name, an unfinished array or an unfinished type: what may lie on the stack, but not in a result."""


class Name(Stub):
    """A name of `NAMES`; only a call of it means something."""

    def __init__(self, path: str) -> None:
        self.path = path


class Type(Stub):
    """A NumPy type, little-endian until its state says otherwise."""

    def __init__(self, code: str) -> None:
        if not _DTYPE.fullmatch(code):
            raise PlainPickleError(f"arrays of numbers were expected. Received: type {code[:20]!r}")
        self.code, self.order = code, "<"

    def ordered(self, order: Any) -> Type:
        """Takes the byte order of its state."""
        if order not in ("<", ">", "|", "="):
            raise PlainPickleError("the pickle holds a type of an unknown byte order")
        self.order = order
        return self

    @property
    def dtype(self) -> np.dtype[Any]:
        """As NumPy has it."""
        return np.dtype(self.order + self.code)


class Draft(Stub):
    """An array that waits for its state."""


def called(path: str, arguments: tuple[Any, ...]) -> Any:
    """What our function for a name of `CALLS` makes of the arguments.

    Raises:
        PlainPickleError: They do not fit.
    """
    try:
        return CALLS[path](*arguments)
    except (TypeError, AttributeError, LookupError) as error:
        raise PlainPickleError(f"the pickle holds a damaged array ({path})") from error


def array_of(data: Any, kind: Any, shape: Any, order: Any) -> Any:
    """An array of its own memory; the bytes must be exactly as many as its shape and type need."""
    if not isinstance(kind, Type) or not isinstance(shape, tuple) or order not in ("C", "F"):
        raise PlainPickleError("the pickle holds a damaged array")
    content = _content(data)
    if not all(isinstance(size, int) and size >= 0 for size in shape) or len(shape) > _MOST_SIDES:
        raise PlainPickleError("the pickle holds an array of an impossible shape")
    if math.prod(shape) * kind.dtype.itemsize != len(content):
        raise PlainPickleError(f"the pickle holds an array of shape {shape} in {len(content)} bytes")
    return np.frombuffer(content, kind.dtype).reshape(shape, order=order).copy()


def _type(code: Any, *_: Any) -> Type:
    return Type(str(code))


def _draft(kind: Any, *_: Any) -> Draft:
    if not isinstance(kind, Name) or kind.path != "numpy.ndarray":
        raise PlainPickleError("the pickle asks for an array of an unknown class")
    return Draft()


def _scalar(kind: Any, data: Any) -> Any:
    return array_of(data, kind, (), "C").item()


def _content(data: Any) -> bytes:
    """Bytes, or the string of characters below 256 that the oldest protocols write for them."""
    if isinstance(data, str):
        return data.encode("latin-1")
    if not isinstance(data, (bytes, bytearray)):
        raise PlainPickleError("the pickle holds an array without bytes")
    return bytes(data)


CALLS: dict[str, Callable[..., Any]] = {
    "numpy.dtype": _type,
    "numpy.core.multiarray._reconstruct": _draft,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": array_of,
    "__builtin__.bytes": lambda: b"",
    "_codecs.encode": lambda text, coding: text.encode({"latin1": "latin-1"}[coding]),
}
NAMES = frozenset(CALLS) | {"numpy.ndarray"}
