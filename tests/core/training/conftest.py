"""The backends beside TensorFlow that tests of training run on."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


@pytest.fixture(params=["jax", "torch"])
def backend(request: pytest.FixtureRequest) -> str:
    """A backend that is installed, other than TensorFlow."""
    name = str(request.param)
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install 'faceswap[{name}]'")
    return name
