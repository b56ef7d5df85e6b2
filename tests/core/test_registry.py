"""Finding and selecting plugins, inside one process; `test_third_party.py` does it from outside."""

import dataclasses
import importlib
import pickle
import sys

import pytest

import faceswap
from faceswap.core import kinds, names
from faceswap.core.errors import PluginError
from faceswap.core.registry import Found, discover, find, known_kind, own_version, select

PACKAGE = faceswap.__name__

PLUGIN = """
from faceswap import Detections, Detector, hookimpl
FACESWAP_CONTRACT = 1
class Mine(Detector):
    def detect(self, images):
        return [Detections.none() for _ in images]
@hookimpl
def faceswap_detector():
    return Mine
"""


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setenv("FACESWAP_NO_PLUGINS", "1")


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package with one module that offers entry points."""
    monkeypatch.delenv("FACESWAP_NO_PLUGINS", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(package, source, *lines, version="2.5"):
        module = package.lower().replace("-", "_").replace(".", "_")
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text("\n".join(lines))
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, module, raising=False)
        return module

    return run


def test_every_built_in_plugin_is_found_by_its_name(alone):
    found = {(plugin.kind, plugin.name) for plugin in discover()}
    assert found == {(kind, name) for kind, modules in names.BUILT_IN.items() for name in modules}
    assert {plugin.package for plugin in discover()} == {"faceswap"}
    assert {plugin.version for plugin in discover()} == {own_version()}


def test_kinds_come_in_the_order_of_work_and_names_in_that_of_the_alphabet(alone):
    listed = [(plugin.kind, plugin.name) for plugin in discover()]
    order = list(names.KINDS)
    assert listed == sorted(listed, key=lambda pair: (order.index(pair[0]), pair[1]))


def test_one_kind_can_be_listed(alone, monkeypatch):
    assert {plugin.name for plugin in discover("detector")} == set(names.BUILT_IN["detector"])
    monkeypatch.delitem(names.BUILT_IN, "detector")
    assert discover("detector") == []


def test_an_unknown_kind_is_refused():
    with pytest.raises(PluginError, match=r"There is no plugin kind 'blenders'\. Did you mean 'blender'\?"):
        discover("blenders")
    assert known_kind("blender") == "blender"


def test_every_kind_has_a_base_class_a_hook_and_a_group():
    from faceswap.core import hookspecs

    for name, kind in names.KINDS.items():
        assert getattr(kinds, kind.base).kind == name
        assert callable(getattr(hookspecs, kind.hook))
        assert (kind.group, kind.hook) == (f"faceswap.{name}", f"faceswap_{name}")


def test_defaults_are_built_in():
    for name, kind in names.KINDS.items():
        assert set(kind.default) <= set(names.BUILT_IN.get(name, {}))
        assert kind.several or len(kind.default) <= 1


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, modules in names.BUILT_IN.items() for name in modules]
)
def test_every_built_in_plugin_is_selected_as_its_kind(alone, kind, name):
    selected = select(kind, name)
    assert issubclass(selected.plugin_class, getattr(kinds, names.KINDS[kind].base))
    assert selected.plugin_class.__module__ == selected.found.module


def test_finding_imports_nothing(install):
    module = install("some-package", "raise RuntimeError('imported')", "[faceswap.detector]", "some = some_package")
    found = find("detector", "some")
    assert found == Found("detector", "some", "some_package", "some-package", "2.5")
    assert module not in sys.modules
    assert (found.label, found.origin) == ("detector 'some'", "some-package 2.5")


def test_selecting_imports_the_selected_module_only(install):
    install("one-package", PLUGIN, "[faceswap.detector]", "one = one_package")
    install("two-package", "raise RuntimeError('imported')", "[faceswap.detector]", "two = two_package")
    selected = select("detector", "one")
    assert selected.plugin_class.__name__ == "Mine"
    assert "two_package" not in sys.modules


def test_plugins_of_other_groups_are_none_of_ours(install):
    install("other", "", "[console_scripts]", "other = other:main", "[somebody.detector]", "x = other")
    assert "other" not in {plugin.package for plugin in discover()}


def test_a_name_that_two_packages_offer_is_refused_until_one_is_named(install):
    install("First.Package", PLUGIN, "[faceswap.detector]", "same = first_package", version="1.0")
    install("second-package", PLUGIN, "[faceswap.detector]", "same = second_package", version="2.0")
    with pytest.raises(PluginError) as caught:
        find("detector", "same")
    assert str(caught.value) == (
        "detector 'same' is offered by First.Package 1.0 and second-package 2.0. "
        "Say which: --detector same@First.Package or --detector same@second-package."
    )
    for written in ("First.Package", "first-package", "FIRST_PACKAGE"):
        assert find("detector", f"same@{written}").version == "1.0"


def test_a_name_that_one_kind_has_does_not_clash_with_another_kinds(install):
    install("some-package", PLUGIN, "[faceswap.detector]", "hull = some_package")
    assert find("masker", "hull").package == "faceswap"
    assert find("detector", "hull").package == "some-package"


@pytest.mark.parametrize(("value", "hidden"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_the_environment_hides_other_packages(install, monkeypatch, value, hidden):
    install("some-package", PLUGIN, "[faceswap.detector]", "some = some_package")
    monkeypatch.setenv("FACESWAP_NO_PLUGINS", value)
    assert ("some" not in {plugin.name for plugin in discover("detector")}) is hidden


@pytest.mark.parametrize("written", ["dlib-hgo", "dlibhog", "dlib_hog"])
def test_a_slip_is_answered_with_the_name_that_was_meant(alone, written):
    with pytest.raises(PluginError, match="Did you mean 'dlib-hog'"):
        find("detector", written)


def test_a_name_far_from_all_is_answered_with_all(alone):
    with pytest.raises(
        PluginError, match=rf"There is no detector 'zzz'\. Known: {', '.join(names.BUILT_IN['detector'])}\."
    ):
        find("detector", "zzz")


def test_a_kind_without_plugins_says_so(alone, monkeypatch):
    monkeypatch.setitem(names.BUILT_IN, "metric", {})
    with pytest.raises(PluginError, match=r"There is no metric 'fid'\. There are none\."):
        find("metric", "fid")


def test_a_failed_plugin_keeps_the_reason_for_debugging(install):
    install("bad-package", "import nowhere_at_all", "[faceswap.detector]", "bad = bad_package")
    with pytest.raises(PluginError) as caught:
        select("detector", "bad")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_message_of_many_lines_becomes_one(install):
    install("bad-package", "raise ValueError('one\\n  two\\n\\nthree')", "[faceswap.detector]", "bad = bad_package")
    with pytest.raises(PluginError, match=r"ValueError: one two three$"):
        select("detector", "bad")


def test_ctrl_c_during_an_import_is_no_plugin_error(install):
    install("slow-package", "raise KeyboardInterrupt", "[faceswap.detector]", "slow = slow_package")
    with pytest.raises(KeyboardInterrupt):
        select("detector", "slow")


def test_a_pending_hook_of_one_plugin_does_not_fail_another(install):
    install(
        "odd-package", PLUGIN.replace("def faceswap_", "def faceswap_x"), "[faceswap.detector]", "odd = odd_package"
    )
    install("fine-package", PLUGIN, "[faceswap.detector]", "fine = fine_package")
    with pytest.raises(PluginError) as caught:
        select("detector", "odd")
    assert str(caught.value) == (
        "detector 'odd' from odd-package 2.5 could not be loaded: "
        "unknown hook 'faceswap_xdetector'. Did you mean 'faceswap_detector'?"
    )
    assert select("detector", "fine").plugin_class.__name__ == "Mine"


def test_a_hook_that_is_marked_as_optional_may_be_unknown(install):
    later = "@hookimpl(optionalhook=True)\ndef faceswap_of_later():\n    return None\n"
    install("fine-package", PLUGIN + later, "[faceswap.detector]", "fine = fine_package")
    assert select("detector", "fine").plugin_class.__name__ == "Mine"


def test_a_module_of_two_kinds_hands_over_both(install):
    both = PLUGIN + (
        "from faceswap import Masker\nclass Its(Masker):\n    pass\n@hookimpl\ndef faceswap_masker():\n    return Its\n"
    )
    lines = ("[faceswap.detector]", "both = both_package", "[faceswap.masker]", "both = both_package")
    install("both-package", both, *lines)
    assert select("detector", "both").plugin_class.__name__ == "Mine"
    assert select("masker", "both").plugin_class.__name__ == "Its"


def test_found_plugins_travel_between_processes(alone):
    for found in discover():
        assert pickle.loads(pickle.dumps(found)) == found
        with pytest.raises(dataclasses.FrozenInstanceError):
            found.name = "other"
