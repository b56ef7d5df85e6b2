"""From the settings of the job `train` to its engine: the model, what is laid around it, and how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, cast

from ..errors import FaceswapError, OptionError
from ..host import Prepared, prepare, use_backend
from ..kinds import Trainable
from .isolated import call_isolated

if TYPE_CHECKING:
    from ..training.engine import Engine
    from ..training.faces import TrainingFaces
    from .train import TrainJob
    from .train_validation import Places


def fresh_model(job: TrainJob, prepared: Prepared) -> Trainable:
    """Loads the model, with discriminators around it where they are asked for; its weights follow the seed."""
    from ..training.adversarial import AdversarialModel
    from ..training.backends import seed_weights
    from ..training.recipe import computing_in

    seed_weights(job.seed)
    with computing_in(job.precision):
        model: Trainable = prepared.load()
        return AdversarialModel(cast(Any, model), job.adversarial) if job.adversarial else model


def require_networks(job: TrainJob) -> None:
    """Refuses names of frozen networks that the model has not; before any work, and without Keras in this process.

    Raises:
        OptionError: There is no such network.
        PluginError: The model cannot be loaded.
    """
    if fault := call_isolated(_networks_fault, job.model_dump_json()):
        raise OptionError(fault, "freeze")


def _networks_fault(settings: str) -> str:
    """What is wrong with the frozen networks of a job, in a process of its own; empty where nothing is."""
    from ..training.recipe import Recipe
    from .train import TrainJob

    job = TrainJob.model_validate_json(settings)
    prepared = prepare(*job.trained)
    use_backend([prepared], job.backend)
    try:
        Recipe(freeze=job.freeze).check_networks(fresh_model(job, prepared).networks)
    except FaceswapError as error:
        return str(error)
    return ""


def make_engine(
    job: TrainJob,
    load: Callable[[], Trainable],
    faces: Mapping[str, TrainingFaces],
    trained: Places,
    batch_size: int,
) -> Engine:
    """Makes the engine of a job.

    Args:
        job: Its settings.
        load: Makes the model.
        faces: The faces of each person.
        trained: The places of those that are trained on.
        batch_size: Faces of each person in a step.

    Raises:
        FaceswapError: The settings do not fit the model, the backend or the machine.
    """
    from ..training.backends.devices import check_shares, on_devices
    from ..training.engine import Engine
    from ..training.recipe import Recipe
    from ..training.step import Variation

    check_shares(job.devices, batch_size, job.accumulate)
    with on_devices(job.devices):
        model = load()
        recipe = Recipe(**({"ema": model.ema(batch_size)} | _given(job, Recipe)))
        variation = replace(model.variation, **_given(job, Variation))
        return Engine(model, faces, batch_size, job.seed, job.iterations, variation, recipe, trained)


def _given(job: TrainJob, kind: Any) -> dict[str, Any]:
    """The settings of a job that a dataclass has fields for, as far as they say anything."""
    values = {field.name: getattr(job, field.name) for field in fields(kind)}
    return {name: value for name, value in values.items() if value is not None}
