"""The plugin under test: its class, its options, and the objects that the checks make of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..host import Prepared, use_backend
from ..kinds import PluginOptions, SwapModel, Trainable
from ..registry import Found
from .arrays import copied
from .exercise import Exercise
from .records import SkipCheckError

SEED = 7
"""Seeds the fresh weights of trainable plugins."""

_SMALL_WIDTH = 1 / 16
_PLAIN = (PluginOptions, int, float, str, type(None))


class Subject:
    """A plugin under test.

    Args:
        found: Where the plugin comes from; its label begins the messages.
        plugin_class: Its class.
        exercise: How plugins of its kind are worked.
        options: Its options; when None its defaults, with models made narrow.
    """

    def __init__(
        self, found: Found, plugin_class: type[Any], exercise: Exercise, options: PluginOptions | None = None
    ) -> None:
        self.found, self.plugin_class, self.exercise = found, plugin_class, exercise
        self._options = options
        self._plugin: Any = None
        self._answers: list[Any] | None = None
        self._broken: BaseException | None = None
        self._remembered: dict[str, Any] = {}

    @property
    def options(self) -> Any:
        """The options that the plugin is checked with.

        Raises:
            SkipCheckError: They have no valid defaults, which the check `option-defaults` reports.
        """
        if self._options is not None:
            return self._options
        try:
            options = small_options(self.plugin_class)
            type(options).model_validate(options.model_dump())
        except ValidationError:
            raise SkipCheckError("its options have no valid defaults") from None
        return options

    def make(self) -> Any:
        """Makes a new object; nothing is loaded."""
        return self.plugin_class(self.options)

    def fresh(self, seed: int = SEED) -> Any:
        """Makes a new object and loads it; the fresh weights of trainable ones are a function of the seed."""
        plugin = self.make()
        self._set_backend(plugin)
        if isinstance(plugin, Trainable):
            from ..training.backends import seed_weights

            seed_weights(seed)
        plugin.load()
        return plugin

    def _set_backend(self, plugin: Any) -> None:
        running = sys.modules["keras"].config.backend() if "keras" in sys.modules else None
        if plugin.backend and running not in (None, plugin.backend):
            raise SkipCheckError(f"it needs Keras on {plugin.backend}, and this process runs it on {running}")
        if running is None:
            use_backend([Prepared(self.found, plugin)])

    @property
    def plugin(self) -> Any:
        """The object that most checks share, loaded.

        Raises:
            SkipCheckError: It could not be loaded, which the check `loads` reports.
        """
        if self._plugin is None:
            if self._broken is not None:
                raise SkipCheckError("it could not be loaded")
            try:
                self._plugin = self.fresh()
            except SkipCheckError:
                raise
            except (Exception, SystemExit) as error:
                self._broken = error
                raise SkipCheckError("it could not be loaded") from error
        return self._plugin

    @property
    def calls(self) -> list[Any]:
        """The ordinary calls of the kind; changing their arrays changes nothing here."""
        calls = copied(self.exercise.calls(self.plugin))
        if not calls:
            raise SkipCheckError("the suite finds no way to call it")
        return calls

    @property
    def answers(self) -> list[Any]:
        """What the shared object answers to the ordinary calls.

        Raises:
            SkipCheckError: It does not answer, which the check `contract-types` reports.
        """
        if self._answers is None:
            plugin, calls = self.plugin, self.calls
            try:
                self._answers = [self.exercise.run(plugin, call) for call in calls]
            except (Exception, SystemExit) as error:
                raise SkipCheckError("it does not answer the ordinary calls") from error
        return self._answers

    @property
    def tolerance(self) -> float:
        """How far equal answers may lie apart: 0 for blenders and pure geometry, 1e-4 for networks."""
        plain = all(isinstance(value, _PLAIN) for value in vars(self.plugin).values())
        return 0.0 if self.exercise.exact or plain else 1e-4

    def remember(self, key: str, make: Callable[[], Any]) -> Any:
        """Returns what `make` returned when it was first called for the key."""
        if key not in self._remembered:
            self._remembered[key] = make()
        return self._remembered[key]

    def forget(self) -> None:
        """Lets the loaded plugin go, and its memory with it."""
        self._plugin = self._answers = None
        self._remembered.clear()


def small_options(plugin_class: Any) -> Any:
    """The default options, with the `width` of what is trained made small so that its tests run fast."""
    if "width" in plugin_class.Options.model_fields and issubclass(plugin_class, (SwapModel, Trainable)):
        return plugin_class.Options(width=_SMALL_WIDTH)
    return plugin_class.Options()
