from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from faceswap.core.kinds import TrainableModel
from faceswap.core.training.step import IdentityBatch
from faceswap.plugins.train.models.df import DfModel
from faceswap.plugins.train.models.h64 import H64Model
from faceswap.plugins.train.models.h128 import H128Model
from faceswap.plugins.train.models.iae import IaeModel
from faceswap.plugins.train.models.liae import LiaeModel
from faceswap.plugins.train.models.lightweight import LightweightModel
from faceswap.plugins.train.models.mini import MiniModel
from faceswap.plugins.train.models.original import OriginalModel
from faceswap.plugins.train.models.sae import SaeModel

SMALL = [
    (MiniModel, {"width": 0.1}),
    (OriginalModel, {"width": 0.03}),
    (LightweightModel, {"width": 0.03}),
    (H64Model, {"width": 0.03}),
    (H64Model, {"width": 0.03, "light": True, "masks": False}),
    (H128Model, {"width": 0.03}),
    (H128Model, {"width": 0.03, "light": True, "masks": False}),
    (DfModel, {"width": 0.03}),
    (LiaeModel, {"width": 0.03}),
    (IaeModel, {"width": 0.03}),
    (SaeModel, {"width": 0.05, "size": 80}),
    (SaeModel, {"width": 0.05, "size": 64, "structure": "liae", "residual": False}),
    (SaeModel, {"width": 0.05, "size": 64, "structure": "liae", "masks": False}),
]


# The weight of the dissimilarity, and the exponent of the mask's error.
MASKED = {H64Model: (10, 1), H128Model: (10, 1), DfModel: (1, 2), LiaeModel: (1, 2), SaeModel: (1, 2)}

# Whose codes the one decoder is given, in order.
MIXTURES = {
    LiaeModel: {"source": ("inter_ab", "inter_ab"), "target": ("inter_b", "inter_ab")},
    SaeModel: {"source": ("inter_ab", "inter_ab"), "target": ("inter_b", "inter_ab")},
    IaeModel: {"source": ("inter_source", "inter_both"), "target": ("inter_target", "inter_both")},
}


def _learns_masks(model_class: type[TrainableModel], options: dict[str, Any]) -> bool:
    return model_class in MASKED and options.get("masks", True)


def _answer(model: TrainableModel, identity: str, pictures: Any) -> list[np.ndarray]:
    """Puts pictures through the networks of one identity, one after the other."""
    networks = model.networks
    code, decoder = networks["encoder"](pictures), f"decoder_{identity}"
    if "decoder" in networks:
        code = np.concatenate([np.asarray(networks[name](code)) for name in MIXTURES[type(model)][identity]], axis=-1)
        decoder = "decoder"
    answer = networks[decoder](code)
    return [np.asarray(part) for part in (answer if isinstance(answer, list) else [answer])]


def _dissimilarity(goals: np.ndarray, faces: np.ndarray, masks: np.ndarray) -> float:
    """(1 - SSIM) / 2 inside the mask, by scikit-image."""
    similar = [
        structural_similarity(
            *(np.float64(picture * mask) for picture in (goal, face)),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1.0,
            channel_axis=-1,
        )
        for goal, face, mask in zip(goals, faces, masks, strict=True)
    ]
    return float((1 - np.mean(similar)) / 2)


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
        name: IdentityBatch(face, face[:, ::-1], mask, mask, mask)
        for name, face in zip(("source", "target"), faces, strict=True)
    }


# The published counts of the full-size networks.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("model_class", "options", "count"),
    [
        (MiniModel, {}, 8_643_078),
        (OriginalModel, {}, 82_062_470),
        (LightweightModel, {}, 51_066_374),
        (H64Model, {}, 112_753_288),
        (H64Model, {"light": True}, 44_507_144),
        (H128Model, {}, 138_400_520),
        (H128Model, {"masks": False}, 107_716_102),
        (H128Model, {"light": True}, 55_918_600),
        (DfModel, {}, 138_400_520),
        (LiaeModel, {}, 136_056_068),
        (IaeModel, {}, 117_816_003),
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
    if _learns_masks(model_class, options):
        assert masks is not None and masks.shape == (3, size, size, 1) and masks.dtype == np.float32
    else:
        assert masks is None
    one, _ = model.swap(crops[1:2], "source")
    assert one == pytest.approx(faces[1:2], abs=1e-4)
    other, _ = model.swap(crops, "target")
    assert np.abs(other - faces).max() > 1e-6


@pytest.mark.parametrize(("model_class", "options"), SMALL)
def test_feature_swap_decodes_with_the_identity_asked_for(
    model_class: type[TrainableModel], options: dict[str, Any]
) -> None:
    model = _make(model_class, **options)
    size = model.crop.size
    crops = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.uint8)
    for identity in ("source", "target"):
        expected = _answer(model, identity, crops / np.float32(255))
        for got, wanted in zip(model.swap(crops, identity), expected, strict=False):
            assert got == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(("model_class", "options"), SMALL)
