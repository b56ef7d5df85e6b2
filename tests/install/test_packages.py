"""The wheel, the example and the broken packages, installed by pip side by side in an environment of their own.

The environment holds nothing else: it sees the dependencies of the running one through a `.pth` file.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "faceswap-example-detector"
BROKEN = ROOT / "tests" / "broken_plugins"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="runs in a checkout only"),
]


def run(*command, cwd=None, code=0, **environment):
    """Runs a command that must end with an exit code; returns what it printed."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FACESWAP_NO_PLUGINS")}
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**clean, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == code, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist of the checkout, and the wheel that is built from it."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


def _holds_packages(folder):
    return Path(folder).name in ("site-packages", "dist-packages")


class Environment:
    """A virtual environment without dependencies of its own."""

    def __init__(self, folder):
        venv.create(folder, with_pip=False)
        self.python, self.scripts = folder / "bin" / "python", folder / "bin"
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "dependencies.pth").write_text("\n".join(filter(_holds_packages, sys.path)) + "\n")

    def install(self, *projects):
        """Installs projects with pip, without looking at an index."""
        # What lies in the dependencies' environment, this package among it, does not count as installed here.
        flags = ("--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed", "--quiet")
        run(self.python, "-m", "pip", "install", "--disable-pip-version-check", *flags, *projects)

    def pytest(self, folder):
        """Runs the tests in a folder that lies outside of the checkout; returns what pytest said."""
        flags = ("-q", "-p", "no:cacheprovider", "--rootdir", folder)
        return run(self.python, "-P", "-m", "pytest", *flags, folder).stdout

    def faceswap(self, *arguments, code=0, **environment):
        """Runs the console script."""
        return run(self.scripts / "faceswap", *arguments, code=code, cwd="/", **environment)


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """The wheel, the example and all broken packages, installed together."""
    folder = tmp_path_factory.mktemp("thin")
    thin = Environment(folder / "venv")
    # Building leaves files behind, which must not lie in the checkout.
    projects = [shutil.copytree(project, folder / project.name) for project in (EXAMPLE, *sorted(BROKEN.iterdir()))]
    thin.install(built[0], *projects)
    return thin


def test_the_wheel_holds_the_package_and_nothing_else(built):
    names = zipfile.ZipFile(built[0]).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"faceswap"}
    assert not [name for name in names if "/tests/" in name or "__pycache__" in name or name.endswith(".pyc")]
    assert {"faceswap/__init__.py", "faceswap/__main__.py", "faceswap/testing.py", "faceswap/py.typed"} <= set(names)


def test_the_wheel_holds_every_module_of_the_checkout(built):
    names = set(zipfile.ZipFile(built[0]).namelist())
    members = [path for folder in ("core", "lib", "plugins") for path in (ROOT / folder).rglob("*.py")]
    assert {f"faceswap/{path.relative_to(ROOT)}" for path in members} - names == set()


def test_the_source_distribution_holds_the_tests_and_examples(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"faceswap.py", "hatch_build.py", "pyproject.toml", "tests/install/test_packages.py"}
    assert wanted | {"examples/faceswap-example-detector/faceswap_center.py"} <= names


def test_the_installed_package_is_not_the_checkout(environment):
    code = "import faceswap; print(faceswap.__file__)"
    for flags in ([], ["-P"], ["-I"]):
        said = run(environment.python, *flags, "-c", code, cwd="/").stdout.strip()
        assert Path(said).is_relative_to(environment.python.parents[1])


def test_module_and_console_script_say_the_same(environment):
    version = environment.faceswap("--version").stdout
    assert version.startswith("faceswap ")
    assert run(environment.python, "-m", "faceswap", "--version", cwd="/").stdout == version


def test_all_plugins_are_listed(environment):
    listed = json.loads(environment.faceswap("plugins", "--json").stdout)
    detectors = {(entry["name"], entry["package"]) for entry in listed if entry["kind"] == "detector"}
    assert detectors == {
        ("broken-exit", "faceswap-broken-exit"),
        ("broken-import", "faceswap-broken-import"),
        ("center", "faceswap-example-detector"),
        ("dlib-hog", "faceswap"),
        ("dlib-hog", "faceswap-clash"),
        ("mtcnn", "faceswap"),
    }
    center = next(entry for entry in listed if entry["name"] == "center")
    assert center["summary"] == "Takes the middle of the picture for a face."
    assert "center" in environment.faceswap("plugins").stdout


