"""Plugins of other packages: listed, selectable, and harmless when they are broken.

Packages are installed as pip leaves them, as modules beside a `.dist-info` folder; `tests/install` does it with pip.
"""

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from faceswap.core.bench.startup import install_packages

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[1] / "examples" / "faceswap-example-detector"
CENTER = "center@faceswap-example-detector"  # Whoever follows the README has a `center` of their own.
BROKEN = HERE.parent / "broken_plugins"

DETECTOR = '''
"""A detector of a test."""
from faceswap import Detections, Detector, hookimpl
FACESWAP_CONTRACT = 1
class Plain(Detector):
    def detect(self, images):
        return [Detections.none() for _ in images]
@hookimpl
def faceswap_detector():
    return Plain
'''


class Site:
    """A folder on the import path into which packages are installed."""

    def __init__(self, folder, fresh_python):
        self.folder, self._python = folder, fresh_python

    def install_project(self, project):
        """Installs a one-module project from its folder."""
        settings = tomllib.loads((project / "pyproject.toml").read_text())["project"]
        for module in project.glob("*.py"):
            shutil.copy(module, self.folder)
        self.record(settings["name"], settings["version"], settings["entry-points"])

    def install(self, name, source, version="1.0", package=None, kind="detector"):
        """Installs a package with one plugin whose module has the given source."""
        package = package or f"package-{name}"
        module = package.replace("-", "_").lower()
        (self.folder / f"{module}.py").write_text(source)
        self.record(package, version, {f"faceswap.{kind}": {name: module}})

    def record(self, package, version, groups):
        info = self.folder / f"{package.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        lines = [
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines))

    def run(self, *arguments, **environment):
        """Runs `faceswap` with arguments, in a process that sees the folder."""
        path = os.pathsep.join([str(self.folder), *(entry for entry in sys.path if entry)])
        return self._python("-m", "faceswap", *arguments, PYTHONPATH=path, COLUMNS="200", **environment)

    def fails(self, *arguments, **environment):
        """Runs `faceswap`, which must end with one line for the user; returns it."""
        ran = self.run(*arguments, **environment)
        assert ran.returncode == 2, ran.stdout + ran.stderr
        assert ran.stdout == ""
        assert ran.stderr.count("\n") == 1, ran.stderr
        return ran.stderr.strip()

    def listed(self, *arguments, **environment):
        """What `faceswap plugins --json` says, by name and package."""
        ran = self.run(*arguments, "plugins", "--json", **environment)
        assert ran.returncode == 0, ran.stderr
        return {(entry["name"], entry["package"]): entry for entry in json.loads(ran.stdout)}


@pytest.fixture
def site(tmp_path, fresh_python):
    return Site(tmp_path, fresh_python)


@pytest.fixture
def crowded(site):
    """The example and all broken packages, together."""
    for project in (EXAMPLE, *sorted(BROKEN.iterdir())):
        site.install_project(project)
    return site


def test_all_are_listed_and_none_is_imported(crowded):
    listed = crowded.listed()
    assert listed["center", "faceswap-example-detector"] == {
        "kind": "detector",
        "name": "center",
        "package": "faceswap-example-detector",
        "version": "1.0.0",
        "summary": "Takes the middle of the picture for a face.",
        "weights": [],
    }
    assert listed["broken-import", "faceswap-broken-import"]["summary"] == "Needs a module that is not there."
    assert listed["broken-exit", "faceswap-broken-exit"]["summary"] == "Ends the program when it is imported."
    assert listed["dlib-hog", "faceswap-clash"]["version"] == "0.3"
    assert ("dlib-hog", "faceswap") in listed


def test_two_hundred_packages_are_all_listed(site):
    install_packages(site.folder, 200)
    listed = site.listed()
    ours = {key: entry for key, entry in listed.items() if entry["package"].startswith("some-detector-")}
    assert set(ours) == {(f"some-{number}", f"some-detector-{number}") for number in range(200)}
    assert {entry["version"] for entry in ours.values()} == {"1.0"}
    assert all(entry["summary"] for entry in ours.values())
    assert ("dlib-hog", "faceswap") in listed


