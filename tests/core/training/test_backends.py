"""JAX and PyTorch against TensorFlow; every backend has a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap.core.training.checkpointing import WEIGHTS
from faceswap.lib import checkpoint

HERE = Path(__file__).parent
TOLERANCES = {"sgd": 1e-5, "adam": 2e-4}
"""Of weights; Adam makes full steps of gradients that are nothing but rounding."""

SWAP = """
import sys
from pathlib import Path
import numpy as np
from faceswap.core.training.saved_model import load_trained_model
plugin = load_trained_model(Path(sys.argv[1])).plugin
crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
np.save(sys.argv[2], plugin.swap(crops, "source")[0])
"""

pytestmark = [pytest.mark.backend, pytest.mark.slow]


@pytest.fixture(params=["jax", "torch"])
def backend(request: pytest.FixtureRequest) -> str:
    """A backend that is installed, other than TensorFlow."""
    name = str(request.param)
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install 'faceswap[{name}]'")
    return name


@pytest.fixture(scope="module")
def ten_steps(tmp_path_factory: pytest.TempPathFactory, fresh_python: Callable[..., Any]) -> Callable[[str, str], Path]:
    """Does ten steps of a model on a backend, with each optimizer, from the weights that TensorFlow made."""
    home = tmp_path_factory.mktemp("ten_steps")

    def run(model: str, backend: str) -> Path:
        folder = home / model
        folder.mkdir(exist_ok=True)
        if not (folder / f"{backend}-sgd").exists():
            done = fresh_python(str(HERE / "ten_steps.py"), str(folder), model, *TOLERANCES, KERAS_BACKEND=backend)
            assert done.returncode == 0, done.stderr
        return folder

    return run


@pytest.mark.parametrize("optimizer", list(TOLERANCES))
@pytest.mark.parametrize("model", ["mini", "gan"])
def test_backend_ten_steps_equal_those_of_tensorflow(
    ten_steps: Callable[[str, str], Path], backend: str, model: str, optimizer: str
) -> None:
    expected, got = (
        checkpoint.load_latest(ten_steps(model, name) / f"{name}-{optimizer}").parts for name in ("tensorflow", backend)
    )
    assert got["losses"].keys() == expected["losses"].keys()
    for name in ("source", "target"):
        assert expected["losses"][name][-1] < expected["losses"][name][0] - 5e-4
    for name, losses in expected["losses"].items():
        np.testing.assert_allclose(got["losses"][name], losses, rtol=0, atol=1e-5, err_msg=name)
    assert len(got[WEIGHTS]) == len(expected[WEIGHTS])
    for (name, weights), value in zip(
        sorted(expected[WEIGHTS].items()), (value for _, value in sorted(got[WEIGHTS].items())), strict=True
    ):
        np.testing.assert_allclose(value, weights, rtol=0, atol=TOLERANCES[optimizer], err_msg=name)


def test_backend_passes_the_tests_of_the_engine(fresh_python: Callable[..., Any], backend: str) -> None:
    """Players, intervals, gradients of gradients, keys, faces in device memory, recipes, and resuming bit for bit."""
    files = [HERE / "test_engine.py", HERE / "test_update.py", HERE.parent / "jobs" / "test_train_job.py"]
    chosen = "test_engine or everything or frozen_networks_stay or float16 or (stopped_and_continued and not stops0)"
    done = fresh_python(
        *("-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=", "-k", chosen, *map(str, files)),
        KERAS_BACKEND=backend,
    )
    assert done.returncode == 0, done.stdout


def test_backend_goes_on_from_the_checkpoints_of_another(
    tmp_path: Path, facesets: tuple[Path, Path], fresh_python: Callable[..., Any], backend: str
) -> None:
    folder = tmp_path / "model"
    words = ["--source", str(facesets[0]), "--target", str(facesets[1]), "--model.width", "0.05", "--batch-size", "2"]

    def train(on: str, iterations: int) -> list[dict[str, Any]]:
        command = ["-m", "faceswap", "train", str(folder), *words, "--backend", on, "--json-events"]
        done = fresh_python(*command, "--iterations", str(iterations))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    for on, iterations in ((backend, 3), ("tensorflow", 5), (backend, 7)):
        events = train(on, iterations)
        warnings = [event["message"] for event in events if event["type"] == "warning"]
        assert events[-1]["report"]["backend"] == on
        assert events[-1]["report"]["iterations"] == iterations
        assert checkpoint.load_latest(folder).info["backend"] == on
        assert any("draws other random numbers" in warning for warning in warnings) == (iterations > 3)

    answers = []
    for on in ("tensorflow", backend):
        done = fresh_python("-c", SWAP, str(folder), str(tmp_path / f"{on}.npy"), KERAS_BACKEND=on)
        assert done.returncode == 0, done.stderr
        answers.append(np.load(tmp_path / f"{on}.npy"))
    np.testing.assert_allclose(answers[1], answers[0], rtol=0, atol=1e-5)