def test_feature_losses_are_those_of_the_paths_apart(
    model_class: type[TrainableModel], options: dict[str, Any]
) -> None:
    """The shared pass over all identities gives what one pass for each gives; expected numbers by scikit-image."""
    model = _make(model_class, **options)
    batch = _batch(model.crop.size)
    expected, together = {}, model.reconstructed(batch)
    for name, share in batch.items():
        face, *masks = _answer(model, name, share.input)
        assert np.asarray(together[name][0] if masks else together[name]) == pytest.approx(face, abs=1e-5)
        if model_class in MASKED:
            weight, exponent = MASKED[model_class]
            expected[name] = weight * _dissimilarity(share.goal, face, share.mask)
        else:
            expected[name] = np.abs(face - share.goal).mean()
        if masks:
            expected[f"{name}_mask"] = (np.abs(masks[0] - share.mask) ** exponent).mean()

    losses = model.losses("autoencoder", batch, SimpleNamespace())
    assert {name: float(loss) for name, loss in losses.items()} == pytest.approx(expected, rel=1e-4)
    assert len(losses) == (4 if _learns_masks(model_class, options) else 2)


@pytest.mark.parametrize("pixel_loss", [False, True])
@pytest.mark.parametrize("model_class", [H64Model, H128Model])
def test_feature_half_face_models_look_inside_the_mask_only(
    model_class: type[TrainableModel], pixel_loss: bool
) -> None:
    model = _make(model_class, width=0.03, pixel_loss=pixel_loss, masks=False)
    batch = _batch(model.crop.size)
    outside = {}
    for name, share in batch.items():
        goal = share.goal.copy()
        edge = model.crop.size // 8
        goal[:, :edge] = 1 - goal[:, :edge]  # Farther from the mask than window and blur reach.
        outside[name] = replace(share, goal=goal)
    before = model.losses("autoencoder", batch, SimpleNamespace())
    after = model.losses("autoencoder", outside, SimpleNamespace())
    assert {name: float(loss) for name, loss in after.items()} == pytest.approx(
        {name: float(loss) for name, loss in before.items()}, rel=1e-5
    )
    inside = {name: replace(share, goal=share.goal * 0.2) for name, share in batch.items()}
    changed = model.losses("autoencoder", inside, SimpleNamespace())
    assert abs(float(changed["source"]) - float(before["source"])) > 1e-3


