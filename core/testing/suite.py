"""Which checks a plugin has to pass: one generator of named checks for the function, the decorator and the command."""

from __future__ import annotations

from typing import Any

from .. import kinds
from ..errors import suggest
from ..kinds import Plugin
from ..options import parse_options
from ..registry import Found, Selected, select
from . import aligner, blender, common, detector, generator, listener, masker, metric, model, recognizer
from .exercise import Exercise
from .records import Check
from .samples import as_sample
from .subject import Subject

_SUITES: tuple[tuple[type[Any], type[Exercise], tuple[Check, ...]], ...] = (
    (kinds.Detector, detector.DetectorExercise, detector.CHECKS),
    (kinds.Aligner, aligner.AlignerExercise, aligner.CHECKS),
    (kinds.Masker, masker.MaskerExercise, masker.CHECKS),
    (kinds.Recognizer, recognizer.RecognizerExercise, recognizer.CHECKS),
    (kinds.TrainableModel, model.ModelExercise, model.TRAINABLE_CHECKS),
    (kinds.SwapModel, model.ModelExercise, model.CHECKS),
    (kinds.Generator, generator.GeneratorExercise, generator.CHECKS),
    (kinds.CropBlender, blender.CropBlenderExercise, blender.CROP_CHECKS),
    (kinds.FrameBlender, blender.FrameBlenderExercise, blender.FRAME_CHECKS),
    (kinds.FaceMetric, metric.MetricExercise, metric.FACE_CHECKS),
    (kinds.Metric, metric.MetricExercise, metric.CHECKS),
    (kinds.Listener, listener.ListenerExercise, listener.CHECKS),
)
"""Base class -> how its plugins are worked, and the checks of their own; the first that fits is taken."""


def checks_for(plugin_class: type[Any]) -> list[Check]:
    """Lists the checks that a plugin class has to pass, in order.

    Raises:
        TypeError: It is not a plugin class.
    """
    _, exercise, own = _suite(plugin_class)
    shared = [check for check in common.CHECKS if check.name not in exercise.omits]
    return [*shared, *own]


def make_subject(target: Any, sample: Any = None) -> Subject:
    """Takes what an author wants to have checked.

    Args:
        target: A plugin class, a plugin object (checked with its options), or (kind, name) of an installed plugin,
            as a third perhaps its option values by name.
        sample: A picture with a face in its middle, or a `Sample`; the suite's own when None.

    Raises:
        PluginError: No such plugin is installed, or it cannot be loaded.
        OptionError: An option value is not allowed.
        TypeError: The target is none of these.
    """
    selected = select_target(target)
    _, exercise, _ = _suite(selected.plugin_class)
    options = target.options if isinstance(target, Plugin) else None
    if isinstance(target, tuple) and target[2:]:
        options = parse_options(selected.found.label, selected.plugin_class.Options, *target[2:])
    return Subject(selected.found, selected.plugin_class, exercise(as_sample(sample)), options)


def know_names(checks: list[Check], names: Any) -> None:
    """Refuses names that no check has.

    Raises:
        ValueError: A name is unknown; it suggests one.
    """
    known = [check.name for check in checks]
    for name in names:
        if name not in known:
            raise ValueError(f"There is no check '{name}' for this plugin. {suggest(name, known)}")


def select_target(target: Any) -> Selected:
    """The class of a target, as `make_subject` takes it, and where it comes from."""
    if isinstance(target, tuple) and len(target) in (2, 3):
        return select(*target[:2])
    plugin_class = target if isinstance(target, type) else type(target)
    if not issubclass(plugin_class, Plugin):
        raise TypeError(f"A plugin class, a plugin or (kind, name) was expected. Received: {target!r}")
    found = Found(plugin_class.kind, plugin_class.__name__, plugin_class.__module__, "its own module", "")
    return Selected(found, plugin_class)


def _suite(plugin_class: type[Any]) -> tuple[type[Any], type[Exercise], tuple[Check, ...]]:
    for suite in _SUITES:
        if issubclass(plugin_class, suite[0]):
            return suite
    raise TypeError(f"A subclass of a plugin kind was expected. Received: {plugin_class!r}")
