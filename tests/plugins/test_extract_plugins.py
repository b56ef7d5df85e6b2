"""Extraction's plugins: conventions and places, against numbers that do not come from the plugins."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import onnx_models
import pytest
from scipy.spatial import ConvexHull
from skimage.data import astronaut

from faceswap.core.contract import Detections
from faceswap.core.errors import FaceswapError, WeightsError
from faceswap.core.host import PluginChoice, prepare
from faceswap.lib import weights
from faceswap.lib.boxes import iou
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks, transform_points
from faceswap.lib.landmarks import SCHEMES
from faceswap.lib.warp import cut
from faceswap.plugins.extract import dlib_models

# Read off the enlarged photograph by eye, in pixels of `astronaut()`.
LEFT_PUPIL, RIGHT_PUPIL = (203, 101), (246, 104)
NOSE_TIP, LEFT_MOUTH, RIGHT_MOUTH, CHIN = (225, 127), (204, 140), (243, 142), (226, 178)
FACE = np.array([[182, 85, 268, 178]], np.float32)  # cheeks, brows, chin


def load(kind, name, **options):
    return prepare(kind, PluginChoice(name=name, options=options)).load(check=True)


@pytest.fixture(scope="module")
def portrait():
    """The photograph's middle, 260 x 240, moved so that coordinates are those of the whole."""
    return np.ascontiguousarray(astronaut()[:300, 60:400])


@pytest.fixture(scope="module")
def hog():
    return load("detector", "dlib-hog")


@pytest.fixture(scope="module")
def aligner():
    return load("aligner", "dlib-68")


@pytest.fixture(scope="module")
def found(hog, portrait):
    detections = hog.detect([portrait])[0]
    return Detections(detections.boxes[:1], detections.scores[:1])


class Rectangle:
    """What dlib answers: all four are pixels inside."""

    def __init__(self, left, top, right, bottom):
        self.corners = left, top, right, bottom

    def __getattr__(self, name):
        return lambda: self.corners[("left", "top", "right", "bottom").index(name)]


class Answers:
    """A dlib detector that always gives these."""

    def __init__(self, rectangles, scores):
        self.answer = rectangles, scores, [0] * len(scores)

    def run(self, image, upsample, threshold):
        return self.answer


def test_hog_finds_the_face(hog, portrait):
    detections = hog.detect([portrait])[0]
    assert iou(detections.boxes[:1], FACE - np.float32([60, 0, 60, 0]))[0, 0] > 0.6
    assert detections.scores[0] > 0.6


def test_hog_boxes_reach_the_edges_of_their_last_pixels(monkeypatch):
    detector = load("detector", "dlib-hog")
    monkeypatch.setattr(detector, "_detector", Answers([Rectangle(10, 20, 89, 99)], [1.0]))
    assert detector.detect([np.zeros((200, 200, 3), np.uint8)])[0].boxes.tolist() == [[10, 20, 90, 100]]


def test_hog_scores_are_sorted_and_in_range(monkeypatch):
    detector = load("detector", "dlib-hog")
    rectangles = [Rectangle(index, 0, index + 79, 79) for index in range(3)]
    monkeypatch.setattr(detector, "_detector", Answers(rectangles, [0.0, 3.0, -1.0]))
    detections = detector.detect([np.zeros((200, 200, 3), np.uint8)])[0]
    assert detections.boxes[:, 0].tolist() == [1, 0, 2]
    np.testing.assert_allclose(detections.scores, [0.952574, 0.5, 0.268941], atol=1e-5)


def test_hog_threshold_and_upsampling_find_more(portrait):
    small = cv2.resize(portrait, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    counts = [len(load("detector", "dlib-hog", upsample=upsample).detect([small])[0]) for upsample in (0, 1)]
    assert counts[0] == 0
    assert counts[1] >= 1
    assert len(load("detector", "dlib-hog", threshold=-0.5).detect([astronaut()])[0]) > 1


def test_hog_reads_views_of_any_memory_order(hog, portrait):
    expected = hog.detect([portrait])[0].boxes
    mirrored_view = np.ascontiguousarray(portrait[:, ::-1])[:, ::-1]
    for view in (np.asfortranarray(portrait), mirrored_view):
        np.testing.assert_array_equal(hog.detect([view])[0].boxes, expected)


def test_landmarks_lie_on_the_features(aligner, portrait, found):
    points = aligner.align(portrait, found)[0] + [60, 0]
    seen = [points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54], points[8]]
    by_eye = [LEFT_PUPIL, RIGHT_PUPIL, NOSE_TIP, LEFT_MOUTH, RIGHT_MOUTH, CHIN]
    assert np.abs(np.array(seen) - by_eye).max() < 6


