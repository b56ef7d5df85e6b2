"""The parts that performers are made of: splines, slits, expressions, heads, scripts, voices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator
from scipy.spatial.transform import Rotation

from faceswap.lib.landmarks import SCHEMES
from faceswap.lib.performers import Pose, Script, soundtrack
from faceswap.lib.performers.acting import express, eye_distance
from faceswap.lib.performers.actor import Actor
from faceswap.lib.performers.head import Head
from faceswap.lib.performers.portrait import LANDMARKS, from_pixels, to_pixels
from faceswap.lib.performers.reshape import mirror
from faceswap.lib.performers.slit import Curve, Slit, eye_slits
from faceswap.lib.performers.spline import ThinPlate, bend
from faceswap.lib.performers.take import SITTER

RANDOM = np.random.default_rng(3)
SPEECH_RANGE = {"mouth_open": (0, 1), "smile": (0, 1), "blink": (0, 1), "brows": (-1, 1)}
MOVE_RANGE = {"yaw": 14, "pitch": 10, "roll": 8, "shift_x": 0.15, "shift_y": 0.15}


def some_points(count: int) -> np.ndarray:
    return RANDOM.random((count, 2)) * 100


def test_a_spline_goes_through_its_knots() -> None:
    knots, values = some_points(40), some_points(40)
    np.testing.assert_allclose(ThinPlate.fit(knots, values)(knots), values, atol=1e-8)


def test_a_spline_is_scipys() -> None:
    knots, values, elsewhere = some_points(40), some_points(40), some_points(200)
    theirs = RBFInterpolator(knots, values, kernel="thin_plate_spline")(elsewhere)
    np.testing.assert_allclose(ThinPlate.fit(knots, values)(elsewhere), theirs, atol=1e-6)


def test_a_map_over_a_box_is_the_spline_at_its_pixels() -> None:
    actor, matrix = Actor(SITTER.portrait()), np.array([[1.6, 0.0, -168.0], [0.0, 1.6, 0.0]])
    spline = actor.bending(Pose(yaw=10, mouth_open=1, brows=1), matrix)
    x, y = np.meshgrid(np.arange(67, 67 + 251), np.arange(-5, -5 + 301))
    exact = spline(np.stack([x, y], axis=-1).astype(float))
    over_box = spline.over_box(67, -5, 251, 301)
    assert over_box.dtype == np.float32
    error = np.abs(over_box - exact)
    assert error.mean() < 0.03 and np.percentile(error, 99) < 0.25  # half pixels of the photograph


def test_a_map_over_a_box_keeps_a_straight_ramp_straight() -> None:
    spline = ThinPlate.fit(some_points(20), some_points(20))
    ramp = ThinPlate(spline.knots, 0 * spline.radial, np.array([[3.0, -1.0], [1.5, 0.1], [0.0, 2.0]]))
    over_box = ramp.over_box(7, -5, 83, 61)
    np.testing.assert_allclose(over_box[60, 82], [3 + 1.5 * 89, -1 + 0.1 * 89 + 2 * 55], atol=1e-3)
    np.testing.assert_allclose(np.diff(over_box, axis=1), np.tile([1.5, 0.1], (61, 82, 1)), atol=1e-3)


def test_bending_brings_a_spot_where_it_is_told() -> None:
    picture = np.zeros((120, 120, 3), np.uint8)
    picture[40:45, 50:55] = 255  # its center: (52, 42)
    corners = np.array([[0.0, 0.0], [119.0, 0.0], [0.0, 119.0], [119.0, 119.0]])
    bent = bend(picture, np.vstack([corners, [70, 60]]), np.vstack([corners, [52, 42]])).astype(float)[..., 0]
    rows, columns = np.mgrid[:120, :120]
    assert np.average(columns, weights=bent) == pytest.approx(70, abs=0.5)
    assert np.average(rows, weights=bent) == pytest.approx(60, abs=0.5)


def test_pixels_of_a_portrait_are_half_pixels_of_the_photograph() -> None:
    # The first pixel of the photograph's part becomes four; their common corner is its center.
    np.testing.assert_allclose(to_pixels(np.array([100.0, 0.0])), [0.5, 0.5])
    points = some_points(5)
    np.testing.assert_allclose(from_pixels(to_pixels(points)), points)


@pytest.fixture
def slit() -> Slit:
    """An opening from x = 0 to 40, its edges at y = 10 and 20, in skin that moves between y = 0 and 30."""

    def line(y: float) -> Curve:
        return Curve.through(np.array([[0.0, y], [20.0, y], [40.0, y]]))

    return Slit([0, 1], [2, 3], line(10), line(20), line(0), line(30), rim=2.0)


def test_a_slit_that_does_not_move_changes_nothing(slit: Slit) -> None:
    points = some_points(300)
    same = slit.sources(points, np.array([[0, 10], [40, 10.0]]), np.array([[0, 20], [40, 20.0]]))
    np.testing.assert_allclose(same, points, atol=1e-9)


def test_a_moved_edge_slides_over_what_lies_behind(slit: Slit) -> None:
    upper, lower = np.array([[0, 16], [40, 16.0]]), np.array([[0, 19], [40, 19.0]])
    heights = np.array([-3, 0, 7, 14, 15.5, 17, 24.5, 30, 33])
    seen = slit.sources(np.stack([np.full(9, 20.0), heights], axis=1), upper, lower)[:, 1]
    # Still, still, half way to the rim, the rim, within it; the eye itself; half way below; still, still.
    np.testing.assert_allclose(seen, [-3, 0, 4, 8, 9.5, 17, 25, 30, 33], atol=1e-9)
    outside = np.array([[-1.0, 14.0], [41.0, 14.0]])
    np.testing.assert_allclose(slit.sources(outside, upper, lower), outside)


def test_eyelids_meet_their_landmarks() -> None:
    for slit in eye_slits(LANDMARKS):
        edge = LANDMARKS[slit.upper_points]
        np.testing.assert_allclose(slit.upper(edge[:, 0]), edge[:, 1], atol=1e-6)
        assert (slit.above(edge[:, 0]) < edge[:, 1]).all()


def test_the_portraits_pose_leaves_its_landmarks() -> None:
    np.testing.assert_allclose(express(LANDMARKS, Pose(smile=1)), LANDMARKS, atol=1e-9)


def test_each_expression_does_what_it_says() -> None:
    unit = eye_distance(LANDMARKS)
    rest = express(LANDMARKS, Pose())
    speaking, smiling = express(LANDMARKS, Pose(mouth_open=1)), express(LANDMARKS, Pose(smile=1))
    blinking, raising = express(LANDMARKS, Pose(blink=1)), express(LANDMARKS, Pose(brows=1))

    def gap(landmarks: np.ndarray) -> float:
        return float(np.linalg.norm(landmarks[66] - landmarks[62]) / unit)

    assert 0 < gap(rest) < 0.04 and 0.3 < gap(speaking) < 0.5
    assert speaking[8, 1] - rest[8, 1] == pytest.approx(0.24 * unit, rel=0.02)  # the chin drops
    assert smiling[54, 0] - smiling[48, 0] > rest[54, 0] - rest[48, 0] + 0.15 * unit
    assert (smiling[[48, 54], 1] < rest[[48, 54], 1]).all()
    assert np.linalg.norm(blinking[37] - blinking[41]) < 0.01 * unit < np.linalg.norm(rest[37] - rest[41])
    assert (raising[17:27, 1] < rest[17:27, 1]).all()
    np.testing.assert_allclose(raising[27:], rest[27:])


def test_a_mirrored_face_acts_mirrored() -> None:
    pose = Pose(mouth_open=0.7, smile=0.3, blink=0.4, brows=0.6)
    order = list(SCHEMES["ibug68"].mirror)
    mirrored = express(mirror(SITTER.portrait()).landmarks, pose)
    expected = (express(LANDMARKS, pose) * (-1, 1) + (449, 0))[order]
    np.testing.assert_allclose(mirrored, expected, atol=1e-9)


@pytest.mark.parametrize("pose", [Pose(yaw=14), Pose(pitch=9), Pose(roll=8), Pose(yaw=-10, pitch=6)])
def test_a_head_turns_as_a_solid_body(pose: Pose) -> None:
    head = Head.behind(LANDMARKS)
    depth = head.landmark_depth(LANDMARKS)
    solid = np.column_stack([LANDMARKS - head.center, depth])
    # Turn, nod and tilt about fixed axes, in this order; with y down, a nod is a negative angle about x.
    turned = Rotation.from_euler("yxz", [pose.yaw, -pose.pitch, pose.roll], degrees=True)
    expected = turned.apply(solid)[:, :2]
    moved = head.turn(LANDMARKS, depth, pose)
    np.testing.assert_allclose(moved - moved.mean(axis=0), expected - expected.mean(axis=0), atol=1e-9)


def test_the_nose_leads_a_turn_and_the_ears_follow_least() -> None:
    head = Head.behind(LANDMARKS)
    moves = head.turn(LANDMARKS, head.landmark_depth(LANDMARKS), Pose(yaw=10)) - LANDMARKS
    assert moves[30, 0] == moves[:, 0].max() and moves[30, 0] > 4 * abs(moves[[0, 16], 0]).max()


def test_shifts_are_in_eye_distances() -> None:
    head = Head.behind(LANDMARKS)
    depth = head.landmark_depth(LANDMARKS)
    moved = head.turn(LANDMARKS, depth, Pose(shift_x=0.1, shift_y=-0.05)) - LANDMARKS
    np.testing.assert_allclose(moved, np.tile([0.1, -0.05], (68, 1)) * eye_distance(LANDMARKS), atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_a_script_covers_its_ranges_and_keeps_them(seed: int) -> None:
    curves = Script(seed).curves(np.arange(0, 8, 0.04))
    for name, (low, high) in SPEECH_RANGE.items():
        assert curves[name].min() >= low and curves[name].max() <= high
    for name, most in MOVE_RANGE.items():
        assert np.abs(curves[name]).max() <= most
    assert curves["mouth_open"].min() < 0.05 and curves["mouth_open"].max() > 0.6
    assert np.ptp(curves["smile"]) > 0.7 and np.ptp(curves["brows"]) > 0.8
    assert np.ptp(curves["yaw"]) > 14 and np.ptp(curves["pitch"]) > 7
    shut = curves["blink"] > 0.9
    assert 2 <= np.count_nonzero(shut[1:] & ~shut[:-1]) <= 5


def test_a_script_is_smooth() -> None:
    curves = Script(5).curves(np.arange(0, 30, 0.04))
    assert np.abs(np.diff(curves["yaw"])).max() < 2  # degrees a frame
    assert np.abs(np.diff(curves["mouth_open"])).max() < 0.45
    fine = Script(5).curves(np.arange(0, 30, 0.001))
    assert all(np.abs(np.diff(values)).max() < 0.08 for values in fine.values())


def test_a_pose_is_the_curves_at_one_moment() -> None:
    curves = Script(6).curves(np.array([1.7]))
    assert vars(Script(6).pose(1.7)) == {name: values[0] for name, values in curves.items()}


def test_seeds_have_nothing_in_common() -> None:
    times = np.arange(0, 40, 0.1)
    scripts = [Script(seed).curves(times) for seed in range(8)]
    for name in ("yaw", "smile", "mouth_open"):
        table = np.corrcoef([script[name] for script in scripts])
        assert np.abs(table[~np.eye(8, dtype=bool)]).max() < 0.9
        assert np.abs(table[~np.eye(8, dtype=bool)]).mean() < 0.3


def test_a_voice_sounds_while_the_mouth_is_open() -> None:
    script = Script(7)
    sound = soundtrack(script, 6.0)
    assert sound.shape == (288000, 2) and sound.dtype == np.int16
    assert np.abs(sound).max() == pytest.approx(0.5 * 32767, abs=1)
    assert (sound[:, 0] == sound[:, 1]).all()
    loudness = np.sqrt(np.square(sound[:, 0].reshape(150, 1920) / 32767).mean(axis=1))
    mouth = script.curves((np.arange(150) + 0.5) / 25)["mouth_open"]
    assert loudness.max() > 0.1 and np.corrcoef(loudness, mouth)[0, 1] > 0.8
    assert (soundtrack(script, 1.0) == soundtrack(script, 1.0)).all()
    assert (soundtrack(script, 1.0) != soundtrack(Script(8), 1.0)).any()


def test_a_voice_has_another_rate_and_length() -> None:
    assert soundtrack(Script(1), 0.5, rate=8000).shape == (4000, 2)
