"""The suite is right about plugins: right ones pass everything, each wrong one fails the check that it should."""

import importlib

import pytest

from faceswap.core.testing.checks import iterate_checks
from faceswap.core.testing.suite import _SUITES, checks_for

GROUPS = (
    "detectors",
    "aligners",
    "maskers",
    "recognizers",
    "models",
    "trainables",
    "blenders",
    "generators",
    "metrics",
    "listeners",
    "heavy",
)
SPECIMENS = {group: importlib.import_module(f"specimens.{group}") for group in GROUPS}
SLOW = pytest.mark.slow
SLOW_GROUPS = ("generators", "trainables", "heavy")
# Costs a fresh interpreter each time, so that it runs on its own specimen only; it has further tests of its own.
COSTLY = "light-import"


def run(plugin_class, check=None):
    records = list(iterate_checks(plugin_class, before=lambda name: name != COSTLY or check == COSTLY))
    assert records
    return records


def of(status, records):
    return [record.check for record in records if record.status == status]


def each(attribute):
    return [
        pytest.param(*case, id=f"{group}-{case[0]}-{case[-1].__name__}", marks=SLOW if group in SLOW_GROUPS else ())
        for group, module in SPECIMENS.items()
        for case in getattr(module, attribute, ())
    ]


def rights():
    found = [(group, name) for group, module in SPECIMENS.items() for name in vars(module) if name.startswith("Right")]
    return [pytest.param(getattr(SPECIMENS[group], name), id=f"{group}-{name}") for group, name in found]


@pytest.mark.parametrize("plugin_class", rights())
def test_a_right_plugin_passes_every_check(plugin_class):
    records = run(plugin_class)
    messages = [record for record in records if record.status != "passed"]
    assert messages == []
    assert len(records) == len(checks_for(plugin_class)) - 1


@pytest.mark.parametrize(("check", "plugin_class"), each("WRONG"))
def test_a_wrong_plugin_fails_the_one_check(check, plugin_class):
    records = run(plugin_class, check)
    assert of("failed", records) == [check], records
    message = next(record.message for record in records if record.failed)
    assert "expected " in message
    assert "Received: " in message


@pytest.mark.parametrize(("check", "plugin_class"), each("BROKEN_IN_SEVERAL_WAYS"))
def test_a_badly_wrong_plugin_fails_the_check_among_others(check, plugin_class):
    assert check in of("failed", run(plugin_class))


@pytest.mark.parametrize(("base", "checks"), [(suite[0].__name__, suite[2]) for suite in _SUITES])
def test_every_check_has_a_wrong_plugin(base, checks):
    wrong = {
        (parent.__name__, name)
        for module in SPECIMENS.values()
        for name, plugin_class in module.WRONG
        for parent in plugin_class.__mro__
    }
    # A trainable model passes the checks of every swap model too; their specimens stand among those.
    wrong |= {("TrainableModel", name) for name, _ in SPECIMENS["models"].WRONG}
    assert {check.name for check in checks if (base, check.name) not in wrong} == set()


def test_every_check_for_all_kinds_has_a_wrong_plugin():
    from faceswap.core.testing.common import CHECKS

    wrong = {name for module in SPECIMENS.values() for name, _ in module.WRONG}
    assert {check.name for check in CHECKS} - wrong == set()


def test_check_names_are_unique_within_a_kind_and_each_says_what_it_promises():
    for base, _, _ in _SUITES:
        checks = checks_for(base)
        assert len({check.name for check in checks}) == len(checks)
        assert all(check.summary.endswith(".") and len(check.summary) < 125 for check in checks)
