"""faceswap: a face-swapping framework whose detectors, aligners, maskers, models and blenders are plugins.

Public names are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.contract import CropPatch as CropPatch
    from .core.contract import CropSpec as CropSpec
    from .core.contract import Detections as Detections
    from .core.contract import FaceBatch as FaceBatch
    from .core.contract import FramePatch as FramePatch
    from .core.contract import Neighbors as Neighbors
    from .core.errors import FaceswapError as FaceswapError
    from .core.hookspecs import hookimpl as hookimpl
    from .core.jobs.assemble import AssembleJob as AssembleJob
    from .core.jobs.clean import CleanJob as CleanJob
    from .core.jobs.convert import ConvertJob as ConvertJob
    from .core.jobs.demo import DemoJob as DemoJob
    from .core.jobs.extract import ExtractJob as ExtractJob
    from .core.jobs.frames import FramesJob as FramesJob
    from .core.jobs.generate import GenerateJob as GenerateJob
    from .core.jobs.job import run_job as run_job
    from .core.jobs.swap import SwapJob as SwapJob
    from .core.jobs.train import TrainJob as TrainJob
    from .core.kinds import Aligner as Aligner
    from .core.kinds import CropBlender as CropBlender
    from .core.kinds import Detector as Detector
    from .core.kinds import FaceMetric as FaceMetric
    from .core.kinds import FrameBlender as FrameBlender
    from .core.kinds import Generator as Generator
    from .core.kinds import Listener as Listener
    from .core.kinds import Masker as Masker
    from .core.kinds import Metric as Metric
    from .core.kinds import PairMetric as PairMetric
    from .core.kinds import Recognizer as Recognizer
    from .core.kinds import SwapModel as SwapModel
    from .core.kinds import TrainableModel as TrainableModel
    from .core.training.step import IdentityBatch as IdentityBatch
    from .core.training.step import Player as Player
    from .core.training.step import Variation as Variation
    from .core.training.step import Warp as Warp
    from .lib.weights import weights_path as weights_path

_HOMES = {
    "core.contract": ("CropPatch", "CropSpec", "Detections", "FaceBatch", "FramePatch", "Neighbors"),
    "core.errors": ("FaceswapError",),
    "core.hookspecs": ("hookimpl",),
    "core.jobs.assemble": ("AssembleJob",),
    "core.jobs.clean": ("CleanJob",),
    "core.jobs.convert": ("ConvertJob",),
    "core.jobs.demo": ("DemoJob",),
    "core.jobs.extract": ("ExtractJob",),
    "core.jobs.generate": ("GenerateJob",),
    "core.jobs.frames": ("FramesJob",),
    "core.jobs.job": ("run_job",),
    "core.jobs.swap": ("SwapJob",),
    "core.jobs.train": ("TrainJob",),
    "core.kinds": (
        "Aligner",
        "CropBlender",
        "Detector",
        "FaceMetric",
        "FrameBlender",
        "Generator",
        "Listener",
        "Masker",
        "Metric",
        "PairMetric",
        "Recognizer",
        "SwapModel",
        "TrainableModel",
    ),
    "core.training.step": ("IdentityBatch", "Player", "Variation", "Warp"),
    "lib.weights": ("weights_path",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}
_RENAMED: dict[str, str] = {}
"""Public names that go away with the next contract version -> the names that take their place."""

__all__ = sorted(_MODULE_OF)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        return _renamed(name)
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'faceswap' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def _renamed(name: str) -> Any:
    from warnings import warn

    from .core.names import CONTRACT_VERSION

    new = _RENAMED[name]
    message = f"faceswap.{name} goes away with contract {CONTRACT_VERSION + 1}: use faceswap.{new} instead"
    warn(message, DeprecationWarning, stacklevel=3)
    return globals()[new] if new in globals() else __getattr__(new)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
