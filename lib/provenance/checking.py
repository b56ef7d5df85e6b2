"""Looking at a file: what it is, what it was made with and from, whether it is intact, and who says so."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..errors import MediaError
from .formats import embeds, is_medium, media_type, sidecar_of
from .keys import own_roots, trusted_certificates
from .signing import LABEL, offline_context
from .xmp import source_type_in


class State(StrEnum):
    """What is known of a file."""

    INTACT = "intact"
    ALTERED = "altered"
    NOTHING = "nothing found"


@dataclass(frozen=True)
class Finding:
    """What a file says of itself, and whether that still holds.

    Attributes:
        path: The file.
        state: Whether the content is what was signed.
        why: C2PA's codes of what does not hold, those about the signer among them.
        trusted: Whether the signer's root is known here. Anyone can sign anything with a key of their own.
        expired: Whether the signer's certificate has expired; what was signed may still be intact.
        signer: Whom the certificate names.
        sidecar: The file that holds the manifest, where the file itself does not.
        source_type: The digital source type that is signed; a URI.
        marked: The digital source type of the XMP, which anyone can write or remove.
        made_with: What this program said of the making, where it made the file.
        manifests: How many manifests it carries, those of what it was made from among them.
    """

    path: Path
    state: State
    why: tuple[str, ...] = ()
    trusted: bool = False
    expired: bool = False
    signer: str | None = None
    sidecar: Path | None = None
    source_type: str | None = None
    marked: str | None = None
    made_with: dict[str, Any] = field(default_factory=dict)
    manifests: int = 0


def check_path(path: Path, roots: Iterable[Path] = ()) -> list[Finding]:
    """Looks at a file, or at each image and video of a folder.

    Args:
        path: The file or folder; subfolders are not searched.
        roots: More certificates that are trusted, in PEM, beside those of this user's own keys.

    Raises:
        MediaError: There is no such path, or it cannot be read.
    """
    if not path.exists():
        raise MediaError(f"there is no file or folder {path}; check the path")
    anchors = _anchors(roots)
    if not path.is_dir():
        return [check_file(path, anchors)]
    files = (each for each in sorted(path.iterdir()) if is_medium(each) and not each.name.startswith("."))
    return [check_file(each, anchors) for each in files if each.is_file()]


def check_file(path: Path, anchors: str) -> Finding:
    """Looks at one file; `anchors` are the trusted roots in PEM.

    Raises:
        MediaError: It cannot be read.
    """
    try:
        marked = source_type_in(path)
        return _checked(path, marked, anchors)
    except OSError as error:
        raise MediaError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error


def _checked(path: Path, marked: str | None, anchors: str) -> Finding:
    from c2pa import C2paError, Reader

    sidecar = None if embeds(path) or not sidecar_of(path).is_file() else sidecar_of(path)
    if not (embeds(path) or sidecar):
        return Finding(path, State.NOTHING, marked=marked)
    try:
        with path.open("rb") as file:
            manifest = sidecar.read_bytes() if sidecar else None
            reader = Reader.try_create(media_type(path), file, manifest, offline_context(anchors))
            told = json.loads(reader.json()) if reader else None
    except C2paError as error:  # There is something, and it is not what was written.
        return Finding(path, State.ALTERED, (" ".join(str(error).split()),), sidecar=sidecar, marked=marked)
    if not told or not told.get("active_manifest"):
        return Finding(path, State.NOTHING, marked=marked)
    return _finding(path, told, sidecar, marked)


def _finding(path: Path, told: dict[str, Any], sidecar: Path | None, marked: str | None) -> Finding:
    """What the library's report comes to."""
    active = told["manifests"][told["active_manifest"]]
    results = told.get("validation_results", {}).get("activeManifest", {})
    failed = tuple(failure["code"] for failure in results.get("failure", ()))
    broken = [code for code in failed if not code.startswith("signingCredential.")]
    assertions = {assertion["label"]: assertion["data"] for assertion in active.get("assertions", ())}
    return Finding(
        path,
        State.ALTERED if broken else State.INTACT,
        failed,
        trusted=any(success["code"] == "signingCredential.trusted" for success in results.get("success", ())),
        expired="signingCredential.expired" in failed,
        signer=active.get("signature_info", {}).get("issuer"),
        sidecar=sidecar,
        source_type=_source_type(assertions),
        marked=marked,
        made_with=assertions.get(LABEL, {}),
        manifests=len(told["manifests"]),
    )


def _source_type(assertions: dict[str, Any]) -> str | None:
    """The digital source type of the last action that names one."""
    actions = [action for label, data in assertions.items() if "actions" in label for action in data.get("actions", ())]
    return next(
        (str(action["digitalSourceType"]) for action in reversed(actions) if "digitalSourceType" in action), None
    )


def _anchors(roots: Iterable[Path]) -> str:
    """All trusted roots in PEM."""
    given = [certificate for root in roots for certificate in trusted_certificates(root)]
    return b"\n".join([*own_roots(), *given]).decode()
