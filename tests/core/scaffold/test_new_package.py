"""The packages that are made of the templates: complete, in order, published whole and never over anything."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import faceswap
from faceswap.core import kinds
from faceswap.core.cli.job_command import JobCommand
from faceswap.core.cli.main import COMMANDS, cli
from faceswap.core.errors import OutputError, PluginError
from faceswap.core.names import KINDS
from faceswap.core.scaffold import package as writer
from faceswap.core.scaffold import templates

ROOT = Path(__file__).resolve().parents[3]
ALL = [(kind, base) for kind in KINDS for base in templates.bases_of(kind)]


def every_command():
    """The commands of jobs, each with the words that call it."""
    for name in COMMANDS:
        command = cli.get_command(None, name)
        group = isinstance(command, click.Group)
        parts = (
            [((name, part), command.get_command(None, part)) for part in command.list_commands(None)] if group else []
        )
        yield from ((words, each) for words, each in [((name,), command), *parts] if isinstance(each, JobCommand))


@pytest.fixture
def make(tmp_path):
    def new(kind="blender", name="fresh-one", base=None):
        return writer.new_package(kind, name, tmp_path, base)

    return new


def test_feature_there_is_a_template_for_every_kind():
    folders = {path.name for path in Path(templates.__file__).with_name("templates").iterdir()}
    assert folders == {*KINDS, "package"}


@pytest.mark.parametrize(("kind", "base"), ALL)
def test_feature_bases_are_public_classes_of_the_kind(kind, base):
    assert base in faceswap.__all__
    assert issubclass(getattr(kinds, base), getattr(kinds, KINDS[kind].base))


def test_feature_templates_are_no_python_to_other_tools():
    files = [path for path in Path(templates.__file__).with_name("templates").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".tmpl", ".toml"}


@pytest.mark.parametrize(("kind", "base"), ALL)
def test_feature_the_package_is_complete(make, kind, base):
    made = make(kind, base=base)
    names = made.names
    stem = f"fresh-one-{kind}"
    module = f"faceswap_{stem.replace('-', '_')}"
    assert made.folder.name == f"faceswap-{stem}"
    files = {str(path.relative_to(made.folder)) for path in made.folder.rglob("*") if path.is_file()}
    assert files == {
        ".gitignore",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        f"{module}.py",
        f"tests/test_{module}.py",
    }
    assert set(made.files) == files
    project = tomllib.loads((made.folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == made.folder.name
    assert project["entry-points"] == {f"faceswap.{kind}": {"fresh-one": module}}
    tree = ast.parse((made.folder / f"{module}.py").read_text())
    (plugin,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    assert (plugin.name, ast.unparse(plugin.bases[0])) == (names.class_name, base)
    assert "parametrize_with_checks" in (made.folder / "tests" / f"test_{module}.py").read_text()


@pytest.mark.parametrize(("kind", "base"), ALL)
def test_feature_dependencies_are_what_the_module_imports(make, kind, base):
    made = make(kind, base=base)
    project = tomllib.loads((made.folder / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=]", word)[0] for word in project["dependencies"]}
    tree = ast.parse((made.folder / f"{made.names.module}.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert declared == imported - set(sys.stdlib_module_names)


@pytest.mark.parametrize(("kind", "base"), ALL)
def test_feature_nothing_is_left_to_fill_in(make, kind, base):
    for path in make(kind, base=base).folder.rglob("*.*"):
        assert path.is_dir() or "$" not in path.read_text(), path


@pytest.mark.parametrize(("kind", "base"), ALL)
def test_feature_the_command_that_it_names_takes_it(make, kind, base):
    made = make(kind, base=base)
    takers = {words: command for words, command in every_command() if kind in command.kinds}
    assert bool(made.use) == bool(takers)
    if made.use:
        program, *words = made.use.split()
        assert program == "faceswap"
        length = next(length for length in (1, 2) if tuple(words[:length]) in takers)
        context = takers[tuple(words[:length])].make_context(words[length - 1], words[length:])
        assert "fresh-one" in context.params[kind]
        assert made.use in (made.folder / "README.md").read_text()


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="needs the project's own rules")
def test_feature_the_code_keeps_the_projects_own_rules(make):
    made = [make(kind, f"name-{number}", base) for number, (kind, base) in enumerate(ALL)]
    folder = made[0].folder.parent
    rules = [f"--config={ROOT / 'pyproject.toml'}", "--no-cache", str(folder)]
    for words in (["check", "--extend-per-file-ignores=test_*.py:D", *rules], ["format", "--check", *rules]):
        ran = subprocess.run([sys.executable, "-m", "ruff", *words], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_error_a_kind_without_a_template(tmp_path, monkeypatch):
    monkeypatch.setattr(templates, "_FOLDER", tmp_path)
    with pytest.raises(PluginError, match="There is no template of a blender yet"):
        templates.chosen_base("blender", None)


def test_error_a_base_class_without_a_template(make):
    with pytest.raises(PluginError, match=r"base class 'CropBlendr'. Did you mean 'CropBlender'"):
        make(base="CropBlendr")


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_error_what_exists_is_left_alone(make, tmp_path, what):
    there = tmp_path / "faceswap-fresh-one-blender"
    if what == "folder":
        there.mkdir()
    elif what == "file":
        there.write_text("mine")
    else:
        there.symlink_to("nowhere")
    with pytest.raises(OutputError, match="faceswap-fresh-one-blender: it exists already, and nothing is overwritten"):
        make()
    assert [path.name for path in tmp_path.iterdir()] == [there.name]
    assert not there.is_dir() or not list(there.iterdir())


def test_error_a_parent_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match=r"the folder .*nowhere does not exist; make it first"):
        writer.new_package("blender", "fresh-one", tmp_path / "nowhere")


def test_error_a_failure_on_the_way_leaves_nothing(make, tmp_path, monkeypatch):
    def full(path, *arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="the disk is full"):
        make()
    assert list(tmp_path.iterdir()) == []


def test_error_a_folder_that_comes_up_meanwhile_is_not_replaced(make, tmp_path, monkeypatch):
    filled = writer.filled_files

    def slow(*arguments):
        theirs = tmp_path / "faceswap-fresh-one-blender"
        theirs.mkdir()
        (theirs / "theirs.txt").write_text("theirs")
        return filled(*arguments)

    monkeypatch.setattr(writer, "filled_files", slow)
    with pytest.raises(OutputError, match="exists already; nothing was changed"):
        make()
    (left,) = tmp_path.rglob("*.txt")
    assert left.read_text() == "theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_feature_the_first_base_is_taken(make):
    made = make("blender")
    assert "(CropBlender)" in (made.folder / f"{made.names.module}.py").read_text()
    shutil.rmtree(made.folder)
    again = make("blender", base="FrameBlender")
    assert "(FrameBlender)" in (again.folder / f"{made.names.module}.py").read_text()
