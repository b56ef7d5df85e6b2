"""The base class of each plugin kind: what a plugin of the kind declares and the one thing that it does.

Every kind: `Options` is a frozen pydantic model, `__init__` does no heavy work, `load()` does it once before the first
call, inputs are never modified, the same seed gives the same answer and a batch equals its single items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from . import contract as c
from .errors import FaceswapError, PluginError
from .training.step import IdentityBatch, Player, Step, Variation, Warp

Tensor = Any
"""A tensor of the running Keras backend."""

FaceFigures = dict[str, NDArray[np.float64]]
"""What a metric says of some faces, by name: float64 `[judged]` each."""


class PluginOptions(BaseModel):
    """Base of every plugin's options: frozen, validated, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuses option names that hide a pydantic attribute, which would break the option silently."""
        hidden = sorted(name for name in cls.model_fields if hasattr(BaseModel, name))
        if hidden:
            raise TypeError(f"Option '{hidden[0]}' of {cls.__qualname__} hides a pydantic attribute; rename it.")
        super().__pydantic_init_subclass__(**kwargs)


class Plugin:
    """What all kinds share.

    Args:
        options: The plugin's options; its defaults when None.

    Raises:
        TypeError: `options` is not of the plugin's own `Options` class.
    """

    class Options(PluginOptions):
        """The plugin has no options."""

    kind: ClassVar[str] = ""
    backend: ClassVar[str | None] = None
    """The Keras backend that the plugin cannot do without; None when it has no wish."""

    options: PluginOptions

    def __init__(self, options: PluginOptions | None = None) -> None:
        if options is not None and not isinstance(options, self.Options):
            wanted = f"{type(self).__name__}.Options"
            raise TypeError(f"{wanted} was expected. Received: {type(options).__qualname__}")
        self.options = self.Options() if options is None else options

    @property
    def reads_weights(self) -> bool:
        """Whether `load` reads the files that the module declares in `WEIGHTS`; may depend on the options."""
        return True

    def load(self) -> None:
        """Does the heavy work (reads weights, imports frameworks); called once before the first call."""


class Detector(Plugin):
    """Finds faces in images."""

    kind = "detector"
    scheme: ClassVar[str | None] = None
    """The scheme of the landmarks that it gives with its boxes; None where it gives none."""

    def detect(self, images: list[c.Image]) -> list[c.Detections]:
        """Finds the faces of each image.

        Args:
            images: uint8 RGB pictures, which may differ in size.

        Returns:
            One `Detections` per image, scores sorted down.
        """
        raise NotImplementedError


class Aligner(Plugin):
    """Finds the landmarks of detected faces."""

    kind = "aligner"
    scheme: ClassVar[str] = "ibug68"
    """The scheme of the landmarks that it gives."""
    detector_schemes: ClassVar[frozenset[str] | None] = None
    """The schemes of which it needs the detector's landmarks; None where boxes are enough."""

    def align(self, image: c.Image, detections: c.Detections) -> c.Landmarks:
        """Finds the landmarks of each detected face.

        Args:
            image: The uint8 RGB frame.
            detections: Its faces.

        Returns:
            Frame landmarks, float32 `[faces points 2]`, on pixel centers.
        """
        raise NotImplementedError


class CropPlugin(Plugin):
    """A plugin that is given aligned crops; the host cuts them as `crop` says."""

    schemes: ClassVar[frozenset[str] | None] = None
    """The landmark schemes that it accepts; None for any."""

    @property
    def crop(self) -> c.CropSpec:
        """The crop that the plugin wants; may depend on its options."""
        raise NotImplementedError


class Masker(CropPlugin):
    """Says which pixels of a crop are face."""

    kind = "masker"

    def mask(self, crops: c.Crops, crop_landmarks: c.Landmarks) -> c.Masks:
        """Masks each crop.

        Args:
            crops: uint8 `[faces size size 3]`.
            crop_landmarks: float32 `[faces points 2]` in crop pixels.

        Returns:
            float32 `[faces size size 1]`, 0..1, 1 = face.
        """
        raise NotImplementedError


