"""Weights files that plugins declare: what is known of each, where it lies, and whether it is the right one.

A file is known by its SHA-256; nothing is fetched here (`download` does that, when it is told to).
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, Self

from .errors import WeightsError
from .hashes import hash_of, note_hash, noted_hash

FOLDER_VARIABLE = "FACESWAP_WEIGHTS"
"""Environment variable: the folder of the weights files, in place of the user's cache folder."""

_HASH = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"(https?|file)://\S+")
_NAME = re.compile(r"[^/\\:\x00-\x1f.][^/\\:\x00-\x1f]*")


class State(StrEnum):
    """What can be said of a weights file without reading it."""

    PRESENT = "present"
    MISSING = "missing"
    WRONG = "wrong"
    UNVERIFIED = "unverified"
    """It has the right size, and nobody has read it since it came or changed."""
    INCLUDED = "included"
    """It is no file of its own but a part of what its package installs."""


@dataclass(frozen=True)
class WeightsFile:
    """One entry of a plugin's `WEIGHTS`.

    Attributes:
        name: The file's name, without folders.
        licence: The terms of its use.
        commercial: Whether they allow commercial use.
        source: The page that tells where it comes from.
        url: Where it is fetched from (https, http or file); needs `sha256` and `size`.
        sha256: Its hash, 64 hexadecimal digits.
        size: Its bytes.
        inside: The folder of an installed package that holds it, as `package/folder`.
        optional: Whether the plugin works without it; such a file may be one whose hash nobody knows.

    Raises:
        ValueError: A field is not as it should be; the message begins with the file's name.
    """

    name: str
    licence: str = "unknown"
    commercial: bool = False
    source: str = ""
    url: str = ""
    sha256: str = ""
    size: int | None = None
    inside: str = ""
    optional: bool = False

    @classmethod
    def declared(cls, entry: Mapping[str, Any]) -> Self:
        """Reads one entry of a plugin's `WEIGHTS`; keys that are not known here are left out."""
        known = {field.name: entry[field.name] for field in fields(cls) if field.name in entry}
        texts = {key: value for key, value in known.items() if key not in ("commercial", "size", "optional")}
        wrong = [f"`{key}` must be text. Received: {value!r}" for key, value in texts.items() if type(value) is not str]
        if wrong or "name" not in known:
            raise ValueError(f"weights {entry.get('name')!r}: {wrong[0] if wrong else 'they have no `name`'}")
        return cls(**known)

    def __post_init__(self) -> None:
        self._expect(bool(_NAME.fullmatch(self.name)), "`name` must be a plain file name", self.name)
        self._expect(not self.url or bool(_URL.fullmatch(self.url)), "`url` must be https, http or file", self.url)
        hashed = bool(_HASH.fullmatch(self.sha256))
        self._expect(hashed or not self.sha256, "`sha256` must be 64 lowercase hexadecimal digits", self.sha256)
        whole = isinstance(self.size, int) and self.size > 0
        self._expect(whole or self.size is None, "`size` must be a number of bytes", self.size)
        self._expect(hashed or not self.url, "`url` needs a `sha256`", self.sha256)
        self._expect(whole or not (self.url or (hashed and not self.inside)), "`sha256` needs a `size`", self.size)
        parts = PurePosixPath(self.inside).parts
        inner = bool(parts) and parts[0].isidentifier() and ".." not in parts
        self._expect(inner or not self.inside, "`inside` must be a folder of a package", self.inside)

    def _expect(self, right: bool, rule: str, received: object) -> None:
        if not right:
            raise ValueError(f"weights {self.name!r}: {rule}. Received: {received!r}")

    @property
    def kept(self) -> bool:
        """Whether it lies in the folder of weights files, where `download` or a user puts it."""
        return (bool(self.sha256) or self.optional) and not self.inside


