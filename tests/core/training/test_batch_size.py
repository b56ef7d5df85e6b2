from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("keras")

from faceswap.core.training import batch_size
from faceswap.core.training.batch_size import candidates, find_batch_size
from faceswap.core.training.memory import DeviceMemoryError


class Clock:
    """A device whose steps take as long as they are told, in a time of its own."""

    def __init__(self, seconds: dict[int, list[float]], fits: int) -> None:
        self._seconds, self._fits, self.now, self.tried = seconds, fits, 0.0, []

    def engine(self, size: int) -> Any:
        self.tried.append(size)
        steps = iter([100.0, *self._seconds[size]])  # The first step compiles.
        clock = self

        class Engine:
            def advance(self) -> dict[str, float]:
                if size > clock._fits:
                    raise DeviceMemoryError("full")
                clock.now += next(steps)
                return {"loss": 1.0}

        return Engine()


def _find(monkeypatch: pytest.MonkeyPatch, seconds: dict[int, list[float]], fits: int = 999) -> tuple[Any, Clock]:
    clock = Clock(seconds, fits)
    monkeypatch.setattr(batch_size.time, "perf_counter", lambda: clock.now)
    return find_batch_size(clock.engine, seconds, lambda: None), clock


@pytest.mark.parametrize(
    ("faces", "fits", "expected"),
    [
        (1000, 1000, [8, 16, 32, 64, 128, 256]),
        (1000, 70, [8, 16, 32, 64]),
        (40, 1000, [8, 16, 32]),
        (7, 1000, [4]),
        (2, 1000, [2]),
        (100, 0, [1]),
    ],
)
def test_feature_candidates_are_powers_of_two_that_fit(faces: int, fits: int, expected: list[int]) -> None:
    assert list(candidates(faces, fits)) == expected


def test_feature_the_largest_that_is_no_slower_for_a_face(monkeypatch: pytest.MonkeyPatch) -> None:
    # Seconds for a face: 0.10, 0.08, 0.082 (within 5 %), 0.09.
    seconds = {8: [0.8, 0.9, 1.0], 16: [1.28, 1.3, 9.0], 32: [2.624, 5.0, 5.0], 64: [5.76, 6.0, 6.0], 128: [1.0] * 3}
    found, clock = _find(monkeypatch, seconds)
    assert found.size == 32 and found.seconds_per_face == pytest.approx(0.082)
    assert "64 take longer" in found.reason and clock.tried == [8, 16, 32, 64]


def test_feature_the_largest_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    found, clock = _find(monkeypatch, {8: [0.8] * 3, 16: [0.8] * 3, 32: [0.8] * 3}, fits=20)
    assert found.size == 16 and "32 do not fit" in found.reason and clock.tried == [8, 16, 32]


def test_error_not_even_the_smallest_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceMemoryError):
        _find(monkeypatch, {8: [0.8] * 3}, fits=4)