def test_the_example_is_selectable_beside_the_broken_ones(crowded):
    ran = crowded.run("plugins", "info", "detector", CENTER)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "--detector.share" in ran.stdout
    assert "Side of the box, as a share of the picture's shorter side." in ran.stdout


def test_the_example_passes_the_suite(crowded):
    ran = crowded.run("plugins", "check", "detector", CENTER, "--json")
    report = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stdout
    assert report["passed"]
    assert (report["kind"], report["name"], report["package"]) == ("detector", "center", "faceswap-example-detector")
    assert report["backends"] == []
    assert report["costs"]["item_seconds"].keys() == {"1", "16"}
    records = report["records"]
    assert [record["check"] for record in records if record["status"] == "failed"] == []
    skipped = {record["check"] for record in records if record["status"] == "skipped"}
    assert skipped == {"scores-sorted", "landmarks-match-scheme", "landmarks-in-box"}
    assert len(records) == 25


def test_a_failing_plugin_makes_the_command_fail(site):
    site.install("blind", DETECTOR)
    ran = site.run("plugins", "check", "detector", "blind")
    assert ran.returncode == 1
    failed = [line for line in ran.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1
    assert ran.stdout.splitlines()[-1].startswith("NOT PASSED: ")
    assert "finds-face" in failed[0]
    assert "Received: no box" in failed[0]


def test_built_in_plugins_work_beside_the_broken_ones(crowded):
    assert crowded.run("plugins", "info", "detector", "mtcnn").returncode == 0
    assert crowded.run("--help").returncode == 0


BROKEN_LINES = {
    "broken-import": "Error: detector 'broken-import' from faceswap-broken-import 0.1 could not be loaded: "
    "ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    "broken-exit": "Error: detector 'broken-exit' from faceswap-broken-exit 0.2 could not be loaded: SystemExit: None",
    "dlib-hog": "Error: detector 'dlib-hog' is offered by faceswap 0.1.0 and faceswap-clash 0.3. "
    "Say which: --detector dlib-hog@faceswap or --detector dlib-hog@faceswap-clash.",
}


@pytest.mark.parametrize("command", ["info", "check"])
@pytest.mark.parametrize("name", BROKEN_LINES)
def test_a_broken_one_says_in_one_line_why(crowded, name, command):
    assert crowded.fails("plugins", command, "detector", name) == BROKEN_LINES[name]


@pytest.mark.parametrize(
    ("asked", "headline"),
    [
        ("dlib-hog@faceswap", "detector 'dlib-hog' from faceswap 0.1.0"),
        ("dlib-hog@faceswap-clash", "detector 'dlib-hog' from faceswap-clash 0.3"),
        ("dlib-hog@FaceSwap_Clash", "detector 'dlib-hog' from faceswap-clash 0.3"),
        ("center@faceswap-example-detector", "detector 'center' from faceswap-example-detector 1.0.0"),
    ],
)
def test_the_package_settles_a_clash(crowded, asked, headline):
    ran = crowded.run("plugins", "info", "detector", asked)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(headline)


def test_a_package_that_does_not_offer_the_name_is_an_error(crowded):
    line = crowded.fails("plugins", "info", "detector", "center@faceswap-clash")
    assert line.startswith("Error: There is no detector 'center@faceswap-clash'.")


@pytest.mark.parametrize("how", ["environment", "flag"])
def test_other_packages_can_be_hidden(crowded, how):
    flags, environment = ([], {"FACESWAP_NO_PLUGINS": "1"}) if how == "environment" else (["--no-plugins"], {})
    listed = crowded.listed(*flags, **environment)
    assert {package for _, package in listed} == {"faceswap"}
    line = crowded.fails(*flags, "plugins", "info", "detector", "center", **environment)
    assert line.startswith("Error: There is no detector 'center'.")
    assert crowded.run(*flags, "plugins", "info", "detector", "dlib-hog", **environment).returncode == 0


def test_hiding_can_be_switched_off(crowded):
    assert ("center", "faceswap-example-detector") in crowded.listed(FACESWAP_NO_PLUGINS="0")


CHANGED = {
    "newer contract": (
        ("FACESWAP_CONTRACT = 1", "FACESWAP_CONTRACT = 99"),
        "it speaks contract 99, this host 1; upgrade faceswap",
    ),
    "older contract": (
        ("FACESWAP_CONTRACT = 1", "FACESWAP_CONTRACT = 0"),
        "it speaks contract 0, this host 1; upgrade package-odd",
    ),
    "no contract": (("FACESWAP_CONTRACT = 1", ""), "package_odd does not say `FACESWAP_CONTRACT = 1`"),
    "contract in words": (("= 1", "= 'one'"), "package_odd does not say `FACESWAP_CONTRACT = 1`"),
    "misspelt hook": (
        ("def faceswap_detector", "def faceswap_detektor"),
        "could not be loaded: unknown hook 'faceswap_detektor'. Did you mean 'faceswap_detector'?",
    ),
    "hook without mark": (
        ("@hookimpl", ""),
        "package_odd has no hook `faceswap_detector`; mark the function of that name with `@hookimpl`",
    ),
    "hook of another kind": (
        ("def faceswap_detector", "def faceswap_masker"),
        "package_odd has no hook `faceswap_detector`",
    ),
    "no class": (("return Plain", "return Plain()"), "its hook must return a subclass of Detector. Received: <"),
    "nothing": (("return Plain", "return None"), "package_odd has no hook `faceswap_detector`"),
    "class of another kind": (
        ("Detector", "Masker"),
        "its hook must return a subclass of Detector. Received: <class 'package_odd.Plain'>",
    ),
    "hook that raises": (("return Plain", "raise KeyError('x')"), "KeyError: 'x'"),
    "syntax error": (("class Plain", "clas Plain"), "SyntaxError: invalid syntax"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_plugin_that_does_not_keep_the_rules_says_which(site, case):
    (right, wrong), words = CHANGED[case]
    source = DETECTOR.replace(right, wrong)
    assert source != DETECTOR
    site.install("odd", source)
    line = site.fails("plugins", "info", "detector", "odd")
    assert line.startswith("Error: detector 'odd' from package-odd 1.0 could not be loaded: ")
    assert words in line


def test_an_older_contract_within_reach_is_accepted(fresh_python, site):
    """The host accepts the current and the previous version; seen with a host that is one version ahead."""
    site.install("odd", DETECTOR)
    code = (
        "from faceswap.core import registry\n"
        "registry.CONTRACT_VERSION = 2\n"
        "print(registry.select('detector', 'odd').plugin_class.__name__)"
    )
    path = os.pathsep.join([str(site.folder), *(entry for entry in sys.path if entry)])
    assert fresh_python("-c", code, PYTHONPATH=path).stdout.strip() == "Plain"


def test_one_module_may_stand_under_two_names(site):
    site.install("first", DETECTOR, package="twice")
    site.record("another", "1.0", {"faceswap.detector": {"second": "twice"}})
    for name in ("first", "second"):
        assert site.run("plugins", "info", "detector", name).returncode == 0


def test_an_unknown_name_is_answered_with_a_suggestion(crowded):
    assert "Did you mean 'center'?" in crowded.fails("plugins", "info", "detector", "centre")


def test_an_unknown_kind_is_answered_with_a_suggestion(crowded):
    line = crowded.fails("plugins", "info", "detektor", "center")
    assert line == "Error: There is no plugin kind 'detektor'. Did you mean 'detector'?"


class TestDamagedMetadata:
    """What interrupted installations leave behind harms nobody else."""

    def test_no_metadata_file(self, site):
        site.install("lost", DETECTOR)
        (site.folder / "package_lost-1.0.dist-info" / "METADATA").unlink()
        assert ("lost", "unknown") in site.listed()

    def test_metadata_whose_description_names_other_things(self, site):
        site.install("found", DETECTOR)
        metadata = site.folder / "package_found-1.0.dist-info" / "METADATA"
        metadata.write_bytes(b"name: Package-Found\r\nVERSION:  1.0.post1 \r\n\r\nName: other\r\nVersion: 9\r\n")
        assert site.listed()["found", "Package-Found"]["version"] == "1.0.post1"

    def test_metadata_without_a_version(self, site):
        site.install("lost", DETECTOR)
        (site.folder / "package_lost-1.0.dist-info" / "METADATA").write_text("Name: package-lost\n")
        assert site.listed()["lost", "package-lost"]["version"] == "0"

    def test_entry_points_that_are_none(self, crowded):
        crowded.install("lost", DETECTOR)
        (crowded.folder / "package_lost-1.0.dist-info" / "entry_points.txt").write_text("[faceswap.detector]\nlost\n")
        assert ("center", "faceswap-example-detector") in crowded.listed()

    @pytest.mark.parametrize("module", ["", "a b", "package_odd:Plain", "..", "os"])
    def test_entry_points_that_lead_nowhere(self, site, module):
        site.record("package-odd", "1.0", {"faceswap.detector": {"odd": module}})
        assert ("odd", "package-odd") in site.listed()
        assert " could not be loaded: " in site.fails("plugins", "info", "detector", "odd")

    def test_a_package_that_lies_twice_on_the_path_counts_once(self, site, tmp_path_factory):
        site.install("double", DETECTOR)
        other = tmp_path_factory.mktemp("other")
        shutil.copytree(site.folder, other, dirs_exist_ok=True)
        (other / "package_double-1.0.dist-info").rename(other / "package_double-0.9.dist-info")
        code = "from faceswap.core.registry import find; print(find('detector', 'double').origin)"
        path = os.pathsep.join([str(site.folder), str(other), *(entry for entry in sys.path if entry)])
        assert site._python("-c", code, PYTHONPATH=path).stdout.strip() == "package-double 1.0"


def test_a_default_is_the_built_in_plugin_whoever_else_offers_its_name(site, tmp_path):
    site.install_project(BROKEN / "clash")
    line = site.fails("extract", str(tmp_path / "nowhere.mp4"), str(tmp_path / "faces"))
    assert "nowhere.mp4" in line
    assert "dlib-hog" in site.fails(
        "extract", str(tmp_path / "nowhere.mp4"), str(tmp_path / "faces"), "--detector", "dlib-hog"
    )


LISTENER = '''
"""Says what is said."""
from faceswap import Listener, hookimpl
FACESWAP_CONTRACT = 1
class Parrot(Listener):
    class Options(Listener.Options):
        times: int = 1
    @hookimpl
    def faceswap_run_started(self, command):
        print(command)
@hookimpl
def faceswap_listener():
    return Parrot
'''


@pytest.mark.slow
def test_a_listener_of_another_package_is_listed_and_explained(site):
    site.install("parrot", LISTENER, kind="listener")
    assert site.listed()["parrot", "package-parrot"]["summary"] == "Says what is said."
    ran = site.run("plugins", "info", "listener", "parrot")
    assert ran.returncode == 0, ran.stderr
    assert "--listener.parrot.times" in ran.stdout
    assert "faceswap_run_started" in ran.stdout
    assert site.run("plugins", "check", "listener", "parrot").returncode == 0


def test_an_unknown_listener_is_answered_with_a_suggestion(site, tmp_path):
    site.install("parrot", LISTENER, kind="listener")
    line = site.fails("extract", str(tmp_path / "a.mp4"), str(tmp_path / "faces"), "--listener", "parot")
    assert line.startswith("Error: There is no listener 'parot'. Did you mean 'parrot'?")
