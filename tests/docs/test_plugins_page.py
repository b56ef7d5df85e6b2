"""What `docs/plugins.md` and the README show runs as it is printed, and says the same as the program."""

import inspect
import re
import sys
import tomllib
import types
from pathlib import Path

import pytest

from faceswap.core import names, run_hooks
from faceswap.core.host import Prepared
from faceswap.core.listeners import hooks_of
from faceswap.core.registry import Found
from faceswap.core.testing import common
from faceswap.core.testing.listener import whole_run
from faceswap.core.testing.suite import _SUITES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text()
EXAMPLE = ROOT / "examples" / "faceswap-example-detector"


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def without_blank_lines(code):
    return [line for line in code.splitlines() if line.strip()]


@pytest.fixture
def page_module(tmp_path, monkeypatch):
    """The page's Python, run from top to bottom as one module."""
    file = tmp_path / "the_page.py"
    file.write_text("\n".join(blocks(PAGE, "python")))
    module = types.ModuleType("the_page")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "the_page", module)
    exec(compile(file.read_text(), file, "exec"), module.__dict__)
    return module


def test_the_pages_python_runs(page_module):
    assert page_module.records
    assert page_module.CenterDetector.__module__ == "the_page"
    assert callable(page_module.faceswap_detector)


@pytest.mark.slow
def test_the_pages_tests_pass(tmp_path, fresh_python):
    file = tmp_path / "test_the_page.py"
    file.write_text("\n".join(blocks(PAGE, "python")))
    plugin = "faceswap.core.testing.pytest_plugin"
    arguments = ("-q", "-p", "no:cacheprovider", "-p", "no:faceswap", "-p", plugin, f"--rootdir={tmp_path}", str(file))
    ran = fresh_python("-m", "pytest", *arguments)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    # 25 checks for each of two detectors, and the test of the fixture; three checks have nothing to check.
    assert "45 passed, 6 skipped" in ran.stdout


@pytest.mark.parametrize("document", ["docs/plugins.md", "README.md"])
def test_the_printed_detector_is_the_example(document):
    printed = blocks((ROOT / document).read_text(), "python")[0]
    assert without_blank_lines(printed) == without_blank_lines((EXAMPLE / "faceswap_center.py").read_text())
    assert len(without_blank_lines(printed)) <= 30


def test_the_printed_metadata_is_the_examples():
    printed = tomllib.loads(blocks(PAGE, "toml")[0])
    real = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    assert printed["project"].items() <= real["project"].items()
    assert (printed["build-system"], printed["tool"]) == (real["build-system"], real["tool"])


def test_every_check_is_explained_in_its_own_words():
    rows = re.findall(r"^\| (\S+) \| `([a-z0-9-]+)` \| (.*) \|$", PAGE, re.MULTILINE)
    wanted = [("all", check.name, check.summary) for check in common.CHECKS]
    for base, _, checks in _SUITES:
        if base.__name__ != "SwapModel":  # Its one check is among those of trainable models.
            wanted += [(f"`{base.__name__}`", check.name, check.summary) for check in checks]
    assert rows == wanted


def test_every_kind_is_in_the_table():
    kinds = set(re.findall(r"^\| `([a-z]+)` \| `[A-Z]", PAGE, re.MULTILINE))
    assert kinds == set(names.KINDS)


def test_every_hook_of_listeners_is_explained_with_its_arguments():
    rows = re.findall(r"^\| `(faceswap_[a-z_]+)` \| (.*?) \| (.*) \|$", PAGE, re.MULTILINE)
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


def test_the_pages_listener_is_told_of_a_run(page_module, tmp_path, capsys):
    alarm = page_module.LossAlarm(page_module.LossAlarm.Options(limit=0.4))
    hooks = hooks_of(Prepared(Found("listener", "loss-alarm", "the_page", "page", "1.0"), alarm))
    for event in whole_run(tmp_path, "done"):
        getattr(hooks, event.hook)(**event.arguments())
    assert capsys.readouterr().out == "step 20: target is 0.500\n"
    assert page_module.faceswap_listener() is page_module.LossAlarm


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link


def test_the_examples_readme_names_files_that_are_there():
    text = (EXAMPLE / "README.md").read_text()
    for name in re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE):
        assert (EXAMPLE / name).is_file(), name


def test_no_line_of_the_page_is_too_long():
    assert [line for line in PAGE.splitlines() if len(line) > 125 and not line.startswith("|")] == []
