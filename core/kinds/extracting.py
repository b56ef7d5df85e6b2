"""What finds faces in footage, lays them out and tells whose they are."""

from __future__ import annotations

from typing import ClassVar

from .. import contract as c
from .plugin import Plugin


class Detector(Plugin):
    """Finds faces in images."""

    kind = "detector"
    scheme: ClassVar[str | None] = None
    """The scheme of the landmarks that it gives with its boxes; None where it gives none."""

    def detect(self, images: list[c.Image]) -> list[c.Detections]:
        """Finds the faces of each image.

        Args:
            images: uint8 RGB pictures, which may differ in size.

        Returns:
            One `Detections` per image, scores sorted down.
        """
        raise NotImplementedError


class Aligner(Plugin):
    """Finds the landmarks of detected faces."""

    kind = "aligner"
    scheme: ClassVar[str] = "ibug68"
    """The scheme of the landmarks that it gives."""
    detector_schemes: ClassVar[frozenset[str] | None] = None
    """The schemes of which it needs the detector's landmarks; None where boxes are enough."""

    def align(self, image: c.Image, detections: c.Detections) -> c.Landmarks:
        """Finds the landmarks of each detected face.

        Args:
            image: The uint8 RGB frame.
            detections: Its faces.

        Returns:
            Frame landmarks, float32 `[faces points 2]`, on pixel centers.
        """
        raise NotImplementedError


class CropPlugin(Plugin):
    """A plugin that is given aligned crops; the host cuts them as `crop` says."""

    schemes: ClassVar[frozenset[str] | None] = None
    """The landmark schemes that it accepts; None for any."""

    @property
    def crop(self) -> c.CropSpec:
        """The crop that the plugin wants; may depend on its options."""
        raise NotImplementedError


class Masker(CropPlugin):
    """Says which pixels of a crop are face."""

    kind = "masker"

    def mask(self, crops: c.Crops, crop_landmarks: c.Landmarks) -> c.Masks:
        """Masks each crop.

        Args:
            crops: uint8 `[faces size size 3]`.
            crop_landmarks: float32 `[faces points 2]` in crop pixels.

        Returns:
            float32 `[faces size size 1]`, 0..1, 1 = face.
        """
        raise NotImplementedError


class Recognizer(CropPlugin):
    """Turns a face into a vector in which equal people are near."""

    kind = "recognizer"
    same_person_below: ClassVar[float] = 0.0
    """The Euclidean distance of unit vectors under which two faces count as one person."""

    def embed(self, crops: c.Crops) -> c.Embeddings:
        """Embeds each crop.

        Args:
            crops: uint8 `[faces size size 3]`.

        Returns:
            float32 `[faces dim]`, unit length.
        """
        raise NotImplementedError
