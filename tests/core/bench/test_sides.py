"""Processes that measure: what they answer, and what becomes of their failures."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

from faceswap.core.bench.sides import Side, together


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The work to measure, from a folder that the spawned process has on its path too."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "spawned")
    return importlib.import_module("made_for_sides")


def test_feature_work_runs_in_a_process_of_its_own(made: ModuleType) -> None:
    with Side(made.telling, "hello", environment={"BENCH_TEST": "set"}) as side:
        first, second = side.measure(), side.measure()
    assert first.answer == second.answer
    answer, process, variable = first.answer
    assert (answer, variable) == ("hello", "set") and process != os.getpid()


def test_feature_sleep_takes_seconds_and_no_core(made: ModuleType) -> None:
    with Side(made.sleeping) as one, Side(made.sleeping) as other:
        cost = together([one, other])
    assert cost.wall >= 0.05 and cost.cpu < cost.wall


@pytest.mark.parametrize(
    ("make", "message"),
    [("failing", "the work broke"), ("failing_to_prepare", "preparing broke"), ("dying", "exit code 7")],
)
def test_error_what_fails_there_is_told_here(made: ModuleType, make: str, message: str) -> None:
    with pytest.raises(RuntimeError, match=message), Side(getattr(made, make)) as side:
        side.measure()
