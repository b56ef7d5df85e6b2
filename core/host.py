"""From a choice on the command line to a plugin at work: selected, its options checked, loaded once, calls watched."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel, ConfigDict

from ..lib.weights import WeightsFile, located
from .checking import checked, checks_wanted
from .errors import FaceswapError, PluginError
from .names import BACKENDS, KINDS, OWN_PACKAGE
from .options import make_plugin, options_hash
from .registry import Found, select


class PluginChoice(BaseModel):
    """A plugin by name, with its options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    options: dict[str, Any] = {}


def default_choice(kind: str) -> PluginChoice:
    """The plugin of a kind that a run takes when it names none."""
    return default_chain(kind)[0]


def default_chain(kind: str) -> tuple[PluginChoice, ...]:
    """The plugins of a kind that a run takes when it names none: built-in ones, whoever else offers the names."""
    return tuple(built_in(name) for name in KINDS[kind].default)


def built_in(name: str, **options: Any) -> PluginChoice:
    """A built-in plugin, which no package that offers the same name can put in doubt."""
    return PluginChoice(name=f"{name}@{OWN_PACKAGE}", options=options)


@dataclass(frozen=True)
class Prepared:
    """A plugin with its options, whose heavy work has not been done.

    Attributes:
        found: Where it came from.
        plugin: The plugin object.
    """

    found: Found
    plugin: Any

    @property
    def label(self) -> str:
        """The plugin as messages call it."""
        return self.found.label

    @property
    def options_hash(self) -> str:
        """The fingerprint of its option values."""
        return options_hash(self.plugin.options)

    def require_weights(self) -> None:
        """Looks for the weights that loading will read, those aside that the plugin can do without.

        Raises:
            WeightsError: One is missing or another than was declared; the message has the command that brings it.
        """
        if not self.plugin.reads_weights:
            return
        for entry in getattr(sys.modules.get(self.found.module), "WEIGHTS", ()):
            try:
                file = WeightsFile.declared(entry)
            except ValueError:
                continue  # `faceswap plugins` and `weights` say what is wrong with it; loading may not need it.
            if (file.kept or file.inside) and not file.optional:
                located(file)

    def load(self, check: bool = False) -> Any:
        """Does the plugin's heavy work and returns it, ready for calls.

        Args:
            check: Whether each call is checked against the contract; FACESWAP_CHECK=1 asks for it too.

        Raises:
            PluginError: The plugin could not be loaded.
        """
        try:
            self.plugin.load()
        except FaceswapError:
            raise
        except (Exception, SystemExit) as error:
            reason = " ".join(str(error).split())
            raise PluginError(f"{self.label} could not be loaded: {type(error).__name__}: {reason}") from error
        return checked(self.plugin, self.label) if checks_wanted(check) else self.plugin


def prepare(kind: str, choice: PluginChoice) -> Prepared:
    """Selects a plugin and checks its options; imports its module, does none of its heavy work.

    Raises:
        PluginError: The plugin is unknown, ambiguous or broken.
        OptionError: An option is unknown or its value is not allowed.
    """
    selected = select(kind, choice.name)
    return Prepared(selected.found, make_plugin(selected, choice.options))


def versions(plugins: Iterable[Prepared]) -> dict[str, str]:
    """`kind name` -> `package version`, as run records keep it."""
    return {f"{used.found.kind} {used.found.name}": used.found.origin for used in plugins}


def use_backend(plugins: Iterable[Prepared], wanted: str | None = None) -> None:
    """Sets the Keras backend of this process, before anything imports Keras.

    Args:
        plugins: The plugins that will run; some cannot do without one backend.
        wanted: The backend that the user asks for; None takes KERAS_BACKEND's, or the default.

    Raises:
        PluginError: Two plugins, or a plugin and the user, need different backends, or Keras already runs on another
            one than the user asks for.
    """
    wishes = {used.plugin.backend: used.label for used in plugins if used.plugin.backend}
    if len(wishes) > 1:
        needs = " and ".join(f"{label} needs {backend}" for backend, label in sorted(wishes.items()))
        raise PluginError(f"These plugins cannot run together: {needs}. Choose another for one of them.")
    needed = next(iter(wishes), None)
    if needed and wanted and needed != wanted:
        raise PluginError(f"{wishes[needed]} needs the Keras backend {needed}. Received: {wanted}")
    if wanted and _running_backend() not in (None, wanted):
        raise PluginError(f"Keras runs on {_running_backend()} in this process; start another one to use {wanted}")
    os.environ["KERAS_BACKEND"] = needed or wanted or os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def require_backend() -> None:
    """Insists that the Keras backend of this process is known and installed; nothing is imported.

    Raises:
        PluginError: It is not; names the extra that brings it.
    """
    backend = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if backend not in BACKENDS:
        raise PluginError(f"the Keras backend must be one of {', '.join(BACKENDS)}. Received: {backend}")
    if backend not in sys.modules and find_spec(backend) is None:
        package = backend if backend == BACKENDS[0] else f"'{OWN_PACKAGE}[{backend}]'"
        raise PluginError(f"the Keras backend {backend} is not installed; `pip install {package}` brings it")


def _running_backend() -> str | None:
    """The backend on which this process runs Keras; None where it has not imported it."""
    keras = sys.modules.get("keras")
    return str(keras.config.backend()) if keras else None