class Recognizer(CropPlugin):
    """Turns a face into a vector in which equal people are near."""

    kind = "recognizer"
    same_person_below: ClassVar[float] = 0.0
    """The Euclidean distance of unit vectors under which two faces count as one person."""

    def embed(self, crops: c.Crops) -> c.Embeddings:
        """Embeds each crop.

        Args:
            crops: uint8 `[faces size size 3]`.

        Returns:
            float32 `[faces dim]`, unit length.
        """
        raise NotImplementedError


class SwapModel(CropPlugin):
    """Puts one person's face on another's."""

    kind = "model"
    identities: ClassVar[tuple[str, ...]] = ("source", "target")
    """The names of the people that it knows."""

    def swap(self, crops: c.Crops, identity: str = "source") -> tuple[c.Faces, c.Masks | None]:
        """Gives each crop the face of `identity`, keeping expression, pose and light.

        Args:
            crops: uint8 `[faces size size 3]`.
            identity: One of `identities`.

        Returns:
            The faces, float32 `[faces size size 3]`, 0..1, and their masks or None.
        """
        raise NotImplementedError


class Trainable(CropPlugin):
    """The training part that swap models and generators share; networks are Keras models.

    It is trained from one faceset for each name in `identities`, whose faces are cut as `crop` says.
    """

    identities: ClassVar[tuple[str, ...]]
    """The names under which it is given faces."""
    warp: Warp = Warp()
    """How the faces that it is given in training are warped."""
    variation: Variation = Variation()
    """How they are varied where the user does not say."""
    batch_size: int = 16
    """How many of each identity a step takes where the user does not say."""
    few_faces: ClassVar[tuple[int, str]] = (
        100,
        "expressions and poses that are not among them will look wrong. Footage of a minute with many expressions does "
        "better.",
    )
    """The faces of a faceset below which whoever trains is warned, and of what."""

    phase: int = 0
    """Which form of the networks the losses are computed by; where it changes, compiled steps are made anew."""

    networks: dict[str, Any]

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The names of networks that training alone needs, such as discriminators: kept with the optimizers' state."""
        return ()

    def build(self) -> dict[str, Any]:
        """Builds the networks, `{name: keras.Model}`, with fresh weights."""
        raise NotImplementedError

    def load(self) -> None:
        """Builds the networks and keeps them in `self.networks`."""
        self.networks = self.build()

    def players(self) -> list[Player]:
        """The players of the training game: an autoencoder has one, a GAN two."""
        raise NotImplementedError

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Tensor]:
        """The scalar losses of one player, whose sum it minimizes; ordinary Keras calls on `self.networks`.

        Args:
            player: The name of one of `players()`.
            batch: One entry per identity.
            step: The step's number, progress and random key.
        """
        raise NotImplementedError

    def ema(self, batch_size: int) -> float:
        """The decay per step of the average of the weights, 0..1, where the user does not say; 0 for no average."""
        return 0.0

    def at(self, progress: float, before: float) -> None:
        """May change learning rates or weights between steps.

        What is set anew each time follows `progress`. What happens once, at a mark, happens where
        `before < mark <= progress`, in a resumed run as in an uninterrupted one.

        Args:
            progress: The share of the run that is done before the step that comes, 0..1.
            before: The same one step earlier; negative before the first step.
        """

    def shown(self, faces: int) -> None:
        """May change weights and `phase` before a step, as networks do that grow while they are trained.

        What is set here must be a function of `faces` alone, so that a resumed run is as an uninterrupted one.

        Args:
            faces: How many faces of each identity the steps before have taken, whatever the size of their batches.
        """

    def notices(self) -> tuple[str, ...]:
        """What whoever trains the model should know, a line each: a part that is off since a file is missing, say."""
        return ()


