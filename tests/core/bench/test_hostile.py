"""Damaged files do no harm; and the measurement would notice if they did."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from faceswap.core.bench import hostile
from faceswap.core.bench.mutations import SIDE, mutated, originals

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")


MEASURED = """
import json
from faceswap.core.bench import hostile

print(json.dumps([(figure.value, figure.details) for figure in hostile.measure(20, seed=1)]))
"""


def test_feature_twenty_damaged_files_do_no_harm(fresh_python: Callable[..., CompletedProcess[str]]) -> None:
    done = fresh_python("-c", MEASURED)  # The peak of this process says what other tests took.
    assert done.returncode == 0, done.stderr
    (crashes, details), (hangs, _), (lost, _), (memory, _) = json.loads(done.stdout)
    assert details["crashes"] == []
    assert (crashes, hangs, lost) == (0, 0, 0)
    assert 50 < memory < hostile._MOST_MEGABYTES
    assert details["files"] == 20
    assert details["frames"] > 20 and details["missing"] + details["refused"] > 3
    assert details["exceptions"] == {}


def test_feature_what_goes_wrong_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(batch: Path, tally: hostile.Tally) -> None:
        tally.blame("a", "the worker ended by signal 11: last words")
        tally.blame("b", "there was no progress on it for 30 s")
        tally.blame("c", "it cannot be decoded (ValueError: bad)")
        raise OverflowError("too large")

    monkeypatch.setattr(hostile, "_extract", fail)
    crashes, hangs, lost, _ = hostile.measure(3, seed=0)
    assert (crashes.value, hangs.value, lost.value) == (1, 1, 1)
    assert not crashes.kept and not hangs.kept
    assert "OverflowError: too large" in crashes.details["crashes"][0]
    assert crashes.details["exceptions"] == {"ValueError": 1}


def test_feature_sound_files_are_read_whole(tmp_path: Path) -> None:
    paths = originals(tmp_path)
    assert len(paths) >= 12
    tally = hostile.Tally()
    hostile._read(tmp_path, tally)
    videos = [path for path in paths if not path.name.startswith("picture.") or path.suffix == ".gif"]
    assert (tally.crashes, tally.refused, tally.missing) == ([], 0, 0)
    assert tally.frames == 8 * len(videos) + len(paths) - len(videos)
    assert {path.stat().st_size > SIDE for path in paths} == {True}


def test_feature_damages_follow_from_the_seed() -> None:
    data = bytes(range(256)) * 8
    first, second = ([mutated(data, random.Random(seed)) for seed in range(200)] for _ in range(2))
    assert first == second
    assert len({harmed for _, harmed in first}) > 150
    assert {name for ways, _ in first for name in ways.split("+")} == {
        *("flip", "noise", "zeros", "truncate"),
        *("cut", "repeat", "field", "dimensions"),
    }
    for size in (0, 1, 3):
        for seed in range(200):
            mutated(bytes(size), random.Random(seed))