@pytest.mark.parametrize("name", ["dlib-68", "dlib-5"])
@pytest.mark.parametrize("side", [0, 300])
def test_landmarks_lie_on_pixel_centers(name, side, portrait, found):
    """In a mirrored picture x becomes width - 1 - x; on pixel edges it would become width - x."""
    plugin, width = load("aligner", name, side=side), portrait.shape[1]
    left, top, right, bottom = found.boxes[0]
    mirrored = Detections(np.array([[width - right, top, width - left, bottom]], np.float32), found.scores)
    points = plugin.align(portrait, found)[0]
    twins = plugin.align(np.ascontiguousarray(portrait[:, ::-1]), mirrored)[0]
    twins = twins[list(SCHEMES[plugin.scheme].mirror)]
    assert abs((points[:, 0] + twins[:, 0]).mean() - (width - 1)) < 0.35


def test_landmarks_of_small_faces_are_finer_than_pixels(portrait, found):
    """Moved by half a pixel, the picture's landmarks move by half a pixel, which dlib alone cannot tell."""
    shift = np.float64([[1, 0, 0.5], [0, 1, 0.5]])
    moved = cv2.warpAffine(portrait, shift, portrait.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    fine, whole = load("aligner", "dlib-5", side=600), load("aligner", "dlib-5", side=0)
    step = fine.align(moved, found) - fine.align(portrait, found)
    assert np.abs(step.mean(axis=(0, 1)) - 0.5).max() < 0.3
    assert np.all(whole.align(portrait, found) % 1 == 0)


def test_landmarks_far_outside_the_frame_are_finite(aligner, portrait):
    boxes = np.array([[-50, -40, 40, 50], [900, 900, 990, 990], [5, 5, 5, 5]], np.float32)
    assert np.isfinite(aligner.align(portrait, Detections(boxes, np.float32([0.9, 0.8, 0.7])))).all()


def test_the_detectors_own_landmarks_are_taken_over(yunet_file):
    image = square_at(200, 300, (24, 32), (200, 96))
    detections = load("detector", "yunet", file=yunet_file, side=onnx_models.SIDE).detect([image])[0]
    aligner = load("aligner", "mtcnn-5")
    np.testing.assert_array_equal(aligner.align(image, detections), detections.landmarks)
    with pytest.raises(ValueError, match=r"`five` landmarks of the detector were expected\. Received: None"):
        aligner.align(image, Detections(detections.boxes, detections.scores))


def test_tall_boxes_are_made_square():
    boxes = np.array([[10, 20, 50, 60], [0, 0, 90, 160]], np.float32)
    # The second: area 14400 = 120 squared, middle (45, 80) moved down by (160 - 90) / 4.
    np.testing.assert_allclose(dlib_models.squared(boxes), [[10, 20, 50, 60], [-15, 37.5, 105, 157.5]])


def test_missing_weights_are_told(monkeypatch):
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"'shape_predictor_5_.*are missing: install the package .*face_recognition"):
        load("aligner", "dlib-5")


def test_the_package_of_weights_is_not_imported(aligner):
    assert "face_recognition_models" not in sys.modules


def empty_crops(size, count=1):
    return np.zeros((count, size, size, 3), np.uint8)


def test_hull_covers_the_area_of_the_hull():
    points = mean_face_landmarks("ibug68", "head", 256)
    points += np.random.default_rng(0).normal(0, 3, points.shape).astype(np.float32)
    mask = load("masker", "hull", forehead=0).mask(empty_crops(256), points[None])[0]
    assert mask.sum() == pytest.approx(ConvexHull(points).volume, rel=0.005)
    weights = mask[..., 0] / mask.sum()
    center = [(weights.sum(axis=0) * np.arange(256)).sum(), (weights.sum(axis=1) * np.arange(256)).sum()]
    np.testing.assert_allclose(center, centroid(points[ConvexHull(points).vertices]), atol=0.1)


