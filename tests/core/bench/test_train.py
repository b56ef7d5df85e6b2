"""The measuring of training: what is computed from turns that are made up; a short measurement."""

from __future__ import annotations

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from faceswap.core.bench.train import figures, row_of
from faceswap.core.bench.train_sides import Case, Turn, calibrate
from faceswap.core.host import PluginChoice

BENCH = "from faceswap.core.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"


def _case(precision: str = "float32", name: str = "original", kind: str = "model") -> Case:
    return Case("tensorflow", kind, PluginChoice(name=name), 16, precision)


def _turn(step: float, idle: float = 0.01, matrix_rate: float = 2e11) -> Turn:
    return Turn(step, idle, matrix_rate, 32, 3.2e11, 5_000_000, None, "cpu")


def test_feature_a_row_takes_medians_of_the_turns_and_the_best_matrix_rate() -> None:
    row = row_of(_case(), [(_turn(2.0), 2.0), (_turn(4.0, matrix_rate=4e11), 3.2), (_turn(2.5), 2.0)])
    assert row.faces_per_second == 32 / 2.5
    assert (row.gflops, row.matrix_gflops, row.share) == (128, 400, 0.32)
    assert row.overhead == 1.25  # The ratio of the medians is the same, the mean of the ratios is 1.17.
    assert row.augmentation == pytest.approx(0.004)
    assert row.as_dict()["plugin"] == "original"


def test_feature_turns_are_whole_cycles() -> None:
    asked = []

    def stepping(steps: int) -> float:
        asked.append(steps)
        return 0.1 * steps

    # In 2 seconds there is time for 20 steps: a cycle of 16 fits once, one of 8 two and a half times.
    assert [calibrate(stepping, 2.0, cycle) for cycle in (1, 16, 8)] == [20, 16, 16]
    assert asked == [3, 3, 3, 16, 3, 8]
    assert calibrate(stepping, 0.0, 16) == 16


def test_feature_bounds_are_those_of_the_reference_alone() -> None:
    exact = row_of(_case(), [(_turn(1.9), 1.85)])
    half = row_of(_case("bfloat16"), [(_turn(1.5), 1.5)])
    found = {figure.name: figure for figure in figures([exact, half])}
    assert found["train: share of the matrix rate"].value == pytest.approx(0.842)
    assert not found["train: share of the matrix rate"].kept
    assert found["train: a step over a plain one"].value == pytest.approx(1.027)
    assert found["train: a step over a plain one"].kept
    assert found["train: bfloat16 over float32"].value == pytest.approx(1.267)
    assert not found["train: bfloat16 over float32"].kept
    assert found["train: share of augmentation"].kept
    assert figures([row_of(_case(name="mini"), [(_turn(1.9), 1.85)])]) == []


def test_feature_every_generator_has_the_bound_of_a_plain_step() -> None:
    row = row_of(_case(name="dcgan", kind="generator"), [(_turn(2.2), 2.0)])
    (figure,) = figures([row])
    assert (figure.name, figure.value) == ("train: dcgan, tensorflow, float32: a step over a plain one", 1.1)
    assert figure.bound == 1.05 and not figure.kept


@pytest.mark.slow
def test_smoke_measures_a_small_generator(fresh_python: Callable[..., CompletedProcess[str]]) -> None:
    small = "--generator dcgan --generator.width 0.05 --batch-size 2 --precision float32 --repeats 1 --json"
    done = fresh_python("-c", BENCH, "bench", "train", "--backend", "tensorflow", *small.split())
    assert done.returncode in (0, 1), done.stderr  # 1: over the bound, as so small a step may be.
    told = json.loads(done.stdout)
    (row,), (figure,) = told["rows"], told["figures"]
    assert (row["kind"], row["plugin"], figure["value"]) == ("generator", "dcgan width=0.05", round(row["overhead"], 3))
    assert row["share_of_matrix_rate"] > 0 and 0 < row["augmentation"] < 1


@pytest.mark.slow
def test_smoke_measures_a_small_model(fresh_python: Callable[..., CompletedProcess[str]]) -> None:
    words = [
        "bench",
        "train",
        "--backend",
        "tensorflow",
        "--model",
        "mini",
        "--model.width",
        "0.1",
        "--batch-size",
        "2",
    ]
    done = fresh_python("-c", BENCH, *words, "--precision", "bfloat16", "--repeats", "1", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["backend"], row["plugin"], row["batch_size"]) == ("tensorflow", "mini width=0.1", 2)
    assert all(row[rate] > 0 for rate in ("share_of_matrix_rate", "overhead", "faces_per_second"))
    assert row["host_bytes"] > 1e8