def test_the_example_passes_the_suite(environment):
    said = environment.faceswap("plugins", "check", "detector", "center").stdout
    assert "PASSED" in said
    assert "FAILED" not in said


def test_the_example_is_selected_by_flag(environment, tmp_path):
    """It finds the face in the middle of a portrait; nothing broken was selected, so nothing breaks."""
    make = (
        "import sys, cv2; from faceswap.core.testing.samples import portrait\n"
        "cv2.imwrite(sys.argv[1], portrait().image[..., ::-1])"
    )
    run(environment.python, "-c", make, tmp_path / "portrait.png", cwd="/")
    flags = ("--detector", "center", "--detector.share", "0.4", "--aligner", "dlib-5", "--masker", "ellipse")
    said = environment.faceswap("extract", tmp_path / "portrait.png", tmp_path / "faces", *flags)
    assert "faces: 1" in said.stdout
    wrong = environment.faceswap(
        "extract", tmp_path / "portrait.png", tmp_path / "more", "--detector", "center", "--detector.shar", "1", code=2
    )
    assert "detector 'center' has no option 'shar'. Did you mean 'share'?" in wrong.stderr


def test_a_clash_is_settled_by_the_package(environment):
    for package in ("faceswap", "faceswap-clash"):
        said = environment.faceswap("plugins", "info", "detector", f"dlib-hog@{package}").stdout
        assert said.startswith(f"detector 'dlib-hog' from {package} ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "broken-import",
            "detector 'broken-import' from faceswap-broken-import 0.1 could not be loaded: "
            "ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
        ),
        (
            "broken-exit",
            "detector 'broken-exit' from faceswap-broken-exit 0.2 could not be loaded: SystemExit: None",
        ),
        (
            "dlib-hog",
            "detector 'dlib-hog' is offered by faceswap 0.1.0 and faceswap-clash 0.3. "
            "Say which: --detector dlib-hog@faceswap or --detector dlib-hog@faceswap-clash.",
        ),
    ],
)
def test_a_broken_plugin_says_in_one_line_why(environment, name, message):
    for command in ("info", "check"):
        assert environment.faceswap("plugins", command, "detector", name, code=2).stderr == f"Error: {message}\n"


def test_other_packages_can_be_hidden(environment):
    for arguments, variables in ((["--no-plugins"], {}), ([], {"FACESWAP_NO_PLUGINS": "1"})):
        listed = json.loads(environment.faceswap(*arguments, "plugins", "--json", **variables).stdout)
        assert {entry["package"] for entry in listed} == {"faceswap"}


def test_the_example_passes_its_own_tests(environment, tmp_path):
    tests = shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    said = environment.pytest(tests)
    assert " passed" in said
    assert "failed" not in said


def test_the_pytest_plugin_comes_with_the_wheel(environment, tmp_path):
    (tmp_path / "test_it.py").write_text(
        "from faceswap_center import CenterDetector\n"
        "def test_host(plugin_host):\n"
        "    assert {found.package for found in plugin_host.discover()} == {'faceswap'}\n"
        "    assert plugin_host.load(CenterDetector, share='0.3').options.share == 0.3\n"
    )
    assert "1 passed" in environment.pytest(tmp_path)


def test_an_editable_installation_follows_the_checkout(tmp_path):
    members = ("__init__.py", "__main__.py", "testing.py", "py.typed", "core", "plugins", "lib")
    extra = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
    checkout = tmp_path / "some checkout"
    checkout.mkdir()
    for name in (*members, *extra):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, checkout / name)
    thin = Environment(tmp_path / "venv")
    thin.install("-e", checkout)
    (checkout / "lib" / "freshly_written.py").write_text("ANSWER = 42\n")
    code = "import faceswap.lib.freshly_written as fresh; print(fresh.ANSWER)"
    assert run(thin.python, "-c", code, cwd="/").stdout == "42\n"
    assert thin.faceswap("--version").stdout.startswith("faceswap ")
