"""The suite's ways in: the function, the decorator, the isolated process; expected failures and light imports."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from specimens import blenders, detectors

import faceswap.testing
from faceswap.core.errors import PluginError
from faceswap.core.testing.checks import check_plugin, iterate_checks, to_json
from faceswap.core.testing.isolated import run_checks_isolated
from faceswap.core.testing.samples import Sample, portrait
from faceswap.testing import CheckRecord, parametrize_with_checks


def status(records):
    return {record.check: record.status for record in records}


def only(*names):
    return lambda name: name in names


def test_the_public_door_offers_what_the_documentation_says():
    assert faceswap.testing.check_plugin is check_plugin
    assert set(faceswap.testing.__all__) == {"CheckRecord", "Sample", "check_plugin", "parametrize_with_checks"}


def test_check_plugin_runs_light_import_and_all_others():
    records = check_plugin(detectors.Right)
    assert status(records) == dict.fromkeys(status(records), "passed")
    assert "light-import" in status(records)
    assert {record.plugin for record in records} == {"detector 'Right'"}


def test_a_plugin_object_is_checked_with_its_options():
    # At this share the boxes are too small to be called a find.
    small = detectors.Right(detectors.Right.Options(share=0.1))
    runs = [iterate_checks(target, before=only("finds-face")) for target in (detectors.Right, small)]
    assert [record.status for records in runs for record in records] == ["passed", "failed"]


def test_an_installed_plugin_is_checked_by_its_name(no_third_party):
    records = list(iterate_checks(("blender", "alpha"), before=only("face-arrives")))
    assert records == [CheckRecord("blender 'alpha'", "face-arrives", "passed")]


def test_an_unknown_plugin_is_an_error(no_third_party):
    with pytest.raises(PluginError, match=r"There is no blender 'alpa'\. Did you mean 'alpha'"):
        check_plugin(("blender", "alpa"))


@pytest.mark.parametrize("target", [int, "alpha", None])
def test_what_is_no_plugin_is_refused(target):
    with pytest.raises(TypeError, match="A plugin class, a plugin or"):
        check_plugin(target)


def test_an_expected_failure_is_recorded_with_its_reason():
    reasons = {"finds-face": "looks beside the face on purpose"}
    records = list(iterate_checks(detectors.Beside, expected_failures=reasons, before=only("finds-face")))
    assert records == [CheckRecord("detector 'Beside'", "finds-face", "expected failure", reasons["finds-face"])]
    assert not records[0].failed


def test_an_unexpected_pass_is_a_failure():
    records = list(
        iterate_checks(detectors.Right, expected_failures={"finds-face": "why not"}, before=only("finds-face"))
    )
    assert records[0].failed
    assert "why not" in records[0].message
    assert "passed" in records[0].message


def test_an_expected_failure_that_no_check_has_is_an_error():
    with pytest.raises(ValueError, match=r"no check 'finds-faces' for this plugin\. Did you mean 'finds-face'"):
        check_plugin(detectors.Right, expected_failures={"finds-faces": "a slip"})


def test_a_sample_of_the_authors_own_is_shown_to_the_plugin():
    seen = []

    class Sees(detectors.Right):
        def find(self, image, number):
            seen.append(image.copy())
            return super().find(image, number)

    own = np.full((50, 70, 3), 9, np.uint8)
    records = list(iterate_checks(Sees, sample=own, before=only("finds-face")))
    assert records[0].status == "passed"
    assert np.array_equal(seen[0], own)


def test_a_sample_with_a_box_asks_for_that_box():
    elsewhere = Sample(portrait().image, box=(0, 0, 40, 40))
    records = list(iterate_checks(detectors.Right, sample=elsewhere, before=only("finds-face")))
    assert records[0].failed


@pytest.mark.parametrize("sample", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), "face.png"])
def test_a_sample_that_is_no_picture_is_refused(sample):
    with pytest.raises(TypeError, match="`sample` must be a uint8 RGB picture"):
        check_plugin(detectors.Right, sample=sample)


def test_records_become_json():
    records = [CheckRecord("detector 'x'", "finds-face", "failed", "expected this. Received: that")]
    assert json.loads(to_json(records)) == [
        {
            "plugin": "detector 'x'",
            "check": "finds-face",
            "status": "failed",
            "message": "expected this. Received: that",
        }
    ]


DECORATED = """
import sys
sys.path.append(HERE)
from specimens.detectors import Beside, FindsNothing, Right
from faceswap.testing import parametrize_with_checks

@parametrize_with_checks([Right, Beside, FindsNothing])
def test_all(check):
    check()

@parametrize_with_checks([Beside, ("blender", "alpha")], expected_failures={"finds-face": "looks elsewhere"})
def test_expecting(check):
    check()