def centroid(polygon):
    """The shoelace formula."""
    x, y = polygon.astype(np.float64).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    sums = [((axis + np.roll(axis, -1)) * cross).sum() for axis in (x, y)]
    return np.array(sums) / (3 * cross.sum())


def test_hull_is_raised_over_the_forehead():
    points = mean_face_landmarks("ibug68", "head", 256)
    masker, bare = load("masker", "hull", forehead=1), load("masker", "hull", forehead=0)
    raised, hull = masker.mask(empty_crops(256), points[None])[0], bare.mask(empty_crops(256), points[None])[0]
    brows, nose_base = points[17:27, 1].mean(), points[33, 1]
    top = np.flatnonzero(raised.max(axis=(1, 2)))[0]
    assert top == pytest.approx(brows - (nose_base - brows), abs=6)
    assert (raised >= hull).all()
    below = int(points[[0, 16], 1].max()) + 2  # where the jaw begins
    np.testing.assert_allclose(raised[below:], hull[below:], atol=0.15)


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_ellipse_lies_around_the_mean_face(scheme):
    masker = load("masker", "ellipse", width=0.9)
    points = mean_face_landmarks(scheme, "head", masker.crop.size)
    mask = masker.mask(empty_crops(masker.crop.size), points[None])[0]
    inner = points[17:] if scheme == "ibug68" else points
    assert all(mask[round(float(y)), round(float(x)), 0] == 1 for x, y in inner)
    unit = masker.crop.size / (1 + 2 * np.sqrt(2) * 0.7)
    assert mask.sum() == pytest.approx(np.pi * (0.64 * 0.9 * unit) * (0.89 * unit), rel=0.002)


def test_ellipse_follows_the_jaw():
    masker = load("masker", "ellipse")
    jaw = mean_face_landmarks("ibug68", "head", 256)[:17]
    mask = masker.mask(empty_crops(256), jaw[None])[0]
    edge = np.argwhere((mask[..., 0] > 0) & (mask[..., 0] < 1))[:, ::-1]
    gaps = np.linalg.norm(jaw[:, None] - edge[None], axis=-1).min(axis=1)
    assert gaps.max() < 0.05 * 86 * 1.5  # 86 px are the unit box


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_box_lies_around_the_ellipse(scheme):
    """It touches the ellipse of the same size on all sides: their areas are as 4 to pi."""
    box, ellipse = load("masker", "box", width=0.9), load("masker", "ellipse", width=0.9)
    points = mean_face_landmarks(scheme, "head", 256)[None]
    mask, inside = box.mask(empty_crops(256), points)[0], ellipse.mask(empty_crops(256), points)[0]
    assert (mask[inside == 1] == 1).all()
    assert mask.sum() / inside.sum() == pytest.approx(4 / np.pi, rel=0.002)
    for axis in (0, 1):
        reach = [np.flatnonzero(each.max(axis=(axis, 2)) > 0.5)[[0, -1]] for each in (mask, inside)]
        assert np.abs(reach[0] - reach[1]).max() <= 1


def painted_face(size=128, bar=False):
    """An oval of skin around the mean face, on a blue ground, whose outline is known; green may cover a cheek."""
    points = mean_face_landmarks("ibug68", "head", size)
    middle = (points[17:].min(axis=0) + points[17:].max(axis=0)) / 2
    unit = points[16, 0] - points[0, 0]
    y, x = np.mgrid[:size, :size]
    oval = ((x - middle[0]) / (0.55 * unit)) ** 2 + ((y - middle[1]) / (0.72 * unit)) ** 2 <= 1
    image = np.full((size, size, 3), (40, 60, 140), np.float32)
    image[oval] = (205, 160, 130)
    if bar:
        covered = x < middle[0] - 0.33 * unit  # And on beyond the face, as a hand or a pole would.
        image[covered] = (30, 160, 40)
        oval &= ~covered
    image += np.random.default_rng(0).normal(0, 8, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), points, oval