class TrainableModel(Trainable, SwapModel):
    """A swap model that is trained from two facesets.

    An autoencoder says what it gives back (`reconstructed`) and what that costs (`reconstruction_losses`); others can
    then build on it, as `faceswap train --adversarial` does. A model that is no autoencoder overrides `losses` instead.
    """

    def reconstructed(self, batch: Mapping[str, IdentityBatch]) -> dict[str, Any]:
        """What the networks make of each identity's `input`, in training: faces, or a list of faces and masks.

        Args:
            batch: One entry per identity.
        """
        raise NotImplementedError

    def reconstruction_losses(
        self, batch: Mapping[str, IdentityBatch], answers: Mapping[str, Any], step: Step
    ) -> dict[str, Tensor]:
        """The scalar losses of what `reconstructed` answered.

        Args:
            batch: One entry per identity.
            answers: What `reconstructed` made of the batch.
            step: The step's number, progress and random key.
        """
        raise NotImplementedError

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Tensor]:
        """The losses of the reconstruction, in one pass through the networks."""
        return self.reconstruction_losses(batch, self.reconstructed(batch), step)

    def swap_network(self, identity: str) -> Any:
        """The exportable path: a plain Keras model of fixed size, float32, without randomness.

        Maps `[batch size size 3]` to the faces of `identity`, `[batch size size 3]`, or to a list of faces and masks.
        """
        raise NotImplementedError

    def load(self) -> None:
        """Builds the networks and forgets swap networks that were made of earlier ones."""
        super().load()
        self.__dict__.pop("_swap_networks", None)

    def swap(self, crops: c.Crops, identity: str = "source") -> tuple[c.Faces, c.Masks | None]:
        """Runs `swap_network` on the crops."""
        network, count = self._network(identity), len(crops)
        # Keras predicts no empty batch, and only an answer tells whether there are masks.
        shown = crops if count else np.zeros((1, *crops.shape[1:]), np.uint8)
        answer = network.predict_on_batch(shown.astype(np.float32) / np.float32(255))
        faces, masks = answer if isinstance(answer, (list, tuple)) else (answer, None)
        return np.asarray(faces)[:count], None if masks is None else np.asarray(masks)[:count]

    def _network(self, identity: str) -> Any:
        if identity not in self.identities:
            raise ValueError(f"`identity` must be one of {self.identities}. Received: {identity!r}")
        cache = self.__dict__.setdefault("_swap_networks", {})
        if identity not in cache:
            cache[identity] = self.swap_network(identity)
        return cache[identity]


class Generator(Trainable):
    """Makes faces out of noise; it is trained from one faceset, whose faces it is given as `batch["faces"]`."""

    kind = "generator"
    identities = ("faces",)
    warp = Warp(noise=0)
    variation = Variation(affine=0, color_match=0, color_jitter=0)
    few_faces = (
        500,
        "a generator learns them by heart: what it makes will be near copies of them, or all alike. Some minutes of "
        "footage with many expressions and poses do better.",
    )

    def latents(self, count: int, seed: int) -> c.Embeddings:
        """Draws `count` latents, float32 `[count dim]`, from `seed` alone; more of a seed begin with the same."""
        raise NotImplementedError

    def generate(self, latents: c.Embeddings, truncation: float = 1.0) -> c.Crops:
        """Makes a face of each latent.

        Args:
            latents: float32 `[count dim]`.
            truncation: How far from the mean face they lie, as a share: 1 as they are drawn, 0 all the mean face.

        Returns:
            uint8 `[count size size 3]`, cut as `crop` says.
        """
        raise NotImplementedError

    def mix(self, coarse: c.Embeddings, fine: c.Embeddings, truncation: float = 1.0) -> c.Crops:
        """Makes faces with the pose and shape of some latents, and the colors and detail of others.

        Args:
            coarse: float32 `[count dim]`.
            fine: float32 `[count dim]`.
            truncation: As in `generate`.

        Returns:
            uint8 `[count size size 3]`.

        Raises:
            PluginError: The generator, as most, has no such levels; one that has overrides this method.
        """
        raise PluginError(f"{type(self).__name__} cannot mix: it has no levels that are fed apart")

    @property
    def mixes(self) -> bool:
        """Whether it can mix."""
        return type(self).mix is not Generator.mix


class Blender(Plugin):
    """Brings swapped faces back; either a `CropBlender` or a `FrameBlender`."""

    kind = "blender"


class CropBlender(Blender):
    """Changes the patch in the aligned crop: its color, mask or finish."""

    @property
    def context(self) -> int:
        """How many frames before and after it needs to know of, as `patch.neighbors`; may depend on its options."""
        return 0

    def blend(self, patch: c.CropPatch) -> c.CropPatch:
        """Returns the changed patch; keeps no state."""
        raise NotImplementedError


class FrameBlender(Blender):
    """Composites one face's box into the frame; a chain has exactly one."""

    def composite(self, patch: c.FramePatch) -> c.BoxPixels:
        """Returns the box with the face in it, float32 `[height width 3]`, 0..1.

        Nothing outside the mask's support may change.
        """
        raise NotImplementedError


