from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from faceswap.lib.errors import OutputError
from faceswap.lib.history import EVENTS, LINES, History, read_events, read_history, read_validations


def _write(folder: Path, steps: range, start: int = 0) -> None:
    with History(folder, start) as history:
        for step in steps:
            history.add(step, {"source": step / 8, "target": 1.5})


def _tensorboard(folder: Path) -> list[Any]:
    """What TensorBoard itself reads."""
    return list(LegacyEventFileLoader(str(folder / EVENTS)).Load())


def test_roundtrip_lines(tmp_path: Path) -> None:
    _write(tmp_path, range(10, 40, 10))
    lines = read_history(tmp_path)
    assert [line["step"] for line in lines] == [10, 20, 30]
    assert lines[1]["losses"] == {"source": 2.5, "target": 1.5}
    assert lines[0]["time"] > 1e9


def test_feature_tensorboard_reads_the_events(tmp_path: Path) -> None:
    _write(tmp_path, range(10, 40, 10))
    events = _tensorboard(tmp_path)
    assert events[0].file_version == "brain.Event:2"
    told = [(event.step, {value.tag: value.simple_value for value in event.summary.value}) for event in events[1:]]
    assert told == [(step, {"loss/source": step / 8, "loss/target": 1.5}) for step in (10, 20, 30)]


def test_feature_resuming_cuts_both_back(tmp_path: Path) -> None:
    _write(tmp_path, range(10, 60, 10))
    _write(tmp_path, range(31, 33), start=30)
    assert [line["step"] for line in read_history(tmp_path)] == [10, 20, 30, 31, 32]
    assert [event.step for event in _tensorboard(tmp_path)] == [0, 10, 20, 30, 31, 32]


def test_feature_resuming_from_nothing_starts_again(tmp_path: Path) -> None:
    _write(tmp_path, range(10, 60, 10))
    _write(tmp_path, range(5, 6))
    assert [line["step"] for line in read_history(tmp_path)] == [5]
    assert [event.step for event in _tensorboard(tmp_path)] == [0, 5]


@pytest.mark.parametrize("lost", [1, 5, 20])
def test_feature_a_record_that_a_kill_cut_off_is_dropped(tmp_path: Path, lost: int) -> None:
    _write(tmp_path, range(10, 40, 10))
    for name in (LINES, EVENTS):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-lost])
    assert [event.step for event in read_events(tmp_path / EVENTS)] == [0, 10, 20]
    _write(tmp_path, range(31, 32), start=30)
    assert [line["step"] for line in read_history(tmp_path)] == [10, 20, 31]
    assert [event.step for event in _tensorboard(tmp_path)] == [0, 10, 20, 31]


def test_feature_lines_are_plain_json(tmp_path: Path) -> None:
    _write(tmp_path, range(10, 20, 10))
    (line,) = (tmp_path / LINES).read_text().splitlines()
    assert set(json.loads(line)) == {"step", "time", "losses"}


def test_error_full_disk_ends_the_history_and_the_next_one_goes_on(tmp_path: Path) -> None:
    path, limits = tmp_path / LINES, resource.getrlimit(resource.RLIMIT_FSIZE)
    with History(tmp_path, 0) as history:
        history.add(10, {"source": 1.0})
        whole = path.read_bytes()
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 20, limits[1]))
            with pytest.raises(OutputError, match="the disk is full"):
                history.add(20, {"source": 1.0})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        left = path.read_bytes()
    assert path.read_bytes() == left  # What waited to be written is let go, now that there is room again.
    assert left.startswith(whole) and left != whole
    _write(tmp_path, range(20, 30, 10), start=15)
    assert [line["step"] for line in read_history(tmp_path)] == [10, 20]


def test_feature_validations_stand_beside_losses_and_are_cut_back_with_them(tmp_path: Path) -> None:
    with History(tmp_path, 0) as history:
        for step in (10, 20, 30):
            history.add(step, {"source": 1.0}, when=5.0)
            history.add_validation(step, {"psnr_source": step / 2, "score": 0.5}, when=5.0)
    _write(tmp_path, range(21, 22), start=20)
    expected = [{"step": step, "time": 5.0, "validation": {"psnr_source": step / 2, "score": 0.5}} for step in (10, 20)]
    assert read_validations(tmp_path) == expected
    assert [line["step"] for line in read_history(tmp_path)] == [10, 20, 21]
    told = [(event.step, {value.tag for value in event.summary.value}) for event in _tensorboard(tmp_path)[1:]]
    losses, figures = {"loss/source"}, {"validation/psnr_source", "validation/score"}
    assert told == [(10, losses), (10, figures), (20, losses), (20, figures), (21, {"loss/source", "loss/target"})]


def test_feature_no_tensorflow_is_imported(tmp_path: Path, fresh_python: Callable[..., Any]) -> None:
    code = (
        "import sys, pathlib; from faceswap.lib.history import History\n"
        f"with History(pathlib.Path({str(tmp_path)!r}), 0) as history: history.add(1, {{'a': 1.0}})\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'tensorflow', 'keras'}))"
    )
    done = fresh_python("-c", code)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
