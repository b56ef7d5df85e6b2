"""The pluggy hooks: one per plugin kind, by which a module hands over its class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from . import kinds

PROJECT = "faceswap"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def faceswap_detector() -> type[kinds.Detector]:
    """Hands over the module's detector."""
    raise NotImplementedError


@hookspec
def faceswap_aligner() -> type[kinds.Aligner]:
    """Hands over the module's aligner."""
    raise NotImplementedError


@hookspec
def faceswap_masker() -> type[kinds.Masker]:
    """Hands over the module's masker."""
    raise NotImplementedError


@hookspec
def faceswap_recognizer() -> type[kinds.Recognizer]:
    """Hands over the module's recognizer."""
    raise NotImplementedError


@hookspec
def faceswap_model() -> type[kinds.SwapModel]:
    """Hands over the module's swap model."""
    raise NotImplementedError


@hookspec
def faceswap_generator() -> type[kinds.Generator]:
    """Hands over the module's generator."""
    raise NotImplementedError


@hookspec
def faceswap_blender() -> type[kinds.Blender]:
    """Hands over the module's blender."""
    raise NotImplementedError


@hookspec
def faceswap_metric() -> type[kinds.Metric]:
    """Hands over the module's metric."""
    raise NotImplementedError


@hookspec
def faceswap_listener() -> type[kinds.Listener]:
    """Hands over the module's listener."""
    raise NotImplementedError
