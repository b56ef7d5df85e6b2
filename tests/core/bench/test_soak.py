"""What is judged of a long run, with samples that are made up; and what the system tells of this process."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from faceswap.core.bench.processes import open_files, resident_memory
from faceswap.core.bench.soak import Sample, fit_line, judge


def _samples(megabytes_per_hour: float, noise: float = 0.0, files: float = 0.0) -> list[Sample]:
    scatter = np.random.default_rng(0).normal(0, noise, 600)
    return [
        # The first half rises steeply, as caches fill; it must not count.
        Sample(
            second,
            round(5e8 + min(second, 300) * 1e6 + megabytes_per_hour * second * 1e6 / 3600 + scatter[second]),
            round(20 + files * second),
        )
        for second in range(600)
    ]


def test_feature_flat_memory_is_flat_and_a_leak_is_not() -> None:
    assert [figure.kept for figure in judge(_samples(0.0))] == [True, True]
    memory, files = judge(_samples(60.0))
    assert memory.value == pytest.approx(60, abs=0.5) and not memory.kept and files.kept


def test_feature_scatter_widens_the_bound() -> None:
    (memory, _) = judge(_samples(0.0, noise=3e6))
    assert memory.bound > 45 and memory.kept


def test_feature_files_that_stay_open_are_told() -> None:
    _, files = judge(_samples(0.0, files=0.1))
    assert files.value == pytest.approx(30, abs=1) and not files.kept


def test_feature_a_line_is_that_of_least_squares() -> None:
    generator = np.random.default_rng(1)
    x = np.arange(40.0)
    y = 3 * x + generator.normal(0, 2, 40)
    fit, covariance = np.polyfit(x, y, 1, cov=True)
    line = fit_line(x.tolist(), y.tolist())
    assert line.slope == pytest.approx(fit[0])
    assert line.uncertainty == pytest.approx(2 * np.sqrt(covariance[0, 0]))


def test_error_a_run_that_is_too_short_tells_nothing() -> None:
    with pytest.raises(RuntimeError, match="too short"):
        judge(_samples(0.0)[:6])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system has no /proc")
def test_feature_the_system_tells_memory_and_open_files(tmp_path: Path) -> None:
    before = open_files(os.getpid())
    with (tmp_path / "one").open("w"), (tmp_path / "two").open("w"):
        assert open_files(os.getpid()) == before + 2
    assert resident_memory(os.getpid()) > 1e7
    assert resident_memory(2**22 + 1) == open_files(2**22 + 1) == 0
