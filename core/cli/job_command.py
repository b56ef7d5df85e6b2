"""Makes a command out of a job: its fields become arguments and flags, its plugins' options namespaced flags."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from ..config import NOTHING
from ..host import PluginChoice
from ..jobs.groups import HEADINGS, RUNNING
from ..jobs.job import Job, run_job
from ..names import KINDS
from .completing import complete_path
from .job_making import default_plugins, dispensable, flag_of, kind_fields, make_job
from .plugin_flags import complete_flags, format_plugin, value_flags
from .terminal import listener_for


def job_command(job_class: type[Job], name: str | None = None) -> click.Command:
    """Makes the command of a job; the class docstring is its help."""
    command = JobCommand(job_class)
    command.name = name or job_class.command
    return command


class JobCommand(click.Command):
    """A click command over a job; namespaced plugin options are taken out before click parses the rest."""

    def __init__(self, job_class: type[Job]) -> None:
        self.job_class = job_class
        self.kinds = kind_fields(job_class)
        super().__init__(
            name=job_class.command,
            params=[*_arguments(job_class), *_flags(job_class, self.kinds), *_common_flags()],
            callback=self._run,
            help=job_class.__doc__,
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keeps `--kind.option value` words aside for the plugins and gives click the others."""
        ctx.meta["chosen"] = {kind: _values_of(f"--{kind}", args) for kind in self.kinds}
        ctx.meta["last word"] = args[-1] if args else ""
        ctx.meta["plugin options"], rest = _split_plugin_options(self.kinds, args)
        rest = super().parse_args(ctx, rest)
        first, *others = self.job_class.positional or ("",)
        if ctx.params.get(first) == () and len(others) == 1 and ctx.params[others[0]] is not None:
            # A single word is the first argument, as it is for every command; the other may stand in a file.
            ctx.params[first], ctx.params[others[0]] = (ctx.params[others[0]],), None
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the flags under the headings that their settings name, then a section per selected plugin."""
        sections: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row and not isinstance(parameter, click.Argument):
                sections[self._heading(parameter.name or "")].append(row)
        for heading, rows in sections.items():
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
        for kind in self.kinds:
            for choice in self._plugins(ctx, kind):
                format_plugin(formatter, kind, choice)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """While a line is completed behind `--kind.option`, this option is among the flags."""
        params = super().get_params(ctx)
        word = ctx.meta.get("last word", "")
        kind = word.removeprefix("--").partition(".")[0]
        if ctx.resilient_parsing and word.startswith(f"--{kind}.") and kind in self.kinds:
            params = [*params, *value_flags(kind, self._plugins(ctx, kind))]
        return params

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Completes flags, those of plugins among them: once they are chosen, or once their kind is written out."""
        items = super().shell_complete(ctx, incomplete)
        for kind in self.kinds:
            begun = incomplete.startswith(f"--{kind}.")
            if begun or (ctx.meta["chosen"][kind] and incomplete and f"--{kind}.".startswith(incomplete)):
                items += complete_flags(kind, self._plugins(ctx, kind), incomplete)
        return items

    def _heading(self, name: str) -> str:
        """The heading of a flag; those that every command has stand where runs are spoken of."""
        field = self.job_class.model_fields.get(self.kinds.get(name, name))
        declared = field.json_schema_extra if field else RUNNING
        return str(declared["group"]) if isinstance(declared, dict) else str(RUNNING["group"])

    def _plugins(self, ctx: click.Context, kind: str) -> list[PluginChoice]:
        """The plugins of a kind: those on the command line, else the job's own with the options that it gives them."""
        named = ctx.meta["chosen"][kind]
        if named == [NOTHING] and dispensable(self.job_class, kind):
            return []
        chosen = [PluginChoice(name=name) for name in named]
        return chosen or default_plugins(self.job_class, self.kinds[kind])

    def _run(self, **values: Any) -> None:
        context = click.get_current_context()
        job = make_job(self.job_class, context.meta["plugin options"], values)
        with listener_for(values["json_events"]) as listener:
            report = run_job(job, listener)
        if not values["json_events"]:
            click.echo("\n".join(report.lines()))


def _arguments(job_class: type[Job]) -> list[click.Parameter]:
    return [
        click.Argument(
            [name],
            required=False,
            nargs=-1 if (several := _takes_several(job_class, name)) else 1,
            metavar=f"{name.upper()}..." if several else name.upper(),
            default=None,
            shell_complete=_completion(job_class.model_fields[name].annotation),
        )
        for name in job_class.positional
    ]