def weights_folder() -> Path:
    """The folder of the weights files: `$FACESWAP_WEIGHTS`, or `faceswap/weights` in the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else _user_cache() / "faceswap" / "weights"


def _user_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    variable, below = ("LOCALAPPDATA", "AppData/Local") if os.name == "nt" else ("XDG_CACHE_HOME", ".cache")
    chosen = Path(os.environ.get(variable) or Path.home() / below)
    return chosen if chosen.is_absolute() else Path.home() / below


def path_of(file: WeightsFile) -> Path | None:
    """Where a file lies or belongs; None where it is no file, or its package is not installed.

    Files of the folder of weights lie in a subfolder named after their hash, so that two packages, or two versions of
    one, may use the same name for different files.
    """
    if file.kept:
        return weights_folder() / file.sha256[:12] / file.name  # Without a hash in the folder itself.
    if not file.inside:
        return None
    package, *folders = PurePosixPath(file.inside).parts
    spec = find_spec(package)  # Of a top-level package: it is not imported.
    roots = list(spec.submodule_search_locations or ()) if spec else []
    return Path(roots[0]).joinpath(*folders, file.name) if roots else None


def state(file: WeightsFile) -> State:
    """Tells whether a file is there, from its size and from what was found when it was last read."""
    if not (file.kept or file.inside):
        return State.INCLUDED
    path = path_of(file)
    if path is None or not path.is_file():
        return State.MISSING
    if file.size is not None and path.stat().st_size != file.size:
        return State.WRONG
    if not (file.kept and file.sha256):
        return State.PRESENT
    known = noted_hash(path)
    return State.UNVERIFIED if known is None else State.PRESENT if known == file.sha256 else State.WRONG


def verify(file: WeightsFile, path: Path, afresh: bool = False) -> None:
    """Compares a file's size and hash with what was declared; a package's own file, which pip has checked, by its size.

    Args:
        file: What was declared.
        path: Where the file lies.
        afresh: Whether it is read in any case, also one of a package, or one that has not changed since the last time.

    Raises:
        WeightsError: They differ; the message says what was expected and what came.
    """
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise WeightsError(f"weights '{file.name}' must have {file.size} bytes. Received: {size} bytes in {path}")
    if not file.sha256 or (file.inside and not afresh):
        return
    known = None if afresh else noted_hash(path)
    digest = known or hash_of(path)
    if file.kept and known is None:
        note_hash(path, digest)
    if digest != file.sha256:
        raise WeightsError(f"weights '{file.name}' must have sha256 {file.sha256}. Received: {digest} in {path}")


def weights_path(entry: Mapping[str, Any]) -> Path:
    """Finds a weights file that a plugin declares; to be called in its `load()`.

    Nothing is fetched. A file that has changed since it was last read is compared with its hash.

    Args:
        entry: An entry of the plugin's `WEIGHTS`, for example `WEIGHTS[0]`.

    Returns:
        Where the file lies.

    Raises:
        WeightsError: It is missing or another one than was declared; the message has the command that brings it.
        ValueError: The entry declares no file of its own: neither `inside`, `sha256` nor `optional`.

    Example:
        >>> network = np.load(weights_path(WEIGHTS[0]))
    """
    return located(WeightsFile.declared(entry))


def located(file: WeightsFile, afresh: bool = False) -> Path:
    """Finds a file and compares it with what was declared; raises as `weights_path` does.

    Args:
        file: What was declared.
        afresh: Whether it is read also when it has not changed since it was last read.
    """
    if not (file.kept or file.inside):
        raise ValueError(
            f"weights {file.name!r} are no file of their own: they declare neither `inside`, `sha256` nor `optional`"
        )
    path = path_of(file)
    if path is None or not path.is_file():
        raise WeightsError(f"weights '{file.name}' are missing: {_remedy(file)}")
    try:
        verify(file, path, afresh)
    except WeightsError as error:
        raise WeightsError(f"{error}. To replace them: {_remedy(file)}") from None
    return path


def _remedy(file: WeightsFile) -> str:
    """What brings a file, as a command where there is one."""
    if file.inside:
        return f"install the package again that brings `{file.inside.partition('/')[0]}`"
    place = f"put the file at {path_of(file)}"
    if file.url:
        return f"run `faceswap weights fetch {shlex.quote(file.name)}`, or {place}"
    return f"{place}; it comes from {file.source or 'its author'}"