def overlap(mask, truth):
    found = mask[..., 0] > 0.5
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize("bar", [False, True])
def test_grabcut_finds_the_outline_that_the_hull_misses(bar):
    crop, points, truth = painted_face(bar=bar)
    cut_out = load("masker", "grabcut", reach=0.3, sure=0.3).mask(crop[None], points[None])[0]
    hull = load("masker", "hull", size=128).mask(crop[None], points[None])[0]
    assert overlap(cut_out, truth) > 0.97
    assert overlap(hull, truth) < 0.88


def test_grabcut_stays_within_reach_and_keeps_what_is_sure():
    """Where the colors say nothing, what lies deep in the hull is face and what is far from it is not."""
    points = mean_face_landmarks("ibug68", "head", 128)
    noise = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3), np.uint8)
    mask = load("masker", "grabcut", sure=0.1, reach=0.1).mask(noise, points[None])[0, ..., 0]
    hull = load("masker", "hull", size=128).mask(noise, points[None])[0, ..., 0] > 0.5
    unit = 128 / (1 + 2 * np.sqrt(2) * 0.7)
    inside, outside = (cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5) for part in (hull, ~hull))
    assert (mask[inside > 0.1 * unit + 4] == 1).all()
    assert (mask[outside > 0.1 * unit + 4] == 0).all()


def test_grabcut_answers_alike_whatever_was_drawn_before():
    crop, points, _ = painted_face()
    masker = load("masker", "grabcut")
    first = masker.mask(crop[None], points[None])
    cv2.setRNGSeed(1234)
    cv2.kmeans(np.float32([[0], [1], [2], [9]]), 2, None, (3, 5, 0.1), 3, cv2.KMEANS_RANDOM_CENTERS)
    np.testing.assert_array_equal(masker.mask(crop[None], points[None]), first)


def color_bands(size=64):
    """Red above, then gray, then blue."""
    image = np.full((size, size, 3), 120, np.uint8)
    image[: size // 2], image[3 * size // 4 :] = (255, 0, 0), (0, 40, 255)
    return image


@pytest.fixture
def network(tmp_path):
    """Makes an ONNX file and gives its masker."""

    def make(content, **options):
        file = tmp_path / "segments.onnx"
        file.write_bytes(content)
        return load("masker", "onnx", file=file, **options)

    return make


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"classes": "0,2"},
        {"mean": "120,100,80", "std": (60, 50, 40)},
        {"channels": "bgr"},
    ],
)
def test_onnx_mask_is_the_softmax_of_the_face_classes(network, options):
    masker = network(onnx_models.colors(64), size=64, **options)
    image = color_bands()
    mask = masker.mask(image[None], np.zeros((1, 5, 2), np.float32))[0, ..., 0]
    weights, bias = onnx_models.LOGITS
    mean, std = ((120, 100, 80), (60, 50, 40)) if "mean" in options else (0, 255)
    shown = (image.astype(np.float64) - mean) / std
    logits = (shown[..., ::-1] if "channels" in options else shown) @ weights.T + bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    wanted = shares[..., [0, 2]].sum(axis=-1) if "classes" in options else shares[..., 1]
    np.testing.assert_allclose(mask, wanted, atol=1e-5)
    assert wanted.std() > 0.1


def test_onnx_answers_of_another_size_and_of_labels(network):
    small = network(onnx_models.colors(64, smaller=4), size=64).mask(
        color_bands()[None], np.zeros((1, 5, 2), np.float32)
    )
    np.testing.assert_allclose(small[0, :28, :, 0], 0.9975, atol=1e-3)
    assert small[0, 40:].max() < 0.2
    labels = network(onnx_models.colors(64, labels=True), size=64, values="labels", classes=(0, 2))
    mask = labels.mask(color_bands()[None], np.zeros((1, 5, 2), np.float32))[0]
    assert (mask[:32] == 0).all() and (mask[32:] == 1).all()


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"GIF89a", {}, "is not an ONNX network: OpenCV says '"),
        (onnx_models.colors(64), {"classes": (0, 3)}, "has the classes 0 to 2. Received: --masker.onnx.classes 0,3"),
        (onnx_models.colors(64), {"values": "labels"}, r"must answer [1, height, width]. Received: [1, 3, 64, 64]"),
        (onnx_models.colors(64), {"output": "faces"}, "is not a network that takes [1, 3, 64, 64]: OpenCV says '"),
    ],
)
def test_onnx_refuses_what_does_not_fit_in_one_line(network, content, options, words, capfd):
    with pytest.raises(FaceswapError) as told:
        network(content, size=64, **options)
    assert words in str(told.value)
    assert "\n" not in str(told.value)
    assert capfd.readouterr().err == ""


