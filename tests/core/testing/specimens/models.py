"""A right swap model that needs no training, and a wrong one for its own check."""

import numpy as np

from faceswap import CropSpec, SwapModel


class Right(SwapModel):
    """Gives the crop back, brighter for one identity, with a mask for the other."""

    class Options(SwapModel.Options):
        size: int = 32

    options: Options

    @property
    def crop(self):
        return CropSpec(self.options.size)

    def swap(self, crops, identity="source"):
        faces = crops.astype(np.float32) / np.float32(255)
        return (np.sqrt(faces), None) if identity == "source" else (faces, faces[..., :1])


class Bytes(Right):
    def swap(self, crops, identity="source"):
        faces, masks = super().swap(crops, identity)
        return faces * np.float32(255), masks


class BytesInTheMask(Right):
    def swap(self, crops, identity="source"):
        faces, masks = super().swap(crops, identity)
        return faces, None if masks is None else masks * np.float32(255)


class GivesBGR(Right):
    def swap(self, crops, identity="source"):
        faces, masks = super().swap(crops, identity)
        return faces[..., ::-1].copy(), masks


class DarkerInCompany(Right):
    """Shares the light among the faces of a batch."""

    def swap(self, crops, identity="source"):
        return super().swap(crops // np.uint8(max(1, len(crops))), identity)


class RightWithoutLight(Right):
    """Pays no heed to the crop's colors."""

    def swap(self, crops, identity="source"):
        return super().swap(crops[..., :1].repeat(3, axis=-1), identity)


class NoCoverage(Right):
    crop = CropSpec(32, coverage=0)


class NobodyKnown(Right):
    identities = ()


class OneWord(Right):
    identities = "source"


class SamePersonTwice(Right):
    identities = ("source", "source")


WRONG = [
    ("crop-declared", NoCoverage),
    ("identities-declared", NobodyKnown),
    ("identities-declared", OneWord),
    ("identities-declared", SamePersonTwice),
    ("colors-keep-order", GivesBGR),
    ("batch-equals-singles", DarkerInCompany),
    ("output-in-range", Bytes),
    ("output-in-range", BytesInTheMask),
]
