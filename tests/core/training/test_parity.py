"""Ten steps on JAX and PyTorch against TensorFlow's, from the same weights on the same batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap.core.training.checkpointing import WEIGHTS
from faceswap.lib import checkpoint

HERE = Path(__file__).parent
TOLERANCES = {"sgd": 1e-5, "adam": 2e-4}
"""Of weights; Adam makes full steps of gradients that are nothing but rounding."""
FALLS = {
    "mini": {"source": 5e-4, "target": 5e-4},
    "gan": {"source": 1e-3, "target": 1e-3},
    "cyclegan": {"source_adversarial": 2e-3, "target_adversarial": 2e-3},
    "dcgan": {"discriminator": 5e-4},
    "stylegan": {"discriminator": 1e-3},
    "stylegan2": {"discriminator": 1e-3, "path_length": 0.1},
    "vae": {"reconstruction": 10},
}
"""By how much losses fall at least."""
RUNS = [
    *product(("mini", "gan"), TOLERANCES),
    *((name, "sgd") for name in ("cyclegan", "dcgan", "stylegan", "stylegan2", "vae")),
]
"""What a model's losses are differentiated to, gradient descent shows; for Adam two models are enough."""

pytestmark = [pytest.mark.backend, pytest.mark.slow]


@pytest.fixture(scope="module")
def ten_steps(tmp_path_factory: pytest.TempPathFactory, fresh_python: Callable[..., Any]) -> Callable[[str], Path]:
    """Does ten steps of each model on a backend, with each of its optimizers, from the weights that TensorFlow made."""
    home = tmp_path_factory.mktemp("ten_steps")

    def run(backend: str) -> Path:
        if not list(home.glob(f"*/{backend}-*")):
            chosen = [f"{model}/{optimizer}" for model, optimizer in RUNS]
            done = fresh_python(str(HERE / "ten_steps.py"), str(home), *chosen, KERAS_BACKEND=backend)
            assert done.returncode == 0, done.stderr
        return home

    return run


@pytest.mark.parametrize(("model", "optimizer"), RUNS)
def test_backend_ten_steps_equal_those_of_tensorflow(
    ten_steps: Callable[[str], Path], backend: str, model: str, optimizer: str
) -> None:
    expected, got = (
        checkpoint.load_latest(ten_steps(name) / model / f"{name}-{optimizer}").parts
        for name in ("tensorflow", backend)
    )
    assert got["losses"].keys() == expected["losses"].keys()
    for name, fall in FALLS[model].items():
        assert expected["losses"][name][-1] < expected["losses"][name][0] - fall
    for name, losses in expected["losses"].items():
        # A sum over all pixels has no more digits than a mean.
        np.testing.assert_allclose(got["losses"][name], losses, rtol=0, atol=1e-5 * max(1, losses[0]), err_msg=name)
    assert len(got[WEIGHTS]) == len(expected[WEIGHTS])
    for (name, weights), value in zip(
        sorted(expected[WEIGHTS].items()), (value for _, value in sorted(got[WEIGHTS].items())), strict=True
    ):
        np.testing.assert_allclose(value, weights, rtol=0, atol=TOLERANCES[optimizer], err_msg=name)
