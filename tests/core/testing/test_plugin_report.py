"""What `faceswap plugins check` is made of: the costs of a plugin and a row for each Keras backend."""

import json
import sys
from pathlib import Path

import pytest

from faceswap.core.errors import PluginError
from faceswap.core.testing import report
from faceswap.core.testing.child_log import how_it_ended, read
from faceswap.core.testing.costs import Costs
from faceswap.core.testing.interpreter import Ended, watch_fresh
from faceswap.core.testing.isolated import Checked, run_checks_isolated
from faceswap.core.testing.records import CheckRecord
from faceswap.core.testing.report import installed_backends, make_report

COSTLY = """
import sys
import numpy as np
import slow_tool, matplotlib
from faceswap import Detections, Detector, hookimpl

FACESWAP_CONTRACT = 1

class Costly(Detector):
    def load(self):
        import torch
        self.kept = np.ones(80_000_000, np.uint8)

    def detect(self, images):
        {at_call}
        filled = np.ones(40_000_000, np.uint8)
        box = np.array([[60, 60, 180, 180]], np.float32)
        return [Detections(box, np.ones(1, np.float32)) for _ in images]

@hookimpl
def faceswap_detector():
    return Costly
"""

ON_KERAS = '''
"""Swaps nothing, but says on which backend it runs."""
import os
import numpy as np
from faceswap import CropSpec, SwapModel, hookimpl

FACESWAP_CONTRACT = 1

class OnKeras(SwapModel):
    crop = CropSpec(32)
    {pinned}

    def load(self):
        import keras
        self.scale = 255 if keras.config.backend() == "tensorflow" else 1

    def swap(self, crops, identity="source"):
        return crops.astype(np.float32) / np.float32(self.scale), None

@hookimpl
def faceswap_model():
    return OnKeras
'''

# Keras itself takes seconds; these plugins need no more of it than its name and its backend's.
KERAS = """
import os
class config:
    @staticmethod
    def backend():
        return os.environ["KERAS_BACKEND"]
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a module as a package's plugin `mine`, with modules that pose as packages."""

    def install(kind, source, **posing):
        for name, text in {"mine_module": source, **posing}.items():
            (tmp_path / f"{name}.py").write_text(text)
        info = tmp_path / "mine-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[faceswap.{kind}]\nmine = mine_module\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


@pytest.fixture
def costly(installed):
    def install(at_call="pass"):
        posing = {"slow_tool": "import time; time.sleep(0.1)", "matplotlib": "", "torch": ""}
        installed("detector", COSTLY.format(at_call=at_call), **posing)

    return install


