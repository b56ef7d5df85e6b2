"""Faces that worker processes extract while the frames before them are converted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...lib.face_table import FaceTable
from ...lib.faceset import Faceset
from ...lib.media import FrameKey, Medium
from ..extracting.messages import ChunkResult
from .faces import FacesetFaces, FrameFace


class FreshFaces:
    """The faces of a faceset that is still being filled.

    Args:
        faceset: The faceset; whoever reads `results` fills it.
        medium: What is extracted.
        awaited: The places of the frames that are not in the faceset yet: times in a video, positions among images.
        results: What becomes of chunks, as they come.
    """

    def __init__(
        self, faceset: Faceset, medium: Medium, awaited: Sequence[int], results: Iterator[ChunkResult]
    ) -> None:
        self._stored = FacesetFaces(faceset)
        self._positions = {name: place for place, name in enumerate(medium.images)}
        self._awaited, self._results = set(awaited), results

    def faces(self, key: FrameKey) -> Sequence[FrameFace]:
        """The frame's faces; waits for its chunk. None where it could not be extracted.

        Raises:
            FaceswapError: The extraction failed.
        """
        place = self._place(key.source, key.pts)
        while place in self._awaited and (result := next(self._results, None)) is not None:
            self._take(result)
        return self._stored.faces(key)

    def table(self) -> FaceTable:
        """The faces, by rows; waits for all frames.

        Raises:
            FaceswapError: The extraction failed.
        """
        for result in self._results:
            self._take(result)
        return self._stored.table()

    def _take(self, result: ChunkResult) -> None:
        """Notes which frames nobody has to wait for any more."""
        self._awaited.difference_update(self._place(frame.source, frame.pts) for frame in result.each)
        self._awaited.difference_update(lost for lost, _ in result.missing)
        self._awaited.difference_update(lost for failure in result.failures for lost in failure.places)

    def _place(self, source: str, pts: int) -> int:
        return self._positions.get(source, pts)