def test_onnx_without_a_file_says_how_to_name_one():
    with pytest.raises(FaceswapError, match=r"--masker\.onnx\.file PATH"):
        load("masker", "onnx")


def test_recognizer_agrees_with_dlibs_own_chip(aligner, portrait, found):
    import dlib

    recognizer = load("recognizer", "dlib-resnet")
    points, spec = aligner.align(portrait, found), recognizer.crop
    matrix = crop_matrix(points, "ibug68", spec.face_type, spec.size, spec.coverage)[0]
    embedding = recognizer.embed(cut(portrait, matrix, spec.size)[None])[0]
    places = [dlib.point(*np.rint(point).astype(int).tolist()) for point in points[0]]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 90, 90), places)
    raw = np.array(recognizer._network.compute_face_descriptor(dlib.get_face_chip(portrait, shape)))
    assert np.linalg.norm(embedding - raw / np.linalg.norm(raw)) < 0.12
    assert recognizer.same_person_below == pytest.approx(0.6 / np.linalg.norm(raw), rel=0.1)


def test_empty_batches_keep_their_shapes(aligner, hog, portrait):
    assert hog.detect([]) == []
    assert aligner.align(portrait, Detections.none()).shape == (0, 68, 2)
    for name in ("hull", "ellipse"):
        masker = load("masker", name)
        assert masker.mask(empty_crops(256, 0), np.zeros((0, 68, 2), np.float32)).shape == (0, 256, 256, 1)
    assert load("recognizer", "dlib-resnet").embed(empty_crops(160, 0)).shape == (0, 128)


@pytest.mark.parametrize("height, width", [(1, 1), (5, 40), (79, 300)])
def test_hog_takes_frames_smaller_than_its_window(hog, height, width):
    assert len(hog.detect([np.zeros((height, width, 3), np.uint8)])[0]) == 0


class Box:
    """What dlib's network answers."""

    def __init__(self, confidence, *corners):
        self.confidence, self.rect = confidence, Rectangle(*corners)


def test_cnn_finds_the_face_that_the_gradients_find(portrait, found):
    detections = load("detector", "dlib-cnn").detect([portrait])[0]
    assert len(detections) == 1
    assert iou(detections.boxes, found.boxes)[0, 0] > 0.5
    assert iou(detections.boxes, FACE - np.float32([60, 0, 60, 0]))[0, 0] > 0.5


def test_cnn_boxes_scores_and_threshold(monkeypatch):
    detector = load("detector", "dlib-cnn", threshold=0.5)
    answer = [Box(0.4, 0, 0, 9, 9), Box(1.0, 10, 20, 89, 99), Box(3.0, 5, 6, 7, 8)]
    monkeypatch.setattr(detector, "_network", lambda image, upsample: answer)
    detections = detector.detect([np.zeros((200, 200, 3), np.uint8)])[0]
    assert detections.boxes.tolist() == [[5, 6, 8, 9], [10, 20, 90, 100]]
    np.testing.assert_allclose(detections.scores, [0.952574, 0.731059], atol=1e-5)


@pytest.fixture(scope="module")
def yunet_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("networks") / "without an ending"
    file.write_bytes(onnx_models.yunet())
    return file


def square_at(height, width, *corners):
    """A gray picture with red squares, by their left and top corners."""
    image = np.full((height, width, 3), 120, np.uint8)
    for left, top in corners:
        image[top : top + onnx_models.FACE, left : left + onnx_models.FACE] = (255, 0, 0)
    return image


