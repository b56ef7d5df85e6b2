"""The listeners of a run: loaded before it begins, told of its events through their hooks, each in its own `try`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pluggy

from . import run_hooks
from .deprecation import told_for
from .errors import FaceswapError, PluginError
from .hook_names import unknown_hook
from .hookspecs import PROJECT
from .host import PluginChoice, Prepared, prepare, versions


@dataclass(frozen=True, eq=False)
class _Listening:
    """One listener at work, behind a plugin manager of its own: what it raises must not reach the others."""

    name: str
    used: Prepared
    hooks: Any

    def hears(self, hook: str) -> bool:
        return bool(getattr(self.hooks, hook).get_hookimpls())


@dataclass(frozen=True)
class Failure:
    """A listener that raised.

    Attributes:
        name: Its name as the run chose it.
        message: One line that says what happened.
    """

    name: str
    message: str


class Listeners:
    """The listeners of one run, in the order in which they were named."""

    def __init__(self) -> None:
        self._listening: list[_Listening] = []
        self._off: set[str] = set()

    @classmethod
    def load(cls, choices: Iterable[PluginChoice]) -> Listeners:
        """Loads the listeners of a run.

        Raises:
            PluginError: One is unknown, ambiguous, broken, or implements a hook that there is not.
            OptionError: An option is unknown or its value is not allowed.
        """
        listeners = cls()
        for choice in choices:
            used = prepare("listener", choice)
            hooks = hooks_of(used)
            used.load()
            listeners._listening.append(_Listening(choice.name, used, hooks))
        return listeners

    def versions(self) -> dict[str, str]:
        """`listener name` -> `package version`."""
        return versions(each.used for each in self._listening)

    def want(self, event_class: type[Any]) -> bool:
        """Whether any of them would be told of such an event."""
        return any(each.hears(event_class.hook) for each in self._listening)

    def tell(self, event: Any) -> list[Failure]:
        """Tells those who want to know of an event.

        Returns:
            Those that raised, which are told nothing more.
        """
        if not event.hook:
            return []
        hearing = [each for each in self._listening if each.hears(event.hook)]
        failures = {each: failure for each in hearing if (failure := _told(each, event))}
        self._listening = [each for each in self._listening if each not in failures]
        self._off |= {failure.name for failure in failures.values()}
        return list(failures.values())

    def switch_off(self, name: str) -> None:
        """Tells the listeners of a name nothing more; one has failed in a part of this run."""
        self._off.add(name)
        self._listening = [each for each in self._listening if each.name != name]

    def still_on(self, choices: Iterable[PluginChoice]) -> tuple[PluginChoice, ...]:
        """Those of some listeners that were not switched off."""
        return tuple(choice for choice in choices if choice.name not in self._off)


def hooks_of(used: Prepared) -> Any:
    """The caller of a listener's hooks.

    Raises:
        PluginError: A hook is unknown, unmarked, or takes arguments that there are not.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(run_hooks)
    unmarked = [hook for hook in used.plugin.hooks if manager.parse_hookimpl_opts(used.plugin, hook) is None]
    if unmarked:
        raise _misfit(used, f"`{unmarked[0]}` is not marked with @hookimpl")
    try:
        with told_for(f"{used.label} from {used.found.origin}"):
            manager.register(used.plugin, used.found.name)
    except pluggy.PluginValidationError as error:
        raise _misfit(used, " ".join(str(error).split())) from error
    if unknown := unknown_hook(manager, used.plugin):
        raise _misfit(used, unknown)
    return manager.hook


def _misfit(used: Prepared, why: str) -> PluginError:
    return PluginError(f"{used.label} from {used.found.origin} could not be loaded: {why}")


def _told(listening: _Listening, event: Any) -> Failure | None:
    try:
        getattr(listening.hooks, event.hook)(**event.arguments())
    except (Exception, SystemExit) as error:
        kind = "" if isinstance(error, FaceswapError) else f"{type(error).__name__}: "
        used, reason = listening.used, kind + " ".join(str(error).split())
        message = f"{used.label} from {used.found.origin} failed in `{event.hook}` and is switched off: {reason}"
        return Failure(listening.name, message)
    return None
