"""The pytest plugin for plugin authors: the fixture `plugin_host`. Importing it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ..registry import NO_PLUGINS

if TYPE_CHECKING:
    from .plugin_host import PluginHost


@pytest.fixture
def plugin_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginHost]:
    """A host for a test's own plugins: no installed package's plugins are looked for, every call is checked."""
    from .plugin_host import PluginHost

    monkeypatch.setenv(NO_PLUGINS, "1")
    yield PluginHost()
