from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from keras import ops

from faceswap.core.errors import FaceswapError
from faceswap.core.testing.training import training_faces
from faceswap.core.training.backends import seed_weights
from faceswap.core.training.checkpointing import load_weights, resume, save_checkpoint
from faceswap.core.training.engine import Engine
from faceswap.core.training.step import IdentityBatch
from faceswap.lib import checkpoint
from faceswap.lib.nn import gan_losses
from faceswap.lib.nn.adversarial_losses import seen_through
from faceswap.lib.nn.gan_losses import GeneratorLosses, alpha_loss, make
from faceswap.plugins.train.models.gan import GanModel


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of weights."""
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def _model(**options: Any) -> GanModel:
    seed_weights(0)
    model = GanModel(GanModel.Options(width=0.03, **options))
    model.load()
    return model


def _engine(total: int = 10) -> Engine:
    model = _model()
    return Engine(model, training_faces(model.crop, model.identities), batch_size=2, seed=0, total=total)


def _batch(size: int = 64) -> dict[str, IdentityBatch]:
    rng = np.random.default_rng(0)
    parts = [rng.random((2, size, size, 3)).astype(np.float32) for _ in range(4)]
    eyes = np.zeros((2, size, size, 1), np.float32)
    eyes[:, 20:30, 10:50] = 1
    return {
        name: IdentityBatch(shown, goal, eyes, eyes, 1 - eyes)
        for name, (shown, goal) in {"source": parts[:2], "target": parts[2:]}.items()
    }


def _values(network: Any) -> list[np.ndarray]:
    return [np.asarray(ops.convert_to_numpy(variable)).copy() for variable in network.variables]


def test_shape_swap_answers_pictures_and_alphas() -> None:
    model = _model()
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    faces, masks = model.swap(crops, "source")
    made = make(model.networks, {"source": crops / np.float32(255)})["source"]
    assert faces == pytest.approx((np.asarray(made.picture) + 1) / 2, abs=1e-5)
    assert masks == pytest.approx(np.asarray(made.alpha), abs=1e-5)
    assert faces.min() >= 0 and faces.max() <= 1 and masks.shape == (2, 64, 64, 1)


def test_feature_the_autoencoder_loses_what_the_figures_say() -> None:
    """Against numpy in float64, on what the networks made."""
    model, batch = _model(size=128, mouth=2), _batch(128)
    made = make(model.networks, {name: share.input for name, share in batch.items()})
    losses = GeneratorLosses(model.networks, adversarial=0.1, eyes=30, mouth=2)(made, batch, ops.convert_to_tensor(0.0))
    share, faces = batch["target"], made["target"]
    goal, picture, alpha, small = (
        np.asarray(part, np.float64) for part in (share.goal * 2.0 - 1, faces.picture, faces.alpha, *faces.smaller)
    )
    error, half = np.abs(goal - picture), goal.reshape(2, 64, 2, 64, 2, 3).mean((2, 4))
    composite = np.float32(alpha * picture + (1 - alpha) * (share.input * 2.0 - 1))
    verdicts = seen_through(
        model.networks["discriminator_target"], (composite, faces.picture), np.float32(share.input * 2.0 - 1)
    )
    steepness = [np.abs(np.abs(np.diff(goal, axis=way)) - np.abs(np.diff(picture, axis=way))).mean() for way in (1, 2)]
    restless = sum(np.abs(np.diff(alpha, axis=way)).mean() for way in (1, 2))
    kernels = [
        layer.kernel
        for layer in model.networks["encoder"].layers
        if layer.name.startswith("down") and layer.weights and "conv" in layer.name
    ]
    expected = {
        "target": error.mean() + np.abs(half - small).mean(),
        "target_eyes": 30 * (error * share.eyes).mean(),
        "target_mouth": 2 * (error * share.mouth).mean(),
        "target_edges": 0.1 * sum(steepness),
        "target_adversarial": 0.1 * float(verdicts),
        "target_alpha": 0.01 * alpha.mean() + 0.1 * restless,
        "decay": 1e-4 * sum(float((np.asarray(kernel, np.float64) ** 2).sum()) for kernel in kernels),
    }
    got = {name: float(loss) for name, loss in losses.items() if not name.startswith("source")}
    assert got == pytest.approx(expected, rel=1e-4)
    assert len(losses) == 13 and len(kernels) == 6


@pytest.mark.parametrize(
    ("progress", "expected"), [(0.29, 0.01 * 0.3), (0.3, 0.1 * 0.2), (0.55, 0), (0.7, 0.1 * 0.1), (0.9, 0)]
)
def test_feature_the_alpha_is_first_kept_low_then_pushed_up_to_a_margin(progress: float, expected: float) -> None:
    even = np.full((2, 8, 8, 1), 0.3, np.float32)
    assert float(alpha_loss(even, ops.convert_to_tensor(progress))) == pytest.approx(expected, abs=1e-6)


def test_feature_perceptual_loss_begins_at_a_fifth_and_sees_the_composite() -> None:
    model, batch = _model(), _batch()
    made = make(model.networks, {name: share.input for name, share in batch.items()})
    losses = GeneratorLosses(model.networks, 0.1, 0, 0, perceptual=lambda goal, face: ops.mean(face))
    early, late = (
        losses(made, batch, ops.convert_to_tensor(progress))["source_perceptual"] for progress in (0.19, 0.2)
    )
    assert float(early) == 0
    assert float(late) == pytest.approx((float(ops.mean(made["source"].composite)) + 1) / 2, rel=1e-5)


def test_feature_rates_fall_at_their_marks() -> None:
    model = _model()
    players = model.players()
    assert [player.name for player in players] == ["discriminators", "generator"]
    for progress, factor in ((0, 1), (0.65, 1), (0.66, 0.3), (0.89, 0.3), (0.9, 0.1), (0.5, 1)):
        model.at(progress, progress - 0.01)
        rates = [float(player.optimizer.learning_rate) for player in players]
        assert rates == pytest.approx([2e-4 * factor, 1e-4 * factor])


def test_feature_decoders_exchange_their_weights_once() -> None:
    model = _model()
    model.players()
    source, target = (_values(model.networks[f"decoder_{name}"]) for name in model.identities)
    for progress, before, exchanged in ((0.79, 0.78, False), (0.8, 0.79, True), (0.81, 0.8, True)):
        model.at(progress, before)
        expected = (target, source) if exchanged else (source, target)
        for name, arrays in zip(model.identities, expected, strict=True):
            decoder = _values(model.networks[f"decoder_{name}"])
            assert all((one == other).all() for one, other in zip(decoder, arrays, strict=True))


@pytest.mark.slow
def test_feature_going_on_across_the_exchange_repeats_the_same_steps(tmp_path: Path) -> None:
    """Bit for bit, by graphs made anew: this model sums many gradients, in an order that must not change."""
    straight = _engine(total=4)
    for _ in range(3):
        straight.advance()
    save_checkpoint(tmp_path, straight, keep=1)
    expected = straight.advance()
    for _ in range(2):
        resumed = _engine(total=4)
        assert resume(tmp_path, resumed) == ()
        got = resumed.advance()
        assert {name: float(loss) for name, loss in got.items()} == {
            name: float(loss) for name, loss in expected.items()
        }
        for name, network in straight.model.networks.items():
            for one, other in zip(_values(network), _values(resumed.model.networks[name]), strict=True):
                np.testing.assert_array_equal(one, other, err_msg=name)

    weights = checkpoint.load_latest(tmp_path).parts["weights"]
    assert {name.partition("/")[0] for name in weights} == {"encoder", "decoder_source", "decoder_target"}
    other = _model()
    assert load_weights(tmp_path, other).step == 3


def test_feature_without_the_file_the_perceptual_loss_is_off_and_said_to_be(no_weights: Path) -> None:
    model = _model()
    (notice,) = model.notices()
    assert "perceptual loss is off" in notice and str(no_weights / "rcmalli_vggface_tf_notop_resnet50.h5") in notice
    model.players()
    batch = _batch()
    assert not any("perceptual" in name for name in model.losses("generator", batch, SimpleNamespace(progress=0.5)))


def test_feature_with_the_file_it_is_on(no_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_weights.mkdir()
    path = no_weights / "rcmalli_vggface_tf_notop_resnet50.h5"
    path.write_bytes(b"weights")
    asked: list[Path] = []

    def perceptual_loss(path: Path) -> Callable[[Any, Any], Any]:
        asked.append(path)
        return lambda goal, face: ops.mean(ops.abs(goal - face))

    monkeypatch.setattr(gan_losses, "perceptual_loss", perceptual_loss)
    model = _model()
    assert model.notices() == ()
    model.players()
    losses = model.losses("generator", _batch(), SimpleNamespace(progress=ops.convert_to_tensor(0.5)))
    assert asked == [path] and float(losses["source_perceptual"]) > 0


def test_error_a_file_that_is_no_weights(no_weights: Path) -> None:
    no_weights.mkdir()
    (no_weights / "rcmalli_vggface_tf_notop_resnet50.h5").write_bytes(b"weights")
    with pytest.raises(FaceswapError, match=r"resnet50\.h5 is no HDF5 file.*put another file there, or none"):
        _model().players()


@pytest.mark.parametrize("size", [63, 100, 512])
def test_error_size(size: int) -> None:
    with pytest.raises(ValueError, match="must be 64, 128 or 256"):
        GanModel.Options(size=size)
