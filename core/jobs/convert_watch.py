"""What is told of a running conversion: each frame, and one of them as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...lib.provenance.pictures import write_sealed
from ...lib.publish import output_errors
from .. import events
from .context import JobContext, Stage

if TYPE_CHECKING:
    from ...lib.provenance.signing import Sealer
    from ..converting.stream import Work
    from .convert import ConvertJob


class ConvertWatch:
    """Follows a conversion frame by frame.

    Args:
        job: Its settings.
        context: Who is told, and who may stop it.
        sealer: What the preview is sealed by; None for not at all.
        stage: Counts the frames.
    """

    def __init__(self, job: ConvertJob, context: JobContext, sealer: Sealer | None, stage: Stage) -> None:
        self._job, self._context, self._sealer, self._stage = job, context, sealer, stage
        self._faces = 0

    def __call__(self, work: Work) -> None:
        """Counts a frame and shows it if it is the preview; raises when somebody asked to stop."""
        self._context.check()
        faces = len(work.swapped)
        self._faces += faces
        self._stage.advance(1, faces=self._faces)
        key, seconds = work.frame.key, work.frame.time
        self._context.tell(events.FrameConverted, source=key.source, pts=key.pts, seconds=seconds, faces=faces)
        if work.before is not None:
            media = self._job.media
            self._show(work.before, work.frame.image(), media / key.source if media.is_dir() else media)

    def _show(self, before: NDArray[np.uint8], after: NDArray[np.uint8], original: Path) -> None:
        path = self._job.preview_path()
        with output_errors(path):
            path.parent.mkdir(exist_ok=True)
        write_sealed(path, np.hstack([before, after]), self._sealer, original)
        self._context.preview(path, f"{self._job.media.name}: target and swap")
