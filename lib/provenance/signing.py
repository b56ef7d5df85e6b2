"""Signing what is about to be published: the manifest goes into the temporary file, or beside the final one."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, ProvenanceError
from ..hashes import hash_of
from ..publish import disk_full_message, publish_bytes
from .formats import UNKNOWN, embeds, is_medium, media_type, sidecar_of
from .keys import SigningKey
from .xmp import COMPOSITE, TRAINED, append_to_video

if TYPE_CHECKING:
    from c2pa import Builder, Context, Signer

LABEL = "faceswap.conversion"
"""Of the assertion that says what a file was made with and from."""

_ROOM = 1 << 20
"""Bytes that a manifest needs at most beside the file, those of its parents left aside."""

_IN_MEMORY = 8
"""Megabytes up to which the library works in memory; larger files it copies twice into the temporary folder."""

_LEAF = 4096
"""Kilobytes of mp4 and mov that have a hash of their own, so that no more need lie in memory: the leaves of a Merkle
tree (C2PA specification, BMFF-based hash). What lies beside a sidecar is read in pieces of up to 256 MB."""


@dataclass(frozen=True, eq=False)
class Sealer:
    """Seals files: marks them with XMP, and signs what they are, were made with, and were made from.

    May be called by several threads at once.

    Attributes:
        key: What to sign with.
        version: This program's version.
        made_with: What the manifest tells of the making: JSON values by name.
    """

    key: SigningKey
    version: str
    made_with: Mapping[str, Any]
    _parents: dict[Path, tuple[bytes, str]] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def seal(self, temp: Path, final: Path, original: Path | None = None) -> None:
        """Seals a whole temporary file before it gets its name; a sidecar is published first.

        Beside the file and in the system's temporary folder, a large video takes its size again for that long.

        Args:
            temp: The file; replaced by the sealed one.
            final: The name that it will have, which says what kind of file it is.
            original: What it was made from, of which manifests are kept; None where a model made it out of nothing.

        Raises:
            OutputError: The disk is full.
            ProvenanceError: It cannot be signed.
        """
        append_to_video(temp, final, COMPOSITE if original else TRAINED)
        _require_room(temp, final)
        if embeds(final):
            _embed(temp, final, self._builder(original), self.key)
        else:
            publish_bytes(sidecar_of(final), _detached(temp, final, self._builder(original), self.key))

    def _builder(self, original: Path | None) -> Builder:
        """The manifest, with the original as its parent if there is one."""
        from c2pa import Builder, C2paBuilderIntent

        if original is None:
            return Builder(self._definition("c2pa.created", TRAINED, {}), offline_context())
        archive, sha256 = self._parent(original)
        told = {"original_sha256": sha256}
        builder = Builder(self._definition("c2pa.edited", COMPOSITE, told), offline_context())
        builder.set_intent(C2paBuilderIntent.EDIT)
        builder.add_ingredient_from_archive(io.BytesIO(archive))
        return builder

    def _parent(self, original: Path) -> tuple[bytes, str]:
        """The original as an ingredient, and its hash; read once, however many frames are made from it."""
        with self._lock:
            if original not in self._parents:
                self._parents.clear()  # Images come one after the other and are not asked for again.
                with _reading(original):
                    self._parents[original] = _ingredient(original), hash_of(original)
            return self._parents[original]

    def _definition(self, action: str, source_type: str, told: Mapping[str, str]) -> dict[str, Any]:
        agent = {"name": "faceswap", "version": self.version}
        done = {"action": action, "digitalSourceType": source_type, "softwareAgent": agent}
        return {
            "claim_generator_info": [agent],
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": [done]}},
                {"label": LABEL, "data": {**self.made_with, **told}},
            ],
        }


def try_key(key: SigningKey) -> None:
    """Signs a few bytes, so that a certificate that will not do is told before any work.

    Raises:
        ProvenanceError: It cannot sign.
    """
    from c2pa import Builder, C2paBuilderIntent, C2paDigitalSourceType, C2paError

    builder = Builder({}, offline_context())
    builder.set_intent(C2paBuilderIntent.CREATE, C2paDigitalSourceType.DIGITAL_CREATION)
    builder.set_no_embed()
    try:
        builder.sign(_signer(key), UNKNOWN, io.BytesIO(b"a trial"), _Nothing())
    except C2paError as error:
        holder = "your own key" if key.own else "the key of --sign-with"
        raise ProvenanceError(
            f"{holder} cannot sign: {_line(error)}; C2PA wants a certificate for digital signatures with the extended "
            "key usage emailProtection, not that of an authority"
        ) from error


def _signer(key: SigningKey) -> Signer:
    from c2pa import C2paSignerInfo, Signer

    return Signer.from_info(C2paSignerInfo(key.algorithm.encode(), key.chain, key.private, None))


def _require_room(temp: Path, final: Path) -> None:
    """Refuses to begin what the disk cannot hold; the library itself would say little of it."""
    size = temp.stat().st_size
    if shutil.disk_usage(temp.parent).free < size + _ROOM:
        raise OutputError(disk_full_message(final, size + _ROOM))
    spare = Path(tempfile.gettempdir())
    if size > _IN_MEMORY << 20 and shutil.disk_usage(spare).free < 2 * size + _ROOM:
        raise OutputError(
            f"cannot sign {final}: {spare} has no room for {2 * size / 1e6:.0f} MB; TMPDIR names another folder. "
            "Nothing is lost: the same command continues"
        )


def forget(final: Path) -> None:
    """Removes the sidecar of a file that another one without a manifest has replaced."""
    if not embeds(final) and is_medium(final):
        sidecar_of(final).unlink(missing_ok=True)


def offline_context(roots: str = "") -> Context:
    """Settings under which nothing is fetched, and no thumbnail shows the original's face.

    Args:
        roots: The certificates that are trusted, in PEM.
    """
    from c2pa import Context

    verify = {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True}
    settings: dict[str, Any] = {
        "version": 1,
        "verify": verify,
        "builder": {"thumbnail": {"enabled": False}},
        "core": {"backing_store_memory_threshold_in_mb": _IN_MEMORY, "merkle_tree_chunk_size_in_kb": _LEAF},
    }
    if roots:
        settings["trust"] = {"user_anchors": roots}
    return Context.from_dict(settings)


@contextmanager
def _reading(original: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProvenanceError(f"cannot read the original {original}: {error.strerror}") from error


def _ingredient(original: Path) -> bytes:
    """The original as the parent, with the manifests that it carries; one of a broken container is taken as bytes."""
    from c2pa import Builder, C2paError

    label = "original"
    told = {"relationship": "parentOf", "title": label, "label": label}
    for kind in (media_type(original), UNKNOWN):
        builder, archive = Builder({}, offline_context()), io.BytesIO()
        try:
            with original.open("rb") as file:
                builder.add_ingredient(told, kind, file)
            builder.write_ingredient_archive(label, archive)
        except C2paError as error:
            reason = error
            continue
        return archive.getvalue()
    raise ProvenanceError(f"{original} cannot be named as the original: {_line(reason)}; --no-provenance does without")


def _embed(temp: Path, final: Path, builder: Builder, key: SigningKey) -> None:
    """Replaces the temporary file by the signed one."""
    signed = temp.with_name(f".tmp-{os.getpid()}-signed-{final.name}")
    try:
        with temp.open("rb") as source, signed.open("w+b") as target:
            _sign(builder, key, media_type(final), (source, target), final)
        signed.replace(temp)
    finally:
        signed.unlink(missing_ok=True)


def _detached(temp: Path, final: Path, builder: Builder, key: SigningKey) -> bytes:
    """The manifest of a file that cannot hold it."""
    builder.set_no_embed()
    with temp.open("rb") as source:
        return _sign(builder, key, media_type(final), (source, _Nothing()), final)


def _sign(builder: Builder, key: SigningKey, kind: str, streams: tuple[Any, Any], final: Path) -> bytes:
    from c2pa import C2paError

    try:
        return bytes(builder.sign(_signer(key), kind, *streams))
    except C2paError as error:
        raise ProvenanceError(f"cannot sign {final}: {_line(error)}; --no-provenance writes it unsigned") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


class _Nothing(io.RawIOBase):
    """Takes the copy of a file that is signed beside itself, and forgets it."""

    def __init__(self) -> None:
        self._place = self._size = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._place += len(data)
        self._size = max(self._size, self._place)
        return len(data)

    def read(self, size: int = -1) -> bytes:
        return b""

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = base + offset
        return self._place
