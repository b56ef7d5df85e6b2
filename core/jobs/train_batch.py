"""How large a batch a training job takes: as its settings say, as before, or as does best here; and if it fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...lib import checkpoint

if TYPE_CHECKING:
    from ..training.engine import Engine
    from .context import JobContext
    from .train import TrainJob

MakeEngine = Callable[[int], "Engine"]
"""Makes the engine of the job, with fresh weights and a batch size."""


def settled_batch_size(job: TrainJob, context: JobContext, make_engine: MakeEngine, faces: int, usual: int) -> int:
    """Returns the batch size that a job takes.

    Args:
        job: The job.
        context: Is told what was found.
        make_engine: Makes engines to be tried and thrown away, so that the run is that of a given size.
        faces: How many faces the smaller faceset has.
        usual: What the plugin takes where the user does not say.
    """
    if job.batch_size != "auto":
        return job.batch_size or usual
    return _remembered(job) or _found(context, make_engine, faces)


def require_room(engine: Engine) -> None:
    """Insists that a step fits into the computer's memory.

    Raises:
        FaceswapError: It does not; names the largest batch that does.
    """
    from ..training.backends.accelerator import free_device_bytes
    from ..training.memory import footprint, free_bytes, require_memory

    if free_device_bytes() is None:  # An accelerator says when its memory runs out; without one the system kills.
        require_memory(footprint(engine.model, engine.updates), engine.batch_size, free_bytes())


def _remembered(job: TrainJob) -> int | None:
    """The batch size with which the model was trained before."""
    if not checkpoint.saved_steps(job.model_dir):
        return None
    size = checkpoint.load_latest(job.model_dir).info.get("batch_size")
    return size if isinstance(size, int) and size > 0 else None


def _found(context: JobContext, make_engine: MakeEngine, faces: int) -> int:
    """Tries ever larger batches on models that are thrown away."""
    from ..training.backends.accelerator import free_device_bytes
    from ..training.batch_size import candidates, find_batch_size
    from ..training.memory import footprint, free_bytes

    engine = make_engine(1)
    free = free_device_bytes() or free_bytes()
    fits = faces if free is None else footprint(engine.model, engine.updates).largest_batch(free)
    del engine
    found = find_batch_size(make_engine, candidates(faces, fits), context.check)
    context.warn(
        f"--batch-size auto: {found.size} faces of each person in a step, "
        f"{1000 * found.seconds_per_face:.3g} ms for each; {found.reason}"
    )
    return found.size
