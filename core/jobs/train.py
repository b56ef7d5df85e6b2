"""The job `train`: from two facesets to a model that gives the target the source's face."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ...lib.checkpoint import saved_steps
from ...lib.lock import FolderLock
from ...lib.publish import output_errors, require_parent
from ..errors import PluginError
from ..host import Prepared, prepare, require_backend, use_backend, versions
from ..kinds import TrainableModel
from .context import JobContext, Stage
from .job import Report
from .train_settings import TrainSettings
from .train_validation import Validation, recognizer_of, require_validation

if TYPE_CHECKING:
    from ..training.faces import TrainingFaces
    from ..training.recipe import Recipe


class TrainReport(Report):
    """What a training run did.

    Attributes:
        iterations: Steps done in all.
        skipped: Steps that changed nothing, since their losses or gradients were not finite.
        resumed_from: The step at which this run began.
        ended: Why training ended, in words.
        losses: The mean of each loss over the last steps.
        validation: What was measured on held-out faces in the end.
        best_step: The step that was best by validation; its checkpoint is kept.
        held_out: Faces of each person that are not trained on.
        faces_per_second: Faces of both people, while training proper.
        source_faces: Faces of the source.
        target_faces: Faces of the target.
        checkpoint: The newest checkpoint.
        preview: The newest preview.
        backend: The Keras backend that trained.
    """

    iterations: int
    skipped: int = 0
    resumed_from: int = 0
    ended: str = ""
    losses: dict[str, float] = Field(default_factory=dict)
    validation: dict[str, float] = Field(default_factory=dict)
    best_step: int | None = None
    held_out: dict[str, int] = Field(default_factory=dict)
    faces_per_second: float | None = None
    source_faces: int = 0
    target_faces: int = 0
    checkpoint: str | None = None
    preview: str | None = None
    backend: str | None = None


class TrainJob(TrainSettings):
    """Train a model that puts the face of one faceset on that of another; the same command continues."""

    command: ClassVar[str] = "train"
    positional: ClassVar[tuple[str, ...]] = ("model_dir",)
    report_class: ClassVar[type[Report]] = TrainReport

    def home(self) -> Path:
        """The model folder."""
        return self.model_dir

    def plugin_versions(self) -> dict[str, str]:
        """The packages and versions of the model and of the recognizer that measures it."""
        return versions([prepare("model", self.model), *recognizer_of(self)])

    def preflight(self) -> None:
        """Refuses settings that do not go together."""
        require_validation(self)

    def run(self, context: JobContext) -> TrainReport:
        """Trains until iterations or minutes are over, validation is flat, or somebody asks to stop."""
        prepared = self._trainable()
        use_backend([prepared, *recognizer_of(self)], self.backend)
        require_backend()
        require_parent(self.model_dir)
        with output_errors(self.model_dir):
            self.model_dir.mkdir(exist_ok=True)
        with FolderLock(self.model_dir):
            return self._train(prepared, context)

    def _train(self, prepared: Prepared, context: JobContext) -> TrainReport:
        from ..training.backends import seed_weights
        from ..training.checkpointing import resume
        from ..training.engine import Engine, Variation
        from ..training.recipe import computing_in
        from ..training.saved_model import settle_record
        from .train_loop import TrainLoop

        settle_record(self.model_dir, prepared)
        faces = self._faces(prepared, context)
        seed_weights(self.seed)
        with computing_in(self.precision):
            model = self._model(prepared, context)
        self._take_weights(model, context)
        validation, size = Validation(self, context, faces, model.crop), self.batch_size
        varied, trained = Variation(self.affine, self.flip), validation.trained()
        engine = Engine(model, faces, size, self.seed, self.iterations, varied, self._recipe(), trained)
        for notice in resume(self.model_dir, engine):
            context.warn(f"{notice}; training goes on from step {engine.step}")
        validation.recall(engine.step)
        return TrainLoop(self, context, engine, faces, validation).run()

    def _recipe(self) -> Recipe:
        from ..training.recipe import Recipe

        return Recipe(**{field.name: getattr(self, field.name) for field in fields(Recipe)})

    def _take_weights(self, model: TrainableModel, context: JobContext) -> None:
        """Starts a new model from the weights of another, where that is asked for."""
        from ..training.checkpointing import take_weights

        if self.init_from and not saved_steps(self.model_dir):
            taken, total = take_weights(self.init_from, model)
            context.warn(f"{taken} of {total} arrays of weights were taken from {self.init_from}")

    def _trainable(self) -> Prepared:
        """The plugin, if it can be trained as these settings say."""
        prepared = _trainable(prepare("model", self.model))
        if self.adversarial:
            from ..training.adversarial import require_autoencoder

            require_autoencoder(prepared.plugin, prepared.label)
        return prepared

    def _model(self, prepared: Prepared, context: JobContext) -> TrainableModel:
        """Loads the model, with discriminators around it where they are asked for."""
        from ..training.adversarial import AdversarialModel

        model: TrainableModel = prepared.load()
        for notice in model.notices():
            context.warn(f"{prepared.label}: {notice}")
        return AdversarialModel(model, self.adversarial) if self.adversarial else model

    def _faces(self, prepared: Prepared, context: JobContext) -> dict[str, TrainingFaces]:
        from ..training.faces import training_faces

        faces, cache = {}, self.model_dir / "cache"
        for identity, path in (("source", self.source), ("target", self.target)):
            watch = _Watch(context, f"reading {identity} faces")
            faces[identity] = training_faces(path, identity, prepared.plugin.crop, cache, watch)
            if not faces[identity].masked:
                context.warn(f"Not every face of {path} has a mask; the whole crop is taken for face.")
        return faces


class _Watch:
    """Tells how far the reading of faces is; lets the user stop it."""

    def __init__(self, context: JobContext, name: str) -> None:
        self._context, self._name = context, name
        self._stage: Stage | None = None

    def __call__(self, done: int, total: int) -> None:
        self._context.check()
        if self._stage is None:
            self._stage = Stage(self._context, self._name, total, "faces", done)
        else:
            self._stage.advance()
        if done in (0, total):
            self._stage.tell()


def _trainable(prepared: Prepared) -> Prepared:
    """Returns the plugin if it can be trained from a source and a target."""
    plugin = prepared.plugin
    if not isinstance(plugin, TrainableModel):
        raise PluginError(f"{prepared.label} from {prepared.found.origin} cannot be trained; choose another model")
    if set(plugin.identities) != {"source", "target"}:
        known = ", ".join(plugin.identities)
        raise PluginError(f"{prepared.label} is trained with {known}; this command trains source and target only")
    return prepared
