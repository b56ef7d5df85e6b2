"""Worker processes that extract chunks of footage into a faceset, whose rows this process alone writes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from ...lib.faceset_writer import FacesetWriter
from ..workers.limits import Limits
from ..workers.pool import WorkerPool
from .mending import Mender
from .messages import ChunkResult, ChunkTask, WorkSettings

_WORKER_MODULE = __name__.replace("crew", "work")


def extract_chunks(
    faceset: FacesetWriter,
    work: WorkSettings,
    tasks: Sequence[ChunkTask],
    workers: int,
    frame_seconds: float,
    check: Callable[[], None],
) -> Generator[tuple[ChunkResult, int], None, None]:
    """Runs chunks and commits each as it comes.

    Args:
        faceset: Where the faces go.
        work: What every worker is told.
        tasks: The chunks, in order.
        workers: How many processes.
        frame_seconds: Seconds without progress on a frame after which it is given up.
        check: Called several times a second; raises when the run should stop.

    Yields:
        What became of each chunk, and how many faces were committed. To be closed when not read to its end.

    Raises:
        FaceswapError: A plugin failed, or a worker died for good.
    """
    mender, limits = Mender(), Limits.shared(frame_seconds, workers)
    settings = work.model_dump(mode="json")
    with WorkerPool(_WORKER_MODULE, "ChunkWorker", settings, workers, limits, mender) as pool:
        for answer in pool.run([task.model_dump(mode="json") for task in tasks], check):
            result = ChunkResult.model_validate(answer)
            faces = faceset.commit_chunk(result.record)
            if result.frames:
                mender.succeeded(result.medium)
            yield result, faces
