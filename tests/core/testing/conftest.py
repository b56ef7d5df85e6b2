"""Makes the specimens importable under one name, as pickling needs."""

import sys
from pathlib import Path

import pytest

_HERE = str(Path(__file__).parent)
if _HERE not in sys.path:
    sys.path.append(_HERE)

from faceswap.core.testing.pytest_plugin import plugin_host  # noqa: E402, F401


@pytest.fixture
def no_third_party(monkeypatch):
    monkeypatch.setenv("FACESWAP_NO_PLUGINS", "1")
