"""How the suite works the plugins of a kind: the calls that it makes, and how a batch falls into its items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ..contract import Neighbors
from .samples import Sample

_OF_ONE = (int, float, Neighbors)
"""What stands in a tuple once for each item."""

Call = tuple[Any, ...]
"""The arguments of one call of the kind's method."""


class Exercise:
    """What the checks for all kinds need to know of one kind; each kind has its own subclass.

    Args:
        sample: The picture with a centered face.
    """

    method: ClassVar[str]
    """The kind's one job."""
    exact: ClassVar[bool] = False
    """Whether a batch must equal its items bit for bit, whatever the plugin is made of."""
    omits: ClassVar[frozenset[str]] = frozenset()
    """Checks for all kinds that have no meaning for this one."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample

    def calls(self, plugin: Any) -> list[Call]:
        """The ordinary calls; every one with more than one item where the kind takes batches."""
        raise NotImplementedError

    def empty(self, plugin: Any) -> Call:
        """A call without any face."""
        raise NotImplementedError

    def odd(self, plugin: Any) -> list[Call]:
        """Calls with sizes that are odd, tiny, or not those of ordinary calls."""
        raise NotImplementedError

    def run(self, plugin: Any, call: Call) -> Any:
        """Makes a call."""
        return getattr(plugin, self.method)(*call)

    def singles(self, call: Call) -> list[Call]:
        """The calls with one item each that a call is made of."""
        raise NotImplementedError

    def scaled(self, plugin: Any, items: int) -> list[Call]:
        """Calls that hold so many items together, all alike: one call where the kind takes batches."""
        single = self.singles(self.calls(plugin)[0])[0]
        return [repeated(single, items)]

    def redness(self, plugin: Any) -> float:
        """By how much redder it shows what training shows in red; 0 for what shows nothing that was named."""
        return 0.0

    def items(self, answer: Any) -> list[Any]:
        """The answers for the single items that an answer is made of."""
        return split(answer)


def split(value: Any) -> list[Any]:
    """Splits arrays, and records and tuples of arrays, along their first dimension into values of one item."""
    return [pick(value, index) for index in range(count(value))]


def count(value: Any) -> int:
    """The number of items in an array, or in the first array of a record or tuple."""
    if is_dataclass(value):
        return count(getattr(value, fields(value)[0].name))
    return count(value[0]) if isinstance(value, tuple) else len(value)


def pick(value: Any, index: int) -> Any:
    """Takes one item, keeping the first dimension; what is no array (text, None) stays as it is."""
    if isinstance(value, np.ndarray):
        return value[index : index + 1]
    if isinstance(value, tuple):
        if value and all(isinstance(part, _OF_ONE) for part in value):
            return value[index : index + 1]
        return tuple(pick(part, index) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: pick(getattr(value, field.name), index) for field in fields(value)})
    if isinstance(value, Mapping):
        return {key: pick(part, index) for key, part in value.items()}
    return value


def repeated(value: Any, times: int) -> Any:
    """Repeats the one item of a value, the way back from `pick`; what is no array (text, None) stays as it is."""
    if isinstance(value, np.ndarray):
        return np.repeat(value, times, axis=0)
    if isinstance(value, list):
        return value * times
    if isinstance(value, tuple):
        singles = bool(value) and all(isinstance(part, _OF_ONE) for part in value)
        return value * times if singles else tuple(repeated(part, times) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: repeated(getattr(value, each.name), times) for each in fields(value)})
    if isinstance(value, Mapping):
        return {key: repeated(part, times) for key, part in value.items()}
    return value