@pytest.mark.parametrize("model_class", [H64Model, H128Model])
def test_feature_pixel_loss_is_fifty_squared_errors_where_the_mask_is_full(model_class: type[TrainableModel]) -> None:
    model = _make(model_class, width=0.03, pixel_loss=True, masks=False)
    size = model.crop.size
    batch, middle = _batch(size), slice(size * 5 // 16, size * 11 // 16)
    mask = np.zeros((2, size, size, 1), np.float32)
    mask[:, size * 5 // 32 : size * 27 // 32, size * 5 // 32 : size * 27 // 32] = 1
    [goal] = _answer(model, "source", batch["source"].input)
    goal = goal.copy()
    goal[:, middle, middle] += 0.1  # Three standard deviations inside the mask.
    shares = {name: replace(share, goal=goal, mask=mask) for name, share in batch.items()}
    loss = model.losses("autoencoder", shares, SimpleNamespace())["source"]
    assert float(loss) == pytest.approx(50 * 0.1**2 * (6 / 16) ** 2, rel=1e-2)


@pytest.mark.parametrize("model_class", [MiniModel, H64Model, LiaeModel])
def test_feature_eyes_and_mouth_count_more(model_class: type[TrainableModel]) -> None:
    model = _make(model_class, width=0.03, eyes=30, mouth=4)
    plain, batch = _make(model_class, width=0.03), _batch(model.crop.size)
    plain.networks = model.networks
    eyes, mouth = (np.zeros_like(batch["source"].mask) for _ in range(2))
    eyes[:, 10:20, 15:40], mouth[:, 40:50, 20:50] = 1, 0.5
    batch = {name: replace(share, eyes=eyes, mouth=mouth) for name, share in batch.items()}
    before, losses = (each.losses("autoencoder", batch, SimpleNamespace()) for each in (plain, model))
    expected = {name: float(loss) for name, loss in before.items()}
    for name, share in batch.items():
        error = np.abs(_answer(model, name, share.input)[0].astype(np.float64) - share.goal)
        expected |= {f"{name}_eyes": 30 * (error * eyes).mean(), f"{name}_mouth": 4 * (error * mouth).mean()}
    assert {name: float(loss) for name, loss in losses.items()} == pytest.approx(expected, rel=1e-4)
    assert not any(name.endswith(("_eyes", "_mouth")) for name in before)


def _conv(kernel: int, channels: int, filters: int) -> int:
    return (kernel * kernel * channels + 1) * filters


def _sae_branch(code: int, last: int, head: int, residual: bool) -> int:
    """The weights of one way from a code to a picture or a mask."""
    widths = (code, 4 * last, 2 * last, last)
    ups = sum(_conv(3, before, 4 * after) for before, after in itertools.pairwise(widths))
    return ups + residual * sum(2 * _conv(3, width, width) for width in widths[1:]) + _conv(5, last, head)


@pytest.mark.parametrize(
    ("structure", "size", "residual"), [("df", 128, True), ("liae", 96, True), ("liae", 64, False)]
)
def test_feature_sae_parameter_count(structure: str, size: int, residual: bool) -> None:
    """No count is published; this one is of the layers, by hand."""
    last, bottleneck, places = 40, 64, (size // 16) ** 2
    halvings = sum(_conv(5, before, after) for before, after in itertools.pairwise((3, 20, 40, 80, 160)))
    dense = (places * 160 + 1) * bottleneck + (bottleneck + 1) * places * bottleneck
    to_code = dense + _conv(3, bottleneck, 4 * bottleneck)
    code = 2 * bottleneck if structure == "liae" else bottleneck
    decoder = _sae_branch(code, last, 3, residual) + _sae_branch(code, last // 2, 1, residual=False)
    expected = halvings + 2 * to_code + decoder if structure == "liae" else halvings + to_code + 2 * decoder

    sizes = {"bottleneck": bottleneck, "encoder_channels": 20, "decoder_channels": last}
    model = _make(SaeModel, structure=structure, size=size, residual=residual, **sizes)
    assert sum(network.count_params() for network in model.networks.values()) == expected


@pytest.mark.parametrize("size", [48, 100, 272])
def test_error_sae_size(size: int) -> None:
    with pytest.raises(ValueError, match=r"(?s)size.*(greater|less|multiple)"):
        SaeModel.Options(size=size)


@pytest.mark.parametrize(
    ("model_class", "size", "face_type"),
    [
        (OriginalModel, 64, "full"),
        (H64Model, 64, "half"),
        (H128Model, 128, "half"),
        (DfModel, 128, "full"),
        (LiaeModel, 128, "full"),
        (IaeModel, 64, "full"),
        (SaeModel, 128, "full"),
    ],
)
def test_feature_crop(model_class: type[TrainableModel], size: int, face_type: str) -> None:
    crop = model_class(model_class.Options()).crop
    assert (crop.size, crop.face_type) == (size, face_type)


@pytest.mark.parametrize(
    ("model_class", "shape"),
    [(LiaeModel, (None, 16, 16, 1024)), (IaeModel, (None, 4, 4, 1024))],
)
def test_shape_code_of_a_shared_decoder(model_class: type[TrainableModel], shape: tuple[int | None, ...]) -> None:
    networks = model_class(model_class.Options()).build()
    assert networks["decoder"].input_shape == shape


def test_feature_defaults() -> None:
    rates = {model_class: model_class.Options().learning_rate for model_class, _ in SMALL}
    assert rates.pop(MiniModel) == 2e-4
    assert set(rates.values()) == {5e-5}
    player = _make(MiniModel, width=0.1).players()[0]
    assert player.networks == ("encoder", "decoder_source", "decoder_target")
    assert (player.optimizer.beta_1, player.optimizer.beta_2) == (0.5, 0.999)
    assert float(player.optimizer.learning_rate) == pytest.approx(2e-4)


def test_feature_two_builds_name_their_weights_alike() -> None:
    first, second = (MiniModel(MiniModel.Options(width=0.1)).build() for _ in range(2))
    for name, network in first.items():
        assert [v.path for v in network.variables] == [v.path for v in second[name].variables]
