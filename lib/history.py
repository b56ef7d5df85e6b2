"""The history of a training run: losses and validations as JSON lines, and as TensorBoard events without TensorFlow.

Both are appended to. When a run goes on from a checkpoint, what they say about later steps is cut off first, so that
each step is told once.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from .errors import OutputError
from .publish import output_errors

LINES = "history.jsonl"
EVENTS = Path("tensorboard", "events.out.tfevents.training")

_HEADER = struct.Struct("<QI")  # The length of a record and a checksum of it; another checksum follows the record.
_CHECKSUM_BYTES = 4


class History:
    """The history of a model folder, open for appending.

    Args:
        folder: The model folder.
        step: The step from which training goes on; what is told about later ones is cut off.

    Raises:
        OutputError: It cannot be written.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        lines, events = folder / LINES, folder / EVENTS
        with output_errors(lines):
            events.parent.mkdir(exist_ok=True)
            _cut_back(lines, _lines_until(lines, step))
            _cut_back(events, _events_until(events, step))
            self._lines: IO[bytes] = lines.open("ab")
            self._events: IO[bytes] = events.open("ab")
            self._records = RecordWriter(self._events)
            if self._events.tell() == 0:
                self._tell(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, step: int, losses: Mapping[str, float], when: float | None = None) -> None:
        """Tells the losses of the steps since the last call.

        Args:
            step: How many steps have been done.
            losses: The mean of each loss.
            when: Seconds since the epoch; now when None.

        Raises:
            OutputError: The disk is full or cannot be written. The history is closed then: a line of which a part was
                written must not be followed by another.
        """
        self._add(step, "losses", "loss", losses, when)

    def add_validation(self, step: int, figures: Mapping[str, float], when: float | None = None) -> None:
        """Tells what was measured after a step; arguments and errors as in `add`."""
        self._add(step, "validation", "validation", figures, when)

    def _add(self, step: int, key: str, tag: str, figures: Mapping[str, float], when: float | None) -> None:
        now = time.time() if when is None else when
        values = [Summary.Value(tag=f"{tag}/{name}", simple_value=value) for name, value in figures.items()]
        self._write(
            json.dumps({"step": step, "time": round(now, 3), key: dict(figures)}),
            Event(wall_time=now, step=step, summary=Summary(value=values)),
        )

    def _write(self, line: str, event: Event | None = None) -> None:
        try:
            with output_errors(self._folder / LINES):
                self._lines.write(line.encode() + b"\n")
                self._lines.flush()
                if event is not None:
                    self._tell(event)
        except OutputError:
            self.close()
            raise

    def begin(self, step: int, when: float | None = None) -> None:
        """Notes that a run begins after a step, so that the pause before it can be told from training.

        Raises:
            OutputError: As in `add`.
        """
        now = time.time() if when is None else when
        self._write(json.dumps({"step": step, "time": round(now, 3), "began": True}))

    def close(self) -> None:
        """Closes the files; nothing waits to be written unless writing has failed, and then it is let go."""
        for file in (self._lines, self._events):
            with suppress(OSError):
                file.close()

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tell(self, event: Event) -> None:
        self._records.write(event.SerializeToString())
        self._records.flush()


def history_until(folder: Path, step: int) -> bytes:
    """The lines of a model folder's history up to a step, for `replace_history`."""
    path = folder / LINES
    return path.read_bytes()[: _lines_until(path, step)] if path.exists() else b""


def tells_after(folder: Path, step: int) -> bool:
    """Whether a model folder's history tells of steps after this one."""
    return any(line["step"] > step for line in _lines(folder))


def replace_history(folder: Path, content: bytes) -> None:
    """Puts other lines in place of a model folder's history, and of its events.

    Args:
        folder: The model folder.
        content: What `history_until` gave.

    Raises:
        OutputError: It cannot be written.
    """
    with History(folder, -1) as history:
        for line in map(json.loads, content.splitlines()):
            if "losses" in line:
                history.add(line["step"], line["losses"], line["time"])
            elif "validation" in line:
                history.add_validation(line["step"], line["validation"], line["time"])
            else:
                history.begin(line["step"], line["time"])


def read_history(folder: Path) -> list[dict[str, Any]]:
    """The losses of a model folder's history: `step`, `time` in seconds since the epoch, `losses` by name."""
    return [line for line in _lines(folder) if "losses" in line]


def read_beginnings(folder: Path) -> list[dict[str, Any]]:
    """The beginnings of runs in a model folder's history: `step`, `time`; earlier versions did not note them."""
    return [line for line in _lines(folder) if "began" in line]


def read_validations(folder: Path) -> list[dict[str, Any]]:
    """The validations of a model folder's history: `step`, `time`, `validation` by figure."""
    return [line for line in _lines(folder) if "validation" in line]


def read_events(path: Path) -> Iterator[Event]:
    """The events of a TensorBoard file, up to its end or the first record that a kill cut off."""
    for _, data in _records(path):
        yield Event.FromString(data)


def _lines(folder: Path) -> list[dict[str, Any]]:
    """All whole lines; the last one may have been cut off by a kill."""
    path = folder / LINES
    content = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in content.splitlines(keepends=True) if line.endswith(b"\n")]


def _cut_back(path: Path, length: int) -> None:
    if path.exists() and path.stat().st_size != length:
        with path.open("r+b") as file:
            file.truncate(length)


def _lines_until(path: Path, step: int) -> int:
    """The length of the part of a JSONL file that tells of steps up to `step`, in bytes."""
    length = 0
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        if not line.endswith(b"\n") or json.loads(line)["step"] > step:
            break
        length += len(line)
    return length


def _events_until(path: Path, step: int) -> int:
    """The same for a file of TensorBoard events."""
    length = 0
    for end, data in _records(path):
        if Event.FromString(data).step > step:
            break
        length = end
    return length


def _records(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole records of a file, each with the place where it ends."""
    content = path.read_bytes() if path.exists() else b""
    place = 0
    while place + _HEADER.size <= len(content):
        length, _ = _HEADER.unpack_from(content, place)
        first = place + _HEADER.size
        place = first + length + _CHECKSUM_BYTES
        if place <= len(content):
            yield place, content[first : first + length]
