"""Reads the layers that are laid over each other in `config.py`: a YAML file and the environment's variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .config import ENVIRONMENT_PREFIX, Chosen, Settings, plain
from .errors import FaceswapError, OptionError, suggest
from .names import KINDS


def lay_yaml(settings: Settings, path: Path) -> None:
    """Lays a YAML file over the settings.

    Raises:
        FaceswapError: The file cannot be read, is not a mapping, or names an unknown setting.
    """
    for key, value in _read_yaml(path).items():
        where, kind = f"{path}: {key}", _kind_of(key)
        if kind in settings.plugins:
            raise OptionError(f"{where}: {_twice(kind, kind, f'{kind}s')}")
        if kind in settings.defaults:
            settings.plugins[kind] = plugin_list(value, where, str(path))
        else:
            settings.set_field(str(key), value, str(path))


def _kind_of(key: Any) -> str:
    """The plugin kind that a key names; those of which a run takes several may stand in the plural."""
    single = str(key).removesuffix("s")
    return single if single in KINDS and KINDS[single].several else str(key)


def _twice(kind: str, *ways: str) -> str:
    return f"{kind}s are given twice; keep one of {' and '.join(f'`{way}`' for way in ways)}."


def load_yaml(path: Path, what: str = "configuration") -> Any:
    """Reads a YAML file; nothing in it is executed.

    Args:
        path: The file.
        what: What it is, for messages.

    Raises:
        FaceswapError: It cannot be read, or is not YAML.
    """
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        there = [file.name for ending in ("yaml", "yml") for file in path.parent.glob(f"*.{ending}")]
        raise FaceswapError(
            f"The {what} {path} cannot be read: there is no such file. {_beside(path, there)}"
        ) from error
    except OSError as error:
        raise FaceswapError(f"The {what} {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FaceswapError(f"The {what} {path} is not valid YAML: {_fault(error)}") from error


def _beside(path: Path, there: Iterable[str]) -> str:
    """What to do about a file that is not there."""
    folder = path.absolute().parent
    return f"In {folder}: {suggest(path.name, there)}" if there else f"{folder} holds no YAML file: check the path."


def _read_yaml(path: Path) -> dict[str, Any]:
    content = load_yaml(path)
    if not isinstance(content, dict):
        raise FaceswapError(f"{path} must hold `setting: value` lines. Received: {type(content).__name__}")
    return content


def _fault(error: Exception) -> str:
    """What is wrong with a YAML text and where, in one line; to the library all texts are `<unicode string>`."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).replace('in "<unicode string>", ', "").split())
    said = ": ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None))))
    return f"line {mark.line + 1}, column {mark.column + 1}: {' '.join(said.split())}"


def plugin_list(value: Any, where: str, path: str) -> list[Chosen]:
    """Reads plugins as YAML holds them: `name`, `{name: ..., option: ...}`, or a list of these.

    Args:
        value: What the file holds.
        where: The place of it, for messages.
        path: The file.

    Raises:
        OptionError: It has another form.
    """
    items = value if isinstance(value, list) else [value]
    return [_plugin({"name": item} if isinstance(item, str) else item, where, path) for item in items]


def _plugin(item: Any, where: str, path: str) -> Chosen:
    if not (isinstance(item, dict) and isinstance(item.get("name"), str)):
        raise OptionError(f"{where}: expected a plugin name or {{name: ..., option: ...}}. Received: {item!r}")
    chosen = Chosen(item["name"], where=path)
    for key, value in item.items():
        if key != "name":
            chosen.set(plain(str(key)), value, path)
    return chosen


def lay_environment(settings: Settings, environment: Mapping[str, str]) -> None:
    """Lays variables over the settings; those of other jobs are left alone.

    Args:
        settings: What the layers below have said.
        environment: `FACESWAP__CROP_SIZE=256` is a field, `FACESWAP__DETECTOR=mtcnn` names a plugin (several with
            commas between them; `FACESWAP__DETECTOR__NAME` does the same), `FACESWAP__DETECTOR__MIN_SIZE=30` is an
            option, for kinds of which a run takes several `FACESWAP__BLENDER__FEATHER__BLUR=3`.

    Raises:
        OptionError: There is no such kind, or two variables name the plugins of one.
    """
    naming: dict[str, str] = {}
    for key in sorted(key for key in environment if key.startswith(ENVIRONMENT_PREFIX)):
        word, *rest = key.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        kind = _kind_of(word)
        if kind in settings.defaults and rest in ([], ["name"]):
            if kind in naming:
                raise OptionError(f"{key}: {_twice(kind, naming[kind], key)}")
            naming[kind] = key
            settings.choose(kind, [name.strip() for name in environment[key].split(",")], key)
        elif kind in settings.defaults:
            settings.set_option(kind, rest, environment[key], key)
        elif {word, f"{word}_"} & settings.known and not rest:
            settings.set_field(word, environment[key], key)
        elif kind not in KINDS and rest:
            raise OptionError(f"{key}: there is no plugin kind '{word}'. {suggest(word, settings.defaults)}")
