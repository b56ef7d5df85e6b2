"""Checks for generators: latents that come from the seed alone, the faces that they give, truncation and mixing."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import training
from .arrays import difference
from .crops import crop_declared
from .exercise import Call, Exercise
from .records import SkipCheckError, check_of, expect
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
    """The same seed draws the same latents, more of them begin with these, another seed draws others."""
    plugin = subject.plugin
    first, again, other = (np.asarray(plugin.latents(_COUNT, seed)) for seed in (SEED, SEED, SEED + 1))
    right = first.dtype == np.float32 and first.ndim == 2 and len(first) == _COUNT
    expect(right, f"latents float32 [{_COUNT} dim]", f"{first.dtype} {list(first.shape)}")
    expect(np.array_equal(first, again), "the same latents for the same seed", "others")
    expect(not np.array_equal(first, other), "other latents for another seed", "the same")
    more = np.asarray(plugin.latents(2 * _COUNT, SEED))[:_COUNT]
    expect(np.array_equal(first, more), "more latents of a seed to begin with the same", "others")


def faces_fill_crop(subject: Subject) -> None:
    """The faces that it makes have the size of `crop`."""
    size = subject.plugin.crop.size
    for faces in subject.answers:
        expect(faces.shape[1:] == (size, size, 3), f"faces [{_COUNT} {size} {size} 3]", list(faces.shape))


def truncation_to_mean(subject: Subject) -> None:
    """A truncation of 0 makes one face of all latents."""
    plugin = subject.plugin
    faces = plugin.generate(plugin.latents(_COUNT, SEED), 0.0)
    changed = difference(np.repeat(faces[:1], _COUNT, axis=0), faces, subject.tolerance)
    expect(changed is None, "the mean face for every latent at truncation 0", changed)


def mixes_with_itself(subject: Subject) -> None:
    """A latent that is mixed with itself gives its own face."""
    plugin = subject.plugin
    latents = plugin.latents(_COUNT, SEED)
    if not plugin.mixes:
        raise SkipCheckError("it does not mix")
    changed = difference(plugin.generate(latents), plugin.mix(latents, latents), subject.tolerance)
    expect(changed is None, "the face of a latent that is mixed with itself", changed)


CHECKS = (
    *(
        check_of(function)
        for function in (
            crop_declared,
            latents_by_seed,
            faces_fill_crop,
            truncation_to_mean,
            mixes_with_itself,
        )
    ),
    *training.CHECKS,
)
