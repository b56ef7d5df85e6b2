"""Which Keras backend a process takes, and what is said when it cannot."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from faceswap.core import host
from faceswap.core.errors import PluginError
from faceswap.core.host import require_backend, use_backend


@pytest.fixture(autouse=True)
def _all_installed_none_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "find_spec", lambda name: object())
    monkeypatch.delitem(host.sys.modules, "keras", raising=False)
    for name in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def _plugin(backend: str | None) -> Any:
    return SimpleNamespace(plugin=SimpleNamespace(backend=backend), label="model 'pinned'")


@pytest.mark.parametrize(
    ("environment", "pinned", "wanted", "taken"),
    [
        (None, None, None, "tensorflow"),
        ("jax", None, None, "jax"),
        ("jax", None, "torch", "torch"),
        ("jax", "tensorflow", None, "tensorflow"),
        (None, "jax", "jax", "jax"),
    ],
)
def test_feature_the_plugin_goes_before_the_user_and_the_user_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: str | None, pinned: str | None, wanted: str | None, taken: str
) -> None:
    if environment:
        monkeypatch.setenv("KERAS_BACKEND", environment)
    use_backend([_plugin(None), _plugin(pinned)], wanted)
    assert os.environ["KERAS_BACKEND"] == taken


def test_error_backend_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "find_spec", lambda name: None)
    monkeypatch.delitem(host.sys.modules, "jax", raising=False)
    monkeypatch.delitem(host.sys.modules, "tensorflow", raising=False)
    with pytest.raises(PluginError, match=r"`pip install tensorflow` brings it"):
        require_backend()
    use_backend([], "jax")
    with pytest.raises(PluginError, match=r"backend jax is not installed; `pip install 'faceswap\[jax\]'` brings it"):
        require_backend()


def test_error_unknown_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(PluginError, match=r"must be one of tensorflow, jax, torch\. Received: theano"):
        require_backend()


def test_error_plugin_that_needs_another_backend() -> None:
    with pytest.raises(PluginError, match=r"model 'pinned' needs the Keras backend tensorflow\. Received: jax"):
        use_backend([_plugin("tensorflow")], "jax")


def test_error_keras_runs_on_another_backend_already(monkeypatch: pytest.MonkeyPatch) -> None:
    keras = SimpleNamespace(config=SimpleNamespace(backend=lambda: "tensorflow"))
    monkeypatch.setitem(host.sys.modules, "keras", keras)  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="Keras runs on tensorflow in this process; start another one to use jax"):
        use_backend([], "jax")
    use_backend([], "tensorflow")
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
