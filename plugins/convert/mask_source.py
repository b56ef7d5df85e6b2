"""Chooses the mask: the model's, a stored one, the landmarks' hull, and products and unions of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field, field_validator

from ...core.contract import CropPatch, Masks
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from .patch_masks import named_mask

FACESWAP_CONTRACT = 1

_GIVEN = "given"


class MaskSourceBlender(CropBlender):
    """Puts together a mask of those that there are; blenders after it measure and cut by that one.

    `given` is the mask that the face comes with: what `--mask` chose, by default the one that the model predicts.
    """

    class Options(CropBlender.Options):
        """Which masks."""

        use: str = Field(
            "given*hull",
            description="`given` (what --mask chose, by default the model's), `hull` of the landmarks, or a masker of "
            "the faceset; a*b is what both hold, a+b what either holds: given*hull+grabcut.",
        )

        @field_validator("use")
        @classmethod
        def _named(cls, use: str) -> str:
            if not all(name for product in _terms(use) for name in product):
                raise ValueError(f"expected masks with + or * between them, such as given*hull. Received: {use!r}")
            return use

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Replaces the masks."""
        union = np.zeros(patch.masks.shape, np.float32)
        for names in _terms(self.options.use):
            product = np.ones(patch.masks.shape, np.float32)
            for name in names:
                product *= _mask(patch, name)
            np.maximum(union, product, out=union)
        return replace(patch, masks=union)


def _terms(use: str) -> list[list[str]]:
    """The products that are united: `a*b+c` is `[[a, b], [c]]`."""
    return [[name.strip() for name in product.split("*")] for product in use.split("+")]


def _mask(patch: CropPatch, name: str) -> Masks:
    return patch.masks if name == _GIVEN else named_mask(patch, name)


@hookimpl
def faceswap_blender() -> type[MaskSourceBlender]:
    """Hands over the blender."""
    return MaskSourceBlender
