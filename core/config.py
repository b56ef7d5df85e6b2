"""The layers of a run's settings: defaults < YAML file < environment < flags, merged into one mapping per job.

Settings are addressed by path: `faceset`, `detector.upsample`, and `blender.feather.blur` for kinds of which a run
takes several. Plugins come by name only, never by an import path.

Which plugins a run takes and which options they have are two questions, answered one after the other:

1. The highest layer that names plugins of a kind names them all: `detector: center` in YAML, then
   `FACESWAP__DETECTOR=center`, then `--detector center`. Where no layer does, the job's own defaults are taken, with
   the options that the job gives them.
2. Options go to the plugins that were chosen in the end, whichever layer chose them, and a higher layer's go over a
   lower one's: `FACESWAP__DETECTOR__SHARE=0.3`, then `--detector.share 0.5`. One that does not fit is an error.

A run does without a kind that it need not have where `none` is named: `--masker none`.

In YAML an option stands with the name of its plugin. So YAML's options are taken if that plugin is, whichever layer has
named it in the end, and left alone if it is not. Likewise the job's own options belong to its own choice: who names
plugins gets them as their authors made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .errors import OptionError, suggest
from .names import KINDS

ENVIRONMENT_PREFIX = "FACESWAP__"

NOTHING = "none"
"""What stands where plugins are named, and none is wanted."""


@dataclass
class Chosen:
    """A plugin of the run, with where it and its options came from.

    Attributes:
        name: Its name, or `name@package`.
        options: Its options by name.
        where: The file or variable that named it, as messages call it; empty for a flag or a default.
        origins: For each option that was given, the file, variable or flag that gave it.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    where: str = ""
    origins: dict[str, str] = field(default_factory=dict)

    def set(self, option: str, value: Any, where: str) -> None:
        """Sets an option."""
        self.options[option], self.origins[option] = value, where

    def copied(self) -> Chosen:
        """The same, to be changed apart."""
        return Chosen(self.name, dict(self.options), self.where, dict(self.origins))


class _Given(NamedTuple):
    """An option as a layer gives it."""

    kind: str
    path: list[str]
    value: Any
    where: str


@dataclass
class Settings:
    """Settings while the layers are laid over each other, the lowest first.

    Attributes:
        known: The names of the job's own fields.
        defaults: For each plugin kind that the job takes, the plugins of a run that names none.
        dispensable: The kinds that a run can do without.
        fields: Values of the job's own fields.
        origins: For each of them, the file, variable or flag that gave it.
        plugins: For each kind that a layer has named, the plugins in order.
    """

    known: frozenset[str]
    defaults: Mapping[str, Sequence[Chosen]]
    dispensable: frozenset[str] = frozenset()
    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    plugins: dict[str, list[Chosen]] = field(default_factory=dict)
    _given: list[_Given] = field(default_factory=list)

    def set_field(self, name: str, value: Any, where: str) -> None:
        """Sets a field of the job; raises OptionError when there is none of that name."""
        setting = plain(name)
        if f"{setting}_" in self.known:  # Such as `not`, which Python keeps for itself.
            setting = f"{setting}_"
        if setting not in self.known:
            known = self.known | self.defaults.keys()
            raise OptionError(f"{where}: there is no setting '{name}'. {suggest(setting, known)}")
        self.fields[setting], self.origins[setting] = value, where

    def choose(self, kind: str, names: Iterable[str], where: str = "") -> None:
        """Chooses the plugins of a kind; options that a lower layer's choice gave to the same plugin are kept.

        Args:
            kind: Their kind.
            names: Their names, in order.
            where: The file or variable that names them; empty for a flag.
        """
        before = list(self.plugins.get(kind, []))
        self.plugins[kind] = [_taken_over(before, name, where) for name in names]

    def set_option(self, kind: str, path: list[str], value: Any, where: str) -> None:
        """Gives an option to a plugin of the final choice.

        Args:
            kind: The plugin's kind.
            path: `[option]`, or `[plugin, option]` for kinds taken several times.
            value: Its value; text is converted later.
            where: The variable or flag, as messages call it.
        """
        self._given.append(_Given(kind, path, value, where))

    def chosen(self) -> dict[str, list[Chosen]]:
        """The plugins of every kind, in the end, with their options.

        Raises:
            OptionError: An option was given to a plugin that is not chosen, or in another form than its kind's.
        """
        named = {**self.defaults, **self.plugins}
        chosen = {
            kind: [] if self._unwanted(kind, named[kind]) else [plugin.copied() for plugin in named[kind]]
            for kind in self.defaults
        }
        for given in self._given:
            plugin, option = _addressed(chosen[given.kind], given)
            plugin.set(plain(option), given.value, given.where)
        return chosen

    def _unwanted(self, kind: str, plugins: Sequence[Chosen]) -> bool:
        return kind in self.dispensable and [plugin.name for plugin in plugins] == [NOTHING]

    def values(self) -> dict[str, Any]:
        """The merged settings as the job's model takes them: fields, and `kind` -> list of plugin choices."""
        choices = {
            kind: [{"name": plugin.name, "options": plugin.options} for plugin in plugins]
            for kind, plugins in self.chosen().items()
        }
        return {**self.fields, **choices}


def _taken_over(before: list[Chosen], name: str, where: str) -> Chosen:
    """A plugin that a layer names, with the options of the same one of the layer below, which is used up."""
    for plugin in before:
        if _may_be_same(plugin.name, name):
            before.remove(plugin)
            return Chosen(name, plugin.options, where, plugin.origins)
    return Chosen(name, where=where)


def _may_be_same(one: str, other: str) -> bool:
    """Whether two names mean one plugin: `center` and `center@package` do, as far as the names tell."""
    (name, _, package), (other_name, _, other_package) = one.partition("@"), other.partition("@")
    return name == other_name and (package == other_package or "" in (package, other_package))


def _addressed(chosen: list[Chosen], given: _Given) -> tuple[Chosen, str]:
    """The plugin that an option is for, and the option's name."""
    kind, path, where = given.kind, given.path, given.where
    form = f"{kind}.PLUGIN.OPTION" if KINDS[kind].several else f"{kind}.OPTION"
    if len(path) != form.count("."):
        raise OptionError(f"{where}: expected {form}. Received: {'.'.join([kind, *path])}")
    if not KINDS[kind].several:
        if not chosen:
            raise OptionError(f"{where}: no {kind} is chosen; add --{kind} NAME.")
        return chosen[0], path[0]
    matching = [plugin for plugin in chosen if plain(plugin.name.partition("@")[0]) == plain(path[0])]
    if not matching:
        names = [plugin.name for plugin in chosen]
        raise OptionError(f"{where}: no {kind} '{path[0]}' is chosen. {suggest(path[0], names)}")
    if len(matching) > 1:
        raise OptionError(f"{where}: {kind} '{path[0]}' is chosen twice; give its options in a YAML list.")
    return matching[0], path[1]


def plain(name: str) -> str:
    """A setting's name as fields and options write it: `min-size` -> `min_size`."""
    return name.replace("-", "_").lower()
