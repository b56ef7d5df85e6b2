"""Extraction against the bare detector and aligner, on footage with one face in each frame.

The bare side is as many processes as the job has workers. Each calls dlib's detector and landmark predictor on ready
frames in memory, and keeps nothing. Ours is the job `extract` with its default chain: it decodes, detects, aligns,
cuts, masks, codes and commits. Its seconds are told by the pace of its progress, so that its start-up, which footage
of real length outweighs, is left out as it is on the bare side; the whole job is among the details.
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .material import Material, to_and_fro
from .measure import Figure
from .sides import Cost, Side, Work, compare_costs, together

BOUND = 1.15

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def measure(sizes: Sequence[tuple[int, int]], frames: int, repeats: int) -> list[Figure]:
    """Measures footage of several sizes; the detector's share of the work grows with the frame.

    Args:
        sizes: Width and height of the frames.
        frames: Length of each footage; at least some chunks for each worker, so that there is a pace.
        repeats: How often both sides take turns.
    """
    figures = []
    for width, height in sizes:
        with TemporaryDirectory(prefix="faceswap-bench-") as folder:
            figures.append(_of_size(Material(Path(folder), frames, width, height), repeats))
    return figures


def _of_size(material: Material, repeats: int) -> Figure:
    media, frames, cores = material.footage("target"), material.frames, os.cpu_count() or 1
    whole: list[Cost] = []
    with ExitStack() as stack:
        ours = stack.enter_context(Side(make_ours, media, frames))
        bare, decoding = (
            [
                stack.enter_context(Side(make_bare, media, frames // cores, decoded, environment=_ONE_THREAD))
                for _ in range(cores)
            ]
            for decoded in (True, False)
        )

        def paced() -> Cost:
            whole.append(ours.measure())
            return replace(whole[-1], wall=whole[-1].answer)

        name = f"extraction: {material.width}x{material.height}, against detector and aligner calls"
        figure = compare_costs(name, paced, partial(together, bare), BOUND, repeats)
        with_decoding = statistics.median(together(decoding).wall for _ in range(repeats))
    bare_seconds = figure.details["bare_seconds"]
    details = {
        "frames": frames,
        "processes": cores,
        "ratio_with_decoding_on_both_sides": round(figure.details["ours_seconds"] / with_decoding, 3),
        "whole_job_ratio": round(statistics.median(cost.wall for cost in whole) / bare_seconds, 3),
        # The job's own seconds and core seconds go together, the pace leaves its start-up out.
        "ours_share_of_cores": round(statistics.median(cost.cpu / cost.wall for cost in whole) / cores, 3),
    }
    return replace(figure, details={**figure.details, **details})


def make_ours(media: Path, frames: int) -> Work:
    """Prepares the job; its answer is the seconds that so many frames take at its pace."""
    from ..events import Progress
    from ..jobs.extract import ExtractJob
    from ..jobs.job import run_job

    faceset = media.with_name("measured")

    def work() -> float:
        shutil.rmtree(faceset, ignore_errors=True)
        marks: list[tuple[float, int]] = []

        def listen(event: Any) -> None:
            if isinstance(event, Progress) and event.done:
                marks.append((event.time, event.done))

        run_job(ExtractJob(media=media, faceset=faceset), listen)
        return frames / pace(marks)

    return work


def pace(marks: list[tuple[float, int]]) -> float:
    """Units per second by the line that fits best through (seconds, units done)."""
    times, done = zip(*marks, strict=True)
    return float(statistics.linear_regression(times, done).slope)


def make_bare(media: Path, frames: int, decoded: bool) -> Work:
    """Prepares the calls that the default detector and aligner make of dlib.

    Args:
        media: The footage.
        frames: How many of its frames the calls are made on.
        decoded: Whether the frames lie in memory; else they are decoded on the way.
    """
    import av
    import dlib
    import numpy as np

    from ...lib.weights import weights_path
    from ...plugins.extract.align.dlib_68 import WEIGHTS

    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(weights_path(WEIGHTS[0])))

    def decode() -> Any:
        with av.open(str(media)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            for frame in islice(container.decode(video=0), frames):
                yield np.ascontiguousarray(frame.to_ndarray(format="rgb24"))

    pictures = list(islice(decode(), Material.distinct)) if decoded else []

    def work() -> int:
        ready = (pictures[index] for index in to_and_fro(frames, len(pictures))) if decoded else decode()
        faces = 0
        for picture in ready:
            boxes, _, _ = detector.run(picture, 0, 0.0)
            faces += len([predictor(picture, box) for box in boxes])
        return faces

    return work
