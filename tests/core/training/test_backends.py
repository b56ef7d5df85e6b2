"""What the engine does on JAX and PyTorch; every backend has a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap.lib import checkpoint

HERE = Path(__file__).parent
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


def test_backend_passes_the_tests_of_the_engine(fresh_python: Callable[..., Any], backend: str) -> None:
    """Players, intervals, gradients of gradients, keys, faces in device memory, recipes, and resuming bit for bit."""
    files = [HERE / "test_engine.py", HERE / "test_update.py", HERE.parent / "jobs" / "test_train_job.py"]
    chosen = "test_engine or everything or frozen_networks_stay or float16 or (stopped_and_continued and stops1)"
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
    words += ["--validation", "0"]

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
