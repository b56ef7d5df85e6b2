from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceswap.core.errors import PluginError
from faceswap.core.host import built_in, prepare
from faceswap.core.kinds import TrainableModel
from faceswap.core.testing.training import training_faces
from faceswap.core.training.adversarial import AdversarialModel, require_autoencoder
from faceswap.core.training.backends import seed_weights
from faceswap.core.training.checkpointing import load_weights, resume, save_checkpoint
from faceswap.core.training.engine import Engine
from faceswap.core.training.step import IdentityBatch
from faceswap.lib.nn.adversarial_losses import seen_through
from faceswap.plugins.train.models.h64 import H64Model
from faceswap.plugins.train.models.mini import MiniModel

WITH_LOSSES_OF_THEIR_OWN = {"cyclegan", "gan"}
AUTOENCODERS = ("h64", "liae", "original", "sae")
"""One of each structure: half a face with masks, intermediate codes, one encoder, configurable."""


def _loaded(name: str, width: float = 0.03) -> TrainableModel:
    seed_weights(0)
    model: TrainableModel = prepare("model", built_in(name, width=width)).load()
    return model


def _engine(model: TrainableModel) -> Engine:
    return Engine(model, training_faces(model.crop, ("source", "target")), batch_size=2, seed=0, total=10)


def _values(network: Any) -> list[np.ndarray]:
    from keras import ops

    return [np.asarray(ops.convert_to_numpy(variable)).copy() for variable in network.trainable_variables]


@pytest.mark.slow
@pytest.mark.parametrize("name", AUTOENCODERS)
def test_feature_autoencoders_of_every_structure_are_judged(name: str, tmp_path: Path) -> None:
    model = _loaded(name)
    require_autoencoder(model, name)
    judged = AdversarialModel(model, weight=0.1, width=0.05)
    before = {part: _values(network) for part, network in judged.networks.items()}
    engine = _engine(judged)
    losses = engine.advance()
    assert {f"discriminator_{who}" for who in model.identities} < losses.keys()
    assert {f"{who}_adversarial" for who in model.identities} < losses.keys()
    assert set(model.identities) < losses.keys()
    for part, network in judged.networks.items():
        moved = [not (old == new).all() for old, new in zip(before[part], _values(network), strict=True)]
        assert any(moved), part

    save_checkpoint(tmp_path, engine, keep=1)
    other = _loaded(name)
    load_weights(tmp_path, other)
    crops = np.random.default_rng(0).integers(0, 256, (1, *(model.crop.size,) * 2, 3)).astype(np.uint8)
    assert np.abs(other.swap(crops)[0] - judged.swap(crops)[0]).max() < 1e-6


def test_error_models_with_losses_of_their_own() -> None:
    for name in WITH_LOSSES_OF_THEIR_OWN:
        prepared = prepare("model", built_in(name))
        with pytest.raises(
            PluginError, match=rf"model '{name}' has losses of its own, so `adversarial`.*leave it at 0"
        ):
            require_autoencoder(prepared.plugin, prepared.label)


class Counting(H64Model):
    """Counts its passes."""

    passes = 0

    def reconstructed(self, batch: Mapping[str, IdentityBatch]) -> dict[str, Any]:
        self.passes += 1
        return super().reconstructed(batch)


def test_feature_verdicts_are_added_to_the_models_own_losses_in_one_pass() -> None:
    seed_weights(0)
    model = Counting(Counting.Options(width=0.03))
    model.load()
    judged = AdversarialModel(model, weight=0.5, width=0.05)
    rng = np.random.default_rng(0)
    mask = np.zeros((2, 64, 64, 1), np.float32)
    mask[:, 16:48, 16:48] = 1
    batch = {
        name: IdentityBatch(*rng.random((2, 2, 64, 64, 3)).astype(np.float32), mask, mask, mask)
        for name in model.identities
    }
    own = model.losses("autoencoder", batch, SimpleNamespace())
    faces = {name: np.asarray(answer[0]) for name, answer in model.reconstructed(batch).items()}
    model.passes = 0
    losses = judged.losses("autoencoder", batch, SimpleNamespace())
    assert model.passes == 1
    assert {name: float(losses[name]) for name in own} == pytest.approx({name: float(own[name]) for name in own})
    for name, share in batch.items():
        seen = np.where(mask > 0, faces[name], share.goal) * 2 - 1
        verdict = seen_through(judged.networks[f"discriminator_{name}"], [seen], share.input * 2 - 1)
        assert float(losses[f"{name}_adversarial"]) == pytest.approx(0.5 * float(verdict), rel=1e-4)
    assert len(losses) == len(own) + 2


@pytest.mark.slow
def test_feature_discriminators_may_come_and_go(tmp_path: Path) -> None:
    def mini() -> MiniModel:
        model = MiniModel(MiniModel.Options(width=0.05))
        model.load()
        return model

    plain = _engine(mini())
    plain.advance()
    save_checkpoint(tmp_path, plain, keep=3)

    judged = _engine(AdversarialModel(mini(), weight=0.1, width=0.05))
    (come,) = resume(tmp_path, judged)
    assert "starts its discriminator_source, discriminator_target, discriminators afresh" in come
    assert _same(judged.model.model.networks, plain.model.networks)
    assert _moments(judged, 0) == _moments(plain, 0)
    judged.advance()
    save_checkpoint(tmp_path, judged, keep=3)
    again = _engine(AdversarialModel(mini(), weight=0.1, width=0.05))
    assert resume(tmp_path, again) == ()
    assert _same(again.model.networks, judged.model.networks)

    without = _engine(mini())
    (gone,) = resume(tmp_path, without)
    assert "leaves its discriminator_source, discriminator_target, discriminators behind" in gone
    assert without.step == 2 and _same(without.model.networks, judged.model.model.networks)


def _same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return all(
        (one == other).all()
        for name in first
        for one, other in zip(_values(first[name]), _values(second[name]), strict=True)
    )


def _moments(engine: Engine, turn: int) -> list[list[float]]:
    return [np.ravel(np.asarray(variable)).tolist() for variable in engine.players[turn].optimizer.variables]
