"""What the measurements work on: rendered footage of any length and shape, facesets and models made of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .startup import command_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 25
_SOUND_RATE = 48000
_SCRIPTS = {"source": 100, "target": 101}


@dataclass(frozen=True)
class Material:
    """Footage of the two performers, `source` and `target`, and what the commands make of it; made when asked for.

    Attributes:
        folder: Where it lies; an existing folder.
        frames: Length of the footage.
        width: Of the frames in pixels, even. Wider frames than high ones show the scene mirrored on both sides.
        height: Of the frames in pixels, even; the performers are found from 256 on.
        distinct: How many frames are rendered; longer footage runs through them to and fro.
        crop_size: Side of the facesets' crops in pixels.
    """

    folder: Path
    frames: int
    width: int = 384
    height: int = 384
    distinct: int = 48
    crop_size: int = 512

    def pictures(self, person: str) -> list[NDArray[np.uint8]]:
        """The frames that are rendered, uint8 `[height width 3]`, RGB."""
        return self._rendered[person]

    def footage(self, person: str) -> Path:
        """The video of a performer, with sound."""
        path = self.folder / f"{person}.mp4"
        if not path.exists():
            self._write(path, person)
        return path

    def faceset(self, person: str) -> Path:
        """The faceset of that video."""
        path = self.folder / person
        if not path.exists():
            run_command(["extract", self.footage(person), path, "--crop-size", self.crop_size])
        return path

    def model(self, name: str, width: float = 1) -> Path:
        """The folder of a model that was trained for one step."""
        path = self.folder / f"{name}-{width:g}"
        if not path.exists():
            run_command(["train", path, *self.training(name, width), "--iterations", 1, "--batch-size", 2])
        return path

    def training(self, name: str, width: float = 1) -> list[str]:
        """The words of a command `train` that choose the facesets and the model."""
        people = "--source", self.faceset("source"), "--target", self.faceset("target")
        return [str(word) for word in (*people, "--model", name, "--model.width", width)]

    def _write(self, path: Path, person: str) -> None:
        from ...lib.media import VideoWriter
        from ...lib.performers import Script, soundtrack

        pictures = self.pictures(person)
        with VideoWriter(path, self.width, self.height, RATE, audio_rate=_SOUND_RATE) as video:
            video.write_audio(soundtrack(Script(_SCRIPTS[person]), self.frames / RATE, _SOUND_RATE))
            for index in to_and_fro(self.frames, len(pictures)):
                video.write(pictures[index])

    @cached_property
    def _rendered(self) -> dict[str, list[NDArray[np.uint8]]]:
        return {person: list(self._render(person)) for person in _SCRIPTS}

    def _render(self, person: str) -> Iterator[NDArray[np.uint8]]:
        import numpy as np

        from ...lib.performers import BEARDED, SITTER, Script, Take

        performer = SITTER if person == "source" else BEARDED
        take = Take(performer, Script(_SCRIPTS[person]), RATE, self.height)
        side = (self.width - self.height) // 2
        for frame in take.frames(min(self.frames, self.distinct)):
            yield np.pad(frame, ((0, 0), (side, side), (0, 0)), mode="reflect")


def to_and_fro(frames: int, distinct: int) -> Iterator[int]:
    """The rendered frame that is shown at each place: 0, 1, ..., last, ..., 1, 0, 1, ..."""
    period = max(1, 2 * distinct - 2)
    return (min(place % period, period - place % period) for place in range(frames))


def run_command(words: Sequence[Any]) -> None:
    """Runs a command of this program to its end.

    Raises:
        RuntimeError: It failed.
    """
    done = subprocess.run(command_line([str(word) for word in words]), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`faceswap {words[0]}` failed with exit code {done.returncode}: {done.stderr.strip()}")
