"""Runs the suite: as a function that returns records, and as a decorator that makes one test of every check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..errors import ContractError
from .records import Check, CheckError, CheckRecord, SkipCheckError
from .samples import Sample
from .subject import Subject
from .suite import checks_for, know_names, make_subject, select_target

__all__ = ["CheckRecord", "Sample", "check_plugin", "iterate_checks", "parametrize_with_checks", "to_json"]


def check_plugin(
    plugin: Any, *, sample: Any = None, expected_failures: Mapping[str, str] | None = None
) -> list[CheckRecord]:
    """Runs every check of a plugin's kind on it, in this process.

    Args:
        plugin: The plugin class, a plugin object (then its options are used), or (kind, name) of an installed plugin,
            or (kind, name, options) with option values by name.
        sample: A uint8 RGB picture `[height width 3]` with a face in its middle, or a `Sample`; the suite's own
            portrait when None.
        expected_failures: Reasons by the names of checks that are known to fail.

    Returns:
        One record per check, in the suite's order.

    Raises:
        PluginError: No such plugin is installed, or it cannot be imported.
        ValueError: `expected_failures` names a check that does not exist.

    Example:
        >>> records = check_plugin(("blender", "alpha"))
        >>> any(record.failed for record in records)
        False
    """
    return list(iterate_checks(plugin, sample=sample, expected_failures=expected_failures))


def iterate_checks(
    plugin: Any,
    *,
    sample: Any = None,
    expected_failures: Mapping[str, str] | None = None,
    before: Callable[[str], bool] = lambda name: True,
) -> Iterator[CheckRecord]:
    """Runs the checks one by one; see `check_plugin`.

    Args:
        plugin: See `check_plugin`.
        sample: See `check_plugin`.
        expected_failures: See `check_plugin`.
        before: Called with the name of each check before it runs; the check is left out where it returns False.
    """
    subject, reasons = make_subject(plugin, sample), dict(expected_failures or {})
    checks = checks_for(subject.plugin_class)
    know_names(checks, reasons)
    for check in checks:
        if before(check.name):
            yield _record(check, subject, reasons.get(check.name))


def to_json(records: Iterable[CheckRecord]) -> str:
    """Writes records as a JSON list."""
    return json.dumps([record.as_dict() for record in records], indent=1)


def parametrize_with_checks(
    plugins: Sequence[Any], *, sample: Any = None, expected_failures: Mapping[str, str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes one pytest test of every check of every plugin; the test's argument `check` is called without arguments.

    Args:
        plugins: What is checked; each as `check_plugin` takes it.
        sample: See `check_plugin`.
        expected_failures: Reasons by the names of checks that are known to fail; such a test is an expected failure,
            and one that passes fails.

    Raises:
        PluginError: No such plugin is installed, or it cannot be imported.
        ValueError: `expected_failures` names a check that none of the plugins has.

    Example:
        >>> @parametrize_with_checks([CenterDetector])  # doctest: +SKIP
        ... def test_contract(check):
        ...     check()
    """
    import pytest

    reasons = dict(expected_failures or {})
    shared = [_Shared(plugin, sample) for plugin in plugins]
    bound = [
        BoundCheck(check, each, reasons.get(check.name))
        for each in shared
        for check in checks_for(select_target(each.plugin).plugin_class)
    ]
    know_names([each.check for each in bound], reasons)
    mark: Callable[..., Any] = pytest.mark.parametrize("check", bound, ids=[each.name for each in bound])
    return mark


class _Shared:
    """One plugin whose checks share what was loaded; loading the next one lets it go."""

    _latest: ClassVar[_Shared | None] = None

    def __init__(self, plugin: Any, sample: Any) -> None:
        self.plugin, self._sample = plugin, sample
        self._subject: Subject | None = None

    def subject(self) -> Subject:
        """The plugin under test; made at the first call."""
        if self._subject is None:
            self._subject = make_subject(self.plugin, self._sample)
        latest, _Shared._latest = _Shared._latest, self
        if latest is not None and latest is not self and latest._subject is not None:
            latest._subject.forget()
        return self._subject


@dataclass(frozen=True, eq=False)
class BoundCheck:
    """A check of one plugin, as a test calls it.

    Attributes:
        check: The check.
        shared: Its plugin.
        reason: Why it is expected to fail; None when it is not.
    """

    check: Check
    shared: _Shared
    reason: str | None = None

    @property
    def name(self) -> str:
        """The test's id: `CenterDetector-finds-face`."""
        plugin = self.shared.plugin
        words = plugin[:2] if isinstance(plugin, tuple) else (select_target(plugin).plugin_class.__name__,)
        return "-".join((*words, self.check.name))

    def __call__(self) -> None:
        """Runs the check; fails, skips or expects to fail the running test."""
        import pytest

        try:
            self.check.run(self.shared.subject())
        except SkipCheckError as skipped:
            pytest.skip(str(skipped))
        except Exception:
            if self.reason is None:
                raise
            pytest.xfail(self.reason)
        if self.reason is not None:
            pytest.fail(_unexpected_pass(self.reason))


def _record(check: Check, subject: Subject, reason: str | None) -> CheckRecord:
    label = subject.found.label
    try:
        check.run(subject)
    except SkipCheckError as skipped:
        return CheckRecord(label, check.name, "skipped", str(skipped))
    except (Exception, SystemExit) as error:
        if reason is not None:
            return CheckRecord(label, check.name, "expected failure", reason)
        return CheckRecord(label, check.name, "failed", _in_one_line(error))
    if reason is not None:
        return CheckRecord(label, check.name, "failed", _unexpected_pass(reason))
    return CheckRecord(label, check.name, "passed")


def _unexpected_pass(reason: str) -> str:
    return f"expected to fail ({reason}), but it passed; take it out of `expected_failures`"


def _in_one_line(error: BaseException) -> str:
    words = " ".join(str(error).split())
    if isinstance(error, (CheckError, ContractError)):
        return words
    return f"expected an answer. Received: {type(error).__name__}: {words}"
