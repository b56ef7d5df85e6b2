"""What the swaps of `bench quality` are measured by: their pixels, and the faces found in them, against the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...lib.faceset import Faceset
from ...lib.head_pose import expression_error, fit_turn
from ...lib.media import probe, read_frames
from ...lib.performers import Truth
from ...lib.quality import masked_psnr, masked_ssim, unlike_change
from ..demo.yardstick import face_box
from ..jobs.context import JobContext
from .head_pose import head_shape

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Likeness:
    """How near a video comes to the truth inside the face; means over its frames.

    Attributes:
        psnr: dB.
        ssim: At most 1.
        flicker: The change from frame to frame that the truth does not have: mean absolute gray levels of 255.
    """

    psnr: float
    ssim: float
    flicker: float


@dataclass(frozen=True)
class Acting:
    """How a video's faces act against the truth; means over the frames in which a face was found.

    Attributes:
        found: The share of such frames.
        expression: Distance of the inner landmarks in per cent of that between the eyes, rigid part removed.
        yaw: Error of the turn in degrees.
        pitch: Error of the nod.
        roll: Error of the tilt.
    """

    found: float
    expression: float
    yaw: float
    pitch: float
    roll: float


@dataclass
class _Tally:
    """What has been measured of one video."""

    rows: list[tuple[float, float]] = field(default_factory=list)
    flicker: list[float] = field(default_factory=list)
    before: Picture | None = None

    def add(self, picture: Picture, truth: Picture, truth_before: Picture | None, inside: NDArray[np.float32]) -> None:
        box = face_box(inside)
        shown, true, weights = picture[box], truth[box], inside[box]
        self.rows.append((masked_psnr(shown, true, weights), masked_ssim(shown, true, weights)))
        if self.before is not None and truth_before is not None:
            self.flicker.append(unlike_change((self.before[box], shown), (truth_before[box], true), weights))
        self.before = picture

    def likeness(self) -> Likeness:
        psnr, ssim = np.mean(self.rows, axis=0).tolist()
        return Likeness(psnr, ssim, float(np.mean(self.flicker)) if self.flicker else 0.0)


def measure_likeness(
    context: JobContext, videos: Mapping[str, Path], truth: Truth, frames: int, kept: Sequence[int]
) -> tuple[dict[str, Likeness], dict[str, list[Picture]]]:
    """Compares videos of the target's footage with the truth, all of them frame by frame.

    Args:
        context: Is told.
        videos: The videos by name.
        truth: The truth, rendered here.
        frames: How many frames they have.
        kept: The frames of which the pictures are returned.

    Returns:
        The likeness of each video, and for each video and `truth` the kept pictures.
    """
    tallies = {name: _Tally() for name in videos}
    pictures: dict[str, list[Picture]] = {name: [] for name in (*videos, "truth")}
    before: Picture | None = None
    with context.stage("measure against the truth", frames, "frames") as stage:
        for index, shown in enumerate(_together(videos)):
            context.check()
            true, inside = truth.frame(index), truth.take.face_mask(index)[..., 0]
            for name, picture in shown.items():
                tallies[name].add(picture, true, before, inside)
            if index in kept:
                for name, picture in {**shown, "truth": true}.items():
                    pictures[name].append(picture)
            before = true
            stage.advance()
    return {name: tally.likeness() for name, tally in tallies.items()}, pictures


def _together(videos: Mapping[str, Path]) -> Iterator[dict[str, Picture]]:
    readers = [read_frames(probe(path)) for path in videos.values()]
    for frames in zip(*readers, strict=True):
        yield {name: frame.image() for name, frame in zip(videos, frames, strict=True)}


def measure_acting(faceset: Path, truth: Truth, frames: int) -> Acting:
    """Compares the landmarks of a video's faces with the true ones.

    Args:
        faceset: The faces of the video, with 68 landmarks.
        truth: The truth.
        frames: How many frames the video has.
    """
    shape, rows = head_shape(truth.source), []
    with Faceset.open(faceset) as opened:
        for frame in opened.frames():
            if not frame.faces or frame.faces[0].landmarks is None:
                continue
            landmarks, true = frame.faces[0].landmarks, truth.landmarks(round(frame.time * truth.take.fps))
            turns = np.subtract(fit_turn(shape, landmarks), fit_turn(shape, true))
            rows.append([expression_error(landmarks, true), *np.abs(turns).tolist()])
    return Acting(len(rows) / frames, *np.mean(rows, axis=0).tolist())
