"""A plugin's options, declared once: from here come its flags, its YAML keys, its JSON schema and its errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from .errors import FaceswapError, OptionError, PluginError, suggest
from .registry import Selected
from .wording import what_is_wrong


@dataclass(frozen=True)
class OptionInfo:
    """One option as help texts and tables show it.

    Attributes:
        name: Its name.
        type: Its type in words.
        default: Its default, as text.
        description: What it does.
        is_flag: True for a yes/no option, whose flag may stand without a value.
        choices: The only values that it takes; empty where there are others.
    """

    name: str
    type: str
    default: str
    description: str
    is_flag: bool
    choices: tuple[str, ...] = ()


def describe_options(options_class: type[BaseModel], given: Mapping[str, Any] | None = None) -> list[OptionInfo]:
    """Lists the options of an `Options` class in the order of their declaration.

    Args:
        options_class: The plugin's `Options`.
        given: Values that a job gives it by default, which are shown in place of the class's defaults.
    """
    return [
        OptionInfo(
            name=name,
            type=_type_in_words(field.annotation),
            default=_default(name, field, given or {}),
            description=field.description or "",
            is_flag=field.annotation is bool,
            choices=_choices(field.annotation),
        )
        for name, field in options_class.model_fields.items()
    ]


def _default(name: str, field: FieldInfo, given: Mapping[str, Any]) -> str:
    if name in given:
        return str(given[name])
    return "required" if field.is_required() else str(field.get_default(call_default_factory=True))


def _type_in_words(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return "|".join(_choices(annotation)) or str(annotation).replace("typing.", "")


def _choices(annotation: Any) -> tuple[str, ...]:
    """The texts of a `Literal` of texts."""
    choices = get_args(annotation)
    return choices if all(isinstance(choice, str) for choice in choices) else ()


def parse_options(label: str, options_class: type[BaseModel], values: Mapping[str, Any]) -> Any:
    """Checks option values and returns the `Options` object.

    Args:
        label: The owner as messages call it: `detector 'mtcnn'`.
        options_class: The plugin's `Options`.
        values: Values by option name; text is converted.

    Raises:
        OptionError: A name is unknown or a value is not allowed.
    """
    try:
        return options_class.model_validate(dict(values))
    except ValidationError as error:
        raise _in_one_line(label, options_class, error) from None


def _in_one_line(label: str, options_class: type[BaseModel], error: ValidationError) -> OptionError:
    first = error.errors()[0]
    name, option = ".".join(map(str, first["loc"])) or "?", str(next(iter(first["loc"]), ""))
    if first["type"] == "extra_forbidden":
        return OptionError(f"{label} has no option '{name}'. {suggest(name, options_class.model_fields)}", option)
    received = "" if first["type"] == "missing" else f" Received: {first['input']!r}"
    return OptionError(f"{label} option '{name}': {what_is_wrong(error.errors())}.{received}", option)


def make_plugin(selected: Selected, values: Mapping[str, Any]) -> Any:
    """Makes the plugin with its options checked; `load()` has not been called.

    Raises:
        OptionError: A name is unknown or a value is not allowed.
        PluginError: The plugin raised an error while it was made.
    """
    found = selected.found
    options = parse_options(found.label, selected.plugin_class.Options, values)
    try:
        return selected.plugin_class(options)
    except FaceswapError:
        raise
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(f"{found.label} from {found.origin} could not be made: {reason}") from error


def options_hash(options: BaseModel) -> str:
    """A short fingerprint of option values: equal options, equal hash, on every machine."""
    text = json.dumps(options.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
