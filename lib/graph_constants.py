"""The arrays that a frozen TensorFlow graph holds: read as data, so that nothing of the graph runs.

Reference:
    TensorFlow, `graph.proto`, `node_def.proto`, `attr_value.proto`, `tensor.proto`: the numbers of fields are theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import WeightsError
from .wire_format import read_fields

_NODE = 1
_NAME, _OPERATION, _ATTRIBUTE = 1, 2, 5
_KEY, _VALUE = 1, 2
_TENSOR = 8
_TYPE, _SHAPE, _CONTENT, _FLOATS = 1, 2, 4, 5
_DIMENSION, _SIZE = 2, 1
_FLOAT32 = 1


def read_constants(path: Path) -> dict[str, NDArray[np.float32]]:
    """Reads the constants of a graph that are arrays of floats.

    Args:
        path: A file of a serialized `GraphDef`.

    Returns:
        Each by the name of its node; views of one buffer, not to be written to.

    Raises:
        WeightsError: The file is no such graph.
        OSError: It cannot be read.
    """
    data = memoryview(path.read_bytes())
    try:
        nodes = (_by_number(node) for number, node in read_fields(data) if number == _NODE)
        return {name: array for node in nodes for name, array in _constant(node)}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsError(f"{path} is no TensorFlow graph: {error}") from None


def _by_number(message: memoryview) -> dict[int, list[Any]]:
    """The fields of a message by their number."""
    found: dict[int, list[Any]] = {}
    for number, value in read_fields(message):
        found.setdefault(number, []).append(value)
    return found


def _constant(node: dict[int, list[Any]]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    if bytes(node[_OPERATION][0]) != b"Const":
        return
    for attribute in map(_by_number, node.get(_ATTRIBUTE, ())):
        if bytes(attribute[_KEY][0]) == b"value":
            tensor = _by_number(_by_number(attribute[_VALUE][0])[_TENSOR][0])
            if tensor[_TYPE][0] == _FLOAT32:
                yield bytes(node[_NAME][0]).decode(), _array(tensor)


def _array(tensor: dict[int, list[Any]]) -> NDArray[np.float32]:
    """An array whose numbers are in one piece, or one by one where they are few; one number alone fills all places."""
    dimensions = _by_number(tensor[_SHAPE][0]).get(_DIMENSION, []) if _SHAPE in tensor else []
    shape = [_by_number(dimension).get(_SIZE, [0])[0] for dimension in dimensions]
    content = tensor[_CONTENT][0] if _CONTENT in tensor else b"".join(map(bytes, tensor.get(_FLOATS, ())))
    numbers = np.frombuffer(content, "<f4")
    return np.broadcast_to(numbers, shape) if numbers.size == 1 and shape else numbers.reshape(shape)
