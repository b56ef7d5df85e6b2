"""The wheel, the example and the broken packages, installed by pip side by side in an environment of their own."""

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from faceswap.core.names import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "faceswap-example-detector"
BROKEN = ROOT / "tests" / "broken_plugins"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="runs in a checkout only"),
]


@pytest.fixture(scope="module")
def environment(built, new_environment, tmp_path_factory):
    """The wheel, the example and all broken packages, installed together."""
    folder = tmp_path_factory.mktemp("thin")
    thin = new_environment(folder / "venv")
    # Building leaves files behind, which must not lie in the checkout.
    projects = [shutil.copytree(project, folder / project.name) for project in (EXAMPLE, *sorted(BROKEN.iterdir()))]
    thin.install(built[0], *projects)
    return thin


def test_the_wheel_holds_the_package_and_nothing_else(built):
    names = zipfile.ZipFile(built[0]).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"faceswap"}
    assert not [name for name in names if "/tests/" in name or "__pycache__" in name or name.endswith(".pyc")]
    assert {"faceswap/__init__.py", "faceswap/__main__.py", "faceswap/testing.py", "faceswap/py.typed"} <= set(names)


def test_the_wheel_holds_every_file_of_the_checkouts_package(built):
    names = set(zipfile.ZipFile(built[0]).namelist())
    members = [path for folder in ("core", "lib", "plugins") for path in (ROOT / folder).rglob("*") if path.is_file()]
    wanted = {f"faceswap/{path.relative_to(ROOT)}" for path in members if path.suffix != ".pyc"}
    assert "faceswap/core/scaffold/templates/package/.gitignore.tmpl" in wanted
    assert wanted - names == set()


def test_the_source_distribution_holds_the_tests_and_examples(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"faceswap.py", "hatch_build.py", "pyproject.toml", "tests/install/test_packages.py"}
    assert wanted | {"examples/faceswap-example-detector/faceswap_center.py"} <= names


def test_the_installed_package_is_not_the_checkout(environment, run):
    code = "import faceswap; print(faceswap.__file__)"
    for flags in ([], ["-P"], ["-I"]):
        said = run(environment.python, *flags, "-c", code, cwd="/").stdout.strip()
        assert Path(said).is_relative_to(environment.python.parents[1])


def test_module_and_console_script_say_the_same(environment, run):
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
        ("dlib-hog", "faceswap-clash"),
        *((name, "faceswap") for name in BUILT_IN["detector"]),
    }
    center = next(entry for entry in listed if entry["name"] == "center")
    assert center["summary"] == "Takes the middle of the picture for a face."
    assert "center" in environment.faceswap("plugins").stdout


def test_the_example_passes_the_suite(environment):
    said = environment.faceswap("plugins", "check", "detector", "center").stdout
    assert "PASSED" in said
    assert "FAILED" not in said


def test_the_example_is_selected_by_flag(environment, run, tmp_path):
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


def test_an_editable_installation_follows_the_checkout(run, new_environment, tmp_path):
    members = ("__init__.py", "__main__.py", "testing.py", "py.typed", "core", "plugins", "lib")
    extra = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
    checkout = tmp_path / "some checkout"
    checkout.mkdir()
    for name in (*members, *extra):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, checkout / name)
    thin = new_environment(tmp_path / "venv")
    thin.install("-e", checkout)
    (checkout / "lib" / "freshly_written.py").write_text("ANSWER = 42\n")
    code = "import faceswap.lib.freshly_written as fresh; print(fresh.ANSWER)"
    assert run(thin.python, "-c", code, cwd="/").stdout == "42\n"
    assert thin.faceswap("--version").stdout.startswith("faceswap ")