GROWTH = """
import numpy as np
from faceswap.core.testing import memory
print(memory.growth(lambda: np.ones(64_000_000, np.uint8).sum()), memory.growth(lambda: None))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told to the byte on Linux only")
def test_feature_growth_counts_what_was_let_go_again(fresh_python):
    """In a process that has let go of nothing before: memory that is taken again does not grow."""
    done = fresh_python("-c", GROWTH)
    assert done.returncode == 0, done.stderr
    grown, nothing = map(int, done.stdout.split())
    assert grown == pytest.approx(64e6, rel=0.2)
    assert nothing < 8e6


def test_feature_backends_are_those_that_are_installed_the_default_first():
    assert installed_backends(lambda name: None) == []
    assert installed_backends(lambda name: object() if name != "jax" else None) == ["tensorflow", "torch"]
    assert installed_backends(lambda name: object()) == ["tensorflow", "jax", "torch"]


@pytest.mark.slow
def test_feature_each_backend_has_a_row_from_a_process_of_its_own(installed, monkeypatch):
    """On the second backend the plugin gives bytes for shares, so that one check more fails there."""
    installed("model", ON_KERAS.format(pinned=""), keras=KERAS)
    monkeypatch.setattr(report, "installed_backends", lambda: ["tensorflow", "jax"])
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    told = []
    made = make_report("model", "mine", notice=told.append)
    assert [(row.backend, row.failed) for row in made.backends] == [("tensorflow", []), ("jax", ["output-in-range"])]
    assert made.records is made.backends[0].records
    assert not made.passed
    assert all(row.costs.item_seconds.keys() == {1, 16} for row in made.backends)
    assert "checking loads" in told
    assert "checking on jax: loads" in told
    assert "measuring on jax: a batch of 16" in told
    row = made.as_dict()["backends"][1]
    assert row["counts"] == {"passed": 17, "failed": 1, "skipped": 1, "expected failure": 0}
    assert (row["backend"], row["failed"]) == ("jax", ["output-in-range"])
    json.dumps(made.as_dict())


@pytest.mark.slow
def test_feature_the_environment_says_which_backend_comes_first(installed, monkeypatch):
    installed("model", ON_KERAS.format(pinned=""), keras=KERAS)
    monkeypatch.setattr(report, "installed_backends", lambda: ["tensorflow", "jax"])
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    made = make_report("model", "mine", costs=False)
    assert [row.backend for row in made.backends] == ["jax", "tensorflow"]
    assert [record.check for record in made.records if record.failed] == ["output-in-range"]
    assert made.costs is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "source", "posing"),
    [("model", ON_KERAS.format(pinned='backend = "tensorflow"'), KERAS), ("detector", COSTLY, "")],
)
def test_feature_plugins_that_pin_a_backend_or_need_none_have_no_rows(installed, monkeypatch, kind, source, posing):
    packages = {"slow_tool": "", "matplotlib": "", "torch": ""} if kind == "detector" else {"keras": posing}
    installed(kind, source.replace("{at_call}", "pass"), **packages)
    monkeypatch.setattr(report, "installed_backends", lambda: ["tensorflow", "jax"])
    made = make_report(kind, "mine", costs=False)
    assert made.backends == []
    assert len(made.records) > 15


@pytest.mark.slow
def test_feature_expected_failures_hold_on_every_backend(installed, monkeypatch):
    installed("model", ON_KERAS.format(pinned=""), keras=KERAS)
    monkeypatch.setattr(report, "installed_backends", lambda: ["tensorflow", "jax"])
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    reasons = {"output-in-range": "gives bytes"}
    made = make_report("model", "mine", costs=False, expected_failures=reasons)
    assert [row.failed for row in made.backends] == [["output-in-range"], []]
    assert "take it out of `expected_failures`" in next(each.message for each in made.records if each.failed)


def test_error_an_expected_failure_that_no_check_has(no_third_party):
    with pytest.raises(PluginError, match=r"There is no check 'face-arives' for this plugin\. Did you mean 'face-arri"):
        run_checks_isolated("blender", "alpha", expected_failures={"face-arives": "a slip"})


def test_feature_a_failure_on_any_backend_is_a_failure(monkeypatch, no_third_party):
    right, wrong = (CheckRecord("model 'mini'", "loads", status) for status in ("passed", "failed"))
    answers = {"tensorflow": Checked([right], "tensorflow"), "torch": Checked([wrong], "torch")}
    monkeypatch.setattr(report, "installed_backends", lambda: list(answers))
    monkeypatch.setattr(report, "run_checks_isolated", lambda kind, name, backend, **settings: answers[backend])
    monkeypatch.setattr(report, "measure_costs", lambda kind, name, backend, **settings: Costs(error=backend))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    made = make_report("model", "mini")
    assert [(row.backend, row.failed, row.costs.error) for row in made.backends] == [
        ("tensorflow", [], "tensorflow"),
        ("torch", ["loads"], "torch"),
    ]
    assert not made.passed


def test_feature_a_watched_process_is_looked_up_from(tmp_path):
    ticks = []
    code = "import os, time; time.sleep(0.5); print(os.environ['SAID'], file=sys.stderr); sys.exit(4)"
    ended = watch_fresh(code, tick=lambda: ticks.append(1), environment={"SAID": "goodbye"})
    assert (ended.returncode, ended.stderr.strip()) == (4, "goodbye")
    assert len(ticks) >= 3


def test_feature_a_watched_process_ends_with_its_watcher(tmp_path):
    def stop():
        if (tmp_path / "id").exists() and (tmp_path / "id").read_text():
            raise KeyboardInterrupt

    code = "import os, pathlib, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        watch_fresh(code, str(tmp_path / "id"), tick=stop)
    if sys.platform.startswith("linux"):
        assert not Path("/proc", (tmp_path / "id").read_text()).exists()


def test_feature_a_line_that_is_being_written_is_not_read(tmp_path):
    (tmp_path / "log").write_text('{"begin": "loads"}\n{"begin": "lo')
    assert read(tmp_path / "log") == [{"begin": "loads"}]


def test_feature_an_end_is_told_in_words():
    assert how_it_ended(Ended(-11, "")) == "ended with SIGSEGV"
    assert how_it_ended(Ended(1, "Traceback\n  ...\nMemoryError\n\n")) == "ended with exit code 1 (MemoryError)"
