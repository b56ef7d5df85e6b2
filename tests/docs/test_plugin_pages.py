"""What the pages for plugin authors and the README show is the same as in the program and in the example package."""

import inspect
import re
import tomllib

import pytest
from pages import EXAMPLE, blocks, run_page, text

from faceswap.core import names, run_hooks
from faceswap.core.host import Prepared
from faceswap.core.listeners import hooks_of
from faceswap.core.registry import Found
from faceswap.core.testing import common
from faceswap.core.testing.listener import whole_run
from faceswap.core.testing.suite import _SUITES

INDEX, TESTING, LISTENERS, PUBLISHING = (
    f"docs/plugins/{page}.md" for page in ("index", "testing", "listeners", "publishing")
)


def without_blank_lines(code):
    return [line for line in code.splitlines() if line.strip()]


@pytest.mark.parametrize("document", ["docs/plugins/detector.md", "README.md"])
def test_the_printed_detector_is_the_example(document):
    printed = blocks(document, "python")[0]
    assert without_blank_lines(printed) == without_blank_lines((EXAMPLE / "faceswap_center.py").read_text())
    assert len(without_blank_lines(printed)) <= 30


def test_the_printed_metadata_is_the_examples():
    printed = tomllib.loads(blocks(PUBLISHING, "toml")[0])
    real = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    assert printed["project"].items() <= real["project"].items()
    assert (printed["build-system"], printed["tool"]) == (real["build-system"], real["tool"])


def test_every_check_is_explained_in_its_own_words():
    rows = re.findall(r"^\| (\S+) \| `([a-z0-9-]+)` \| (.*) \|$", text(TESTING), re.MULTILINE)
    wanted = [("all", check.name, check.summary) for check in common.CHECKS]
    for base, _, checks in _SUITES:
        if base.__name__ != "SwapModel":  # Its one check is among those of trainable models.
            wanted += [(f"`{base.__name__}`", check.name, check.summary) for check in checks]
    assert rows == wanted


def test_every_kind_is_in_the_table():
    kinds = set(re.findall(r"^\| `([a-z]+)` \| `[A-Z]", text(INDEX), re.MULTILINE))
    assert kinds == set(names.KINDS)


def test_every_hook_of_listeners_is_explained_with_its_arguments():
    rows = re.findall(r"^\| `(faceswap_[a-z_]+)` \| (.*?) \| (.*) \|$", text(LISTENERS), re.MULTILINE)
    wanted = {
        (name, inspect.getdoc(spec).partition("\n")[0], _arguments(spec))
        for name, spec in vars(run_hooks).items()
        if name.startswith("faceswap_")
    }
    assert set(rows) == wanted
    assert len(rows) == len(wanted)


def _arguments(spec):
    """`step: int`, `losses: dict[str, float]`: all but those that every hook has."""
    found = {name: str(parameter.annotation) for name, parameter in inspect.signature(spec).parameters.items()}
    assert (found.pop("job"), found.pop("time")) == ("str", "float")
    return ", ".join(f"`{name}: {annotation.replace(' | ', ' or ')}`" for name, annotation in found.items())


def test_the_pages_listener_is_told_of_a_run(tmp_path, monkeypatch, capsys):
    page_module = run_page(LISTENERS, tmp_path, monkeypatch)
    alarm = page_module.LossAlarm(page_module.LossAlarm.Options(limit=0.4))
    hooks = hooks_of(Prepared(Found("listener", "loss-alarm", page_module.__name__, "page", "1.0"), alarm))
    for event in whole_run(tmp_path, "done"):
        getattr(hooks, event.hook)(**event.arguments())
    assert capsys.readouterr().out == "step 20: target is 0.500\n"
    assert page_module.faceswap_listener() is page_module.LossAlarm


def test_the_examples_readme_names_files_that_are_there():
    readme = (EXAMPLE / "README.md").read_text()
    for name in re.findall(r"^\| `([^`]+)` \|", readme, re.MULTILINE):
        assert (EXAMPLE / name).is_file(), name
