"""Checks for generators: what one latent gives, and that latents come from the seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from .exercise import Call, Exercise
from .records import check_of, expect
from .subject import SEED, Subject

_COUNT = 3


class GeneratorExercise(Exercise):
    """Works generators: a call is latents."""

    method = "generate"
    omits = frozenset({"odd-sizes"})

    def calls(self, plugin: Any) -> list[Call]:
        """Three latents."""
        return [(plugin.latents(_COUNT, SEED),)]

    def empty(self, plugin: Any) -> Call:
        """No latent."""
        return (plugin.latents(_COUNT, SEED)[:0],)

    def singles(self, call: Call) -> list[Call]:
        """One latent each."""
        return [(call[0][index : index + 1],) for index in range(len(call[0]))]


def latents_by_seed(subject: Subject) -> None:
    """The same seed draws the same latents, another seed draws others."""
    plugin = subject.plugin
    first, again, other = (np.asarray(plugin.latents(_COUNT, seed)) for seed in (SEED, SEED, SEED + 1))
    right = first.dtype == np.float32 and first.ndim == 2 and len(first) == _COUNT
    expect(right, f"latents float32 [{_COUNT} dim]", f"{first.dtype} {list(first.shape)}")
    expect(np.array_equal(first, again), "the same latents for the same seed", "others")
    expect(not np.array_equal(first, other), "other latents for another seed", "the same")


CHECKS = (check_of(latents_by_seed),)
