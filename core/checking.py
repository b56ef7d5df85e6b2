"""Checks what goes into and comes out of a plugin against the contract's array types.

The annotations of the kind's base class are what is checked, so that an author's override needs none. Lists and
records are checked item by item, since each has its own number of faces.
"""

from __future__ import annotations

import inspect
import io
import os
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import fields, is_dataclass
from functools import wraps
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import jaxtyping
import numpy as np
from beartype.door import is_bearable

from .errors import ContractError


def checks_wanted(asked: bool = False) -> bool:
    """Whether calls should be checked: on `--check`, or with FACESWAP_CHECK=1 in the environment."""
    return asked or os.environ.get("FACESWAP_CHECK", "0") not in ("", "0")


def checked(plugin: Any, label: str) -> Any:
    """Wraps the contract's methods of a plugin object so that each call is checked.

    Args:
        plugin: The plugin; it is changed in place and returned.
        label: The plugin as messages call it.
    """
    base = _contract_base(type(plugin))
    for name, function in inspect.getmembers(base, inspect.isfunction):
        hints = {key: hint for key, hint in get_type_hints(function).items() if _is_checkable(hint)}
        if hints and not name.startswith("_"):
            setattr(plugin, name, _checked_call(getattr(plugin, name), function, hints, label))
    return plugin


def _contract_base(plugin_class: type[Any]) -> type[Any]:
    """The nearest class of the contract itself in the plugin's family."""
    home = __name__.rpartition(".")[0] + ".kinds."
    return next(parent for parent in plugin_class.__mro__ if parent.__module__.startswith(home))


def contract_methods(plugin: Any) -> list[str]:
    """The signatures of the kind's own methods, as text: what the host calls and what it expects back."""
    base = _contract_base(type(plugin))
    return [
        f"{name}{_signature_in_words(function)}"
        for name, function in inspect.getmembers(base, inspect.isfunction)
        if not name.startswith("_") and any(map(_is_checkable, get_type_hints(function).values()))
    ]


def _signature_in_words(function: Callable[..., Any]) -> str:
    hints = get_type_hints(function)
    answer = hint_in_words(hints.pop("return"))
    return f"({', '.join(f'{name}: {hint_in_words(hint)}' for name, hint in hints.items())}) -> {answer}"


def declared_attributes(plugin: Any) -> dict[str, Any]:
    """What a plugin declares to the host, beyond its kind: scheme, crop, identities and the like."""
    base = _contract_base(type(plugin))
    names = [name for parent in base.__mro__ for name in getattr(parent, "__annotations__", {}) if name in dir(base)]
    declared = {name: getattr(plugin, name) for name in names if name not in ("kind", "options")}
    for name, _ in inspect.getmembers(base, lambda member: isinstance(member, property)):
        try:
            declared[name] = getattr(plugin, name)
        except NotImplementedError:
            declared[name] = "not declared"
    return declared


def _checked_call(
    call: Callable[..., Any], declared: Callable[..., Any], hints: Mapping[str, Any], label: str
) -> Callable[..., Any]:
    signature = inspect.signature(declared)

    @wraps(call)
    def run(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(None, *args, **kwargs).arguments
        where = f"{label}: {declared.__name__}"
        with jaxtyping.jaxtyped("context"):
            for name, value in bound.items():
                if name in hints:
                    check_value(value, hints[name], f"{where} argument `{name}`")
            answer = call(*args, **kwargs)
            if "return" in hints:
                check_value(answer, hints["return"], f"{where} answer")
        return answer

    return run


def _is_checkable(hint: Any) -> bool:
    """Whether the hint speaks of arrays or of the contract's records."""
    return is_dataclass(hint) or _is_array(hint) or any(_is_checkable(part) for part in get_args(hint))


def _is_array(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray)


def check_value(value: Any, hint: Any, where: str) -> None:
    """Checks one value against one contract type.

    Raises:
        ContractError: It names the place, what was expected and what came.
    """
    origin = get_origin(hint)
    if hint is Any:
        return
    if origin in (Union, UnionType):
        _check_union(value, hint, where)
    elif origin is list or (origin is tuple and is_dataclass(get_args(hint)[0]) and Ellipsis in get_args(hint)):
        _check_series(value, origin, get_args(hint)[0], where)
    elif origin is tuple and Ellipsis not in get_args(hint):
        _check_tuple(value, get_args(hint), where)
    elif origin is Mapping:
        _check_mapping(value, get_args(hint)[1], where)
    elif is_dataclass(hint) and isinstance(hint, type):
        _check_record(value, hint, where)
    elif not (isinstance(value, hint) if _is_array(hint) else is_bearable(value, hint)):
        expected = hint_in_words(hint) + _known_dimensions(hint)
        raise ContractError(f"{where}: expected {expected}. Received: {_what_came(value)}")


def _check_union(value: Any, hint: Any, where: str) -> None:
    choices = get_args(hint)
    if value is None and type(None) in choices:
        return
    check_value(value, next(choice for choice in choices if choice is not type(None)), where)


def _check_series(value: Any, series: type[Any], item: Any, where: str) -> None:
    if not isinstance(value, series):
        raise ContractError(f"{where}: expected a {series.__name__}. Received: {_what_came(value)}")
    for index, element in enumerate(value):
        with jaxtyping.jaxtyped("context"):
            check_value(element, item, f"{where}[{index}]")


def _check_tuple(value: Any, items: tuple[Any, ...], where: str) -> None:
    if not isinstance(value, tuple) or len(value) != len(items):
        raise ContractError(f"{where}: expected a tuple of {len(items)}. Received: {_what_came(value)}")
    for index, (element, item) in enumerate(zip(value, items, strict=True)):
        check_value(element, item, f"{where}[{index}]")


def _check_mapping(value: Any, item: Any, where: str) -> None:
    if not isinstance(value, Mapping):
        raise ContractError(f"{where}: expected a mapping. Received: {_what_came(value)}")
    for key, element in value.items():
        check_value(element, item, f"{where}[{key!r}]")


def _check_record(value: Any, record: type[Any], where: str) -> None:
    if not isinstance(value, record):
        raise ContractError(f"{where}: expected {record.__name__}. Received: {_what_came(value)}")
    hints = get_type_hints(record)
    for field in fields(record):
        check_value(getattr(value, field.name), hints[field.name], f"{where}.{field.name}")


def hint_in_words(hint: Any) -> str:
    """A type of the contract as people read it: `float32 [faces 4]`."""
    if _is_array(hint):
        return f"{hint.dtypes[0]} [{hint.dim_str}]"
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " | ".join(map(hint_in_words, parts))
    if origin in (list, tuple, dict):
        return f"{origin.__name__}[{', '.join(map(hint_in_words, parts))}]"
    if hint is Ellipsis:
        return "..."
    return "None" if hint is type(None) else getattr(hint, "__name__", str(hint))


def _known_dimensions(hint: Any) -> str:
    """The sizes that dimensions of the type already have in this call: ` where faces = 2`."""
    if not _is_array(hint):
        return ""
    bindings = io.StringIO()
    with redirect_stdout(bindings):
        jaxtyping.print_bindings()  # type: ignore[no-untyped-call]
    pairs = [line.split("=") for line in bindings.getvalue().splitlines() if line.count("=") == 1]
    known = [f"{name} = {size}" for name, size in pairs if name in hint.dim_str.split()]
    return f" where {', '.join(known)}" if known else ""


def _what_came(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} [{' '.join(map(str, value.shape))}]"
    return type(value).__name__