@parametrize_with_checks([Right], expected_failures={"finds-face": "looks elsewhere"})
def test_expecting_too_much(check):
    check()
"""


@pytest.mark.slow
def test_the_decorator_makes_one_test_of_each_check(tmp_path, fresh_python):
    (tmp_path / "test_it.py").write_text(DECORATED.replace("HERE", repr(str(Path(__file__).parent))))
    selection = "finds-face or scores-sorted or face-arrives"
    arguments = ["-m", "pytest", str(tmp_path), "-v", "-rA", "-p", "no:cacheprovider", "-k", selection]
    ran = fresh_python(*arguments, f"--rootdir={tmp_path}", COLUMNS="300")
    lines = [line.partition("::")[2].rpartition(" [")[0].strip() for line in ran.stdout.splitlines() if "%]" in line]
    assert lines == [
        "test_all[Right-finds-face] PASSED",
        "test_all[Right-scores-sorted] PASSED",
        "test_all[Beside-finds-face] FAILED",
        "test_all[Beside-scores-sorted] PASSED",
        "test_all[FindsNothing-finds-face] FAILED",
        "test_all[FindsNothing-scores-sorted] SKIPPED (no picture of the suite has two faces for it)",
        "test_expecting[Beside-finds-face] XFAIL (looks elsewhere)",
        "test_expecting[Beside-scores-sorted] PASSED",
        "test_expecting[blender-alpha-face-arrives] PASSED",
        "test_expecting_too_much[Right-finds-face] FAILED",
        "test_expecting_too_much[Right-scores-sorted] PASSED",
    ], ran.stdout + ran.stderr


def test_the_decorator_refuses_names_that_no_check_has():
    with pytest.raises(ValueError, match="There is no check 'finds_face'"):
        parametrize_with_checks([detectors.Right], expected_failures={"finds_face": "a slip"})


def test_the_decorator_lets_go_of_what_it_has_checked():
    mark = parametrize_with_checks([detectors.Right, blenders.RightFrame])
    bound = mark.args[1]
    first, second = bound[0].shared, bound[-1].shared
    first.subject().answers  # noqa: B018
    assert first.subject()._plugin is not None
    second.subject()
    assert first.subject()._plugin is None


IMPORTS = {
    "light": ("import json", "", "passed", ""),
    "heavy_module": ("import keras", "", "failed", "leaves heavy imports (jax, keras, tensorflow, torch) to load()"),
    "heavy_init": ("import json", "import keras", "failed", "an __init__ that leaves heavy imports"),
    "missing": ("import no_such_module_anywhere", "", "failed", "No module named 'no_such_module_anywhere'"),
}

PLUGIN = """
import sys
if "pytest" not in sys.modules:
    {at_import}
from faceswap import Detections, Detector

class Plugin(Detector):
    def __init__(self, options=None):
        super().__init__(options)
        {at_init}
        pass
"""


@pytest.mark.parametrize("case", IMPORTS)
def test_light_import(case, tmp_path, monkeypatch):
    at_import, at_init, wanted, words = IMPORTS[case]
    (tmp_path / "keras.py").write_text("")
    (tmp_path / f"plugin_{case}.py").write_text(PLUGIN.format(at_import=at_import, at_init=at_init))
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin_class = __import__(f"plugin_{case}").Plugin
    records = list(iterate_checks(plugin_class, before=only("light-import")))
    assert records[0].status == wanted, records[0].message
    assert words in records[0].message


def test_light_import_finds_a_module_by_its_file(tmp_path, monkeypatch):
    """As pytest's importlib mode has it: the module's name leads nowhere."""
    import importlib.util

    file = tmp_path / "test_of_an_author.py"
    file.write_text(PLUGIN.format(at_import="pass", at_init="pass"))
    spec = importlib.util.spec_from_file_location("some.where.test_of_an_author", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    records = list(iterate_checks(module.Plugin, before=only("light-import")))
    assert records[0].status == "passed", records[0].message


RUNS_ITSELF = """
from pathlib import Path
from faceswap import Detections, Detector
from faceswap.testing import check_plugin

with Path(__file__).with_suffix(".count").open("a") as file:
    file.write("x")

class Plugin(Detector):
    def detect(self, images):
        return [Detections.none() for _ in images]

records = {record.check: record.status for record in check_plugin(Plugin)}
"""


def test_a_module_that_runs_the_suite_when_it_is_imported_runs_it_once_more_and_no_further(tmp_path, monkeypatch):
    (tmp_path / "runs_itself.py").write_text(RUNS_ITSELF)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = __import__("runs_itself")
    assert (tmp_path / "runs_itself.count").read_text() == "xx"
    # The suite's own checks of arrays import JAX where it is installed: jaxtyping does, at the first checked call.
    assert module.records["light-import"] == ("failed" if find_spec("jax") else "passed")


def test_light_import_is_skipped_where_there_is_no_module_to_import(monkeypatch):
    class Loose(detectors.Right):
        pass

    monkeypatch.setattr(Loose, "__module__", "__main__")
    records = list(iterate_checks(Loose, before=only("light-import")))
    assert records[0].status == "skipped"


DEADLY = """
import os
import numpy as np
from faceswap import Detections, Detector, hookimpl

