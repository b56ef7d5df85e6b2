"""The blenders of a run, in order: crop blenders first, then the one that composites in the frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ..contract import BoxPixels, CropPatch, FramePatch
from ..errors import FaceswapError, PluginError
from ..host import Prepared
from ..kinds import CropBlender, FrameBlender

Patch = TypeVar("Patch")
Result = TypeVar("Result")

_REMEDY = "A chain is any number of blenders of the crop and then one of the frame, such as `reinhard feather alpha`"


@dataclass(frozen=True)
class BlenderChain:
    """Loaded blenders, ready for calls from several threads.

    Attributes:
        crop_blenders: Label and blender of each that works on the aligned crop, in order.
        frame_blender: Label and blender of the one that composites.
    """

    crop_blenders: tuple[tuple[str, CropBlender], ...]
    frame_blender: tuple[str, FrameBlender]

    def blend(self, patch: CropPatch) -> CropPatch:
        """Hands the patch from one crop blender to the next."""
        around = patch.neighbors
        for label, blender in self.crop_blenders:
            seen = tuple(neighbors.within(blender.context) for neighbors in around) if blender.context else ()
            patch = _called(label, blender.blend, replace(patch, neighbors=seen))
        return patch

    @property
    def context(self) -> int:
        """How many frames before and after a face its blenders need to know of."""
        return max((blender.context for _, blender in self.crop_blenders), default=0)

    def composite(self, patch: FramePatch) -> BoxPixels:
        """Composites one face's box."""
        label, blender = self.frame_blender
        return _called(label, blender.composite, patch)


def load_chain(blenders: Sequence[Prepared], check: bool = False) -> BlenderChain:
    """Loads the blenders of a chain that `require_chain` has passed.

    Raises:
        PluginError: A blender could not be loaded.
    """
    loaded = [(used.label, used.load(check)) for used in blenders]
    return BlenderChain(tuple(loaded[:-1]), loaded[-1])


def require_chain(blenders: Sequence[Prepared]) -> None:
    """Refuses, before anything is loaded, a chain that cannot work.

    Raises:
        PluginError: Not exactly one blender composites in the frame, it is not the last, or one does neither.
    """
    compositing = [used for used in blenders if isinstance(used.plugin, FrameBlender)]
    names = _names(blenders) or "none"
    if not compositing:
        raise PluginError(f"None of the blenders ({names}) composites in the frame. {_REMEDY}.")
    if len(compositing) > 1:
        several = _names(compositing)
        raise PluginError(f"Several of the blenders composite in the frame: {several}; keep one. {_REMEDY}.")
    if compositing[0] is not blenders[-1]:
        raise PluginError(f"{compositing[0].label} composites in the frame, so it must come last. {_REMEDY}.")
    for used in blenders:
        _require_usable(used)


def _require_usable(used: Prepared) -> None:
    if not isinstance(used.plugin, (CropBlender, FrameBlender)):
        raise PluginError(f"{used.label} is neither a CropBlender nor a FrameBlender; its author must choose one.")


def _names(blenders: Iterable[Prepared]) -> str:
    return ", ".join(used.found.name for used in blenders)


def _called(label: str, call: Callable[[Patch], Result], patch: Patch) -> Result:
    """Calls a blender; what it raises is told as its fault."""
    try:
        return call(patch)
    except FaceswapError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise PluginError(f"{label} failed: {type(error).__name__}: {reason}") from error
