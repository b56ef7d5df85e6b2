"""The road of what goes away: it still works, and whoever uses it is told once what to use instead."""

import dataclasses
import importlib
import os
import sys
import warnings

import pytest

import faceswap
from faceswap import Listener
from faceswap.core import deprecation, hookspecs, names, run_hooks
from faceswap.core.deprecation import PluginDeprecation, going_away
from faceswap.core.host import Prepared
from faceswap.core.listeners import hooks_of
from faceswap.core.registry import NO_PLUGINS, Found, select

PLUGIN = """
from faceswap import Detections, Detector, hookimpl
FACESWAP_CONTRACT = 1
class Mine(Detector):
    def detect(self, images):
        return [Detections.none() for _ in images]
@hookimpl
def {hook}():
    return Mine
"""
LINE = (
    "detector 'old' from old-package 2.5: the hook `faceswap_finder` goes away with contract 2: "
    "use `faceswap_detector` instead"
)


@pytest.fixture
def old_hook(monkeypatch):
    """A host whose hook for detectors was called `faceswap_finder` before."""

    @hookspecs.hookspec(warn_on_impl=going_away("faceswap_finder", "`faceswap_detector`"))
    def faceswap_finder():
        """Hands over the module's detector."""

    monkeypatch.setattr(hookspecs, "faceswap_finder", faceswap_finder, raising=False)
    kind = dataclasses.replace(names.KINDS["detector"], former_hooks=("faceswap_finder",))
    monkeypatch.setitem(names.KINDS, "detector", kind)


@pytest.fixture
def install(tmp_path, monkeypatch):
    monkeypatch.setenv(NO_PLUGINS, "0")
    monkeypatch.syspath_prepend(str(tmp_path))
    deprecation._tell.cache_clear()

    def run(hook):
        (tmp_path / "old_module.py").write_text(PLUGIN.format(hook=hook))
        info = tmp_path / "old_package-2.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: old-package\nVersion: 2.5\n")
        (info / "entry_points.txt").write_text("[faceswap.detector]\nold = old_module\n")
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, "old_module", raising=False)

    return run


def test_feature_a_former_hook_is_called_and_the_plugin_is_named_once(old_hook, install):
    install("faceswap_finder")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            assert select("detector", "old").plugin_class.__name__ == "Mine"
    told = [(each.category, str(each.message)) for each in caught if "faceswap_finder" in str(each.message)]
    assert told == [(PluginDeprecation, LINE)]


def test_feature_a_listener_with_a_former_hook_is_named_and_still_heard(monkeypatch):
    @hookspecs.hookspec(warn_on_impl=going_away("faceswap_step", "`faceswap_training_step`"))
    def faceswap_step(step):
        """Training has moved on."""

    class Old(Listener):
        @hookspecs.hookimpl
        def faceswap_step(self, step):
            return step

    monkeypatch.setattr(run_hooks, "faceswap_step", faceswap_step, raising=False)
    used = Prepared(Found("listener", "old", "old_module", "a-package", "2.5"), Old())
    with pytest.warns(PluginDeprecation, match=r"^listener 'old' from a-package 2.5: the hook `faceswap_step` goes"):
        hooks = hooks_of(used)
    assert hooks.faceswap_step(step=3) == [3]


PROGRAM = """
import dataclasses
from faceswap.core import hookspecs, names
from faceswap.core.cli.main import main
from faceswap.core.deprecation import going_away
@hookspecs.hookspec(warn_on_impl=going_away("faceswap_finder", "`faceswap_detector`"))
def faceswap_finder(): pass
hookspecs.faceswap_finder = faceswap_finder
names.KINDS["detector"] = dataclasses.replace(names.KINDS["detector"], former_hooks=("faceswap_finder",))
main(["plugins", "info", "detector", "old"])
"""


def test_feature_the_user_sees_one_line(install, fresh_python, tmp_path):
    install("faceswap_finder")
    path = os.pathsep.join([str(tmp_path), *(entry for entry in sys.path if entry)])
    ran = fresh_python("-c", PROGRAM, PYTHONPATH=path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("detector 'old' from old-package 2.5")
    assert ran.stderr == f"Warning: {LINE}\n"


@pytest.mark.filterwarnings("error")
def test_feature_the_new_hook_is_not_warned_about(old_hook, install):
    install("faceswap_detector")
    assert select("detector", "old").plugin_class.__name__ == "Mine"


def test_feature_a_former_name_still_leads_to_the_new_one(monkeypatch):
    monkeypatch.setitem(faceswap._RENAMED, "FaceFinder", "Detector")
    with pytest.warns(DeprecationWarning) as caught:
        from faceswap import FaceFinder
    assert FaceFinder is faceswap.Detector
    assert str(caught[0].message) == "faceswap.FaceFinder goes away with contract 2: use faceswap.Detector instead"
    assert caught[0].filename == __file__


def test_error_a_name_that_never_was_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'FaceFinder'"):
        _ = faceswap.FaceFinder


def test_feature_names_that_go_away_are_public_no_more_and_lead_to_public_ones():
    assert not faceswap._RENAMED.keys() & set(faceswap.__all__)
    assert set(faceswap._RENAMED.values()) <= set(faceswap.__all__)
