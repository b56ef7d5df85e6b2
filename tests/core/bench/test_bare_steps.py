"""Steps without the engine: on every backend they move weights, moments and counters as numpy does."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

SPAWNED = Path(__file__).parent / "spawned"


def test_feature_bare_steps_equal_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SPAWNED)
    game = importlib.import_module("bare_game")
    np.testing.assert_allclose(game.bare_losses(), game.expected_losses(), atol=1e-5)


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backend_bare_steps_equal_those_of_numpy(
    backend: str, fresh_python: Callable[..., CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install 'faceswap[{backend}]'")
    monkeypatch.syspath_prepend(SPAWNED)
    expected = importlib.import_module("bare_game").expected_losses()
    done = fresh_python(str(SPAWNED / "bare_game.py"), KERAS_BACKEND=backend)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose([float(loss) for loss in done.stdout.split()], expected, atol=1e-5)
