"""The pictures that the job `train` shows now and then: one way for models, one for generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..training.faces import TrainingFaces
    from .train import TrainJob

SAMPLES = 36
"""Faces of a generator's preview."""


class Previews(Protocol):
    """Draws what a plugin makes of the same things each time."""

    def grid(self, plugin: Any, title: str) -> NDArray[np.uint8]:
        """Draws the picture under a title, uint8 `[height width 3]`, RGB."""
        ...


class SwapPreviews:
    """A few faces of both people, reconstructed and swapped.

    Args:
        job: Names the facesets.
        faces: The training faces of each person.
    """

    def __init__(self, job: TrainJob, faces: Mapping[str, TrainingFaces]) -> None:
        self._job, self._faces = job, faces
        self._shown: list[NDArray[np.uint8]] = []

    def grid(self, plugin: Any, title: str) -> NDArray[np.uint8]:
        """Draws the grid."""
        from ..training.preview import preview_faces, preview_grid

        if not self._shown:
            self._shown = [
                preview_faces(self._job.faceset_of(name), plugin.crop, chosen=self._faces[name].chosen)
                for name in ("source", "target")
            ]
        source, target = self._shown
        return preview_grid(plugin, source, target, title)


class SamplePreviews:
    """What a generator makes of the same latents each time.

    Args:
        seed: Where the latents come from.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def grid(self, plugin: Any, title: str) -> NDArray[np.uint8]:
        """Draws the grid."""
        from ..training.preview import sample_grid

        return sample_grid(plugin.generate(plugin.latents(SAMPLES, self._seed)), title)