def test_yunet_boxes_and_landmarks_are_where_the_network_says(yunet_file):
    detector = load("detector", "yunet", file=yunet_file, side=onnx_models.SIDE)
    image = square_at(200, 300, (24, 32), (200, 96))
    detections, none = detector.detect([image, np.ascontiguousarray(image[..., ::-1])])
    assert len(none) == 0 and none.landmarks.shape == (0, 5, 2)
    order = np.argsort(detections.boxes[:, 0])
    np.testing.assert_allclose(detections.boxes[order], [[24, 32, 112, 120], [200, 96, 288, 184]], atol=0.01)
    middles = np.array([[[68, 76]], [[244, 140]]])
    np.testing.assert_allclose(detections.landmarks[order], middles + onnx_models.FIVE, atol=0.01)
    assert detections.scheme == "five"


def test_yunet_answers_in_the_pixels_of_the_picture_that_it_is_given(yunet_file):
    """A picture twice the size that the network takes: boxes scale by two, points about pixel centers."""
    detector = load("detector", "yunet", file=yunet_file, side=onnx_models.SIDE)
    small = square_at(320, 320, (24, 32))
    large = np.kron(small, np.ones((2, 2, 1), np.uint8))
    once, twice = detector.detect([small, large])
    np.testing.assert_allclose(twice.boxes, 2 * once.boxes, atol=0.01)
    np.testing.assert_allclose(twice.landmarks, 2 * once.landmarks + 0.5, atol=0.01)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"no network", "is not a YuNet network that takes 640 pixels: OpenCV says"),
        (onnx_models.yunet(), "is not a YuNet network that takes 640 pixels: OpenCV says"),
    ],
)
def test_yunet_refuses_other_files_in_one_line(content, words, tmp_path, capfd):
    file = tmp_path / "net.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FaceswapError, match=words) as told:
        load("detector", "yunet", file=file)
    assert "\n" not in str(told.value)
    assert str(file) in str(told.value)
    assert capfd.readouterr().err == ""


def test_yunet_without_a_file_names_the_command_that_fetches_it(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"faceswap weights fetch face_detection_yunet_2023mar\.onnx"):
        load("detector", "yunet")


_MTCNN = """
import numpy as np
from skimage.data import astronaut
from faceswap.core.host import PluginChoice, prepare, use_backend
chosen = prepare("detector", PluginChoice(name="mtcnn"))
use_backend([chosen])
detector = chosen.load(check=True)
image = astronaut()
image.setflags(write=False)
found, none, tiny = detector.detect([image, np.zeros((64, 64, 3), np.uint8), np.zeros((7, 90, 3), np.uint8)])
assert len(found) == 1 and found.scheme == "five", found
assert len(none) == len(tiny) == 0 and tiny.landmarks.shape == (0, 5, 2)
print(*found.boxes[0], *found.landmarks[0].ravel())
"""


@pytest.mark.slow
def test_mtcnn_finds_the_face_and_its_landmarks_in_silence(fresh_python, tmp_path, monkeypatch):
    (tmp_path / "pnet.lz4").write_bytes(b"not weights: a file of this name in the working directory is not read")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # JAX sets it where it is imported.
    ran = fresh_python("-c", _MTCNN)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    numbers = np.array(ran.stdout.split(), np.float32)
    assert iou(numbers[None, :4], FACE)[0, 0] > 0.7
    by_eye = [LEFT_PUPIL, RIGHT_PUPIL, NOSE_TIP, LEFT_MOUTH, RIGHT_MOUTH]
    assert np.abs(numbers[4:].reshape(5, 2) - by_eye).max() < 5


def test_face_in_its_crop_stands_upright(aligner, portrait, found):
    """Ties detection, alignment and geometry together: in the crop the eyes are level, the chin below them."""
    points = aligner.align(portrait, found)
    in_crop = transform_points(crop_matrix(points, "ibug68", "head", 512), points)[0]
    left, right = in_crop[36:42].mean(axis=0), in_crop[42:48].mean(axis=0)
    assert abs(right[1] - left[1]) < 0.08 * (right[0] - left[0])
    assert in_crop[8, 1] > left[1] + (right[0] - left[0])
