"""What an unfinished output has so far: a folder beside it, `<output>.parts`, that a later run continues.

`manifest.json` says which settings the parts were made with; each finished chunk has a record. Whoever holds the
folder's lock is its one writer.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ...lib.lock import LOCK_NAME, FolderLock
from ...lib.publish import output_errors, publish_bytes, remove_folder, require_parent, sweep
from ..errors import OutputError

_MANIFEST = "manifest.json"


class Parts:
    """The finished chunks of an output.

    Args:
        output: The output that they are parts of.
        settings: A digest of all that the output depends on.

    Raises:
        OutputError: The folder cannot be made, holds something else, or another process is writing it.

    Attributes:
        folder: Where they lie.
        discarded: Whether parts of other settings were found and removed.
    """

    def __init__(self, output: Path, settings: str) -> None:
        self.folder = output.with_name(f"{output.name}.parts")
        require_parent(self.folder)
        sweep(output.parent)
        with output_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
        self._lock = FolderLock(self.folder)
        sweep(self.folder)
        found = self._manifest()
        self.discarded = found is not None and found != settings
        if found != settings:
            self._clear(ours=found is not None)
            publish_bytes(self.folder / _MANIFEST, json.dumps({"settings": settings}).encode())

    def done(self) -> dict[int, dict[str, Any]]:
        """The records of the finished chunks, by number; one that cannot be read counts as unfinished."""
        records = {}
        for path in sorted(self.folder.glob("*.json")):
            if path.stem.isdigit():
                with suppress(OSError, ValueError):
                    records[int(path.stem)] = json.loads(path.read_bytes())
        return records

    def path(self, chunk: int, ending: str) -> Path:
        """Where the file of a chunk lies."""
        return self.folder / f"{chunk:06d}{ending}"

    def record(self, chunk: int, content: dict[str, Any]) -> None:
        """Notes that a chunk is finished; its files must be on the disk.

        Raises:
            OutputError: The disk is full.
        """
        publish_bytes(self.path(chunk, ".json"), json.dumps(content).encode())

    def remove(self) -> None:
        """Removes the folder: the output is published."""
        self._lock.release()
        remove_folder(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def _manifest(self) -> str | None:
        """The settings of the parts that lie here; None for a new folder."""
        try:
            return str(json.loads((self.folder / _MANIFEST).read_bytes())["settings"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _clear(self, ours: bool) -> None:
        """Removes parts of other settings; the manifest stays, so that a kill leaves them known as such."""
        for entry in self.folder.iterdir():
            if entry.name in (LOCK_NAME, _MANIFEST):
                continue
            if not ours:
                raise OutputError(f"{self.folder} is in the way and holds no parts; choose another output")
            with output_errors(entry):
                remove_folder(entry) if entry.is_dir() else entry.unlink()
