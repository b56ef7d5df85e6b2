"""What is amiss with the facesets of a training run, said before hours are spent on them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import combinations
from pathlib import Path

import numpy as np

from ...lib.faceset import Faceset
from ...lib.geometry import invert, scale_of, transform_points
from ..contract import CropSpec
from ..errors import PluginError, StoreError
from ..facesets.people import group_faces
from ..facesets.recognition import Known, mean_embedding, same_person_below
from ..kinds import Trainable
from .faces import recut_matrix

FEWEST = 2
"""Of fewer faces nothing can be learned but one picture."""


_SHARE_OF_A_PERSON = 0.1
"""Of the faces; smaller groups are misdetections, or odd moments of somebody else."""

_COARSE = 1.01
"""Pixels of the model for each pixel of a stored crop, above which it sees less than it could."""


def faceset_warnings(
    paths: Mapping[str, Path],
    plugin: Trainable,
    chosen: Mapping[str, frozenset[str] | None] | None = None,
    begun: bool = False,
) -> list[str]:
    """Looks over the facesets of a training run.

    Args:
        paths: The faceset of each identity.
        plugin: What is trained.
        chosen: The names of the faces that are meant, by identity; all without.
        begun: Whether the model was trained before: that faces are few was said then.

    Returns:
        One line for each thing that will make the result worse.

    Raises:
        StoreError: A faceset cannot be read, or holds too few faces to train on.
    """
    with ExitStack() as stack:
        facesets = {name: stack.enter_context(Faceset.open(path)) for name, path in paths.items()}
        for name, faceset in facesets.items():
            faceset.choose((chosen or {}).get(name))
        lines = [
            line
            for faceset in facesets.values()
            for line in (*_count(faceset, plugin, begun), *_crop(faceset, plugin.crop), *_several_people(faceset))
        ]
        return [*lines, *(line for pair in combinations(facesets.values(), 2) for line in _same_person(*pair))]


def _count(faceset: Faceset, plugin: Trainable, begun: bool) -> Iterator[str]:
    count, (few, lacking) = len(faceset), plugin.few_faces
    if count < FEWEST:
        faces = "1 face" if count == 1 else "no face"
        raise StoreError(
            f"faceset {faceset.path} holds {faces}, and training needs {FEWEST} at least; extract footage that shows "
            "the person longer"
        )
    if count < few and not begun:
        yield f"{faceset.path} holds {count} faces; with fewer than {few}, {lacking}"


def _crop(faceset: Faceset, spec: CropSpec) -> Iterator[str]:
    """Whether the stored crops are as fine, and show as much, as the model's."""
    matrix, stored = recut_matrix(faceset, spec), f"The crops of {faceset.path} ({faceset.crop_size} px"
    scale = scale_of(matrix)
    if scale > _COARSE:
        yield (
            f"{stored}) give {math.floor(spec.size / scale)} pixels for the model's {spec.size}: what it learns will "
            f"be soft. Extract again with --crop-size {math.ceil(faceset.crop_size * scale)} or more."
        )
    edges = np.array([[-0.5, -0.5], [spec.size - 0.5, spec.size - 0.5]])
    corners = transform_points(invert(matrix), edges)
    if corners.min() < -1.5 or corners.max() > faceset.crop_size + 0.5:
        yield (
            f"{stored}, {faceset.face_type}) show less of the head than the model sees ({spec.face_type}): the rest is "
            "filled with the border's colors. Extract again, or choose a model with a tighter crop."
        )


def _several_people(faceset: Faceset) -> Iterator[str]:
    """Whether a recognizer tells several people apart, each with a good part of the faces."""
    for name in _recognizers(faceset):
        limit = _limit(name)
        if limit is None:
            continue
        people = group_faces(faceset, faceset.face_table(), Known(name, limit))
        counts = np.bincount(people[people >= 0])
        several = int((counts >= _SHARE_OF_A_PERSON * len(people)).sum())
        if several > 1:
            yield (
                f"{faceset.path} seems to show {several} people, and one is wanted: `faceswap faceset people` finds "
                "them, and `faceswap train --help` says how to take one of them."
            )


def _recognizers(faceset: Faceset) -> list[str]:
    """The recognizers that took part in a faceset's extraction."""
    return sorted({stage.name for stage in faceset.stages if stage.kind == "recognizer"})


def _same_person(first: Faceset, second: Faceset) -> Iterator[str]:
    """Whether a recognizer takes the people of both facesets for one."""
    for name in sorted({*_recognizers(first)} & {*_recognizers(second)}):
        limit, one, other = _limit(name), mean_embedding(first, name), mean_embedding(second, name)
        if limit is None or one is None or other is None:
            continue
        distance = float(np.linalg.norm(one - other))
        if distance < limit:
            yield (
                f"{first.path} and {second.path} seem to show the same person: {name} puts them {distance:.2f} apart, "
                f"and people differ from {limit:.2f} on. Were the wrong faces extracted?"
            )


def _limit(recognizer: str) -> float | None:
    """What the plugin says; None where it is not installed any more."""
    try:
        return same_person_below(recognizer)
    except PluginError:
        return None