def _takes_several(job_class: type[Job], name: str) -> bool:
    return get_origin(job_class.model_fields[name].annotation) is tuple


def _flags(job_class: type[Job], kinds: dict[str, str]) -> list[click.Parameter]:
    flags: list[click.Parameter] = [
        click.Option(
            [f"--{kind}"],
            multiple=True,
            metavar="NAME",
            help=_kind_help(kind, job_class, field),
        )
        for kind, field in kinds.items()
    ]
    own = job_class.model_fields.keys() - kinds.values() - set(job_class.positional)
    return flags + [_flag(name, field) for name, field in job_class.model_fields.items() if name in own]


def _kind_help(kind: str, job_class: type[Job], field: str) -> str:
    default = default_plugins(job_class, field)
    purpose = job_class.model_fields[field].description
    if purpose is None:
        purpose = f"The {kind} to use." + (" Give it several times for several." if KINDS[kind].several else "")
        if default and dispensable(job_class, kind):
            purpose += f" `{NOTHING}`: no {kind}."
    names = " ".join(choice.name.partition("@")[0] for choice in default)
    return purpose if "[default" in purpose else f"{purpose}  [default: {names or f'no {kind}'}]"


def _flag(name: str, field: FieldInfo) -> click.Option:
    flag, text = flag_of(name), (field.description or "") + _default_in_words(field)
    if field.annotation is bool:
        return click.Option([f"{flag}/--no-{flag[2:]}"], default=None, help=text)
    words = next((kind for kind in _kinds(field.annotation) if get_origin(kind) is Literal), None)
    if words and not _number(field.annotation):
        return click.Option([flag], type=click.Choice(get_args(words)), help=text)
    several = get_origin(field.annotation) is tuple
    return click.Option(
        [flag, name],
        metavar=_metavar(field.annotation),
        multiple=several,
        default=None,
        help=text,
        shell_complete=_completion(field.annotation),
    )


def _default_in_words(field: FieldInfo) -> str:
    """What stands behind a flag's help: that it is required, or its default, where the help does not say it."""
    if field.is_required():
        return "  [required]"
    default = field.get_default(call_default_factory=True)
    if default is None or default == () or isinstance(default, bool):
        return ""
    return f"  [default: {' '.join(map(str, default)) if isinstance(default, tuple) else default}]"


def _completion(annotation: Any) -> Any:
    """What completes a value: the shell, where it is a path."""
    return complete_path if Path in _kinds(annotation) else None


def _metavar(annotation: Any) -> str:
    names = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
    if number := _number(annotation):
        words = [word for kind in _kinds(annotation) if get_origin(kind) is Literal for word in get_args(kind)]
        return "|".join([names[number], *words])
    return next((names[kind] for kind in _kinds(annotation) if kind in names), "VALUE")


def _number(annotation: Any) -> Any:
    """The type of the number that a field may hold, if it may, with bounds or without."""
    return next((kind for kind in map(_bare, _kinds(annotation)) if kind in (int, float)), None)


def _bare(annotation: Any) -> Any:
    """A type without what stands beside it in `Annotated`."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """A field's type, and those of which it is made."""
    return (annotation, *get_args(annotation))


def _common_flags() -> list[click.Parameter]:
    return [
        click.Option(
            ["--config"],
            metavar="FILE",
            help="Settings in YAML; environment and flags go before them.",
            shell_complete=complete_path,
        ),
        click.Option(
            ["--json-events"],
            is_flag=True,
            help="Write the job's events as JSON lines instead of a progress bar.",
        ),
    ]


def _values_of(flag: str, args: list[str]) -> list[str]:
    """The values that a repeated flag has on a command line that is not yet parsed."""
    following = [after for word, after in pairwise(args) if word == flag]
    return following + [word.partition("=")[2] for word in args if word.startswith(f"{flag}=")]


def _split_plugin_options(kinds: dict[str, str], args: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Splits `--kind.option value` (or `=value`, or nothing for yes) from the other words."""
    options, rest, words = [], [], iter(range(len(args)))
    for index in words:
        word = args[index]
        path, has_value, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or path.partition(".")[0] not in kinds or "." not in path:
            rest.append(word)
            continue
        if not has_value:
            follows = index + 1 < len(args) and not args[index + 1].startswith("--")
            value = args[next(words)] if follows else "true"
        options.append((path, value))
    return options, rest
