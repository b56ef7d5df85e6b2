"""How well and how fast detectors find faces: on performers whose faces' places are known, and on any footage.

Each detector has a worker process of its own, as extraction has them, with the default aligner and masker behind it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...lib.boxes import landmarks_box
from ...lib.performers import BEARDED, SITTER, Script, Take
from ..extracting.plugins import PluginChoices
from ..host import PluginChoice, default_chain, default_choice, prepare
from ..listing import describe
from ..registry import discover
from ..workers.pool import WorkerPool
from .measure import Figure

if TYPE_CHECKING:
    from ...lib.media import Gathered

HEADINGS = (
    *("detector", "footage", "frames", "faces a frame", "with a face %", "missed %", "false in 100"),
    *("frames/s", "job frames/s", "host x", "store %"),
)

HOST_BOUND, STORE_BOUND = 1.10, 2.0
"""What the host may make of a detector's time, and the per cent of an extraction's that storing may take."""

_WORK = f"{__name__}_work"
_SEED = 23
_RATE = 25


@dataclass(frozen=True)
class Footage:
    """What faces are looked for in.

    Attributes:
        label: What the table calls it.
        medium: The video or the images.
        truth: Left, top, right, bottom of the one face of each frame, None where nobody knows.
    """

    label: str
    medium: Gathered
    truth: list[list[float]] | None = None


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        detector: Whose, with its options.
        footage: What it looked at.
        frames: How many frames.
        faces: Faces found in each, the mean.
        with_face: Per cent of frames in which any was found.
        missed: Per cent of frames in which the true one was not found; None where it is not known.
        false: Other faces in 100 frames; None where the true one is not known.
        rate: Frames that the detector, through the host, looks at in a core second.
        job_rate: Frames that an extraction does in a core second.
        host: Core seconds of the detector through the host over those of the detector called alone; the median of
            `ratios`.
        ratios: The single repeats.
        store: Per cent of an extraction's core seconds that go into writing and committing chunks.
        store_waiting: Per cent of its seconds, where one process does all and waits for the disk; the job's workers
            do not wait, since they go on with the next chunk.
    """

    detector: str
    footage: str
    frames: int
    faces: float
    with_face: float
    missed: float | None
    false: float | None
    rate: float
    job_rate: float
    host: float
    ratios: tuple[float, ...]
    store: float
    store_waiting: float

    def cells(self) -> tuple[str, ...]:
        """The line as people read it."""
        quality = ["" if value is None else f"{value:.1f}" for value in (self.with_face, self.missed, self.false)]
        speed = (f"{self.rate:.2f}", f"{self.job_rate:.2f}", f"{self.host:.3f}", f"{self.store:.1f}")
        return (self.detector, self.footage, str(self.frames), f"{self.faces:.2f}", *quality, *speed)


def measure(
    detectors: Sequence[PluginChoice], media: Sequence[Path], sides: Sequence[int], frames: int, repeats: int
) -> Iterator[Row]:
    """Measures detectors.

    Args:
        detectors: The detectors.
        media: Footage to look at; performers of each side are rendered where there is none.
        sides: Of the performers' square frames in pixels, even.
        frames: The most frames of each footage.
        repeats: How often the detector alone and through the host take turns.

    Raises:
        PluginError: A detector is unknown, could not be loaded, or failed.
        MediaError: Footage cannot be read.
    """
    from ...lib.media import gather

    for detector in detectors:
        prepare("detector", detector)  # What is wrong is told before the work.
    with TemporaryDirectory(prefix="faceswap-bench-") as folder:
        footage = [Footage(medium.label.name, medium) for medium in gather(media)] or [
            performers(Path(folder), side, frames) for side in sides
        ]
        for detector in detectors:
            yield from measure_on(footage, detector, frames, repeats)


def measure_on(footage: Sequence[Footage], detector: PluginChoice, frames: int, repeats: int) -> Iterator[Row]:
    """Measures one detector on footage; otherwise as `measure`."""
    tasks = [_task(each, frames, repeats) for each in footage]
    # One worker, so that answers come in the order of the tasks.
    with WorkerPool(_WORK, "FacesWorker", _settings(detector), 1) as pool:
        for each, answer in zip(footage, pool.run(tasks, lambda: None), strict=True):
            yield row(_label(detector), each, answer)


def installed_detectors() -> list[PluginChoice]:
    """The detectors whose weights are there."""
    found = [each for each in discover("detector") if not describe(each).absent]
    return [PluginChoice(name=f"{each.name}@{each.package}") for each in found]


def performers(folder: Path, side: int, frames: int) -> Footage:
    """Renders footage of both performers, one after the other.

    Args:
        folder: Where the video goes.
        side: Of the square frames in pixels.
        frames: Of both together.
    """
    from ...lib.media import Gathered, VideoWriter

    path, truth = folder / f"performers-{side}.mp4", []
    with VideoWriter(path, side, side, _RATE) as video:
        for number, performer in enumerate((SITTER, BEARDED)):
            take = Take(performer, Script(_SEED + number), _RATE, side)
            for index in range((frames + number) // 2):
                video.write(take.frame(index))
                truth.append(landmarks_box(take.landmarks(index)).tolist())
    return Footage(f"performers {side}x{side}", Gathered(path), truth)


def row(detector: str, footage: Footage, answer: dict[str, Any]) -> Row:
    """The line that a worker's answer gives."""
    least = time.get_clock_info("process_time").resolution
    pairs = zip(answer["host"], answer["bare"], strict=True)
    ratios = [max(host, least) / max(bare, least) for host, bare in pairs]
    frames, job, store = answer["frames"], answer["job"], answer["store"]
    known = footage.truth is not None
    return Row(
        detector=detector,
        footage=footage.label,
        frames=frames,
        faces=answer["faces"] / frames,
        with_face=100 * answer["with_face"] / frames,
        missed=100 * answer["missed"] / frames if known else None,
        false=100 * answer["false"] / frames if known else None,
        rate=answer["timed"] / max(statistics.median(answer["host"]), least),
        job_rate=frames / max(job["cores"], least),
        host=round(statistics.median(ratios), 3),
        ratios=tuple(round(ratio, 3) for ratio in ratios),
        store=round(100 * store["cores"] / max(job["cores"], least), 2),
        store_waiting=round(100 * store["wall"] / job["wall"], 2),
    )


def figures(rows: Sequence[Row]) -> list[Figure]:
    """What has bounds: the host's part of a detector's time, and the store's of a job's."""
    return [
        figure
        for each in rows
        for figure in (
            Figure(f"faces: {each.detector} through the host, {each.footage}", each.host, "x", HOST_BOUND),
            Figure(f"faces: storing with {each.detector}, {each.footage}", each.store, "%", STORE_BOUND),
        )
    ]


def _label(detector: PluginChoice) -> str:
    """The detector with its options, so that one can be told from itself with others."""
    name = prepare("detector", detector).found.name
    return " ".join([name, *(f"{option}={value}" for option, value in detector.options.items())])


def _settings(detector: PluginChoice) -> dict[str, Any]:
    aligner, maskers = default_choice("aligner"), default_chain("masker")
    return PluginChoices(detector=detector, aligner=aligner, maskers=maskers).model_dump(mode="json")


def _task(footage: Footage, frames: int, repeats: int) -> dict[str, Any]:
    medium = footage.medium
    return {
        "path": str(medium.path.absolute()),
        "images": medium.images,
        "truth": footage.truth,
        "frames": frames,
        "repeats": repeats,
    }
