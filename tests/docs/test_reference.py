"""The generated pages say everything: each kind, hook, public name, command, plugin and option."""

import inspect
import re

import pytest

import faceswap
import faceswap.testing
from faceswap.core import hookspecs, kinds, run_hooks
from faceswap.core.cli.main import COMMANDS
from faceswap.core.names import BUILT_IN, KINDS
from faceswap.core.registry import select

HOOKS = [name for module in (hookspecs, run_hooks) for name in vars(module) if name.startswith("faceswap_")]


def shown(page):
    """The objects that a page shows with their docstrings, by their last name."""
    return {path.rpartition(".")[2] for path in re.findall(r"^::: (\S+)$", page, re.MULTILINE)}


def test_every_hook_is_in_the_reference(generated):
    assert set(HOOKS) == shown(generated["reference/hooks.md"])


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_docstring(name):
    assert inspect.getdoc(getattr(hookspecs, name, None) or getattr(run_hooks, name))


def test_every_public_name_is_in_the_reference(generated):
    pages = [generated[f"reference/{page}.md"] for page in ("kinds", "python", "testing")]
    objects = set().union(*map(shown, pages))
    # The contract's page shows its whole module; the marker of hooks is on the page of hooks.
    contract = {name for name in faceswap.__all__ if getattr(faceswap, name).__module__ == "faceswap.core.contract"}
    assert {*faceswap.__all__, *faceswap.testing.__all__} - objects - contract == {"hookimpl"}
    assert "faceswap.core.contract" in generated["reference/contract.md"]
    assert "`hookimpl`" in generated["reference/hooks.md"]


@pytest.mark.parametrize("name", [name for name in faceswap.__all__ if name != "hookimpl"])
def test_every_public_name_has_a_docstring(name):
    assert getattr(faceswap, name).__doc__


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_in_the_reference(kind, generated):
    page = generated["reference/kinds.md"]
    assert f"| `{kind}` | `{KINDS[kind].base}` | `faceswap.{kind}` | `faceswap_{kind}` |" in page
    assert KINDS[kind].base in shown(page)
    assert getattr(kinds, KINDS[kind].base).__doc__


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_the_reference(command, generated):
    section = generated["reference/commands.md"].partition(f"## faceswap {command}\n")[2].partition("\n## ")[0]
    assert f"Usage: faceswap {command}" in section


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, table in BUILT_IN.items() for name in table])
def test_every_plugin_and_option_is_in_the_reference(kind, name, generated):
    section = generated["reference/options.md"].partition(f"## {kind} `{name}`\n")[2].partition("\n## ")[0]
    options = select(kind, f"{name}@faceswap").plugin_class.Options.model_fields
    assert set(re.findall(r"^\| `([a-z0-9_]+)` ", section, re.MULTILINE)) == set(options)
    for field in options.values():
        assert field.description in section.replace("\\|", "|")
