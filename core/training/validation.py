"""What a model makes of faces that it is not trained on: which faces these are, and how near it comes to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...lib.faceset import Faceset
from ...lib.quality import masked_psnr, masked_ssim
from ..contract import CropSpec, Faces, Masks
from ..kinds import Recognizer, SwapModel
from .faces import common_mask, cut_crops, face_mask, recut_matrix
from .likeness import Likeness

FACES = 16
"""Faces of each person that are measured, at most."""

SMALLEST_CROP = 11
"""Side of the window of SSIM, in pixels: smaller crops cannot be measured."""

_FEWEST = 4
_STRETCHES = 4
_STRETCH = 8
_BATCH = 8
_BEST_PSNR = 100.0


@dataclass(frozen=True, eq=False)
class Sample:
    """Faces of one person, to be measured.

    Attributes:
        heads: The stored crops, uint8 `[faces side side 3]`.
        crops: The same as the model sees them, uint8 `[faces size size 3]`.
        masks: Where the face is in `crops`, float32 `[faces size size 1]`, 0..1.
        matrix: `[2 3]`, from pixels of `heads` to pixels of `crops`.
    """

    heads: NDArray[np.uint8]
    crops: NDArray[np.uint8]
    masks: NDArray[np.float32]
    matrix: NDArray[np.float64]


def held_out(count: int, share: float) -> NDArray[np.int64]:
    """Chooses the faces of a faceset that are kept from training.

    They lie in up to four stretches that are spread over the faceset, since a face is nearly the same as the one before
    it: were every twentieth held out, training would know them all.

    Args:
        count: How many faces the faceset has.
        share: The share of them that is held out, 0..1.

    Returns:
        Their places, ascending, int64; none where the share comes to fewer than four faces.
    """
    wanted = round(count * share)
    if wanted < _FEWEST:
        return np.zeros(0, np.int64)
    stretches = min(_STRETCHES, max(1, wanted // _STRETCH))
    lengths = np.full(stretches, wanted // stretches) + (np.arange(stretches) < wanted % stretches)
    middles = (np.arange(stretches) + 0.5) * count / stretches
    starts = np.clip(np.round(middles - lengths / 2), 0, count - lengths).astype(np.int64)
    return np.concatenate([np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)])


def spread(places: NDArray[np.int64], count: int = FACES) -> NDArray[np.int64]:
    """Some of many places, evenly spread over them."""
    few = min(count, len(places))
    return places[((np.arange(few) + 0.5) * len(places) / few).astype(np.int64)] if few else places


def read_sample(path: Path, places: NDArray[np.int64], spec: CropSpec, chosen: frozenset[str] | None = None) -> Sample:
    """Reads some faces of a faceset.

    Args:
        path: The faceset.
        places: Which of its faces, by their places in it.
        spec: The crop of the model.
        chosen: The names of the faces that are meant and counted; None for all.

    Raises:
        StoreError: The faceset or one of its pictures cannot be read.
    """
    with Faceset.open(path) as faceset:
        faceset.choose(chosen)
        everything = list(faceset.faces())
        faces, name, matrix = (
            [everything[place] for place in places],
            common_mask(everything),
            recut_matrix(faceset, spec),
        )
        masks = [face_mask(faceset, face, name, matrix, spec.size) for face in faces]
        heads = [faceset.read_crop(face) for face in faces]
        return Sample(np.stack(heads), cut_crops(faceset, faces, spec), np.stack(masks)[..., None], matrix)


def read_likeness(path: Path, recognizer: Recognizer, chosen: frozenset[str] | None = None) -> Likeness:
    """Remembers a person's face by faces that are spread over a faceset, or over those chosen by name."""
    with Faceset.open(path) as faceset:
        faceset.choose(chosen)
        everything = list(faceset.faces())
        faces = [everything[place] for place in spread(np.arange(len(everything)))]
        return Likeness(recognizer, cut_crops(faceset, faces, recognizer.crop))


def stored_to_crop(path: Path, spec: CropSpec) -> NDArray[np.float64]:
    """The matrix `[2 3]` from a faceset's crops to another crop of the same faces."""
    with Faceset.open(path) as faceset:
        return recut_matrix(faceset, spec)


class Validator:
    """Measures a model on held-out faces.

    Args:
        model: The model, which goes on being trained between two calls.
        samples: Held-out faces of each person.
        source: What the source looks like to a recognizer, and the matrix from the target's stored crops to what it
            wants to see; None for no figure of identity.
    """

    def __init__(
        self, model: SwapModel, samples: Mapping[str, Sample], source: tuple[Likeness, NDArray[np.float64]] | None
    ) -> None:
        self._model, self._samples, self._source = model, samples, source

    def measure(self) -> dict[str, float]:
        """Measures the model as it is now; nothing random is drawn.

        Returns:
            For each person `psnr_<person>` in dB and `ssim_<person>`, inside the face, of its own reconstruction;
            `identity`: the mean distance of the swapped target's embeddings to the source's mean embedding.
        """
        figures: dict[str, float] = {}
        if self._source and "target" in self._samples:
            likeness, matrix = self._source
            sample = self._samples["target"]
            faces, masks = self._swapped(sample, "source")
            masks = sample.masks if masks is None else masks
            figures["identity"] = likeness.distance(sample.heads, faces, masks, sample.matrix, matrix)
        for person, sample in self._samples.items():
            faces, _ = self._swapped(sample, person)
            psnr, ssim = _nearness(faces, sample)
            figures |= {f"ssim_{person}": ssim, f"psnr_{person}": psnr}
        return {name: round(value, 5) for name, value in figures.items()}

    def _swapped(self, sample: Sample, identity: str) -> tuple[Faces, Masks | None]:
        """The model's answer, computed in small batches: beside the training there may be little memory."""
        parts = [
            self._model.swap(sample.crops[first : first + _BATCH], identity)
            for first in range(0, len(sample.crops), _BATCH)
        ]
        masks = [mask for _, mask in parts if mask is not None]
        return np.concatenate([faces for faces, _ in parts]), np.concatenate(masks) if masks else None


def score(figures: Mapping[str, float]) -> float:
    """Weighs the figures of a validation in one number: the mean SSIM of all people, less the distance of identity.

    Both are of one magnitude: SSIM rises to 1, and the distance falls to about 0.4 where a recognizer takes the swapped
    face for the source's.
    """
    similarity = [value for name, value in figures.items() if name.startswith("ssim_")]
    return round(sum(similarity) / max(len(similarity), 1) - figures.get("identity", 0.0), 5)


def _nearness(faces: Faces, sample: Sample) -> tuple[float, float]:
    """Mean PSNR and SSIM inside the faces; a face whose mask lies outside its crop says nothing."""
    rows = list(_each(faces, sample))
    if not rows:
        return 0.0, 0.0
    psnr, ssim = np.mean(rows, axis=0)
    return float(psnr), float(ssim)


def _each(faces: Faces, sample: Sample) -> Iterator[tuple[float, float]]:
    pictures = np.rint(np.clip(faces, 0, 1) * 255).astype(np.uint8)
    for picture, truth, mask in zip(pictures, sample.crops, sample.masks[..., 0], strict=True):
        if mask.any():
            yield min(masked_psnr(picture, truth, mask), _BEST_PSNR), masked_ssim(picture, truth, mask)