class Metric(Plugin):
    """Measures faces, alone or against real ones."""

    kind = "metric"
    needs: ClassVar[frozenset[str]] = frozenset({"crops"})
    """What it reads of a batch: `crops`, `embeddings`, `landmarks`, `times`; the others may be missing."""
    needs_real: ClassVar[bool] = False
    """Whether it compares with real faces, and cannot do without."""
    needs_pairs: ClassVar[bool] = False
    """Whether the n-th face of `fake` belongs to the n-th of `real`: the same moment, cut along the same matrix."""
    needs_order: ClassVar[bool] = False
    """Whether faces must come in the order of time."""
    across_people: ClassVar[bool] = False
    """Whether it says something of a pair that shows two people at the same moment: a swap and its target."""

    def measure(self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None = None) -> dict[str, float]:
        """Measures a stream of faces, reading each stream once.

        Args:
            fake: The faces to measure.
            real: The faces to compare with, where the metric needs them.

        Returns:
            Named figures.

        Raises:
            FaceswapError: There are too few faces; says how many it takes.
        """
        raise NotImplementedError


class FaceMetric(Metric):
    """Judges faces one by one, so that the best and the worst can be shown; its figures are the means over them."""

    ranked_by: ClassVar[str] = ""
    """The figure of `judge` that ranks faces and has a value for each; empty where faces are not ranked."""
    higher_is_better: ClassVar[bool] = False
    """Whether a higher value of it is better."""

    def judge(self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None = None) -> Iterator[FaceFigures]:
        """Judges a stream of faces in their order, any number at a time; reads each stream once.

        Args:
            fake: The faces to judge.
            real: The faces to compare with, where the metric needs them.

        Yields:
            Named figures, float64 `[judged]` each.
        """
        raise NotImplementedError

    def sum_up(self, judged: Iterable[FaceFigures]) -> dict[str, float]:
        """The figures of all that was judged: the mean of each.

        Raises:
            FaceswapError: Nothing was judged.
        """
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for figures in judged:
            for name, values in figures.items():
                sums[name] = sums.get(name, 0.0) + float(np.sum(values))
                counts[name] = counts.get(name, 0) + len(values)
        if not any(counts.values()):
            raise FaceswapError("there is no face to judge")
        return {name: total / counts[name] for name, total in sums.items() if counts[name]}

    def measure(self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None = None) -> dict[str, float]:
        """Sums up what `judge` says."""
        return self.sum_up(self.judge(fake, real))


class PairMetric(FaceMetric):
    """Judges each face against the one that it belongs to."""

    needs_real = True
    needs_pairs = True

    def compare(self, fake: c.FaceBatch, real: c.FaceBatch) -> dict[str, float]:
        """Compares one face with its own; each batch holds one."""
        raise NotImplementedError

    def judge(self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None = None) -> Iterator[FaceFigures]:
        """Compares each pair."""
        for pair in self.pairs(fake, real):
            yield {name: np.array([value], np.float64) for name, value in self.compare(*pair).items()}

    def pairs(
        self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None
    ) -> Iterator[tuple[c.FaceBatch, c.FaceBatch]]:
        """The pairs one by one, however the streams are cut into batches.

        Raises:
            FaceswapError: One stream has more faces than the other, or there is no other.
        """
        if real is None:
            raise FaceswapError("real faces are needed, one for each face")
        for ours, theirs in zip_longest(_one_by_one(fake), _one_by_one(real)):
            if ours is None or theirs is None:
                raise FaceswapError(
                    f"one stream has no more faces where the other has, {type(self).__name__} needs pairs"
                )
            yield ours, theirs


def _one_by_one(stream: Iterable[c.FaceBatch]) -> Iterator[c.FaceBatch]:
    for batch in stream:
        yield from batch.singles()


class Listener(Plugin):
    """Is told what a run does: its methods implement hooks of `core/run_hooks.py`, each marked with `@hookimpl`.

    An object lives for one run. One that raises is named in a warning and told nothing more.
    """

    kind = "listener"
    hooks: ClassVar[tuple[str, ...]] = ()
    """The hooks that it implements; filled in by the class itself."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Notes the hooks."""
        super().__init_subclass__(**kwargs)
        cls.hooks = tuple(sorted(name for name in dir(cls) if name.startswith("faceswap_")))
