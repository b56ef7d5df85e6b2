from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceswap.core.kinds import TrainableModel
from faceswap.core.training.step import IdentityBatch
from faceswap.plugins.train.models.h128 import H128Model
from faceswap.plugins.train.models.lightweight import LightweightModel
from faceswap.plugins.train.models.mini import MiniModel
from faceswap.plugins.train.models.original import OriginalModel

SMALL = [
    (MiniModel, {"width": 0.1}),
    (OriginalModel, {"width": 0.03}),
    (LightweightModel, {"width": 0.03}),
    (H128Model, {"width": 0.03}),
    (H128Model, {"width": 0.03, "light": True, "masks": False}),
]


def _make(model_class: type[TrainableModel], **options: Any) -> TrainableModel:
    model = model_class(model_class.Options(**options))
    model.load()
    return model


def _batch(size: int, count: int = 2) -> dict[str, IdentityBatch]:
    rng = np.random.default_rng(0)
    faces = rng.random((2, count, size, size, 3)).astype(np.float32)
    mask = np.zeros((count, size, size, 1), np.float32)
    mask[:, size // 4 : -size // 4, size // 4 : -size // 4] = 1
    return {
        name: IdentityBatch(face, face[:, ::-1], mask) for name, face in zip(("source", "target"), faces, strict=True)
    }


# The published counts of the full-size networks.
@pytest.mark.parametrize(
    ("model_class", "options", "count"),
    [
        (MiniModel, {}, 8_643_078),
        (OriginalModel, {}, 82_062_470),
        (LightweightModel, {}, 51_066_374),
        (H128Model, {}, 138_400_520),
        (H128Model, {"masks": False}, 107_716_102),
        (H128Model, {"light": True}, 55_918_600),
    ],
)
def test_feature_parameter_count(model_class: type[TrainableModel], options: dict[str, Any], count: int) -> None:
    networks = model_class(model_class.Options(**options)).build()
    assert sum(network.count_params() for network in networks.values()) == count


@pytest.mark.parametrize(("model_class", "options"), SMALL)
def test_shape_swap(model_class: type[TrainableModel], options: dict[str, Any]) -> None:
    model = _make(model_class, **options)
    size = model.crop.size
    crops = np.random.default_rng(0).integers(0, 256, (3, size, size, 3)).astype(np.uint8)

    faces, masks = model.swap(crops, "source")

    assert faces.shape == (3, size, size, 3) and faces.dtype == np.float32
    assert faces.min() >= 0 and faces.max() <= 1
    if model_class is H128Model and options.get("masks", True):
        assert masks is not None and masks.shape == (3, size, size, 1) and masks.dtype == np.float32
    else:
        assert masks is None
    one, _ = model.swap(crops[1:2], "source")
    assert one == pytest.approx(faces[1:2], abs=1e-4)
    other, _ = model.swap(crops, "target")
    assert np.abs(other - faces).max() > 1e-6


def test_feature_swap_decodes_with_the_identity_asked_for() -> None:
    model = _make(MiniModel, width=0.1)
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    code = model.networks["encoder"](crops / np.float32(255))
    for identity in ("source", "target"):
        expected = np.asarray(model.networks[f"decoder_{identity}"](code))
        assert model.swap(crops, identity)[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("model_class", "options"), SMALL)
def test_feature_losses_are_those_of_the_paths_apart(
    model_class: type[TrainableModel], options: dict[str, Any]
) -> None:
    """The shared pass over all identities gives what one pass for each gives."""
    model = _make(model_class, **options)
    batch = _batch(model.crop.size)
    losses = model.losses("autoencoder", batch, SimpleNamespace())

    for name, share in batch.items():
        answer = model.networks[f"decoder_{name}"](model.networks["encoder"](share.input))
        if model_class is not H128Model:
            assert float(losses[name]) == pytest.approx(np.abs(np.asarray(answer) - share.goal).mean(), rel=1e-4)
        elif options.get("masks", True):
            assert float(losses[f"{name}_mask"]) == pytest.approx(np.abs(answer[1] - share.mask).mean(), rel=1e-4)
    assert len(losses) == (4 if model_class is H128Model and options.get("masks", True) else 2)


@pytest.mark.parametrize("pixel_loss", [False, True])
def test_feature_h128_looks_inside_the_mask_only(pixel_loss: bool) -> None:
    model = _make(H128Model, width=0.03, pixel_loss=pixel_loss, masks=False)
    batch = _batch(128)
    outside = {}
    for name, share in batch.items():
        goal = share.goal.copy()
        goal[:, :16] = 1 - goal[:, :16]  # Farther from the mask than window and blur reach.
        outside[name] = IdentityBatch(share.input, goal, share.mask)
    before = model.losses("autoencoder", batch, SimpleNamespace())
    after = model.losses("autoencoder", outside, SimpleNamespace())
    assert {name: float(loss) for name, loss in after.items()} == pytest.approx(
        {name: float(loss) for name, loss in before.items()}, rel=1e-5
    )
    inside = {name: IdentityBatch(share.input, share.goal * 0.5, share.mask) for name, share in batch.items()}
    changed = model.losses("autoencoder", inside, SimpleNamespace())
    assert abs(float(changed["source"]) - float(before["source"])) > 1e-3


def test_feature_h128_pixel_loss_is_fifty_squared_errors_where_the_mask_is_full() -> None:
    model = _make(H128Model, width=0.03, pixel_loss=True, masks=False)
    batch = _batch(128)
    mask = np.zeros((2, 128, 128, 1), np.float32)
    mask[:, 20:108, 20:108] = 1
    goal = np.zeros((2, 128, 128, 3), np.float32)
    answer = np.asarray(model.networks["decoder_source"](model.networks["encoder"](batch["source"].input)))
    goal[:] = answer
    goal[:, 40:88, 40:88] += 0.1  # Three standard deviations inside the mask.
    shares = {name: IdentityBatch(share.input, goal, mask) for name, share in batch.items()}
    loss = model.losses("autoencoder", shares, SimpleNamespace())["source"]
    assert float(loss) == pytest.approx(50 * 0.1**2 * (48 / 128) ** 2, rel=1e-2)


def test_feature_defaults() -> None:
    rates = {cls: cls.Options().learning_rate for cls in (MiniModel, OriginalModel, LightweightModel, H128Model)}
    assert rates == {MiniModel: 2e-4, OriginalModel: 5e-5, LightweightModel: 5e-5, H128Model: 5e-5}
    player = _make(MiniModel, width=0.1).players()[0]
    assert player.networks == ("encoder", "decoder_source", "decoder_target")
    assert (player.optimizer.beta_1, player.optimizer.beta_2) == (0.5, 0.999)
    assert float(player.optimizer.learning_rate) == pytest.approx(2e-4)


def test_feature_two_builds_name_their_weights_alike() -> None:
    first, second = (MiniModel(MiniModel.Options(width=0.1)).build() for _ in range(2))
    for name, network in first.items():
        assert [v.path for v in network.variables] == [v.path for v in second[name].variables]
