"""What is wrong with a value, in the words of this program: pydantic's own speak of types that people need not know."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic_core import ErrorDetails

_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a number that is not infinite",
    "bool": "yes or no",
    "string": "a text",
    "path": "a path",
    "tuple": "a list",
    "list": "a list",
    "set": "a list",
    "dict": "a mapping of names to values",
    "literal": "{expected}",
}
"""The first word of an error's type, `int_parsing` -> what was expected; `literal_error` brings its own."""

_WRONG_TYPE = ("type", "parsing", "parsing_size", "from_float", "number", "error")
"""What follows that word where a value is of a wrong type."""

_BOUNDS = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "multiple_of": "must be a multiple of {multiple_of:g}",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "too_short": "must be at least {min_length}",
    "too_long": "must be at most {max_length}",
    "missing": "must be given",
}


def what_is_wrong(errors: Sequence[ErrorDetails]) -> str:
    """Says in half a sentence what the first of some errors is about; `Received: ...` is up to the caller.

    Args:
        errors: What pydantic has to say, in its order; where a setting takes several types, it says something of each.
    """
    first = errors[0]
    if first["type"] in _BOUNDS:
        return _BOUNDS[first["type"]].format_map(first.get("ctx", {}))
    same = [error for error in errors if error["loc"][:1] == first["loc"][:1]]
    expected = list(dict.fromkeys(filter(None, map(_expected, same))))
    if _expected(first):
        return f"{' or '.join(expected)} was expected"
    return re.sub(r"\s+", " ", first["msg"].removeprefix("Value error, "))


def _expected(error: ErrorDetails) -> str:
    """What was expected in the place of a value of a wrong type; empty for an error of another kind."""
    kind, _, way = error["type"].partition("_")
    words = _EXPECTED.get(kind, "") if way in _WRONG_TYPE else ""
    return words.format_map(error.get("ctx", {}))
