"""The metrics' own: figures by hand, from scikit-image, and on performers whose pose is known."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from faceswap.core.contract import FaceBatch
from faceswap.core.host import PluginChoice, prepare
from faceswap.lib.errors import FaceswapError
from faceswap.lib.performers import BEARDED, SITTER, Script, Take

SIZE = 48


def metric(name, **options):
    return prepare("metric", PluginChoice(name=name, options=options)).plugin


def embedded(vectors, **more):
    return [FaceBatch(embeddings=np.asarray(vectors, np.float32), recognizer="some", same_person_below=0.5, **more)]


def on_circle(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def pictures(count=6, seed=0):
    return np.random.default_rng(seed).integers(20, 200, (count, SIZE, SIZE, 3)).astype(np.uint8)


def shown(crops, **more):
    corners = np.array([[0, 0], [SIZE - 1, 0], [SIZE - 1, SIZE - 1], [0, SIZE - 1]], np.float32)
    times = np.arange(len(crops), dtype=np.float32) / 25
    columns = {"landmarks": np.repeat(corners[None], len(crops), axis=0), "times": times, **more}
    return [FaceBatch(crops=crops, **columns)]


def acted(take, frames):
    return [FaceBatch(landmarks=np.float32([take.landmarks(index) for index in frames]))]


def test_identity_match_counts_pictures():
    """Chords of 20, 40 and 90 degrees to the nearest of two references, and one picture without a face in four."""
    fake = embedded(on_circle(20, -40, 100), without_face=1)
    figures = metric("identity-match").measure(fake, embedded(on_circle(0, 10)))
    chords = 2 * np.sin(np.radians([10, 40, 90]) / 2)
    assert figures["match"] == pytest.approx(1 / 4)  # 0.5 is the chord of 29 degrees.
    assert figures["no_match"] == pytest.approx(2 / 4)
    assert figures["no_face"] == pytest.approx(1 / 4)
    assert figures["distance"] == pytest.approx(chords.mean(), abs=1e-6)
    assert figures["distance_to_mean"] == pytest.approx(np.mean(2 * np.sin(np.radians([15, 45, 95]) / 2)), abs=1e-6)
    wide = metric("identity-match", threshold=0.8).measure(fake, embedded(on_circle(0, 10)))
    assert wide["match"] == pytest.approx(2 / 4)


def test_fd_is_named_after_the_recognizer():
    sets = [embedded(np.random.default_rng(seed).normal(size=(50, 4))) for seed in (0, 1)]
    assert list(metric("fd").measure(*sets)) == ["fd-some"]
    assert metric("fd").measure(sets[0], sets[0])["fd-some"] == pytest.approx(0, abs=1e-9)


def test_kid_takes_unit_vectors_at_the_length_that_the_kernel_is_meant_for():
    figures = metric("kid").measure(embedded(on_circle(0, 90)), embedded(on_circle(180, 270)))
    # (cos + 1)^3: within each side 1, across 0, 1, 1 and 0.
    assert figures["kid"] == pytest.approx(1 + 1 - 2 * 0.5, abs=1e-5)


def test_psnr_and_ssim_are_those_of_scikit_image():
    true = pictures()
    noisy = np.clip(true + np.random.default_rng(1).normal(0, 9, true.shape), 0, 255).astype(np.uint8)
    pairs = list(zip(true, noisy, strict=True))
    psnr = [peak_signal_noise_ratio(truth, picture) for truth, picture in pairs]
    ssim = [
        structural_similarity(truth, picture, channel_axis=2, gaussian_weights=True, sigma=1.5,
                              use_sample_covariance=False, full=True)[1].mean()
        for truth, picture in pairs
    ]  # fmt: skip
    for name, expected in (("psnr", psnr), ("ssim", ssim)):
        plugin = metric(name, region="crop")
        assert plugin.measure(shown(noisy), shown(true))[name] == pytest.approx(np.mean(expected), abs=1e-9)
        assert np.concatenate([f[name] for f in plugin.judge(shown(noisy), shown(true))]) == pytest.approx(expected)
    assert metric("psnr").measure(shown(true), shown(true)) == {"psnr": 100.0}


def test_pixels_outside_the_face_do_not_count():
    true, spoiled = pictures(), pictures()
    spoiled[:, :8] = 0
    inner = np.float32([[20, 20], [40, 20], [40, 40], [20, 40]])
    real = shown(true, landmarks=np.repeat(inner[None], len(true), axis=0))
    assert metric("psnr").measure(shown(spoiled), real) == {"psnr": 100.0}
    assert metric("psnr", region="crop").measure(shown(spoiled), real)["psnr"] < 30


def test_flicker_is_change_that_the_truth_lacks_within_a_run_of_time():
    true = pictures(4)
    other = true.copy()
    other[1:] += np.uint8(6)  # One jump, between the first two.
    times = np.float32([0.0, 0.04, 0.08, 5.0])
    flicker = metric("flicker", region="crop")
    assert flicker.measure(shown(other, times=times), shown(true, times=times)) == {"flicker": pytest.approx(3.0)}
    late = np.float32([0.0, 1.04, 1.08, 5.0])  # The jump lies in a gap.
    assert flicker.measure(shown(other, times=late), shown(true, times=late)) == {"flicker": pytest.approx(0.0)}


def test_identity_of_pairs_is_the_chord():
    figures = metric("identity").measure(embedded(on_circle(0, 10)), embedded(on_circle(60, 190)))
    assert figures == {"identity": pytest.approx((1 + 2) / 2, abs=1e-6)}


def test_pose_and_expression_of_a_performer():
    """A moment later hardly anything has changed; in another script the head is turned as that script says."""
    frames, take, script = range(0, 200, 20), Take(SITTER, Script(1)), Take(SITTER, Script(5))
    truth, later, other = acted(take, frames), acted(take, [index + 1 for index in frames]), acted(script, frames)
    for name in ("expression", "pose"):
        assert 3 * metric(name).measure(later, truth)[name] < metric(name).measure(other, truth)[name]
    errors = metric("pose").measure(other, truth)
    for turn in ("yaw", "pitch", "roll"):
        apart = [abs(getattr(take.pose(index), turn) - getattr(script.pose(index), turn)) for index in frames]
        assert errors[turn] == pytest.approx(np.mean(apart), rel=0.25), turn
    assert errors["pose"] == pytest.approx(np.mean([errors[turn] for turn in ("yaw", "pitch", "roll")]))
    assert metric("pose").measure(truth, truth) == dict.fromkeys(("pose", "yaw", "pitch", "roll"), 0.0)


@pytest.mark.parametrize("name", ["psnr", "identity", "pose"])
def test_error_streams_of_unequal_length(name):
    faces = [FaceBatch(pictures(2), np.float32(on_circle(0, 9)), np.zeros((2, 68, 2), np.float32))]
    faces[0].landmarks[:] = BEARDED.portrait().landmarks / 20
    with pytest.raises(FaceswapError, match="no more faces where the other has"):
        metric(name).measure(faces, [next(faces[0].singles())])


@pytest.mark.parametrize("name", ["expression", "pose"])
def test_error_other_landmarks(name):
    five = [FaceBatch(landmarks=np.zeros((1, 5, 2), np.float32))]
    with pytest.raises(FaceswapError, match=r"68 landmarks are needed. Received: 5"):
        metric(name).measure(five, five)


@pytest.mark.parametrize("name", ["identity-spread", "identity-match", "fd", "kid", "precision-recall"])
def test_memory_does_not_grow_with_the_number_of_faces(name):
    options = {} if name in ("identity-spread", "fd") else {"most": 100}
    block = np.random.default_rng(0).normal(size=(100, 64)).astype(np.float32)

    def peak(blocks):
        streams = ((batch for _ in range(blocks) for batch in embedded(block)) for _ in range(2))
        tracemalloc.start()
        try:
            metric(name, **options).measure(*streams)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(5)  # Imports are not counted.
    assert peak(100) < 1.2 * peak(10)