FACESWAP_CONTRACT = 1
{at_import}

class Deadly(Detector):
    def detect(self, images):
        if not images:
            {at_call}
        return [Detections(np.array([[60, 60, 180, 180]], np.float32), np.ones(1, np.float32)) for _ in images]

@hookimpl
def faceswap_detector():
    return Deadly
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a module as a package's detector `deadly`."""

    def install(source):
        (tmp_path / "deadly_module.py").write_text(source)
        info = tmp_path / "deadly-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[faceswap.detector]\ndeadly = deadly_module\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at_call", "words"),
    [
        ("os._exit(3)", "ended with exit code 3"),
        ("os.kill(os.getpid(), 11)", "ended with SIGSEGV"),
        ("raise SystemExit(5)", "SystemExit: 5"),
    ],
)
def test_a_plugin_that_ends_the_process_fails_the_check_that_ran(installed, at_call, words):
    installed(DEADLY.format(at_import="", at_call=at_call))
    records = run_checks_isolated("detector", "deadly").records
    assert [record.check for record in records if record.failed] == ["empty-batch", "boxes-follow-face"]
    assert words in next(record.message for record in records if record.check == "empty-batch")
    assert len(records) == 25


@pytest.mark.parametrize(
    ("at_import", "words"),
    [
        ("os._exit(4)", "detector 'deadly' could not be loaded: its process ended with exit code 4"),
        ("exit()", "detector 'deadly' from deadly 1.0 could not be loaded: SystemExit"),
        ("import nowhere_at_all", "from deadly 1.0 could not be loaded: ModuleNotFoundError: No module named 'nowhere"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_an_error(installed, at_import, words):
    installed(DEADLY.format(at_import=at_import, at_call="pass"))
    with pytest.raises(PluginError, match=words):
        run_checks_isolated("detector", "deadly")


def test_an_unknown_name_starts_no_process(no_third_party):
    with pytest.raises(PluginError, match="There is no detector 'nobody'"):
        run_checks_isolated("detector", "nobody")


def test_the_pytest_plugin_is_light(fresh_python):
    code = (
        "import sys, pytest, faceswap.core.testing.pytest_plugin\n"
        "heavy = {'numpy', 'pydantic', 'cv2', 'keras', 'pluggy_', 'jaxtyping', 'click', 'skimage'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert fresh_python("-c", code).stdout.strip() == "[]"


class TestPluginHost:
    def test_sees_built_in_plugins_only(self, installed, plugin_host):
        installed(DEADLY.format(at_import="", at_call="pass"))
        assert {found.package for found in plugin_host.discover()} == {"faceswap"}
        with pytest.raises(PluginError, match="There is no detector 'deadly'"):
            plugin_host.prepare(("detector", "deadly"))

    def test_sees_others_without_the_fixture(self, installed):
        installed(DEADLY.format(at_import="", at_call="pass"))
        from faceswap.core.registry import discover

        assert "deadly" in {found.name for found in discover("detector")}

    def test_loads_a_class_with_options(self, plugin_host):
        detector = plugin_host.load(detectors.Right, share="0.25")
        assert detector.options.share == 0.25
        boxes = detector.detect([np.zeros((100, 200, 3), np.uint8)])[0].boxes
        assert boxes[0].tolist() == [87.5, 37.5, 112.5, 62.5]

    def test_refuses_unknown_options(self, plugin_host):
        with pytest.raises(faceswap.FaceswapError, match=r"has no option 'shared'\. Did you mean 'share'"):
            plugin_host.prepare(detectors.Right, shared=1)

    def test_watches_calls(self, plugin_host):
        detector = plugin_host.load(detectors.DoubleBoxes)
        with pytest.raises(faceswap.FaceswapError, match=r"boxes: expected float32 \[faces 4\]. Received: float64"):
            detector.detect([np.zeros((9, 9, 3), np.uint8)])

    def test_prepares_without_loading(self, plugin_host):
        assert plugin_host.prepare(detectors.Unloadable).label == "detector 'Unloadable'"
        with pytest.raises(PluginError, match=r"weights\.dat is missing"):
            plugin_host.load(detectors.Unloadable)

    def test_runs_the_suite(self, plugin_host):
        records = plugin_host.check(("blender", "alpha"))
        assert [record.check for record in records if record.status != "passed"] == ["keeps-options"]
