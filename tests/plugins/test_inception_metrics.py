"""The metrics of the Inception network, with a small network in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap import FaceBatch
from faceswap.core.errors import FaceswapError, WeightsError
from faceswap.lib.nn import inception
from faceswap.plugins.evaluate.fid import WEIGHTS, FidMetric
from faceswap.plugins.evaluate.inception_score import InceptionScoreMetric, ScoreTally
from faceswap.testing import check_plugin

RNG = np.random.default_rng(0)
CROPS = RNG.integers(0, 256, (40, 32, 32, 3)).astype(np.uint8)


def _small_network() -> Any:
    """The mean color as four features, and classes of it."""
    import keras

    inputs = keras.Input((299, 299, 3))
    features = keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D(data_format="channels_last")(inputs))
    return keras.Model(inputs, [features, keras.layers.Dense(6)(features)])


@pytest.fixture
def with_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, and a network that is not read from it."""
    import keras

    keras.utils.set_random_seed(0)
    network = _small_network()
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path))
    (tmp_path / WEIGHTS[0]["name"]).write_bytes(b"graph")
    monkeypatch.setattr(inception, "build_inception", lambda: network)
    monkeypatch.setattr(inception, "read_inception", lambda network, path: None)


@pytest.mark.usefixtures("with_file")
@pytest.mark.parametrize("name", ["fid", "inception-score"])
def test_the_conformance_suite_passes(name: str) -> None:
    records = check_plugin(("metric", name))
    told = [(record.check, record.status, record.message) for record in records if record.status != "passed"]
    assert [line for line in told if "keeps-options" not in line[0]] == []


@pytest.mark.usefixtures("with_file")
def test_feature_fid_is_the_frechet_distance_of_the_features() -> None:
    from scipy.linalg import sqrtm

    metric = FidMetric()
    metric.load()
    fake, real = (metric._network.predict_on_batch(inception.shown(part))[0] for part in (CROPS[:20], CROPS[20:]))
    covariances = [np.cov(part.astype(np.float64), rowvar=False) for part in (fake, real)]
    root = sqrtm(covariances[0] @ covariances[1]).real
    expected = np.square(fake.mean(0) - real.mean(0)).sum() + np.trace(covariances[0] + covariances[1] - 2 * root)
    got = metric.measure([FaceBatch(crops=CROPS[:20])], [FaceBatch(crops=CROPS[20:33]), FaceBatch(crops=CROPS[33:])])
    assert got == {"fid": pytest.approx(expected, rel=1e-4)}


def test_feature_the_score_is_that_of_its_definition() -> None:
    classes = RNG.normal(0, 2, (40, 6))
    tally = ScoreTally(4)
    for begin, end in ((0, 7), (7, 8), (8, 40)):
        tally.add(classes[begin:end])
    shares = np.exp(classes) / np.exp(classes).sum(1, keepdims=True)
    expected = []
    for part in range(4):
        rows = shares[part::4]
        divergence = (rows * np.log(rows / rows.mean(0))).sum(1)
        expected.append(np.exp(divergence.mean()))
    np.testing.assert_allclose(tally.scores(), expected, rtol=1e-12)


def test_feature_scores_of_the_sure_and_the_alike() -> None:
    """Six classes shown equally often and surely: 6. One picture all the time: 1."""
    for classes, score in ((60 * np.tile(np.eye(6), (5, 1)), 6), (np.tile(RNG.normal(size=6), (30, 1)), 1)):
        tally = ScoreTally(1)
        tally.add(classes)
        assert tally.scores() == pytest.approx([score], rel=1e-9)


def test_error_no_face_at_all() -> None:
    with pytest.raises(FaceswapError, match="1 face or more"):
        ScoreTally(3).scores()


def test_error_without_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path))
    for metric in (FidMetric(), InceptionScoreMetric()):
        with pytest.raises(WeightsError, match=r"classify_image_graph_def\.pb' are missing: put the file at"):
            metric.load()
