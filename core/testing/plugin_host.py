"""What the fixture `plugin_host` gives a test: the host's own way to a loaded plugin, whose calls are checked."""

from __future__ import annotations

from typing import Any

from ..host import Prepared, use_backend
from ..options import make_plugin
from ..registry import Found, discover
from .records import CheckRecord
from .suite import select_target


class PluginHost:
    """Prepares and loads plugins as a run does: built-in ones by (kind, name), a test's own by their class.

    Example:
        >>> host = PluginHost()
        >>> detector = host.load(("detector", "dlib-hog"), upsample=1)  # doctest: +SKIP
    """

    def discover(self, kind: str | None = None) -> list[Found]:
        """Lists the plugins that the host sees: the built-in ones only."""
        return discover(kind)

    def prepare(self, plugin: Any, **options: Any) -> Prepared:
        """Makes a plugin with its options checked; nothing is loaded.

        Args:
            plugin: (kind, name) of a built-in plugin, or a plugin class.
            options: Its options; text is converted, as from the command line.

        Raises:
            PluginError: No such plugin is built in.
            OptionError: An option is unknown or its value is not allowed.
        """
        selected = select_target(plugin)
        return Prepared(selected.found, make_plugin(selected, options))

    def load(self, plugin: Any, **options: Any) -> Any:
        """Prepares and loads a plugin; each call of it is checked against the contract.

        Args:
            plugin: See `prepare`.
            options: See `prepare`.

        Raises:
            PluginError: It could not be loaded.
        """
        prepared = self.prepare(plugin, **options)
        use_backend([prepared])
        return prepared.load(check=True)

    def check(self, plugin: Any, **settings: Any) -> list[CheckRecord]:
        """Runs the conformance suite; see `check_plugin`."""
        from .checks import check_plugin

        return check_plugin(plugin, **settings)
