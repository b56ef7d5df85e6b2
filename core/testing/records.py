"""What the suite says: the outcome of one check, and the two ways in which a check speaks up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .subject import Subject

Status = Literal["passed", "failed", "skipped", "expected failure"]


class CheckError(AssertionError):
    """A plugin breaks its contract; the message says what was expected and what came."""


class SkipCheckError(Exception):
    """A check does not apply to the plugin, or nothing was there to be checked; the message says why."""


@dataclass(frozen=True)
class CheckRecord:
    """The outcome of one check on one plugin.

    Attributes:
        plugin: The plugin as messages call it.
        check: The name of the check.
        status: `passed`, `failed`, `skipped` or `expected failure`.
        message: What was expected and what came, or the reason.
    """

    plugin: str
    check: str
    status: Status
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether the plugin should be mended (a check that passes against its expectation counts as failed)."""
        return self.status == "failed"

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Check:
    """A named check.

    Attributes:
        name: Its public name, `finds-face`; also the name under which a failure can be expected.
        run: Raises `CheckError` or `SkipCheckError`; returns where the plugin is right.
    """

    name: str
    run: Callable[[Subject], None]

    @property
    def summary(self) -> str:
        """What the plugin promises, in one line."""
        return (self.run.__doc__ or "").partition("\n")[0]


def check_of(function: Callable[[Subject], None]) -> Check:
    """Makes a check of a function: `finds_face` becomes `finds-face`."""
    return Check(function.__name__.replace("_", "-"), function)


def expect(right: bool, expected: str, received: object) -> None:
    """Fails the running check with what was expected and what came, unless `right`."""
    if not right:
        raise CheckError(f"expected {expected}. Received: {received}")
