"""The layers of a run's settings: defaults < YAML file < environment < flags, merged into one mapping per job.

Settings are addressed by path: `faceset`, `detector.upsample`, and `blender.feather.blur` for kinds of which a run
takes several. Plugins come by name only, never by an import path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import FaceswapError, OptionError, suggest
from .names import KINDS

ENVIRONMENT_PREFIX = "FACESWAP__"


@dataclass
class Settings:
    """Settings while the layers are laid over each other.

    Attributes:
        known: The names of the job's own fields.
        defaults: For each plugin kind that the job takes, the plugins of a run that names none, like `plugins`.
        fields: Values of the job's own fields.
        plugins: For each kind the plugins of the run, in order, each as `{"name": ..., **options}`.
    """

    known: frozenset[str]
    defaults: Mapping[str, Sequence[Mapping[str, Any]]]
    fields: dict[str, Any] = field(default_factory=dict)
    plugins: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def set_field(self, name: str, value: Any, where: str) -> None:
        """Sets a field of the job; raises OptionError when there is none of that name."""
        name = _plain(name)
        if name not in self.known:
            raise OptionError(
                f"{where}: there is no setting '{name}'. {suggest(name, self.known | self.defaults.keys())}"
            )
        self.fields[name] = value

    def choose(self, kind: str, names: list[str]) -> None:
        """Chooses the plugins of a kind; options already given to those of the same name are kept."""
        before = {plugin["name"]: plugin for plugin in self.plugins.get(kind, [])}
        self.plugins[kind] = [dict(before.get(name, {"name": name})) for name in names]

    def chosen(self, kind: str) -> list[dict[str, Any]]:
        """The plugins of a kind; its defaults are filled in when nobody chose."""
        return self.plugins.setdefault(kind, [dict(plugin) for plugin in self.defaults[kind]])

    def set_option(self, kind: str, path: list[str], value: Any, where: str) -> None:
        """Sets an option of a chosen plugin: path `[option]`, or `[plugin, option]` for kinds taken several times."""
        chosen = self.chosen(kind)
        if KINDS[kind].several:
            self._set_named(chosen, kind, path, value, where)
        elif len(path) != 1:
            raise OptionError(f"{where}: expected {kind}.OPTION. Received: {'.'.join([kind, *path])}")
        elif not chosen:
            raise OptionError(f"{where}: no {kind} is chosen; add --{kind} NAME.")
        else:
            chosen[0][_plain(path[0])] = value

    def _set_named(self, chosen: list[dict[str, Any]], kind: str, path: list[str], value: Any, where: str) -> None:
        if len(path) != 2:
            raise OptionError(f"{where}: expected {kind}.PLUGIN.OPTION. Received: {'.'.join([kind, *path])}")
        matching = [plugin for plugin in chosen if _plain(plugin["name"].partition("@")[0]) == _plain(path[0])]
        names = [plugin["name"] for plugin in chosen]
        if not matching:
            raise OptionError(f"{where}: no {kind} '{path[0]}' is chosen. {suggest(path[0], names)}")
        if len(matching) > 1:
            raise OptionError(f"{where}: {kind} '{path[0]}' is chosen twice; give its options in a YAML list.")
        matching[0][_plain(path[1])] = value

    def values(self) -> dict[str, Any]:
        """The merged settings as the job's model takes them: fields, and `kind` -> list of plugin choices."""
        choices = {
            kind: [{"name": plugin["name"], "options": _without_name(plugin)} for plugin in self.chosen(kind)]
            for kind in self.defaults
        }
        return {**self.fields, **choices}


def _plain(name: str) -> str:
    return name.replace("-", "_").lower()


def _without_name(plugin: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in plugin.items() if key != "name"}


def lay_yaml(settings: Settings, path: Path) -> None:
    """Lays a YAML file over the settings.

    Raises:
        FaceswapError: The file cannot be read, is not a mapping, or names an unknown setting.
    """
    for key, value in _read_yaml(path).items():
        where, kind = f"{path}: {key}", _kind_of(key)
        if kind in settings.plugins:
            raise OptionError(f"{where}: {kind}s are given twice; keep one of `{kind}` and `{kind}s`.")
        if kind in settings.defaults:
            settings.plugins[kind] = _plugin_list(value, where)
        else:
            settings.set_field(str(key), value, str(path))


def _kind_of(key: Any) -> str:
    """The plugin kind that a key names; those of which a run takes several may stand in the plural."""
    single = str(key).removesuffix("s")
    return single if single in KINDS and KINDS[single].several else str(key)


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaceswapError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise FaceswapError(f"The configuration {path} is not valid YAML: {reason}") from error
    if not isinstance(content, dict):
        raise FaceswapError(f"{path} must hold `setting: value` lines. Received: {type(content).__name__}")
    return content


def _plugin_list(value: Any, where: str) -> list[dict[str, Any]]:
    """Accepts `name`, `{name: ..., option: ...}`, or a list of these."""
    items = value if isinstance(value, list) else [value]
    plugins = [{"name": item} if isinstance(item, str) else item for item in items]
    for plugin in plugins:
        if not (isinstance(plugin, dict) and isinstance(plugin.get("name"), str)):
            raise OptionError(f"{where}: expected a plugin name or {{name: ..., option: ...}}. Received: {plugin!r}")
    return [{_plain(str(key)): option for key, option in plugin.items()} for plugin in plugins]


def lay_environment(settings: Settings, environment: Mapping[str, str]) -> None:
    """Lays variables such as `FACESWAP__DETECTOR__UPSAMPLE=1` over the settings; those of other jobs are left alone."""
    named = {key: value for key, value in environment.items() if key.startswith(ENVIRONMENT_PREFIX)}
    # A choice of plugin comes before the options of the chosen one.
    for key in sorted(named, key=lambda key: (not key.endswith("__NAME"), key)):
        _lay_variable(settings, key, named[key])


def _lay_variable(settings: Settings, key: str, value: str) -> None:
    first, *rest = key.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
    if first in settings.defaults and rest == ["name"]:
        settings.choose(first, [name.strip() for name in value.split(",")])
    elif first in settings.defaults and rest:
        settings.set_option(first, rest, value, key)
    elif first in settings.known and not rest:
        settings.set_field(first, value, key)
    elif first not in KINDS and rest:
        raise OptionError(f"{key}: there is no plugin kind '{first}'. {suggest(first, settings.defaults)}")
