"""Help of the commands over jobs: it begins with examples that could be typed, and groups all flags under headings."""

from __future__ import annotations

import re
import shlex
from functools import cache

import click
import pytest
from click.testing import CliRunner

from faceswap.core.cli.assemble import command as assemble
from faceswap.core.cli.clean import command as clean
from faceswap.core.cli.convert import command as convert
from faceswap.core.cli.demo import command as demo
from faceswap.core.cli.evaluate.faces import command as evaluate_faces
from faceswap.core.cli.evaluate.swap import command as evaluate_swap
from faceswap.core.cli.extract import command as extract
from faceswap.core.cli.frames import command as frames
from faceswap.core.cli.generate import command as generate
from faceswap.core.cli.job_command import JobCommand
from faceswap.core.cli.main import cli
from faceswap.core.cli.preview import command as preview
from faceswap.core.cli.swap import command as swap
from faceswap.core.cli.train import command as train
from faceswap.core.jobs.groups import HEADINGS

COMMANDS = [
    *(assemble, clean, convert, demo, evaluate_faces, evaluate_swap),
    *(extract, frames, generate, preview, swap, train),
]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.job_class.command)


@cache
def helped(command: JobCommand) -> str:
    return CliRunner().invoke(command, ["--help"], prog_name="faceswap").output


def sections(command: JobCommand) -> dict[str, list[str]]:
    """The flags under each heading."""
    found: dict[str, list[str]] = {}
    for line in helped(command).splitlines():
        if heading := re.fullmatch(r"(\S.*):", line):
            found[heading[1]] = []
        elif found and (flag := re.match(r"  (?:-\w, )?(--[\w.-]+)", line)):
            found[list(found)[-1]].append(flag[1])
    return found


@each_command
def test_every_flag_stands_under_a_heading_that_its_setting_names(command):
    found = {name: flags for name, flags in sections(command).items() if not name.startswith("Options of ")}
    assert list(found) == [heading for heading in HEADINGS if heading in found]
    shown = [flag for flags in found.values() for flag in flags]
    own = [parameter.opts[0] for parameter in command.params if isinstance(parameter, click.Option)]
    assert sorted(shown) == sorted([*own, "--help"])
    fields = command.job_class.model_fields
    settings = [name for name in fields if name not in command.job_class.positional]
    assert [name for name in settings if not fields[name].json_schema_extra] == []
    assert {"--json-events", "--help"} <= set(found["How it runs"])


def test_what_belongs_together_stands_together():
    found = sections(convert)
    assert found["Which model"] == ["--model-dir", "--checkpoint"]
    assert found["How faces are blended"] == ["--blender", "--mask", "--smooth", "--shots"]
    assert found["What it says of itself"] == ["--provenance", "--sign-with", "--consent"]
    assert {"--detector", "--min-face", "--refeed"} <= set(found["How faces are found"])


def test_a_schema_tells_the_headings_too():
    """A form in a page groups settings as help does."""
    properties = convert.job_class.model_json_schema()["properties"]
    assert (properties["crf"]["group"], properties["shots"]["group"]) == ("What is written", "How faces are blended")


@each_command
def test_help_begins_with_examples_that_can_be_typed(command):
    _, summary, told, *_ = re.split(r"\n\s*\n", helped(command))
    heading, *lines = told.splitlines()
    assert len(summary.splitlines()) <= 2 and heading.strip() == "Example:"
    examples = " ".join(line.strip() for line in lines).replace("\\ ", "").split("faceswap ")[1:]
    assert 1 <= len(examples) <= 2
    for example in examples:
        group: click.Command = cli
        words = shlex.split(example)
        while isinstance(group, click.Group):
            group = group.get_command(click.Context(group), words.pop(0))
        with group.make_context("faceswap", words) as context:
            given = [context.params[name] for name in group.job_class.positional]
        assert all(given), example
