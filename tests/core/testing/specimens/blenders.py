"""Right blenders, and one wrong blender for each check that blenders have to pass."""

from dataclasses import replace

import numpy as np

from faceswap import CropBlender, FrameBlender


class RightCrop(CropBlender):
    """Moves the faces' mean color to the targets'."""

    class Options(CropBlender.Options):
        strength: float = 1.0

    options: Options

    def blend(self, patch):
        gap = patch.targets.mean(axis=(1, 2), keepdims=True) - patch.faces.mean(axis=(1, 2), keepdims=True)
        faces = np.clip(patch.faces + np.float32(self.options.strength) * gap, 0, 1)
        return self.finish(replace(patch, faces=faces), patch)

    def finish(self, answer, patch):
        return answer


class BrightFaces(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, faces=answer.faces * np.float32(1.5))


class NegativeMasks(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, masks=answer.masks - np.float32(0.1))


class TouchesTargets(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, targets=patch.targets * np.float32(0.5))


class DropsStoredMasks(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, stored_masks={})


class LosesTime(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, time=())


class RightSteady(RightCrop):
    """Moves the faces' mean color to that of the targets around in time."""

    context = 2

    def blend(self, patch):
        faces = patch.faces.copy()
        for face, target, neighbors in zip(faces, patch.targets, patch.neighbors, strict=True):
            wanted = np.concatenate([target[None], neighbors.targets]).mean(axis=(0, 1, 2))
            np.clip(face + wanted - face.mean(axis=(0, 1)), 0, 1, out=face)
        return self.finish(replace(patch, faces=faces), patch)


class DropsNeighbors(RightSteady):
    def finish(self, answer, patch):
        return replace(answer, neighbors=())


class CountsBackward(RightCrop):
    context = -1


class BrightensByNeighbors(RightSteady):
    def finish(self, answer, patch):
        count = np.array([len(neighbors.offsets) for neighbors in patch.neighbors], np.float32)
        shift = np.float32(0.02) * count[:, None, None, None]
        return replace(answer, masks=answer.masks * (1 - shift))


class NearlyLikeSingles(RightCrop):
    def finish(self, answer, patch):
        shift = np.float32(1e-6 * len(patch.faces))
        return replace(answer, faces=np.clip(answer.faces - shift, 0, 1))


class RemembersSize(RightCrop):
    """Differs right after a call with the next larger crops of the suite."""

    last = 0

    def finish(self, answer, patch):
        before, self.last = self.last, patch.faces.shape[1]
        return replace(answer, masks=answer.masks / 2) if before - self.last == 8 else answer


class ReadsFacesAsBGR(RightCrop):
    def blend(self, patch):
        return super().blend(replace(patch, faces=patch.faces[..., ::-1]))


class ReadsTargetsAsBGR(RightCrop):
    def blend(self, patch):
        answer = super().blend(replace(patch, targets=patch.targets[..., ::-1]))
        return replace(answer, targets=patch.targets)


class GivesFacesAsBGR(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, faces=answer.faces[..., ::-1].copy())


class ShiftsFaces(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, faces=np.roll(answer.faces, 1, axis=2))


class ShiftsFacesByHalf(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, faces=(answer.faces + np.roll(answer.faces, -1, axis=1)) / 2)


class ShiftsMasks(RightCrop):
    def finish(self, answer, patch):
        return replace(answer, masks=np.roll(answer.masks, -1, axis=1))


class ShiftsMasksByHalf(RightCrop):
    """As a kernel of even size does."""

    def finish(self, answer, patch):
        return replace(answer, masks=(answer.masks + np.roll(answer.masks, 1, axis=2)) / 2)


class RightShrinker(RightCrop):
    """Shrinks and fades the mask, sharpens the face and adds grain, as blenders may."""

    def finish(self, answer, patch):
        sides = [np.roll(answer.masks, step, axis) for axis in (1, 2) for step in (-1, 1)]
        around = sum(np.roll(answer.faces, step, axis) for axis in (1, 2) for step in (-1, 1)) / 4
        sharp = answer.faces + (answer.faces - around) / 2
        grain = np.random.default_rng(3).normal(0, 0.02, sharp.shape[1:]).astype(np.float32)
        return replace(answer, masks=np.minimum.reduce(sides) ** 2, faces=np.clip(sharp + grain, 0, 1))


