"""Orders and twins, against SciPy, scikit-image and brute force."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.spatial.distance import cdist
from skimage.color import rgb2gray
from skimage.data import astronaut

from faceswap.lib.face_sorting import (
    HISTOGRAM_BINS,
    center_distance,
    color_histogram,
    equal_bins,
    gray_thumbnail,
    near_duplicates,
    similarity_chain,
)


def test_the_chain_walks_along_a_line_from_its_middle() -> None:
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(9)
    order = similarity_chain(shuffled[:, None].astype(float))
    assert shuffled[order].tolist() in ([4, 3, 2, 1, 0, 5, 6, 7, 8], [4, 5, 6, 7, 8, 3, 2, 1, 0])


def test_each_step_of_the_chain_is_to_the_nearest_that_is_left() -> None:
    features = np.random.default_rng(1).normal(size=(60, 8)).astype(np.float32)
    order = similarity_chain(features)
    away = cdist(features.astype(np.float64), features.astype(np.float64))
    assert sorted(order) == list(range(60))
    for step, (here, after) in enumerate(itertools.pairwise(order)):
        assert away[here, after] == away[here, order[step + 1 :]].min()
    assert similarity_chain(np.zeros((0, 3))).tolist() == []


def test_of_each_group_of_twins_the_best_is_left() -> None:
    rng = np.random.default_rng(2)
    groups = rng.normal(size=(12, 6)) * 10
    member = rng.integers(0, 12, 80)
    features = groups[member] + rng.uniform(-0.01, 0.01, (80, 6))
    quality = rng.permutation(80).astype(float)
    twins = near_duplicates(features, 0.1, quality)
    for group in range(12):
        inside = np.flatnonzero(member == group)
        if len(inside):
            assert inside[~twins[inside]].tolist() == [inside[quality[inside].argmax()]]


def test_twins_keep_their_distance_and_go_for_one_that_stays() -> None:
    features = np.random.default_rng(3).normal(size=(100, 2))
    quality = np.linspace(0, 1, 100)
    quality[7] = np.nan
    twins = near_duplicates(features, 0.5, quality)
    away = cdist(features, features)
    kept = np.flatnonzero(~twins)
    assert 0 < len(kept) < 100
    assert away[np.ix_(kept, kept)][~np.eye(len(kept), dtype=bool)].min() > 0.5
    for place in np.flatnonzero(twins):
        near = kept[away[place, kept] <= 0.5]
        assert place == 7 or quality[near].max() > quality[place]
    assert not near_duplicates(features, 0, quality).any()


def test_strangers_are_far_from_the_center() -> None:
    rng = np.random.default_rng(4)
    features = np.concatenate([rng.normal(0, 0.1, (20, 5)), rng.normal(3, 0.1, (6, 5))])
    away = center_distance(features)
    assert away[20:].min() > 3 * away[:20].max()
    np.testing.assert_allclose(away[20:], np.linalg.norm(features[20:], axis=1), rtol=0.1)


def test_histogram_and_thumbnail_are_those_of_the_middle() -> None:
    crop = astronaut()[:256, 100:356]
    middle = crop[64:192, 64:192]
    found = color_histogram(crop).reshape(3, HISTOGRAM_BINS)
    for channel in range(3):
        counts, _ = np.histogram(middle[..., channel], bins=32, range=(0, 256))
        np.testing.assert_allclose(found[channel] ** 2, counts / middle[..., 0].size)
    small = gray_thumbnail(crop).reshape(16, 16) * 16
    np.testing.assert_allclose(small, rgb2gray(middle).reshape(16, 8, 16, 8).mean(axis=(1, 3)), atol=0.08)
    dark = gray_thumbnail(np.full((64, 64, 3), 40, np.uint8))
    light = gray_thumbnail(np.full((64, 64, 3), 91, np.uint8))
    np.testing.assert_allclose(np.linalg.norm(light - dark), 51 / 255)


def test_bins_hold_what_numpy_counts() -> None:
    values = np.random.default_rng(5).normal(0, 30, 200)
    bins = equal_bins(values, 7)
    counts, edges = np.histogram(values, 7)
    np.testing.assert_allclose(bins.edges, edges)
    np.testing.assert_array_equal(np.bincount(bins.place, minlength=7), counts)
    assert equal_bins(np.array([np.nan, 2.0]), 3).place.tolist() == [-1, 0]
    assert equal_bins(np.array([np.nan]), 3).place.tolist() == [-1]
