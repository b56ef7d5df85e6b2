"""Measures a demo's swap against the truth, which is known because the performers can act the same script.

A truth frame shows the source's face acting the target's script under the target's grade. It is rendered here, after
training, and is in no faceset.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib.contact_sheet import contact_sheet
from ...lib.faceset import Faceset
from ...lib.media import probe, read_frames, write_image
from ...lib.performers import Performer, Take, Truth
from ...lib.provenance.signing import Sealer
from ...lib.provenance.xmp import packet
from ...lib.quality import masked_psnr, masked_ssim
from ..jobs.context import JobContext

Picture = NDArray[np.uint8]

_COMPARED_FRAMES = 5


@dataclass(frozen=True)
class Likeness:
    """How near the swap and the unswapped target come to the truth inside the face; means over all frames."""

    psnr_swap: float
    psnr_unswapped: float
    ssim_swap: float
    ssim_unswapped: float


@dataclass(frozen=True)
class Identity:
    """Whom the swapped faces resemble: mean embedding distances to each person's mean face."""

    identity_to_source: float
    identity_to_target: float
    share_nearer_source: float


def measure_likeness(
    context: JobContext, target: Path, swap: Path, source: Performer, take: Take, frames: int
) -> Likeness:
    """Compares both videos with the truth, frame by frame, inside the target's face."""
    truth = Truth(source, take)
    rows = []
    with context.stage("measure against the truth", frames, "frames") as stage:
        for index, (before, after) in enumerate(_pairs(target, swap)):
            context.check()
            rows.append(_likeness_of_frame(before, after, truth.frame(index), take.face_mask(index)))
            stage.advance()
    means = np.mean(rows, axis=0).round(4).tolist()
    return Likeness(*means)


def _pairs(target: Path, swap: Path) -> Any:
    before, after = read_frames(probe(target)), read_frames(probe(swap))
    return ((one.image(), other.image()) for one, other in zip(before, after, strict=True))


def _likeness_of_frame(before: Picture, after: Picture, truth: Picture, mask: NDArray[np.float32]) -> list[float]:
    box = face_box(mask[..., 0])
    before, after, truth, inside = before[box], after[box], truth[box], mask[..., 0][box]
    return [
        masked_psnr(after, truth, inside),
        masked_psnr(before, truth, inside),
        masked_ssim(after, truth, inside),
        masked_ssim(before, truth, inside),
    ]


def face_box(mask: NDArray[np.float32], margin: int = 8) -> tuple[slice, slice]:
    """The box of a mask `[height width]` with room for the window of SSIM, as rows and columns."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    return np.s_[top : rows[-1] + margin + 1, left : columns[-1] + margin + 1]


def measure_identity(source: Path, target: Path, swapped: Path, recognizer: str) -> Identity:
    """Compares the embeddings of the swapped faces with both people's mean embedding.

    Args:
        source: Faceset of the source.
        target: Faceset of the unswapped target.
        swapped: Faceset of the swapped video.
        recognizer: The recognizer whose embeddings the facesets hold.
    """
    faces = _embeddings(swapped, recognizer)
    to_source = np.linalg.norm(faces - _center(_embeddings(source, recognizer)), axis=1)
    to_target = np.linalg.norm(faces - _center(_embeddings(target, recognizer)), axis=1)
    return Identity(
        identity_to_source=round(float(to_source.mean()), 4),
        identity_to_target=round(float(to_target.mean()), 4),
        share_nearer_source=round(float((to_source < to_target).mean()), 4),
    )


def _embeddings(faceset: Path, recognizer: str) -> NDArray[np.float32]:
    with Faceset.open(faceset) as opened:
        return np.stack([face.embeddings[recognizer] for face in opened.faces()])


def _center(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def write_comparison(
    path: Path, target: Path, swap: Path, source: Performer, take: Take, frames: int, sealer: Sealer | None = None
) -> None:
    """Publishes a picture of a few frames: target, swap and truth side by side; sealed as one made from the swap."""
    truth = Truth(source, take)
    chosen = np.linspace(0, frames - 1, _COMPARED_FRAMES + 2).round().astype(int)[1:-1].tolist()
    rows = [
        (before, after, truth.frame(index))
        for index, (before, after) in enumerate(itertools.islice(_pairs(target, swap), chosen[-1] + 1))
        if index in chosen
    ]
    columns = [np.stack(pictures) for pictures in zip(*rows, strict=True)]
    picture = contact_sheet(columns, ("target", "swap", "truth"), tile=take.size * 3 // 4)
    if sealer:
        write_image(path, picture, xmp=packet(), finish=partial(sealer.seal, original=swap))
    else:
        write_image(path, picture)
