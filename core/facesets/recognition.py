"""What recognizers say about the faces of facesets: whose embeddings there are, and when two faces are one person's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...lib.face_table import FaceTable
from ...lib.faceset import Faceset
from ...lib.landmarks import FloatArray
from ...lib.people import track_vectors
from ...lib.tracking import Integers
from ..errors import PluginError, StoreError
from ..host import PluginChoice, prepare
from ..registry import discover


@dataclass(frozen=True)
class Known:
    """A recognizer whose embeddings a faceset holds.

    Attributes:
        name: Its name.
        same_person_below: The distance of embeddings under which two faces are one person's.
    """

    name: str
    same_person_below: float


def known_recognizer(faceset: Faceset, purpose: str) -> Known:
    """The recognizer that took part in the faceset's extraction.

    Args:
        faceset: The faceset.
        purpose: What needs it, as the message begins.

    Raises:
        StoreError: None did.
        PluginError: It is not installed any more.
    """
    names = [stage.name for stage in faceset.stages if stage.kind == "recognizer"]
    if not names:
        installed = " or ".join(f"--recognizer {found.name}" for found in discover("recognizer"))
        raise StoreError(
            f"{purpose} needs embeddings, and faceset {faceset.path} has none; make it anew in another folder, with "
            f"{installed or '--recognizer'}"
        )
    return Known(names[0], same_person_below(names[0]))


def same_person_below(recognizer: str) -> float:
    """What the plugin says.

    Raises:
        PluginError: It is not installed any more.
    """
    try:
        return float(prepare("recognizer", PluginChoice(name=recognizer)).plugin.same_person_below)
    except PluginError as error:
        raise PluginError(f"the recognizer that made the embeddings is needed: {error}") from None


def mean_embedding(faceset: Faceset, recognizer: str) -> NDArray[np.float32] | None:
    """The mean embedding of a faceset's faces, float32 `[dim]` of unit length; None where no face has one."""
    found = [face.embeddings[recognizer] for face in faceset.faces() if recognizer in face.embeddings]
    if not found:
        return None
    mean = np.mean(found, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


@dataclass(frozen=True, eq=False)
class TrackLooks:
    """How the tracks of a faceset look; a face without a track is a track of its own here.

    Attributes:
        tracks: The track of each face, int64 `[faces]`, in the order of `Faceset.faces`.
        lengths: How many faces each track has, int64 `[tracks]`.
        vectors: The mean embedding of each, float64 `[tracks dim]` of unit length, NaN where there is none.
    """

    tracks: Integers
    lengths: Integers
    vectors: FloatArray


def track_looks(faceset: Faceset, table: FaceTable, recognizer: Known) -> TrackLooks:
    """Sums up how each track looks; faces that were filled in count only where there is no other."""
    own = np.where(table.track >= 0, table.track, table.track.max(initial=-1) + 1 + np.arange(len(table)))
    _, tracks, lengths = np.unique(own, return_inverse=True, return_counts=True)
    vectors = track_vectors(tracks, faceset.column("embedding", recognizer.name), ~filled(table))
    return TrackLooks(tracks, lengths, vectors)


def filled(table: FaceTable) -> NDArray[np.bool_]:
    """Which faces were not detected but filled into a gap of their track, bool `[faces]`."""
    return np.asarray(table.score == 0)
