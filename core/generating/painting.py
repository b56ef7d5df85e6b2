"""The faces of a trained generator by number: one is the same whatever else is made with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..kinds import Generator

BATCH = 16
"""Faces that are made together; a face is always made among the same ones, so that it is equal to the last bit."""

Pictures = NDArray[np.uint8]


class Painter:
    """Makes faces of a generator.

    Args:
        generator: The generator, loaded.
        seed: Where the latents come from.
        truncation: How far from the mean face they lie, as a share.
    """

    def __init__(self, generator: Generator, seed: int, truncation: float) -> None:
        self._generator, self._seed, self._truncation = generator, seed, truncation

    def batches(self, count: int) -> Iterator[tuple[range, Pictures]]:
        """The first faces, in batches: their numbers, and uint8 `[faces size size 3]`."""
        latents = self._latents(-(-count // BATCH) * BATCH)
        for first in range(0, count, BATCH):
            faces = self._generator.generate(latents[first : first + BATCH], self._truncation)
            numbers = range(first, min(first + BATCH, count))
            yield numbers, faces[: len(numbers)]

    def grid(self, count: int) -> Pictures:
        """The first faces in one array, uint8 `[count size size 3]`."""
        return np.concatenate([faces for _, faces in self.batches(count)])

    def between(self, stops: Sequence[int], frames: int) -> Iterator[Pictures]:
        """Goes from face to face in a straight line of latents.

        Args:
            stops: Two or more numbers of faces.
            frames: Pictures from each stop to the next, the stop itself among them; the last stop ends it.

        Yields:
            uint8 `[size size 3]`.
        """
        latents = self._latents(max(stops) + 1)
        shares = np.arange(frames, dtype=np.float32)[:, None] / np.float32(frames)
        ways = [latents[one] * (1 - shares) + latents[other] * shares for one, other in pairwise(stops)]
        path = np.concatenate([*ways, latents[stops[-1] :][:1]])
        for first in range(0, len(path), BATCH):
            yield from self._generator.generate(path[first : first + BATCH], self._truncation)

    def mixed(self, rows: int, columns: int) -> list[Pictures]:
        """A table of mixed faces.

        Args:
            rows: Faces of which the fine features come.
            columns: Faces of which the coarse features come.

        Returns:
            Its columns, each uint8 `[rows size size 3]`: the first shows whose fine features the row has, each other
            begins with the face whose coarse features it has; the corner is white.
        """
        latents = self._latents(rows + columns)
        fine, coarse = latents[:rows], latents[rows:]
        given = self._generator.generate(latents, self._truncation)
        corner = np.full_like(given[:1], 255)
        table = [np.concatenate([corner, given[:rows]])]
        for number in range(columns):
            column = self._generator.mix(np.repeat(coarse[number : number + 1], rows, axis=0), fine, self._truncation)
            table.append(np.concatenate([given[rows + number :][:1], column]))
        return table

    def _latents(self, count: int) -> NDArray[np.float32]:
        return self._generator.latents(count, self._seed)
