"""Processes that measure: what they answer, and what becomes of their failures."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from faceswap.core.bench.sides import Side, together


def _make(answer: str) -> Callable[[], tuple[str, int, str | None]]:
    return lambda: (answer, os.getpid(), os.environ.get("BENCH_TEST"))


def _make_sleeper() -> Callable[[], None]:
    return lambda: time.sleep(0.05)


def _make_failing() -> Callable[[], None]:
    def work() -> None:
        raise ValueError("the work broke")

    return work


def _fail() -> Callable[[], None]:
    raise ValueError("preparing broke")


def _make_dying() -> Callable[[], None]:
    return lambda: os._exit(7)


def test_feature_work_runs_in_a_process_of_its_own() -> None:
    with Side(_make, "hello", environment={"BENCH_TEST": "set"}) as side:
        first, second = side.measure(), side.measure()
    assert first.answer == second.answer
    answer, process, variable = first.answer
    assert (answer, variable) == ("hello", "set") and process != os.getpid()


def test_feature_sleep_takes_seconds_and_no_core() -> None:
    with Side(_make_sleeper) as one, Side(_make_sleeper) as other:
        cost = together([one, other])
    assert cost.wall >= 0.05 and cost.cpu < cost.wall


@pytest.mark.parametrize(
    ("make", "message"), [(_make_failing, "the work broke"), (_fail, "preparing broke"), (_make_dying, "exit code 7")]
)
def test_error_what_fails_there_is_told_here(make: Callable[..., Callable[[], None]], message: str) -> None:
    with pytest.raises(RuntimeError, match=message), Side(make) as side:
        side.measure()
