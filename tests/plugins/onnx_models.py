"""Small ONNX networks with known answers, written byte by byte after onnx.proto3 and protobuf's wire format.

`yunet` takes and gives what YuNet does, and finds red squares.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

SIDE = 320
"""The pictures that `yunet` takes."""
FACE = 88
"""The squares that `yunet` finds."""
FIVE = np.array([(-18, -20), (18, -20), (0, 2), (-14, 20), (14, 20)], np.float32)
"""Where it says the landmarks are, from the middle of the square."""

_PAD, _STRIDES = 40, (8, 16, 32)


def _number(value: int) -> bytes:
    """A varint."""
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _field(number: int, value: int | float | str | bytes) -> bytes:
    """One field: a varint, a 32-bit float, or text, bytes and messages with their length."""
    if isinstance(value, float):
        return _number(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    data = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(data)) + data


def _tensor(name: str, array: np.ndarray) -> bytes:
    kind = {np.dtype(np.float32): 1, np.dtype(np.int64): 7}[array.dtype]
    dims = b"".join(_field(1, size) for size in array.shape)
    return dims + _field(2, kind) + _field(8, name) + _field(9, array.tobytes())


def _value(name: str, shape: Iterable[int]) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


class Graph:
    """A network under construction."""

    def __init__(self) -> None:
        self._nodes, self._weights = b"", b""
        self._inputs, self._outputs = b"", b""

    def node(self, kind: str, inputs: list[str], output: str, **attributes: int | list[int]) -> str:
        """Adds an operation; returns its output's name."""
        parts = b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(3, output) + _field(4, kind)
        for name, value in attributes.items():
            many = isinstance(value, list)
            numbers = b"".join(_field(8, item) for item in value) if many else _field(3, value)
            parts += _field(5, _field(1, name) + numbers + _field(20, 7 if many else 2))
        self._nodes += _field(1, parts)
        return output

    def weights(self, name: str, array: np.ndarray) -> str:
        """Adds weights."""
        self._weights += _field(5, _tensor(name, array))
        return name

    def convolution(self, image: str, name: str, kernel: np.ndarray, bias: np.ndarray, stride: int, pad: int) -> str:
        """Adds a convolution with a kernel `[outputs inputs height width]`."""
        inputs = [image, self.weights(f"{name}_w", kernel), self.weights(f"{name}_b", bias)]
        size = list(kernel.shape[2:])
        return self.node("Conv", inputs, name, kernel_shape=size, strides=[stride] * 2, pads=[pad] * 4)

    def input(self, name: str, *shape: int) -> str:
        """Declares what the network takes."""
        self._inputs += _field(11, _value(name, shape))
        return name

    def output(self, name: str, *shape: int) -> None:
        """Declares what the network gives."""
        self._outputs += _field(12, _value(name, shape))

    def model(self) -> bytes:
        """The file."""
        graph = self._nodes + _field(2, "made") + self._weights + self._inputs + self._outputs
        return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def yunet() -> bytes:
    """YuNet's inputs and outputs: for each stride `cls`, `obj`, `bbox`, `kps`, a row for each cell."""
    graph = Graph()
    graph.input("input", 1, 3, SIDE, SIDE)
    blue_green_red = np.float32([-0.5, -0.5, 1]).reshape(1, 3, 1, 1) / np.float32(255 * FACE**2)
    red = np.broadcast_to(blue_green_red, (1, 3, FACE, FACE))
    for stride in _STRIDES:
        nothing = np.zeros((1, 3, stride, stride), np.float32)
        # The window of a cell begins 40 pixels before it, so that the square's middle lies half a stride within.
        seeing = (np.ascontiguousarray(red), np.zeros(1, np.float32), stride, _PAD)
        _rows(graph, "cls", stride, *(seeing if stride == 8 else (nothing, np.float32([-1]), stride, 0)))
        box = np.float32([0.5, 0.5, np.log(FACE / 8), np.log(FACE / 8)])
        five = (0.5 + FIVE / 8).ravel().astype(np.float32)
        for name, constant in (("obj", np.float32([1])), ("bbox", box), ("kps", five)):
            _rows(graph, name, stride, np.repeat(nothing, len(constant), axis=0), constant, stride, 0)
    return graph.model()


def _rows(graph: Graph, name: str, stride: int, kernel: np.ndarray, bias: np.ndarray, step: int, pad: int) -> None:
    """A convolution whose answer is laid out as a row for each cell."""
    cells, columns = (SIDE // stride) ** 2, len(bias)
    grid = graph.convolution("input", f"{name}_grid_{stride}", kernel, bias, step, pad)
    last = graph.node("Transpose", [grid], f"{name}_last_{stride}", perm=[0, 2, 3, 1])
    shape = graph.weights(f"{name}_shape_{stride}", np.int64([1, cells, columns]))
    graph.node("Reshape", [last, shape], f"{name}_{stride}")
    graph.output(f"{name}_{stride}", 1, cells, columns)


LOGITS = np.float32([[0, 0, 0], [8, -4, -4], [-4, -4, 8]]), np.float32([2, 0, 0])
"""The weights of red, green and blue in the logits of `colors`, and their biases."""


def colors(side: int, smaller: int = 1, labels: bool = False) -> bytes:
    """A segmentation network of three classes: gray, red, blue.

    Args:
        side: Of the picture that it takes.
        smaller: By how much its answer is smaller.
        labels: Whether it answers each pixel's class in place of the logits.
    """
    graph = Graph()
    weights, bias = LOGITS
    kernel = np.zeros((3, 3, smaller, smaller), np.float32)
    kernel[:] = weights[..., None, None] / smaller**2
    logits = graph.convolution(graph.input("picture", 1, 3, side, side), "logits", kernel, bias, smaller, 0)
    if not labels:
        graph.output(logits, 1, 3, side // smaller, side // smaller)
        return graph.model()
    number = graph.node("ArgMax", [logits], "number", axis=1, keepdims=0)
    graph.output(graph.node("Cast", [number], "labels", to=1), 1, side // smaller, side // smaller)
    return graph.model()
