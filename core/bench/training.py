"""A training step of `original` through the step engine against plain `train_on_batch` of the same network.

Both sides train both people's paths on 16 faces each. Ours draws the faces from the memory-mapped training faces,
warps them and reads the losses every five steps (the job `train`: every ten); the bare side is given ready batches.
Checkpoints, previews and start-up are on neither side.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .material import Material
from .measure import Figure, matrix_rate
from .sides import Side, Work, compare_costs

BOUND = 1.10
BATCH = 16
GFLOP_OF_A_PAIR = 22.8
"""What a face of each person costs `original`, forward and back."""

_STEPS = 5
"""In one measurement."""


def measure(repeats: int) -> list[Figure]:
    """Measures the step against two ways to train the same network.

    `two passes` is what one writes first: a model with an input and an output for each person. `one pass` encodes the
    faces of both as one batch, as the plugin does; it is the same arithmetic in larger pieces.
    """
    with TemporaryDirectory(prefix="faceswap-bench-") as folder:
        material = Material(Path(folder), frames=48)
        facesets = material.faceset("source"), material.faceset("target")
        with Side(make_ours, *facesets) as ours:
            return [_against(ours, one_pass, repeats) for one_pass in (True, False)]


def _against(ours: Side, one_pass: bool, repeats: int) -> Figure:
    passes = "one pass" if one_pass else "two passes"
    name = f"training: step of original, batch {BATCH}, against train_on_batch in {passes}"
    with Side(make_bare, one_pass) as bare:
        for side in (ours, bare):
            side.measure()  # Graphs are traced at the first step.
        figure = compare_costs(name, ours.measure, bare.measure, BOUND, repeats)
    rates = {side: BATCH * _STEPS / figure.details[f"{side}_seconds"] for side in ("ours", "bare")}
    peak = matrix_rate()
    more = {
        **{f"{side}_pairs_per_second": round(rate, 2) for side, rate in rates.items()},
        **{f"{side}_share_of_matrix_rate": round(rate * GFLOP_OF_A_PAIR / peak, 3) for side, rate in rates.items()},
    }
    return replace(figure, details={**figure.details, "steps": _STEPS, **more})


def make_ours(source: Path, target: Path) -> Work:
    """Prepares steps of the engine as the job `train` makes them."""
    from ..training.backends import seed_weights
    from ..training.engine import Engine
    from ..training.faces import training_faces

    prepared = _original()
    cache = source.parent / "cache"
    faces = {
        identity: training_faces(path, identity, prepared.plugin.crop, cache, lambda done, total: None)
        for identity, path in (("source", source), ("target", target))
    }
    seed_weights(0)
    engine = Engine(prepared.load(), faces, BATCH, seed=0, total=10**6)

    def work() -> list[float]:
        losses = [engine.advance() for _ in range(_STEPS)]
        return [float(loss) for step in losses for loss in step.values()]

    return work


def make_bare(one_pass: bool) -> Work:
    """Prepares `train_on_batch` of the same networks with the same loss and optimizer on ready batches."""
    import numpy as np

    from ...lib.nn.autoencoder import adam
    from ..training.backends import import_keras

    plugin = _original().plugin
    keras = import_keras()
    networks = plugin.build()
    faces = [keras.Input((64, 64, 3)) for _ in range(2)]
    decoders = networks["decoder_source"], networks["decoder_target"]
    if one_pass:
        codes = keras.ops.split(networks["encoder"](keras.ops.concatenate(faces, axis=0)), 2, axis=0)
    else:
        codes = [networks["encoder"](face) for face in faces]
    model = keras.Model(faces, [decoder(code) for decoder, code in zip(decoders, codes, strict=True)])
    model.compile(optimizer=adam(plugin.options.learning_rate), loss=["mae", "mae"])
    generator = np.random.default_rng(0)
    batches = [generator.random((BATCH, 64, 64, 3), dtype=np.float32) for _ in range(4)]

    def work() -> None:
        for _ in range(_STEPS):
            model.train_on_batch(batches[:2], batches[2:])

    return work


def _original() -> Any:
    from ..host import PluginChoice, prepare, use_backend

    prepared = prepare("model", PluginChoice(name="original"))
    use_backend([prepared])
    return prepared
