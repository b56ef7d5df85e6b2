"""The hooks by which listeners are told what a run does.

Each is called with what an event of `core/events.py` says, by keyword; an implementation takes the arguments that it
needs. Arguments are plain values (text, numbers, dictionaries of them), and every listener has its own copy of them.
In later versions a hook may be given more arguments; none is taken away or gets another meaning.
"""

from __future__ import annotations

from typing import Any

from .hookspecs import hookspec


@hookspec
def faceswap_run_started(
    job: str,
    time: float,
    command: str,
    settings: dict[str, Any],
    plugins: dict[str, str],
    home: str,
    parent: str | None,
) -> None:
    """A run has begun; its input has not been looked at yet.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        command: What runs: `extract`, `train`, `convert`, `swap`, `demo`.
        settings: The job as it was resolved; reproduces it.
        plugins: `kind name` -> `package version` of every plugin of the run.
        home: The folder in which the run is recorded.
        parent: The id of the job that this one is a part of (a swap trains and converts in runs of their own), or None.
    """


@hookspec
def faceswap_run_ended(job: str, time: float, outcome: str, message: str, report: dict[str, Any] | None) -> None:
    """A run has ended.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        outcome: `done`, `failed`, or `stopped` when somebody asked for it.
        message: One line that says why it failed or stopped; empty when it is done.
        report: What the run did, when it is done.
    """


@hookspec
def faceswap_frame_extracted(job: str, time: float, source: str, pts: int, seconds: float, faces: int) -> None:
    """The faces of a frame are in the faceset, where a kill cannot harm them.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        source: The name of the video or image.
        pts: The frame's presentation time stamp; 0 for an image.
        seconds: Its time in the footage; for an image of a folder, its place there.
        faces: The faces that were found in it.
    """


@hookspec
def faceswap_training_started(job: str, time: float, model_dir: str, step: int, iterations: int) -> None:
    """The model is ready and the first step of this run is about to be done.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        model_dir: The model folder.
        step: The steps that are done; what was told of later ones in an earlier run is to be forgotten.
        iterations: Steps in all.
    """


@hookspec
def faceswap_training_step(
    job: str,
    time: float,
    step: int,
    steps: int,
    losses: dict[str, float],
    faces_per_second: float | None,
    skipped: int,
) -> None:
    """Training has moved on and its losses were read: every ten steps, after a second, and before a checkpoint.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        step: The steps that are done, those of earlier runs included.
        steps: How many of them were done since the last call.
        losses: The mean of each loss over these, by name.
        faces_per_second: Faces of all people that these steps took in a second.
        skipped: Steps that changed nothing, since their losses or gradients were not finite, of all that are done.
    """


@hookspec
def faceswap_validated(
    job: str, time: float, step: int, figures: dict[str, float], score: float | None, best_step: int | None
) -> None:
    """The model was measured on faces that it is not trained on, or a generator by what it makes.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        step: The steps that are done, those of earlier runs included.
        figures: What was measured, by name: `psnr_<person>` in dB, `ssim_<person>`, `identity`; a generator's `spread`.
        score: The one number in which they are weighed, higher is better; None where nothing is weighed.
        best_step: The step with the highest score so far; None likewise.
    """


@hookspec
def faceswap_preview_made(job: str, time: float, path: str, title: str) -> None:
    """A picture that shows how the run is doing was written.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        path: The picture's file.
        title: What it shows.
    """


@hookspec
def faceswap_checkpoint_saved(job: str, time: float, path: str, step: int) -> None:
    """A checkpoint is on the disk, whole.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        path: Its folder.
        step: The step that it was taken after.
    """


@hookspec
def faceswap_frame_converted(job: str, time: float, source: str, pts: int, seconds: float, faces: int) -> None:
    """A frame was written, in its order; a run that is killed does the frames of its last chunk again.

    Args:
        job: The id of the running job.
        time: When it happened, in seconds since the epoch.
        source: The name of the video or image.
        pts: The frame's presentation time stamp; 0 for an image.
        seconds: Its time in the footage; for an image of a folder, its place there.
        faces: The faces that were swapped in it.
    """
