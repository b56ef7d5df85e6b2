"""Finds plugins by their metadata and imports only those that are selected, each in isolation.

Built-in plugins and third parties' take the same road: a name leads to a module, the module is registered with a
pluggy manager of its own, and the kind's hook hands over the class.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import Distribution, PackageNotFoundError, distributions, version
from typing import Any

from .errors import PluginError, suggest
from .names import BUILT_IN, CONTRACT_VERSION, KINDS, OLDEST_CONTRACT_VERSION

_PACKAGE = __package__.rpartition(".")[0] if __package__ else "faceswap"
NO_PLUGINS = "FACESWAP_NO_PLUGINS"
"""Environment variable: when set (and not '0'), plugins of other packages are not looked for."""


@dataclass(frozen=True)
class Found:
    """A plugin as its metadata describes it; nothing of it has been imported.

    Attributes:
        kind: Its kind.
        name: Its name on the command line.
        module: The module that offers it.
        package: The distribution that brought it.
        version: That distribution's version.
    """

    kind: str
    name: str
    module: str
    package: str
    version: str

    @property
    def label(self) -> str:
        """The plugin as messages call it: `detector 'mtcnn'`."""
        return f"{self.kind} '{self.name}'"

    @property
    def origin(self) -> str:
        """The package and version that brought it."""
        return f"{self.package} {self.version}"


@dataclass(frozen=True)
class Selected:
    """A plugin that was imported.

    Attributes:
        found: Where it came from.
        plugin_class: The class that it hands over.
    """

    found: Found
    plugin_class: type[Any]


def own_version() -> str:
    """The version of the installed package, or of the checkout."""
    try:
        return version("faceswap")
    except PackageNotFoundError:
        return str(import_module(_PACKAGE).__version__)


def known_kind(kind: str) -> str:
    """Returns `kind` when it is one, or raises a PluginError with a suggestion."""
    if kind not in KINDS:
        raise PluginError(f"There is no plugin kind '{kind}'. {suggest(kind, KINDS)}")
    return kind


def discover(kind: str | None = None) -> list[Found]:
    """Lists the plugins of a kind, or of all, by name; imports none of them."""
    kinds = list(KINDS) if kind is None else [known_kind(kind)]
    own = own_version()
    found = [
        Found(name, plugin, f"{_PACKAGE}.{module}", "faceswap", own)
        for name in kinds
        for plugin, module in BUILT_IN.get(name, {}).items()
    ]
    if os.environ.get(NO_PLUGINS, "0") in ("", "0"):
        found += _third_party(kinds)
    return sorted(found, key=lambda plugin: (kinds.index(plugin.kind), plugin.name, plugin.package))


def _third_party(kinds: list[str]) -> Iterator[Found]:
    """The plugins of other packages; of a package that is installed twice, those that Python would import."""
    groups = {KINDS[kind].group: kind for kind in kinds}
    first: dict[str, Distribution] = {}
    for distribution in distributions():
        for plugin in _offered(distribution, groups):
            if first.setdefault(_canonical(plugin.package), distribution) is distribution:
                yield plugin


def _offered(distribution: Distribution, groups: Mapping[str, str]) -> list[Found]:
    """The plugins of one package; none where its metadata cannot be read, since it must not harm other packages."""
    try:
        points = [point for point in distribution.entry_points if point.group in groups]
        package, release = _origin(distribution) if points else ("", "")
    except Exception:
        return []
    found = [Found(groups[point.group], point.name, point.value, package, release) for point in points]
    return list(dict.fromkeys(found))


def _origin(distribution: Distribution) -> tuple[str, str]:
    """Name and version of a package, also where an interrupted installation has left no metadata file.

    Only the head of the file is looked at: the library's own reader also takes the long description apart, which
    makes the list of plugins slow where there are many.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    told = {key.lower(): value for key, value in re.findall(r"(?im)^(name|version):[ \t]*(\S.*?)\s*$", head)}
    return told.get("name", "unknown"), told.get("version", "0")


def _canonical(package: str) -> str:
    """A package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def find(kind: str, name: str) -> Found:
    """Finds the plugin that a user named; imports nothing.

    Args:
        kind: The plugin kind.
        name: The plugin's name, or `name@package` where two packages offer it.

    Raises:
        PluginError: No plugin has the name, or several packages offer it.
    """
    plain, _, package = name.partition("@")
    candidates = discover(kind)
    asked = _canonical(package)
    matching = [found for found in candidates if found.name == plain and asked in ("", _canonical(found.package))]
    if not matching:
        known = [found.name for found in candidates]
        raise PluginError(f"There is no {kind} '{name}'. {suggest(plain, known)} `faceswap plugins` lists them.")
    if len(matching) > 1:
        origins = " and ".join(found.origin for found in matching)
        ways = " or ".join(f"--{kind} {plain}@{found.package}" for found in matching)
        raise PluginError(f"{matching[0].label} is offered by {origins}. Say which: {ways}.")
    return matching[0]


def select(kind: str, name: str) -> Selected:
    """Imports the plugin that a user named.

    Raises:
        PluginError: It is unknown, ambiguous, cannot be imported, or speaks another contract version.
    """
    found = find(kind, name)
    return Selected(found, _load(found))


def _load(found: Found) -> type[Any]:
    try:
        module = import_module(found.module)
        _check_contract(found, module)
        return _handed_over(found, module)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        raise _failure(found, f"{type(error).__name__}: {error}") from error


def _handed_over(found: Found, module: Any) -> type[Any]:
    """Registers the module with a plugin manager of its own and takes the class from the kind's hook."""
    import pluggy

    from . import hookspecs
    from .deprecation import told_for
    from .hook_names import unknown_hook

    # One manager per plugin: a pending hook of one plugin must not fail the check of another.
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    with told_for(f"{found.label} from {found.origin}"):
        manager.register(module, found.name)
    if unknown := unknown_hook(manager, module):
        raise _failure(found, unknown)
    kind = KINDS[found.kind]
    classes = [offered for hook in (kind.hook, *kind.former_hooks) for offered in getattr(manager.hook, hook)()]
    if len(classes) != 1:
        unmarked = "; mark the function of that name with `@hookimpl`" if hasattr(module, kind.hook) else ""
        raise _failure(found, f"{found.module} has no hook `{kind.hook}`{unmarked}")
    return _checked_class(found, classes[0])


def _checked_class(found: Found, plugin_class: Any) -> type[Any]:
    from . import kinds

    base = getattr(kinds, KINDS[found.kind].base)
    if not (isinstance(plugin_class, type) and issubclass(plugin_class, base)):
        raise _failure(found, f"its hook must return a subclass of {base.__name__}. Received: {plugin_class!r}")
    return plugin_class


def _check_contract(found: Found, module: Any) -> None:
    spoken = getattr(module, "FACESWAP_CONTRACT", None)
    if not isinstance(spoken, int):
        raise _failure(found, f"{found.module} does not say `FACESWAP_CONTRACT = {CONTRACT_VERSION}`")
    if spoken > CONTRACT_VERSION:
        raise _failure(found, f"it speaks contract {spoken}, this host {CONTRACT_VERSION}; upgrade faceswap")
    if spoken < OLDEST_CONTRACT_VERSION:
        raise _failure(found, f"it speaks contract {spoken}, this host {CONTRACT_VERSION}; upgrade {found.package}")


def _failure(found: Found, why: str) -> PluginError:
    reason = " ".join(str(why).split())
    return PluginError(f"{found.label} from {found.origin} could not be loaded: {reason}")
