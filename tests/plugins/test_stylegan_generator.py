"""What `stylegan` adds to its networks: phases by faces shown, painting at each, exact resume across a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops

from faceswap.core.testing.training import training_faces
from faceswap.core.training.backends import seed_weights
from faceswap.core.training.checkpointing import load_weights, resume, save_checkpoint
from faceswap.core.training.engine import Engine
from faceswap.core.training.recipe import Recipe
from faceswap.plugins.train.generators.stylegan import StyleGanGenerator


def _loaded(**options: Any) -> StyleGanGenerator:
    seed_weights(0)
    plugin = StyleGanGenerator(StyleGanGenerator.Options(**{"size": 16, "width": 0.01, **options}))
    plugin.load()
    return plugin


def _growth(plugin: StyleGanGenerator, network: str = "synthesis") -> tuple[float, float]:
    growth = plugin.networks[network].get_layer("growth")
    return float(growth.side), float(growth.fade)


def test_feature_networks_grow_by_the_faces_that_they_are_shown() -> None:
    plugin, seen = _loaded(growing=1), []
    for faces in (0, 1000, 1500, 2000, 10**6):
        plugin.shown(faces)
        assert _growth(plugin) == _growth(plugin, "discriminator")
        seen.append((plugin.phase, *_growth(plugin)))
    assert seen == [(8, 8, 1), (16, 16, 0), (16, 16, 0.5), (16, 16, 1), (16, 16, 1)]


def test_feature_without_growing_networks_are_whole_from_the_start() -> None:
    plugin = _loaded(growing=0)
    assert (plugin.phase, *_growth(plugin)) == (16, 16, 1)


def test_feature_small_pictures_are_painted_large() -> None:
    plugin = _loaded(growing=1)
    latents = plugin.latents(3, 0)
    small = plugin.generate(latents)
    assert small.shape == (3, 16, 16, 3)
    np.testing.assert_array_equal(small, small[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2))
    plugin.shown(1000)
    np.testing.assert_array_equal(plugin.generate(latents), small)  # The doubling begins with what was there.
    plugin.shown(2000)
    assert (plugin.generate(latents) != small).any()


def test_feature_faces_are_mixed_from_coarse_and_fine_styles() -> None:
    plugin = _loaded(growing=0)
    one, other = plugin.latents(3, 0), plugin.latents(3, 1)
    mixed = plugin.mix(one, other)
    assert plugin.mixes and (mixed != plugin.generate(one)).any() and (mixed != plugin.generate(other)).any()
    plugin.networks["mapping"].get_layer("mean").mean.assign(np.ones(plugin.latents(1, 0).shape[1]))
    assert len(np.unique(plugin.generate(one, 0.0), axis=0)) == 1


def test_error_pace() -> None:
    with pytest.raises(ValueError, match="growing"):
        StyleGanGenerator.Options(growing=-1)


def _engine(batch_size: int = 4) -> Engine:
    # Three steps at 8 pixels, three that blend 16 in, then 16.
    plugin = _loaded(growing=0.012)
    faces = training_faces(plugin.crop, plugin.identities)
    return Engine(plugin, faces, batch_size, 0, 20, recipe=Recipe(ema=plugin.ema(batch_size)))


def _values(engine: Engine) -> dict[str, np.ndarray]:
    networks = engine.model.networks.values()
    return {v.path: np.array(ops.convert_to_numpy(v)) for network in networks for v in network.variables}


@pytest.mark.slow
def test_feature_resume_is_exact_before_at_and_within_a_change_of_phase(tmp_path: Path) -> None:
    """What a checkpoint did not hold would stay as the later steps left it; and it paints at the size that it had."""
    engine = _engine()
    for step in range(5):
        if step >= 2:
            (tmp_path / str(step)).mkdir()
            save_checkpoint(tmp_path / str(step), engine, keep=1)
        engine.advance()
    end, latents = _values(engine), engine.model.latents(2, 0)
    for saved_at in (2, 3, 4):
        assert resume(tmp_path / str(saved_at), engine) == ()
        assert (engine.step, engine.shown) == (saved_at, 4 * saved_at)
        while engine.step < 5:
            engine.advance()
        for name, value in _values(engine).items():
            np.testing.assert_array_equal(value, end[name], err_msg=f"{saved_at} {name}")
    assert _growth(engine.model) == (16, pytest.approx(1 / 3))
    (tmp_path / "end").mkdir()
    save_checkpoint(tmp_path / "end", engine, keep=1)
    fresh = _loaded(growing=0.012)
    load_weights(tmp_path / "end", fresh)
    with engine.averaged():
        np.testing.assert_array_equal(fresh.generate(latents), engine.model.generate(latents))


def test_feature_faces_are_counted_through_a_change_of_the_batch(tmp_path: Path) -> None:
    engine, smaller = _engine(), _engine(batch_size=2)
    engine.step, engine.shown = 5, 20
    save_checkpoint(tmp_path, engine, keep=1)
    resume(tmp_path, smaller)
    assert (smaller.step, smaller.shown) == (5, 20)
