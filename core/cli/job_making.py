"""From the words of a command line to a job: the layers of its settings, and errors that say where one stands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import ValidationError

from ..config import Chosen, Settings
from ..errors import OptionError, PluginError, suggest
from ..host import PluginChoice
from ..jobs.job import Job
from ..layers import lay_environment, lay_yaml
from ..names import KINDS
from ..options import parse_options
from ..registry import find, select
from ..wording import what_is_wrong


def kind_fields(job_class: type[Job]) -> dict[str, str]:
    """The plugin kinds that a job takes -> the fields that hold them, `masker` -> `maskers`."""
    return {kind: field for kind in KINDS for field in (kind, f"{kind}s") if field in job_class.model_fields}


def default_plugins(job_class: type[Job], field: str) -> list[PluginChoice]:
    """The plugins that a job takes for a field when nobody chooses, with the options that it gives them."""
    default = job_class.model_fields[field].default
    return [default] if isinstance(default, PluginChoice) else list(default or ())


def dispensable(job_class: type[Job], kind: str) -> bool:
    """Whether a job can do without plugins of a kind that it takes: `none` may be said then."""
    may_be_absent = type(None) in get_args(job_class.model_fields[kind_fields(job_class)[kind]].annotation)
    return KINDS[kind].dispensable and (KINDS[kind].several or may_be_absent)


def flag_of(name: str) -> str:
    """The flag of a job's field."""
    return f"--{name.rstrip('_').replace('_', '-')}"


def make_job(job_class: type[Job], plugin_options: list[tuple[str, str]], values: dict[str, Any]) -> Job:
    """Makes a job out of what the file, the environment and the command line say.

    Args:
        job_class: Its class.
        plugin_options: What was given as `--kind.option value`.
        values: What click has read: the job's fields, per kind the names of plugins, and `config`.

    Raises:
        FaceswapError: A setting is unknown, not allowed or missing.
    """
    kinds = kind_fields(job_class)
    own = frozenset(job_class.model_fields.keys() - kinds.values())
    defaults = {kind: _unasked(job_class, field) for kind, field in kinds.items()}
    settings = Settings(own, defaults, frozenset(kind for kind in kinds if dispensable(job_class, kind)))
    if values["config"]:
        lay_yaml(settings, Path(values["config"]))
    lay_environment(settings, os.environ)
    _lay_flags(settings, plugin_options, values)
    for kind, plugins in settings.chosen().items():
        for plugin in plugins:
            _check(kind, plugin)
    return _validated(job_class, kinds, settings)


def _unasked(job_class: type[Job], field: str) -> list[Chosen]:
    return [Chosen(choice.name, dict(choice.options)) for choice in default_plugins(job_class, field)]


def _lay_flags(settings: Settings, plugin_options: list[tuple[str, str]], values: dict[str, Any]) -> None:
    for kind in settings.defaults:
        if values[kind]:
            settings.choose(kind, values[kind])
    for name in settings.known:
        if values.get(name) not in (None, ()):
            settings.set_field(name, values[name], "")
    for path, value in plugin_options:
        kind, *rest = path.split(".")
        settings.set_option(kind, rest, value, f"--{path}")


def _check(kind: str, plugin: Chosen) -> None:
    """Raises for a wrong name or option with the place that it stands in, which the job itself does not know."""
    if plugin.where:
        try:
            find(kind, plugin.name)
        except PluginError as error:
            raise PluginError(f"{plugin.where}: {error}") from None
    if not plugin.origins:
        return
    selected = select(kind, plugin.name)
    try:
        parse_options(selected.found.label, selected.plugin_class.Options, plugin.options)
    except OptionError as error:
        where = plugin.origins.get(error.option) or plugin.where
        raise OptionError(f"{where}: {error}" if where else str(error)) from None


def _validated(job_class: type[Job], kinds: dict[str, str], settings: Settings) -> Job:
    values = settings.values()
    for kind, field in kinds.items():
        choices = [PluginChoice(**choice) for choice in values.pop(kind)]
        values[field] = tuple(choices) if KINDS[kind].several else _only(kind, choices)
    missing = [name for name in job_class.positional if name not in values and _required(job_class, name)]
    if missing:
        raise click.UsageError(f"Missing argument '{missing[0].upper()}'.", click.get_current_context())
    try:
        return job_class.model_validate(values)
    except ValidationError as error:
        raise OptionError(_in_one_line(job_class, error, settings.origins)) from None


def _required(job_class: type[Job], name: str) -> bool:
    return job_class.model_fields[name].is_required()


def _only(kind: str, choices: list[PluginChoice]) -> PluginChoice | None:
    if len(choices) > 1:
        names = " ".join(choice.name for choice in choices)
        raise OptionError(f"A run takes one {kind}. Received: {names}")
    return choices[0] if choices else None


def _in_one_line(job_class: type[Job], error: ValidationError, origins: dict[str, str]) -> str:
    first = error.errors()[0]
    if not first["loc"]:  # Of settings that do not go together.
        return f"{job_class.command}: {what_is_wrong([first])}."
    name = str(first["loc"][0])
    where = name.upper() if name in job_class.positional else flag_of(name)
    if first["type"] == "missing":
        return f"{job_class.command} needs {where}. `faceswap {job_class.command} --help` explains it."
    if first["type"] == "extra_forbidden":
        return f"{job_class.command} has no setting '{name}'. {suggest(name, job_class.model_fields)}"
    told = f"{job_class.command} {where}: {what_is_wrong(error.errors())}. Received: {first['input']!r}"
    return f"{origins[name]}: {told}" if origins.get(name) else told
