from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from faceswap.core.errors import OptionError, PluginError
from faceswap.core.training.backends import devices
from faceswap.core.training.backends.devices import check_shares, on_devices

SCRIPT = Path(__file__).parent / "two_devices.py"


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_backend_two_devices_do_what_one_does(fresh_python: Callable[..., Any], backend: str) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install 'faceswap[{backend}]'")
    done = fresh_python(str(SCRIPT), KERAS_BACKEND=backend)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    first, last = told["first and last loss"]
    assert last < first - 1e-4
    assert told["losses"] < 1e-6 and told["weights"] < 1e-6
    assert told["refusal"].startswith("--devices 3 needs so many devices. Found: ")


def test_error_backend_that_shares_no_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "running_backend", lambda: "torch")
    with (
        pytest.raises(PluginError, match=r"--devices 2 needs the backend tensorflow or jax\. Received: torch"),
        on_devices(2),
    ):
        pass


def test_error_batches_that_cannot_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "running_backend", lambda: "tensorflow")
    check_shares(2, 4, 1)
    check_shares(1, 3, 8)
    with pytest.raises(OptionError, match=r"must be a multiple of --devices 2\. Received: 3"):
        check_shares(2, 3, 1)
    with pytest.raises(OptionError, match="--accumulate needs one device on TensorFlow"):
        check_shares(2, 4, 2)
    monkeypatch.setattr(devices, "running_backend", lambda: "jax")
    check_shares(2, 4, 2)
