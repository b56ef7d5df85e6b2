"""The base class of each plugin kind: what a plugin of the kind declares and the one thing that it does.

Every kind: `Options` is a frozen pydantic model, `__init__` does no heavy work, `load()` does it once before the first
call, inputs are never modified, the same seed gives the same answer and a batch equals its single items.
"""

from .blending import Blender, CropBlender, FrameBlender
from .extracting import Aligner, CropPlugin, Detector, Masker, Recognizer
from .listening import Listener
from .measuring import FaceFigures, FaceMetric, Metric, PairMetric
from .plugin import Plugin, PluginOptions
from .training import Generator, SwapModel, Trainable, TrainableModel

__all__ = [
    "Aligner",
    "Blender",
    "CropBlender",
    "CropPlugin",
    "Detector",
    "FaceFigures",
    "FaceMetric",
    "FrameBlender",
    "Generator",
    "Listener",
    "Masker",
    "Metric",
    "PairMetric",
    "Plugin",
    "PluginOptions",
    "Recognizer",
    "SwapModel",
    "Trainable",
    "TrainableModel",
]
