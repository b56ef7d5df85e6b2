"""What the bench computes from measurements, with measurements that are made up; nothing here measures."""

from __future__ import annotations

import json

import pytest

from faceswap.core.bench.extraction import pace
from faceswap.core.bench.material import to_and_fro
from faceswap.core.bench.measure import Figure, compare
from faceswap.core.bench.sides import Cost, compare_costs


@pytest.mark.parametrize(("value", "bound", "kept"), [(1.1, 1.1, True), (1.11, 1.1, False), (99.0, None, True)])
def test_feature_a_bound_is_the_most_that_is_kept(value: float, bound: float | None, kept: bool) -> None:
    figure = Figure("work", value, "x", bound)
    assert figure.kept is kept
    assert json.loads(json.dumps(figure.as_dict()))["kept"] is kept


@pytest.mark.parametrize(("value", "kept"), [(0.85, True), (0.84, False)])
def test_feature_a_least_value_is_a_bound_too(value: float, kept: bool) -> None:
    assert Figure("work", value, "x", least=0.85).kept is kept


def test_feature_compare_takes_turns_and_gives_the_median_of_the_ratios() -> None:
    turns: list[str] = []
    seconds = {"ours": iter([2.0, 9.0, 3.0]), "bare": iter([1.0, 1.0, 2.0])}

    def side(name: str) -> float:
        turns.append(name)
        return next(seconds[name])

    figure = compare("work", lambda: side("ours"), lambda: side("bare"), bound=2.0, repeats=3, note="kept")
    assert turns == ["ours", "bare"] * 3
    # The ratio of the medians, 3 / 1, would be another figure.
    assert (figure.value, figure.details["ratios"]) == (2.0, [2.0, 9.0, 1.5])
    assert figure.kept and figure.details["note"] == "kept"


def test_feature_compare_costs_tells_core_seconds_and_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    ours, bare = iter([Cost(2.0, 3.0), Cost(4.0, 6.0), Cost(2.0, 4.0)]), iter([Cost(1.0, 2.0)] * 3)
    figure = compare_costs("work", lambda: next(ours), lambda: next(bare), None, 3)
    assert figure.value == 2.0
    assert figure.details["core_seconds_ratio"] == 2.0
    assert (figure.details["ours_share_of_cores"], figure.details["bare_share_of_cores"]) == (0.75, 1.0)


def test_feature_footage_runs_to_and_fro() -> None:
    assert list(to_and_fro(9, 4)) == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert list(to_and_fro(3, 1)) == [0, 0, 0]


def test_feature_pace_leaves_the_start_out() -> None:
    assert pace([(100.0, 32), (101.0, 42), (102.0, 52)]) == pytest.approx(10.0)
