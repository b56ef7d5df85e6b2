"""Checks for blenders: crop blenders keep what is not theirs, frame blenders stay inside the mask, none keeps state."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from ..contract import CropPatch
from .arrays import copied, difference
from .blender_pictures import colors_keep_order, nothing_shifts
from .crops import expect_range
from .exercise import Call, Exercise, pick
from .patches import crop_patch, disc, first_faces, frame_patch, still_patch
from .randomness import expect_alike
from .records import check_of, expect
from .subject import Subject

_CHANGEABLE = ("faces", "masks")
_SIDES = (48, 56, 64)
_BOXES = ((40, 52), (61, 47), (64, 64))
_SMALLEST_CHANGE = 0.02
_STILL_GAP = 2 / 255


class CropBlenderExercise(Exercise):
    """Works crop blenders: a call is a patch of several faces."""

    method = "blend"
    exact = True

    def calls(self, plugin: Any) -> list[Call]:
        """Patches of several sizes with soft, full and empty masks, and a face and a target of one color."""
        return [(crop_patch(side, plugin.context),) for side in _SIDES]

    def empty(self, plugin: Any) -> Call:
        """A patch without a face."""
        patch = crop_patch(_SIDES[0], plugin.context)
        return (first_faces(patch, 0),)

    def odd(self, plugin: Any) -> list[Call]:
        """Patches of odd and tiny size."""
        return [(crop_patch(side, plugin.context),) for side in (33, 7, 1)]

    def singles(self, call: Call) -> list[Call]:
        """One face each."""
        return [(pick(call[0], index),) for index in range(len(call[0].faces))]


class FrameBlenderExercise(Exercise):
    """Works frame blenders: a call is the patch of one face."""

    method = "composite"
    exact = True
    omits = frozenset({"batch-equals-singles", "empty-batch"})

    def calls(self, plugin: Any) -> list[Call]:
        """Boxes of three sizes, under a soft mask, a hard one and a full one."""
        first, second, third = _BOXES
        hard = (disc(*second) > 0.5).astype(np.float32)
        return [
            (frame_patch(disc(*first)),),
            (frame_patch(hard, seed=1),),
            (frame_patch(np.ones((*third, 1), np.float32), seed=2),),
        ]

    def odd(self, plugin: Any) -> list[Call]:
        """Boxes of odd and tiny sizes, and masks of a single pixel."""
        tiny = [np.ones((height, width, 1), np.float32) for height, width in ((1, 1), (1, 9), (3, 2))]
        dot = np.zeros((37, 23, 1), np.float32)
        dot[18, 11] = 1
        return [(frame_patch(mask),) for mask in (*tiny, dot)]

    def scaled(self, plugin: Any, items: int) -> list[Call]:
        """So many calls: each takes one face."""
        return [self.calls(plugin)[0]] * items

    def singles(self, call: Call) -> list[Call]:
        """A call is one item."""
        return [call]

    def items(self, answer: Any) -> list[Any]:
        """An answer is one item."""
        return [answer]


def output_in_range(subject: Subject) -> None:
    """Pixels and masks stay in 0..1."""
    for answer in subject.answers:
        if isinstance(answer, CropPatch):
            expect_range(answer.faces, "faces")
            expect_range(answer.masks, "masks")
        else:
            expect_range(answer, "pixels")


def state_free(subject: Subject) -> None:
    """The order of calls does not matter."""
    calls, answers = subject.calls, subject.answers
    for call, answer in list(zip(calls, answers, strict=True))[::-1]:
        again = subject.exercise.run(subject.plugin, call)
        expect_alike(subject, answer, again, 0, "the same answers when the calls come in another order")


def rest_untouched(subject: Subject) -> None:
    """Only faces and masks change; targets, landmarks, matrix, stored masks, track and time are handed on."""
    for (patch,), answer in zip(subject.calls, subject.answers, strict=True):
        for field in fields(CropPatch):
            if field.name not in _CHANGEABLE:
                changed = difference(getattr(patch, field.name), getattr(answer, field.name))
                expect(changed is None, f"`{field.name}` handed on as it came", changed)


def context_declared(subject: Subject) -> None:
    """`context` is a whole number of frames."""
    context = subject.plugin.context
    expect(type(context) is int and context >= 0, "a whole number from 0 on as `context`", context)


def still_neighbors_change_nothing(subject: Subject) -> None:
    """A face that stands still in unchanging light comes out as one of which no neighbors are known."""
    patch = still_patch(crop_patch(_SIDES[0]), subject.plugin.context)
    alone = replace(patch, neighbors=tuple(neighbors.within(0) for neighbors in patch.neighbors))
    answers = [subject.exercise.run(subject.plugin, (copied(each),)) for each in (alone, patch)]
    for name in _CHANGEABLE:
        gap = np.abs(getattr(answers[0], name) - getattr(answers[1], name)).max()
        expect(gap <= _STILL_GAP, f"the same `{name}` with and without still neighbors", f"a difference of {gap:.3g}")


def empty_mask_keeps_box(subject: Subject) -> None:
    """Under an empty mask the box stays as it is, bit for bit."""
    for height, width in _BOXES:
        patch = frame_patch(np.zeros((height, width, 1), np.float32))
        changed = difference(patch.frame, subject.exercise.run(subject.plugin, (copied(patch),)))
        expect(changed is None, "the box as it was, bit for bit, under an empty mask", changed)


def outside_mask_unchanged(subject: Subject) -> None:
    """Where the mask is 0 nothing changes, bit for bit."""
    for (patch,), pixels in zip(subject.calls, subject.answers, strict=True):
        outside = patch.mask[..., 0] == 0
        changed = difference(patch.frame[outside], pixels[outside])
        expect(changed is None, "no change outside the mask, bit for bit", changed)


def face_arrives(subject: Subject) -> None:
    """Inside the mask the frame gives way to the face."""
    for (patch,), pixels in zip(subject.calls, subject.answers, strict=True):
        inside = patch.mask[..., 0] > 0.5
        change = float(np.abs(pixels[inside] - patch.frame[inside]).mean())
        expected = f"a change of at least {_SMALLEST_CHANGE} inside the mask, on average"
        expect(change >= _SMALLEST_CHANGE, expected, f"{change:.3g}")


BOTH = tuple(check_of(function) for function in (output_in_range, state_free, colors_keep_order, nothing_shifts))
CROP_CHECKS = (
    *BOTH,
    *(check_of(function) for function in (rest_untouched, context_declared, still_neighbors_change_nothing)),
)
FRAME_CHECKS = (
    *BOTH,
    *(check_of(function) for function in (empty_mask_keeps_box, outside_mask_unchanged, face_arrives)),
)
