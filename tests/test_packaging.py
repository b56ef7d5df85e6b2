"""The root folder is the package: every way to start it, and what its installations are made of."""

import importlib.util
import multiprocessing
import operator
import os
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import faceswap

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]


def say(*arguments, cwd="/", **environment):
    """Runs Python with no import path from outside; returns its answer."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, *map(str, arguments)]
    ran = subprocess.run(
        command, cwd=cwd, env={**clean, **environment}, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture
def hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("flags", [(), ("-P",), ("-I",)], ids=" ".join)
def test_the_script_runs_from_anywhere(flags):
    assert say(*flags, ROOT / "faceswap.py", "--version").startswith("faceswap ")


def test_the_script_runs_in_a_folder_of_any_name(tmp_path):
    (tmp_path / "my clone").symlink_to(ROOT)
    assert say("-P", tmp_path / "my clone" / "faceswap.py", "--version").startswith("faceswap ")


def test_the_module_runs_from_the_checkout():
    assert say("-m", "faceswap", "--version", cwd=ROOT).startswith("faceswap ")


def test_the_checkout_can_be_imported():
    code = "import faceswap, faceswap.core.names; print(faceswap.__file__, faceswap.core.names.__name__)"
    assert say("-c", code, cwd=ROOT).split() == [str(ROOT / "__init__.py"), "faceswap.core.names"]


def test_the_console_script_leads_to_the_command_line():
    module, _, name = PROJECT["project"]["scripts"]["faceswap"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_the_pytest_plugin_leads_to_the_fixture():
    module = importlib.import_module(PROJECT["project"]["entry-points"]["pytest11"]["faceswap"])
    assert module.plugin_host.__doc__


def test_versions_agree():
    assert PROJECT["project"]["version"] == faceswap.__version__


def test_wheel_links_and_documentation_name_the_same_members(hook):
    assert set(hook.MEMBERS) == set(WHEEL["only-include"])
    assert WHEEL["sources"] == {"": "faceswap"}
    assert all((ROOT / member).exists() for member in hook.MEMBERS)


def test_every_python_file_of_the_package_lies_in_a_member(hook):
    outside = {"tests", "examples", "docs", "build", "dist"}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert {name for name in folders - outside if not name.startswith((".", "venv"))} <= set(hook.MEMBERS)


def test_links_make_the_checkout_importable(hook, tmp_path):
    """As an editable installation does: its `.pth` names the folder of links."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for member in hook.MEMBERS:
        (folder / member).symlink_to(ROOT / member)
    hook.lay_links(folder)
    hook.lay_links(folder)
    links = folder / "build" / "links"
    assert {path.name for path in (links / "faceswap").iterdir()} == set(hook.MEMBERS)
    code = "import faceswap.testing, faceswap.lib.errors as errors; print(errors.__name__, faceswap.__file__)"
    name, file = say("-P", "-c", code, PYTHONPATH=str(links)).split()
    assert (name, file) == ("faceswap.lib.errors", str(links / "faceswap" / "__init__.py"))
    assert say("-P", "-m", "faceswap", "--version", PYTHONPATH=str(links)).startswith("faceswap ")


def test_links_are_laid_for_editable_installations_only(hook, tmp_path):
    builder = hook.LinksHook(str(tmp_path), {}, None, None, str(tmp_path), "wheel")
    builder.initialize("standard", {})
    assert not (tmp_path / "build").exists()
    builder.initialize("editable", {})
    assert (tmp_path / "build" / "links" / "faceswap").is_dir()


def test_editable_installations_look_where_the_links_are(hook, tmp_path):
    hook.lay_links(tmp_path)
    (links,) = PROJECT["tool"]["hatch"]["build"]["dev-mode-dirs"]
    assert (tmp_path / links / "faceswap").is_dir()
    assert PROJECT["tool"]["mypy"]["mypy_path"] == links


def test_a_spawned_worker_imports_the_package():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        # What a worker is to call must be found without the tests: they are not on its import path.
        assert pool.apply(operator.attrgetter("__module__"), (faceswap.Detections,)) == "faceswap.core.contract"


SPAWNING = """
import multiprocessing, sys
from importlib import import_module
{load}

def main():
    registry = import_module("faceswap.core.registry")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(registry.find, ("detector", "dlib-hog"))
    print(found.label, type(found).__module__)

if __name__ == "__main__":
    main()
"""


def test_a_spawned_worker_of_the_script_finds_the_package(tmp_path):
    """A worker runs the parent's script again, under another name and without the parent's import path."""
    script = (ROOT / "faceswap.py").read_text().partition('if __name__ == "__main__":')[0]
    script = script.replace("Path(__file__).resolve().parent", f"Path({str(ROOT)!r})")
    (tmp_path / "started.py").write_text(SPAWNING.format(load=script))
    assert say("-P", tmp_path / "started.py") == "detector 'dlib-hog' faceswap.core.registry\n"


def test_public_records_travel_to_a_worker_and_back():
    import numpy as np

    found = faceswap.Detections(np.ones((1, 4), np.float32), np.ones(1, np.float32))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        again = pool.apply(operator.itemgetter(0), ([found],))
    assert np.array_equal(again.boxes, found.boxes)


def test_public_classes_pickle_by_the_packages_name():
    for name in ("Detections", "CropSpec", "CropPatch", "FramePatch", "FaceBatch", "Player", "IdentityBatch"):
        value = getattr(faceswap, name)
        assert value.__module__.startswith("faceswap."), name
        assert pickle.loads(pickle.dumps(value)) is value
