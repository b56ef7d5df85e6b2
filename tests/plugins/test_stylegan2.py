"""What `stylegan2` adds to its networks and its game: players, weights of losses, painting, exact resume."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from keras import ops

from faceswap.core.testing.training import training_faces
from faceswap.core.training.backends import seed_weights
from faceswap.core.training.checkpointing import load_weights, resume, save_checkpoint
from faceswap.core.training.engine import Engine
from faceswap.core.training.recipe import Recipe
from faceswap.core.training.step import IdentityBatch
from faceswap.lib.nn.stylegan2_game import Game
from faceswap.plugins.train.generators.stylegan2 import StyleGan2Generator


def _loaded(**options: Any) -> StyleGan2Generator:
    seed_weights(0)
    plugin = StyleGan2Generator(StyleGan2Generator.Options(**{"size": 16, "width": 0.01, **options}))
    plugin.load()
    return plugin


def _wake(plugin: StyleGan2Generator) -> None:
    """Gives the mean style and the noise's strengths values, as training does."""
    mean = plugin.networks["mapping"].get_layer("mean").mean
    mean.assign(np.random.default_rng(1).normal(size=mean.shape).astype(np.float32))
    for layer in plugin.networks["synthesis"].layers:
        if hasattr(layer, "strength"):
            layer.strength.assign(0.5)


def test_shape_the_defaults_are_configuration_e() -> None:
    plugin = StyleGan2Generator()
    figures = plugin._figures
    assert [figures.channels(side) for side in (4, 32, 64)] == [512, 512, 256]
    assert (figures.latent, figures.depth, plugin.latents(1, 0).shape) == (512, 8, (1, 512))


def test_feature_optimizers_make_room_for_the_rare_steps() -> None:
    """Appendix B: with a step more in k, rate and decays are those of k / (k + 1)."""
    players = _loaded(r1_every=16, path_every=8, learning_rate=2e-3).players()
    assert [(player.name, player.interval) for player in players] == [
        ("generator", 1),
        ("path_length", 8),
        ("discriminator", 1),
        ("r1", 16),
    ]
    maker, path, judge, r1 = (player.optimizer for player in players)
    assert maker is path and judge is r1 and maker is not judge
    for optimizer, share in ((maker, 8 / 9), (judge, 16 / 17)):
        assert float(optimizer.learning_rate) == pytest.approx(2e-3 * share)
        assert (optimizer.beta_1, optimizer.beta_2) == (0, pytest.approx(0.99**share))


def test_feature_without_regularizations_optimizers_are_as_they_are() -> None:
    players = _loaded(r1=0, path=0).players()
    assert [player.name for player in players] == ["generator", "discriminator"]
    assert [float(player.optimizer.learning_rate) for player in players] == pytest.approx([2e-3, 2e-3])


def test_feature_rare_losses_count_as_often_as_they_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    monkeypatch.setattr(Game, "r1", lambda game, real, step: real.shape[0])
    monkeypatch.setattr(Game, "path_length", lambda game, count, step: seen.setdefault("faces", count) * 0 + 1.0)
    plugin = _loaded(r1=10, r1_every=16, path=2, path_every=8)
    faces = np.zeros((6, 16, 16, 3), np.float32)
    batch = {"faces": IdentityBatch(faces, faces, *(faces[..., :1],) * 3)}
    step: Any = SimpleNamespace()
    assert plugin.losses("r1", batch, step) == {"r1": 10 * 16 * 6}
    assert plugin.losses("path_length", batch, step) == {"path_length": 2 * 8}
    assert seen == {"faces": 3}


def test_feature_the_average_halves_over_ten_thousand_faces() -> None:
    plugin = StyleGan2Generator()
    assert plugin.ema(32) ** (10_000 / 32) == pytest.approx(0.5)


def test_feature_faces_are_mixed_from_coarse_and_fine_styles() -> None:
    plugin = _loaded()
    _wake(plugin)
    one, other = plugin.latents(3, 0), plugin.latents(3, 1)
    faces, mixed = plugin.generate(one), plugin.mix(one, other)
    assert plugin.mixes and faces.shape == (3, 16, 16, 3)
    np.testing.assert_array_equal(plugin.mix(one, one), faces)
    assert (mixed != faces).any() and (mixed != plugin.generate(other)).any()
    assert len(np.unique(plugin.generate(one, 0.0), axis=0)) == 1


def test_feature_painting_follows_the_weights() -> None:
    plugin = _loaded()
    latents = plugin.latents(2, 0)
    before = plugin.generate(latents)
    _wake(plugin)
    assert (plugin.generate(latents) != before).any()


@pytest.mark.parametrize("size", [48, 4, 2048])
def test_error_sizes(size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        StyleGan2Generator.Options(size=size)


def _engine() -> Engine:
    plugin = _loaded(size=8, r1_every=2, path_every=2, speed=0.01)
    faces = training_faces(plugin.crop, plugin.identities)
    return Engine(plugin, faces, 4, 0, 20, recipe=Recipe(ema=plugin.ema(4)))


def _values(engine: Engine) -> dict[str, np.ndarray]:
    networks = engine.model.networks.values()
    return {v.path: np.array(ops.convert_to_numpy(v)) for network in networks for v in network.variables}


@pytest.mark.slow
def test_feature_going_back_to_a_checkpoint_repeats_the_same_steps(tmp_path: Path) -> None:
    """With all that is kept: moments, averages, the mean style and path length, the chance of changes.

    What a checkpoint did not hold would stay as the later steps left it.
    """
    engine, ends = _engine(), []
    plugin, latents = engine.model, engine.model.latents(2, 0)
    for _ in range(5):
        engine.advance()
    save_checkpoint(tmp_path, engine, keep=1)
    state = plugin.networks["state"]
    assert float(state["path_length"]) > 0 and float(state["signs"]) != 0
    assert np.asarray(plugin.networks["mapping"].get_layer("mean").mean).any()
    with engine.averaged():
        painted = plugin.generate(latents)
    for _ in range(2):
        assert resume(tmp_path, engine) == () and engine.step == 5
        for _ in range(3):
            engine.advance()
        ends.append(_values(engine))
    for name, value in ends[0].items():
        np.testing.assert_array_equal(ends[1][name], value, err_msg=name)
    load_weights(tmp_path, plugin)
    np.testing.assert_array_equal(plugin.generate(latents), painted)
