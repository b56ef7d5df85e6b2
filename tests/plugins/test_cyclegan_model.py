from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops

from faceswap.core.testing.training import training_faces
from faceswap.core.training.backends import seed_weights
from faceswap.core.training.checkpointing import resume, save_checkpoint
from faceswap.core.training.engine import Engine
from faceswap.core.training.step import IdentityBatch
from faceswap.lib import checkpoint
from faceswap.lib.nn import cyclegan_networks
from faceswap.plugins.train.models.cyclegan import CycleGanModel

SMALL = {"width": 0.05, "blocks": 1}


def _model(**options: Any) -> CycleGanModel:
    seed_weights(0)
    model = CycleGanModel(CycleGanModel.Options(**{**SMALL, **options}))
    model.load()
    return model


def _engine(total: int = 8) -> Engine:
    model = _model(pool=3)
    return Engine(model, training_faces(model.crop, model.identities), batch_size=2, seed=0, total=total)


def _batch() -> dict[str, IdentityBatch]:
    rng = np.random.default_rng(0)
    faces = rng.random((2, 2, 64, 64, 3)).astype(np.float32)
    none = np.zeros((2, 64, 64, 1), np.float32)
    return {
        name: IdentityBatch(face[:, ::-1], face, none, none, none)
        for name, face in zip(("source", "target"), faces, strict=True)
    }


def _run(network: Any, pictures: np.ndarray) -> np.ndarray:
    return np.asarray(network(np.float32(pictures)), np.float64)


def _values(engine: Engine) -> dict[str, np.ndarray]:
    networks = engine.model.networks.values()
    return {v.path: np.asarray(ops.convert_to_numpy(v)).copy() for network in networks for v in network.variables}


# As the authors' program prints them (biases everywhere, normalizations with factor and offset), less the biases of the
# convolutions that a normalization follows, one for each of their channels.
@pytest.mark.parametrize(("size", "residuals", "published"), [(256, 9, 11_388_675), (128, 6, 7_845_123)])
def test_feature_parameter_count_of_the_generator(size: int, residuals: int, published: int) -> None:
    generator = cyclegan_networks.build_generator(size, 1, residuals, "generator")
    assert generator.count_params() == published - (64 + 128 + 256 + residuals * 2 * 256 + 128 + 64)


def test_feature_parameter_count_and_patches_of_the_discriminator() -> None:
    discriminator = cyclegan_networks.build_discriminator(256, 1, "discriminator")
    normalized = 128 + 256 + 512
    assert discriminator.count_params() == 2_764_737 + 2 * normalized - normalized
    assert discriminator.output_shape == (None, 30, 30, 1)


def test_feature_a_verdict_looks_at_seventy_pixels() -> None:
    """Pixels on which the verdict in the middle of 30x30 depends, without the normalizations, which look everywhere."""
    discriminator = cyclegan_networks.build_discriminator(256, 0.02, "discriminator")
    kernels = [layer for layer in discriminator.layers if layer.name.endswith("_conv")]
    reach = 1
    for layer in reversed(kernels):
        reach = (reach - 1) * layer.strides[0] + layer.kernel_size[0]
    assert reach == 70


def test_shape_swap_is_the_generator_of_the_identity() -> None:
    model = _model()
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    for name in model.identities:
        faces, masks = model.swap(crops, name)
        assert masks is None and faces.shape == (2, 64, 64, 3)
        expected = (_run(model.networks[f"generator_{name}"], crops / 127.5 - 1) + 1) / 2
        assert faces == pytest.approx(expected, abs=1e-5)


def test_feature_the_generators_lose_what_the_paper_says() -> None:
    """Equations 1 to 3 in numpy, one network call after the other."""
    model, batch = _model(cycle=7, identity=0.3), _batch()
    got = {name: float(loss) for name, loss in model.losses("generators", batch, None).items()}
    faces = {name: np.float64(share.goal) * 2 - 1 for name, share in batch.items()}
    expected = {}
    for name, other in (("source", "target"), ("target", "source")):
        to_name, to_other, judge = (
            model.networks[part] for part in (f"generator_{name}", f"generator_{other}", f"discriminator_{name}")
        )
        there, own = _run(to_other, faces[name]), faces[name]
        expected[f"{name}_adversarial"] = np.mean((_run(judge, _run(to_name, faces[other])) - 1) ** 2)
        expected[f"{name}_cycle"] = 7 * np.abs(_run(to_name, there) - own).mean()
        expected[f"{name}_identity"] = 7 * 0.3 * np.abs(_run(to_name, own) - own).mean()
    assert got == pytest.approx(expected, rel=1e-4)


def test_feature_the_discriminators_tell_real_from_made_and_remember_the_made() -> None:
    model, batch = _model(pool=2), _batch()
    step = type("Step", (), {"key": 0})()
    got = {name: float(loss) for name, loss in model.losses("discriminators", batch, step).items()}
    for name, other in (("source", "target"), ("target", "source")):
        judge = model.networks[f"discriminator_{name}"]
        made = _run(model.networks[f"generator_{name}"], np.float64(batch[other].goal) * 2 - 1)
        real = _run(judge, np.float64(batch[name].goal) * 2 - 1)
        expected = (np.mean((real - 1) ** 2) + np.mean(_run(judge, made) ** 2)) / 2
        assert got[f"discriminator_{name}"] == pytest.approx(expected, rel=1e-4)
        # The first pictures come back from the pool as they are.
        assert np.asarray(model.networks[f"pool_{name}"].pictures) == pytest.approx(made, abs=1e-5)


def test_feature_without_a_pool_nothing_is_remembered() -> None:
    model = _model(pool=0)
    assert model.only_trained_with == ("discriminator_source", "discriminator_target")
    assert set(model.networks) == {
        f"{part}_{name}" for part in ("generator", "discriminator") for name in ("source", "target")
    }
    assert model.losses("discriminators", _batch(), type("Step", (), {"key": 0})()).keys() == {
        "discriminator_source",
        "discriminator_target",
    }


def test_feature_learning_rates_fall_over_the_second_half() -> None:
    model = _model(learning_rate=1e-3)
    players = model.players()
    for progress, factor in ((0, 1), (0.5, 1), (0.75, 0.5), (0.9, 0.2)):
        model.at(progress, progress - 0.01)
        assert [float(player.optimizer.learning_rate) for player in players] == pytest.approx([1e-3 * factor] * 2)


@pytest.mark.slow
def test_feature_going_back_to_a_checkpoint_repeats_the_same_steps(tmp_path: Path) -> None:
    """Also what the discriminators are shown again: by the fourth step the pool of three has been full for two.

    What a checkpoint did not hold would stay as the later steps left it.
    """
    engine = _engine()
    for _ in range(4):
        engine.advance()
    save_checkpoint(tmp_path, engine, keep=1)
    ends = []
    for _ in range(2):
        assert resume(tmp_path, engine) == () and engine.step == 4
        for _ in range(2):
            engine.advance()
        ends.append(_values(engine))
    for name, value in ends[0].items():
        np.testing.assert_array_equal(ends[1][name], value, err_msg=name)
    weights = checkpoint.load_latest(tmp_path).parts["weights"]
    assert {name.partition("/")[0] for name in weights} == {"generator_source", "generator_target"}