class RightFrame(FrameBlender):
    """Mixes face and frame by the mask."""

    class Options(FrameBlender.Options):
        strength: float = 1.0

    options: Options

    def composite(self, patch):
        mask = patch.mask * np.float32(self.options.strength)
        return self.finish(np.clip(patch.frame + mask * (patch.face - patch.frame), 0, 1), patch)

    def finish(self, pixels, patch):
        return pixels


class Bright(RightFrame):
    def finish(self, pixels, patch):
        return pixels + patch.mask


class RemembersBox(RightFrame):
    """Differs right after a call with the next larger box of the suite."""

    last = 0

    def finish(self, pixels, patch):
        width, self.last = self.last, patch.frame.shape[1]
        later = (width, self.last) in ((64, 47), (47, 52))
        return pixels * (1 - patch.mask / 2) if later else pixels


class RoundsUnderEmptyMask(RightFrame):
    def finish(self, pixels, patch):
        return pixels if patch.mask.any() else np.round(pixels * 255) / np.float32(255)


class RoundsToBytes(RightFrame):
    def finish(self, pixels, patch):
        return np.round(pixels * 255) / np.float32(255)


class Halo(RightFrame):
    def finish(self, pixels, patch):
        near = np.maximum(np.roll(patch.mask, 1, axis=1), patch.mask)
        return np.where((near > 0) & (patch.mask == 0), patch.face, pixels)


class KeepsTheFrame(RightFrame):
    def finish(self, pixels, patch):
        return patch.frame.copy()


class ReadsTheFaceAsBGR(RightFrame):
    def composite(self, patch):
        return super().composite(replace(patch, face=patch.face[..., ::-1]))


class GivesTheBoxAsBGR(RightFrame):
    def finish(self, pixels, patch):
        return pixels[..., ::-1].copy()


class ShiftsTheFace(RightFrame):
    def composite(self, patch):
        return super().composite(replace(patch, face=np.roll(patch.face, 1, axis=0)))


class ShiftsTheFaceByAQuarter(RightFrame):
    def composite(self, patch):
        moved = patch.face * np.float32(0.75) + np.roll(patch.face, -1, axis=1) * np.float32(0.25)
        return super().composite(replace(patch, face=moved))


class RightRecoloring(RightFrame):
    """Takes half of the frame's brightness and contrast."""

    def composite(self, patch):
        return super().composite(replace(patch, face=patch.face / 2 + patch.frame.mean() / 2))


WRONG = [
    ("colors-keep-order", ReadsFacesAsBGR),
    ("colors-keep-order", ReadsTargetsAsBGR),
    ("colors-keep-order", GivesFacesAsBGR),
    ("colors-keep-order", ReadsTheFaceAsBGR),
    ("nothing-shifts", ShiftsFaces),
    ("nothing-shifts", ShiftsFacesByHalf),
    ("nothing-shifts", ShiftsMasks),
    ("nothing-shifts", ShiftsMasksByHalf),
    ("nothing-shifts", ShiftsTheFace),
    ("nothing-shifts", ShiftsTheFaceByAQuarter),
    ("output-in-range", BrightFaces),
    ("output-in-range", NegativeMasks),
    ("rest-untouched", TouchesTargets),
    ("rest-untouched", DropsStoredMasks),
    ("rest-untouched", LosesTime),
    ("rest-untouched", DropsNeighbors),
    ("context-declared", CountsBackward),
    ("still-neighbors-change-nothing", BrightensByNeighbors),
    ("batch-equals-singles", NearlyLikeSingles),
    ("state-free", RemembersSize),
    ("state-free", RemembersBox),
    ("output-in-range", Bright),
    ("empty-mask-keeps-box", RoundsUnderEmptyMask),
    ("outside-mask-unchanged", Halo),
    ("face-arrives", KeepsTheFrame),
]
BROKEN_IN_SEVERAL_WAYS = [
    ("empty-mask-keeps-box", RoundsToBytes),
    ("outside-mask-unchanged", RoundsToBytes),
    ("colors-keep-order", GivesTheBoxAsBGR),
]
