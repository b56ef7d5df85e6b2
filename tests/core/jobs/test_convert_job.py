"""Conversion from end to end, with a model of three lines on footage of a few frames, compared sample by sample."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from pydantic import ValidationError

from faceswap.core import events
from faceswap.core.contract import CropSpec
from faceswap.core.errors import Cancelled, FaceswapError, OptionError, OutputError, PluginError, StoreError
from faceswap.core.host import PluginChoice, default_chain
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.convert import ConvertJob, ConvertReport
from faceswap.core.jobs.job import run_job
from faceswap.core.kinds import SwapModel
from faceswap.core.training import saved_model
from faceswap.lib import media
from faceswap.lib.crops import encode_crop
from faceswap.lib.errors import ProvenanceError
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks, transform_points
from faceswap.lib.hashes import hash_of
from faceswap.lib.provenance import certificates, signing
from faceswap.lib.provenance.checking import Finding, State, check_path
from faceswap.lib.provenance.consent import Consent, attach, write_consent
from faceswap.lib.warp import convex_hull_mask

WIDTH, HEIGHT = 160, 120
TIMES = [0, 2, 3, 7, 8, 9, 14, 15, 16, 17, 20, 23, 24, 25, 30, 31]
"""Presentation times, in 1/50 s: no steady rate."""
FACELESS = {3, 15, 16}
COLOR = np.float32([0.9, 0.2, 0.4])
OVERLAY = (PluginChoice(name="overlay"),)


class Painter(SwapModel):
    """Answers with one flat color, and with a mask if it is given one."""

    def __init__(self, masks: float | None = None, color: np.ndarray = COLOR) -> None:
        super().__init__()
        self.calls: list[np.ndarray] = []
        self.masks, self.color = masks, color
        self.spec = CropSpec(32, "full")
        self.before: Callable[[int], None] = lambda call: None

    @property
    def crop(self) -> CropSpec:
        return self.spec

    def swap(self, crops: np.ndarray, identity: str = "source") -> tuple[np.ndarray, np.ndarray | None]:
        self.before(len(self.calls))
        self.calls.append(crops)
        faces = np.broadcast_to(self.color, crops.shape).astype(np.float32)
        return faces, None if self.masks is None else np.full((*crops.shape[:3], 1), self.masks, np.float32)


def face_at(x: float, y: float, scale: float) -> np.ndarray:
    """An upright face whose unit box has its left top at x, y and is `scale` pixels wide: float32 `[68 2]`."""
    unit = mean_face_landmarks("ibug68", "half", 1000) / 1000
    return (unit * scale + [x, y]).astype(np.float32)


def landmarks_at(index: int) -> list[np.ndarray]:
    """The faces of a frame of the test's footage: one that drifts, at times none."""
    return [] if TIMES[index] in FACELESS else [face_at(40 + 2 * index, 30 + index, 36)]


def write_video(path: Path, times: Sequence[int] = TIMES) -> None:
    """Noise over a gradient, lossless, with sound; some of its colors are none that RGB can hold."""
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=50)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 50)
        sound: Any = container.add_stream("flac", rate=8000, layout="mono")
        for shown in times:
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane, low, high in zip(frame.planes, ([60, 180], [90, 140], [100, 160]), (60, 60, 40), strict=True):
                lines = np.zeros((plane.height, plane.line_size), np.uint8)
                ramp = np.linspace(*low, plane.width) + noise.integers(0, high, (plane.height, plane.width))
                lines[:, : plane.width] = ramp
                plane.update(lines)
            frame.pts, frame.time_base = shown, Fraction(1, 50)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        tone = noise.integers(-3000, 3000, (1, 8000 * 32 // 50)).astype(np.int16)
        samples = av.AudioFrame.from_ndarray(tone, "s16", "mono")
        samples.sample_rate, samples.pts, samples.time_base = 8000, 0, Fraction(1, 8000)
        container.mux(sound.encode(samples))
        container.mux(sound.encode(None))


def warnings_of(told: Sequence[Any]) -> list[str]:
    """What a conversion warned of, but for the scene's frames without a face, and its faces without a track."""
    warned = [event.message for event in told if isinstance(event, events.Warned)]
    return [message for message in warned if "show the original" not in message and "has no tracks" not in message]


def write_faceset(
    path: Path,
    footage: Path,
    faces: Callable[[int], list[np.ndarray]] = landmarks_at,
    masks: Sequence[str] = ("hull",),
    scheme: str = "ibug68",
    wanted: Callable[[int], bool] = lambda index: True,
) -> None:
    """Stores faces as an extraction would; a mask is the hull of the landmarks."""
    with FacesetWriter.create_or_open(path, crop_size=96, stages=[Stage("detector", "hand", "1", "0")]) as faceset:
        records = [
            FrameRecord(
                frame.key.source,
                frame.key.pts,
                frame.time,
                frame.width,
                frame.height,
                tuple(_record(points, masks, scheme) for points in faces(index)),
            )
            for index, frame in enumerate(media.read_frames(media.probe(footage)))
            if wanted(index)
        ]
        faceset.add_chunk(footage.name, 0, records)


def _record(points: np.ndarray, masks: Sequence[str], scheme: str) -> FaceRecord:
    matrix = crop_matrix(points, "ibug68", "head", 96)
    flat = not np.isfinite(matrix).all()
    mask_points = (transform_points(matrix, points) + 0.5) * (64 / 96) - 0.5  # Masks may be smaller than crops.
    hull = np.zeros((64, 64, 1), np.float32) if flat else convex_hull_mask(mask_points, 64)
    box = np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)
    crop = encode_crop(np.zeros((96, 96, 3), np.uint8))
    stored = points if scheme == "ibug68" else points[:5]
    return FaceRecord(
        box=box, score=1.0, matrix=matrix, landmarks=stored, scheme=scheme, crop=crop, masks=dict.fromkeys(masks, hull)
    )


class Scene:
    """Footage, its faceset and a model folder, and the job over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.footage, self.faceset, self.model_dir = folder / "in.mkv", folder / "faces", folder / "model"
        self.model = Painter()

    def make(self) -> Scene:
        """Writes it all."""
        write_video(self.footage)
        write_faceset(self.faceset, self.footage)
        self.save_model("weights")
        return self

    def save_model(self, weights: str) -> None:
        """Makes the folder look as if training had saved something."""
        manifest = self.model_dir / "checkpoints" / "7" / "manifest.json"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(weights.encode()).hexdigest()
        manifest.write_text(json.dumps({"files": {"weights.safetensors": {"size": 1, "sha256": digest}}}))

    def load(self, folder: Path, together_with: Sequence[Any] = (), which: str = "newest") -> saved_model.TrainedModel:
        """Stands in for `load_trained_model`."""
        model = self.model
        record = saved_model.ModelRecord(
            name="painter", package="tests", version="1", options={}, crop=model.crop, identities=model.identities
        )
        return saved_model.TrainedModel(model, record, 7, model.crop)

    def job(self, output: str = "out.mkv", **settings: Any) -> ConvertJob:
        """The job, lossless, in chunks of 6 frames."""
        defaults: dict[str, Any] = {
            "media": self.footage,
            "output": self.folder / output,
            "model_dir": self.model_dir,
            "faceset": self.faceset,
            "blenders": OVERLAY,
            "codec": "ffv1",
            "chunk_frames": 6,
            "batch_size": 4,
        }
        return ConvertJob(**{**defaults, **settings})

    def convert(self, output: str = "out.mkv", **settings: Any) -> tuple[ConvertReport, list[Any]]:
        """Runs the job; returns its report and its events."""
        told: list[Any] = []
        return run_job(self.job(output, **settings), told.append), told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene that is copied for each test."""
    return Scene(tmp_path_factory.mktemp("scene")).make().folder


@pytest.fixture
def scene(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    folder = shutil.copytree(made, tmp_path / "scene")
    scene = Scene(folder)
    monkeypatch.setattr(saved_model, "load_trained_model", scene.load)
    yield scene


def planes(path: Path) -> list[tuple[int, tuple[np.ndarray, ...]]]:
    """Each frame's time and copies of its planes."""
    return [
        (frame.key.pts, tuple(plane.copy() for plane in frame.picture.samples().planes))
        for frame in media.read_frames(media.probe(path))
    ]


def pictures(path: Path) -> list[np.ndarray]:
    return [frame.image() for frame in media.read_frames(media.probe(path))]


def sound(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(packet.pts, bytes(packet)) for packet in container.demux(container.streams.audio[0]) if packet.size]


def hull_of(points: np.ndarray) -> np.ndarray:
    """The pixels of a frame inside the landmarks' hull: 0..1 `[height width]`."""
    return convex_hull_mask(points, WIDTH)[:HEIGHT, :, 0]


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """A mask of booleans, moved out by some pixels."""
    for _ in range(by):
        padded = np.pad(mask, 1)
        mask = padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return mask


def test_the_face_takes_the_model_s_color_and_nothing_else_changes(scene):
    report, _ = scene.convert()
    before, after = planes(scene.footage), planes(scene.folder / "out.mkv")
    for index, ((_, old), (_, new), picture) in enumerate(
        zip(before, after, pictures(scene.folder / "out.mkv"), strict=True)
    ):
        touched = np.zeros((HEIGHT, WIDTH), bool)
        for points in landmarks_at(index):
            touched |= grown(hull_of(points) > 0, 6)
            inner = ~grown(hull_of(points) < 1, 4)
            assert inner.sum() > 400
            assert np.abs(picture[inner] / 255 - COLOR).max() < 0.02
        np.testing.assert_array_equal(old[0][~touched], new[0][~touched])
        spared = ~touched.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).any(axis=(1, 3))
        for plane in (1, 2):
            np.testing.assert_array_equal(old[plane][spared], new[plane][spared])
    assert (report.frames, report.frames_swapped, report.faces) == (16, 13, 13)


def test_times_and_sound_are_the_footage_s_own(scene):
    scene.convert()
    original = media.probe(scene.footage)
    converted = media.probe(scene.folder / "out.mkv")
    seconds = [float(frame.time) for frame in media.read_frames(converted)]
    assert seconds == pytest.approx([float(frame.time) for frame in media.read_frames(original)], abs=1e-9)
    assert sound(scene.folder / "out.mkv") == sound(scene.footage)


def test_the_model_is_given_the_aligned_crop(scene):
    """A white dot on a mouth corner lies where the mean face has it, to half a pixel of the frame."""
    path = scene.folder / "dot.png"
    points = face_at(50, 35, 40)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    x, y = np.rint(points[48]).astype(int)
    image[y - 1 : y + 2, x - 1 : x + 2] = 255
    media.write_image(path, image)
    write_faceset(scene.folder / "dots", path, lambda index: [points])
    scene.model.spec = CropSpec(32, "full", 0.8)
    scene.convert("images", media=path, faceset=scene.folder / "dots")
    crop = scene.model.calls[0][0].astype(float).sum(axis=2)
    assert crop.shape == (32, 32)
    rows, columns = np.mgrid[:32, :32]
    found = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
    np.testing.assert_allclose(found, mean_face_landmarks("ibug68", "full", 32, 0.8)[48], atol=0.5)


def test_batches_reach_across_frames_but_not_across_chunks(scene):
    scene.convert(batch_size=4)
    assert [len(crops) for crops in scene.model.calls] == [4, 1, 4, 4]
    scene.convert("small.mkv", batch_size=1)
    assert {len(crops) for crops in scene.model.calls[4:]} == {1}


def test_a_frame_with_more_faces_than_a_batch_is_split(scene):
    crowd = [face_at(10 + 30 * k, 40, 20) for k in range(4)]
    write_faceset(scene.folder / "crowd", scene.footage, lambda index: crowd if index < 3 else [])
    report, _ = scene.convert(faceset=scene.folder / "crowd", batch_size=3)
    assert {len(crops) for crops in scene.model.calls} == {3, 1}
    assert report.faces == 12


def test_near_faces_cover_far_ones_whatever_their_order(scene):
    near, far = face_at(50, 25, 50), face_at(58, 40, 24)
    x, y = far.mean(axis=0).astype(int)

    def swap(crops: np.ndarray, identity: str = "source") -> tuple[np.ndarray, None]:
        brightness = crops.astype(np.float32).mean(axis=(1, 2, 3), keepdims=True) / 255
        return np.ones(crops.shape, np.float32) * brightness, None

    def color(name: str, *faces: np.ndarray) -> np.ndarray:
        write_faceset(scene.folder / name, scene.footage, lambda index: [] if index else list(faces))
        scene.convert(f"{name}.mkv", faceset=scene.folder / name)
        return pictures(scene.folder / f"{name}.mkv")[0][y, x].astype(int)

    scene.model.swap = swap
    alone = color("near", near)
    assert np.abs(alone - color("far", far)).max() > 1
    np.testing.assert_array_equal(color("near first", near, far), alone)
    np.testing.assert_array_equal(color("far first", far, near), alone)


def test_a_face_may_leave_the_frame(scene):
    places = [face_at(-20, 30, 50), face_at(130, 90, 50), face_at(500, 500, 50), np.full((68, 2), 9, np.float32)]
    write_faceset(scene.folder / "edge", scene.footage, lambda index: [] if index else places)
    report, _ = scene.convert(faceset=scene.folder / "edge")
    assert report.faces == 2
    picture = pictures(scene.folder / "out.mkv")[0]
    assert np.abs(picture[55, 2] / 255 - COLOR).max() < 0.02


def test_default_chain_changes_the_face_softly_and_nothing_beyond(scene):
    default = default_chain("blender")
    assert [choice.name for choice in default] == ["reinhard@faceswap", "feather@faceswap", "alpha@faceswap"]
    assert ConvertJob.model_fields["blenders"].default == default
    scene.convert(blenders=default, check=True)
    before, after = planes(scene.footage)[0][1][0], planes(scene.folder / "out.mkv")[0][1][0]
    hull = hull_of(landmarks_at(0)[0])
    changed = before != after
    assert changed[hull == 1].mean() > 0.9
    assert not (changed & ~grown(hull > 0, 6)).any()


def test_blenders_are_given_the_part_of_the_frame_that_is_replaced(scene):
    """The mean color of the footage's gradient under the hull tells whether the target was cut in the right place."""
    scene.convert(blenders=(PluginChoice(name="mean-color"), *OVERLAY))
    hull = hull_of(landmarks_at(0)[0]) == 1
    means = [pictures(path)[0][hull].mean(axis=0) for path in (scene.footage, scene.folder / "out.mkv")]
    np.testing.assert_allclose(*means, atol=2.5)


class TestMasks:
    """Which mask says where the face goes."""

    def inked(self, scene: Scene, **settings: Any) -> float:
        """The number of changed pixels of the first frame, as a share of the hull's."""
        scene.convert(**settings)
        before, after = planes(scene.footage)[0][1][0], planes(scene.folder / "out.mkv")[0][1][0]
        return (before != after).sum() / (hull_of(landmarks_at(0)[0]) > 0.5).sum()

    def test_the_stored_mask_where_the_model_gives_none(self, scene):
        assert 0.85 < self.inked(scene) < 1.25

    def test_the_model_s_mask_where_it_gives_one(self, scene):
        scene.model.masks = 1.0
        assert self.inked(scene) > 1.5  # The whole crop.

    def test_the_model_s_mask_ends_with_the_crop(self, scene):
        """A turned crop is smaller than the box around it."""
        scene.model.masks = 1.0
        points = face_at(62, 42, 36)
        turn = np.float32([[0.8, -0.6], [0.6, 0.8]])
        turned = (points - points.mean(axis=0)) @ turn.T + points.mean(axis=0)
        write_faceset(scene.folder / "turned", scene.footage, lambda index: [] if index else [turned])
        share = self.inked(scene, faceset=scene.folder / "turned")
        crop = (36 * (1 + 2 * np.sqrt(2) * 0.2109375)) ** 2
        assert share * (hull_of(landmarks_at(0)[0]) > 0.5).sum() == pytest.approx(crop, rel=0.1)

    def test_the_stored_mask_where_it_is_named(self, scene):
        scene.model.masks = 1.0
        assert 0.85 < self.inked(scene, mask="hull") < 1.25

    def test_an_empty_mask_leaves_every_frame_alone(self, scene):
        scene.model.masks = 0.0
        assert self.inked(scene) == 0

    def test_a_mask_that_is_not_there_is_named(self, scene):
        with pytest.raises(OptionError, match=r"has no mask 'hul', only .*hull.*--masker hul"):
            scene.convert(mask="hul")

    def test_a_model_without_mask_is_told(self, scene):
        with pytest.raises(PluginError, match="model 'painter' gives no mask"):
            scene.convert(mask="model")

    def test_no_mask_at_all_is_told(self, scene):
        write_faceset(scene.folder / "bare", scene.footage, masks=())
        with pytest.raises(StoreError, match="extract it with a masker"):
            scene.convert(faceset=scene.folder / "bare")


def test_a_stopped_run_goes_on_where_it_stopped(scene):
    scene.convert("whole.mkv")
    _stop_after_one_chunk(scene)
    assert not (scene.folder / "out.mkv").exists()
    calls = len(scene.model.calls)
    report, told = scene.convert()
    first = next(event for event in told if isinstance(event, events.Progress))
    assert first.done >= 6 and first.total == 16
    assert (report.frames, report.faces) == (16, 13)
    assert len(scene.model.calls) == calls + 2  # Those of the second and third chunk.
    _assert_same(scene.folder / "out.mkv", scene.folder / "whole.mkv")
    assert not (scene.folder / "out.mkv.parts").exists()


def _assert_same(path: Path, other: Path) -> None:
    for (shown, mine), (other_shown, theirs) in zip(planes(path), planes(other), strict=True):
        assert shown == other_shown
        for plane, expected in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(plane, expected)
    assert sound(path) == sound(other)


def convert_and_die(folder: str, call: int) -> None:
    """Converts until a certain call of the model, which kills the process."""
    scene = Scene(Path(folder))
    saved_model.load_trained_model = scene.load

    def die(number: int) -> None:
        if number == call:
            wait_for(scene.folder / "out.mkv.parts" / f"{call - 2:06d}.json", call >= 2)
            os.kill(os.getpid(), signal.SIGKILL)

    scene.model.before = die
    run_job(scene.job(codec="libx264"))


@pytest.mark.parametrize("call", [2, pytest.param(0, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_a_killed_run_s_result_equals_an_uninterrupted_one(scene, fresh_python, call):
    scene.convert("whole.mkv", codec="libx264")
    script = "import runpy, sys; runpy.run_path(sys.argv[1])['convert_and_die'](sys.argv[2], int(sys.argv[3]))"
    killed = fresh_python("-c", script, __file__, str(scene.folder), str(call))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (scene.folder / "out.mkv").exists()
    scene.convert(codec="libx264")
    _assert_same(scene.folder / "out.mkv", scene.folder / "whole.mkv")
    left = {entry.name for entry in scene.folder.iterdir()}
    assert left == {"in.mkv", "faces", "model", "whole.mkv", "whole.c2pa", "out.mkv", "out.c2pa"}


def wait_for(path: Path, really: bool = True) -> None:
    """Waits until a file is there."""
    patience = time.monotonic() + 60
    while really and not path.exists():
        assert time.monotonic() < patience, f"{path} never came"
        time.sleep(0.005)


def _stop_after_one_chunk(scene: Scene, output: str = "out.mkv", **settings: Any) -> None:
    """Asks a run to stop when its first chunk is finished and its model works on the second."""
    job = scene.job(output, **settings)
    context = JobContext(lambda event: None, job.home())
    calls = len(scene.model.calls)

    def stop(call: int) -> None:
        if call == calls + 2:
            wait_for(scene.folder / f"{output}.parts" / "000000.json")
            context.stop()

    scene.model.before = stop
    with pytest.raises(Cancelled):
        job.run(context)
    scene.model.before = lambda call: None


def _redone(scene: Scene, **settings: Any) -> tuple[bool, list[str]]:
    """Whether a run begins from nothing, and its warnings."""
    _, told = scene.convert(**settings)
    first = next(event for event in told if isinstance(event, events.Progress))
    return first.done == 0, warnings_of(told)


@pytest.mark.parametrize("change", ["settings", "blender option", "weights", "footage", "faceset"])
def test_parts_of_another_run_are_not_used(scene, change):
    settings: dict[str, Any] = {"blenders": (PluginChoice(name="feather"), *OVERLAY)}
    _stop_after_one_chunk(scene, **settings)
    if change == "settings":
        settings["codec"] = "libx264"
    elif change == "blender option":
        settings["blenders"] = (PluginChoice(name="feather", options={"blur": 4}), *OVERLAY)
    elif change == "weights":
        scene.save_model("others")
    elif change == "footage":
        os.utime(scene.footage, ns=(1, 1))
    else:
        next(iter((scene.faceset / "crops").rglob("*.jpg"))).unlink()
        with FacesetWriter.open(scene.faceset) as faceset:
            faceset.sync()
    anew, warnings = _redone(scene, **settings)
    assert anew
    assert any("out.mkv.parts was begun with other settings" in warning for warning in warnings)


def test_parts_of_the_same_run_are_used_without_a_word(scene):
    _stop_after_one_chunk(scene)
    anew, warnings = _redone(scene, check=True)  # Checking changes no pixel.
    assert not anew and not warnings


def test_a_folder_of_parts_that_is_somebody_else_s_is_left_alone(scene):
    folder = scene.folder / "out.mkv.parts"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    with pytest.raises(OutputError, match="in the way"):
        scene.convert()
    assert (folder / "diary.txt").read_text() == "mine"


def test_two_runs_cannot_write_the_same_output(scene):
    other: list[Exception] = []

    def also_convert(call: int) -> None:
        scene.model.before = lambda call: None
        try:
            scene.job().run(JobContext(lambda event: None, scene.model_dir))
        except FaceswapError as error:
            other.append(error)

    scene.model.before = also_convert
    scene.convert()
    assert len(other) == 1 and "is being written by" in str(other[0])


def test_a_folder_takes_an_image_for_each_frame(scene):
    scene.convert("whole.mkv")
    report, _ = scene.convert("images")
    assert report.frames == 16 and not (scene.folder / "images.parts").exists()
    names = sorted(path.name for path in (scene.folder / "images").iterdir())
    assert len(names) == 16 and names[0] == f"in_{0:09d}.png"
    for name, picture in zip(names, pictures(scene.folder / "whole.mkv"), strict=True):
        np.testing.assert_array_equal(media.read_image(scene.folder / "images" / name), picture)


def test_a_stopped_folder_keeps_finished_chunks_and_makes_lost_images_anew(scene):
    _stop_after_one_chunk(scene, "images")
    first = scene.folder / "images" / f"in_{0:09d}.png"
    first_time = first.stat().st_mtime_ns
    calls = len(scene.model.calls)
    scene.convert("images")
    assert first.stat().st_mtime_ns == first_time
    assert len(scene.model.calls) - calls == 2  # Those of the second and third chunk.
    _stop_after_one_chunk(scene, "again")
    (scene.folder / "again" / f"in_{0:09d}.png").unlink()
    scene.convert("again")
    assert len(list((scene.folder / "again").iterdir())) == 16


def test_images_keep_their_names_and_those_without_a_face_their_bytes(scene):
    folder = scene.folder / "photos"
    folder.mkdir()
    for index in range(3):
        media.write_image(folder / f"p{index}.png", np.full((HEIGHT, WIDTH, 3), 60 + index, np.uint8))
    write_faceset(scene.folder / "photo faces", folder, lambda index: [face_at(50, 30, 40)] if index == 1 else [])
    report, _ = scene.convert("swapped", media=folder, faceset=scene.folder / "photo faces", chunk_frames=2)
    assert (report.frames, report.frames_swapped) == (3, 1)
    same = [
        (scene.folder / "swapped" / f"p{k}.png").read_bytes() == (folder / f"p{k}.png").read_bytes() for k in range(3)
    ]
    assert same == [True, False, True]


def test_a_preview_shows_target_and_swap(scene):
    _, told = scene.convert()
    (preview,) = [event for event in told if isinstance(event, events.Preview)]
    shown = media.read_image(preview.path)
    assert shown.shape == (HEIGHT, 2 * WIDTH, 3)
    original = pictures(scene.footage)
    index = next(index for index, picture in enumerate(original) if np.array_equal(picture, shown[:, :WIDTH]))
    np.testing.assert_array_equal(shown[:, WIDTH:], pictures(scene.folder / "out.mkv")[index])


def test_the_job_s_dump_reproduces_it_and_its_run_is_recorded(scene):
    job = scene.job()
    assert ConvertJob.model_validate_json(job.model_dump_json()) == job
    run_job(job)
    (record,) = (scene.model_dir / "runs").glob("*.json")
    content = json.loads(record.read_text())
    assert content["plugins"].keys() == {"blender overlay"} and content["report"]["model_step"] == 7


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "None of the blenders"),
        (("reinhard", "feather"), r"None of the blenders \(reinhard, feather\)"),
        (("alpha", "overlay"), "Several of the blenders composite in the frame: alpha, overlay"),
        (("alpha", "feather"), "blender 'alpha' composites in the frame, so it must come last"),
        (("feathers", "alpha"), "There is no blender 'feathers'. Did you mean 'feather'?"),
    ],
)
def test_a_chain_that_cannot_work_is_refused_before_anything_runs(scene, names, message):
    with pytest.raises(PluginError, match=message):
        scene.convert(blenders=tuple(PluginChoice(name=name) for name in names))
    assert not (scene.folder / "out.mkv.parts").exists()


def test_a_faceset_of_other_footage_is_refused_by_name(scene):
    other = scene.footage.rename(scene.footage.with_name("renamed.mkv"))
    with pytest.raises(StoreError, match=r"faces holds no frame of .*renamed\.mkv, it is of in\.mkv"):
        scene.convert(media=other)


def test_a_faceset_of_other_footage_of_the_same_name_is_refused(scene):
    with FacesetWriter.open(scene.folder / "faces") as faceset:
        faceset.note_sources(media.fingerprints(media.probe(scene.footage)))
    scene.convert()
    with scene.footage.open("ab") as file:
        file.write(b"another ending")
    with pytest.raises(StoreError, match=r"faces was extracted from another in\.mkv, of other content"):
        scene.convert()


def test_landmarks_that_the_model_cannot_use_are_refused(scene):
    write_faceset(scene.folder / "five", scene.footage, scheme="five")
    scene.model.schemes = frozenset({"ibug68"})
    with pytest.raises(PluginError, match=r"model 'painter' needs landmarks of ibug68, faceset .* has five"):
        scene.convert(faceset=scene.folder / "five")


def test_an_unknown_identity_is_refused(scene):
    with pytest.raises(OptionError, match="Did you mean 'source'"):
        scene.convert(identity="sourc")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("missing/out.mkv", "does not exist"),
        ("out.gif", "unknown ending '.gif'"),
        ("in.mkv", "is the footage itself"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(scene, output, message):
    with pytest.raises(OutputError, match=message):
        scene.convert(output)


def test_images_do_not_become_a_video(scene):
    path = scene.folder / "one.png"
    media.write_image(path, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    with pytest.raises(OutputError, match="name a folder"):
        scene.convert(media=path)


def test_a_failing_model_is_named_and_its_chunk_is_not_kept(scene):
    def fail(call: int) -> None:
        if call == 2:
            raise RuntimeError("out of\nsorts")

    scene.model.before = fail
    with pytest.raises(PluginError, match="model 'painter' failed: RuntimeError: out of sorts"):
        scene.convert()
    names = {path.name for path in (scene.folder / "out.mkv.parts").iterdir() if path.suffix in (".nut", ".json")}
    assert names == {"manifest.json", "000000.nut", "000000.json"}


def test_a_failing_blender_is_named(scene, monkeypatch):
    from faceswap.plugins.convert.overlay import OverlayBlender

    monkeypatch.setattr(OverlayBlender, "composite", lambda self, patch: 1 / 0)
    with pytest.raises(PluginError, match="blender 'overlay' failed: ZeroDivisionError"):
        scene.convert()


def test_a_blender_that_wants_neighbors_is_refused(scene, monkeypatch):
    from faceswap.plugins.convert.overlay import OverlayBlender

    monkeypatch.setattr(OverlayBlender, "context", 2)
    with pytest.raises(PluginError, match="blender 'overlay' needs 2 neighboring frames"):
        scene.convert()


def test_many_frames_that_show_the_original_are_told(scene):
    report, told = scene.convert()
    *_, warning = [event.message for event in told if isinstance(event, events.Warned)]
    assert warning.startswith(f"{report.frames - report.frames_swapped} of {report.frames} frames show the original")


def test_frames_that_were_never_extracted_stay_as_they_are_and_are_told(scene):
    every = [frame.key.pts for frame in media.read_frames(media.probe(scene.footage))]
    shutil.rmtree(scene.faceset)
    write_faceset(scene.faceset, scene.footage, wanted=lambda index: index % 3 == 1)
    report, told = scene.convert()
    known = {pts for index, pts in enumerate(every) if index % 3 == 1}
    assert report.frames_not_extracted == len(every) - len(known) == 11
    for (pts, old), (_, new) in zip(planes(scene.footage), planes(scene.folder / "out.mkv"), strict=True):
        if pts not in known:
            assert all(np.array_equal(*pair) for pair in zip(old, new, strict=True))
    warned = [event.message for event in told if isinstance(event, events.Warned)]
    assert [message for message in warned if message.startswith("11 of 16 frames were never extracted")]
    assert not [message for message in warned if "another --detector" in message and not message.startswith("1 of ")]


def test_a_damaged_checkpoint_is_told(scene, monkeypatch):
    load = scene.load

    def skipping(folder: Path, together_with: Sequence[Any] = (), which: str = "newest") -> Any:
        return SimpleNamespace(**{**vars(load(folder)), "skipped": ("checkpoint 9: weights.safetensors is damaged",)})

    monkeypatch.setattr(saved_model, "load_trained_model", skipping)
    _, told = scene.convert()
    (warning,) = warnings_of(told)
    assert warning == "checkpoint 9: weights.safetensors is damaged; the weights of step 7 are used"


def test_the_choices_of_codec_and_preset_are_the_encoder_s(scene):
    for codec in media.CODECS:
        scene.job(codec=codec)
    for preset in media.PRESETS:
        scene.job(preset=preset)
    for wrong in ({"codec": "divx"}, {"preset": "quick"}, {"crf": 60}, {"batch_size": 0}, {"speed": 1}):
        with pytest.raises(ValidationError):
            scene.job(**wrong)


def test_listeners_hear_of_every_frame_and_of_the_preview(scene, recording):
    report, _ = scene.convert(listeners=(recording.choice,))
    told = recording.told("frame_converted")
    written = [frame.key.pts for frame in media.read_frames(media.probe(scene.footage))]
    assert [said["pts"] for said in told] == written
    assert [said["seconds"] for said in told] == pytest.approx([shown / 50 for shown in TIMES], abs=1e-3)
    assert [said["faces"] for said in told] == [int(shown not in FACELESS) for shown in TIMES]
    assert {said["source"] for said in told} == {scene.footage.name}
    assert sum(said["faces"] for said in told) == report.faces
    assert [Path(said["path"]).name for said in recording.told("preview_made")] == ["out.png"]


def test_other_listeners_do_not_begin_a_conversion_anew(scene, recording):
    """What is finished fits, whoever listens."""

    def stop(call: int) -> None:
        if call == 2:
            raise RuntimeError("a fault of the model")

    scene.model.before = stop
    with pytest.raises(PluginError):
        scene.convert(chunk_frames=4)
    assert list((scene.folder / "out.mkv.parts").iterdir())
    scene.model.before = lambda call: None
    _, told = scene.convert(chunk_frames=4, listeners=(recording.choice,))
    assert warnings_of(told) == []
    assert 0 < len(recording.told("frame_converted")) < len(TIMES)


class TestProvenance:
    """What is written says what it is."""

    def found(self, path: Path) -> Finding:
        (finding,) = check_path(path)
        return finding

    def consent(self, scene: Scene, days: int = 9) -> Path:
        path = scene.folder / f"consent {days}.json"
        write_consent(path, Consent(("Anna",), "a test", "its author", date.today() + timedelta(days=days)))
        return path

    @pytest.mark.parametrize(("output", "codec"), [("out.mp4", "libx264"), ("out.mkv", "ffv1")])
    def test_a_video_says_what_it_is_and_made_with_what_and_from_what(self, scene, output, codec):
        consent = self.consent(scene)
        report, _ = scene.convert(output, codec=codec, consent=(consent,))
        found = self.found(scene.folder / output)
        assert (found.state, found.trusted, found.manifests) == (State.INTACT, True, 1)
        assert found.source_type.endswith("/compositeWithTrainedAlgorithmicMedia")
        version = importlib.metadata.version("faceswap")
        assert found.made_with == {
            "model": {"plugin": "painter", "package": "tests", "version": "1", "step": 7},
            "weights_sha256": {"weights": hashlib.sha256(b"weights").hexdigest()},
            "blenders": [{"plugin": "overlay", "package": "faceswap", "version": version}],
            "consent_sha256": [hash_of(consent)],
            "original_sha256": hash_of(scene.footage),
        }
        assert report.provenance.startswith("signed by 'faceswap user'")
        assert ("out.c2pa" in report.provenance) == output.endswith(".mkv")
        assert report.consent == f"sha256 {hash_of(consent)[:12]}"

    def test_images_are_sealed_each_with_its_own_original(self, scene):
        folder = scene.folder / "photos"
        folder.mkdir()
        for index, ending in enumerate(("png", "jpg", "tif", "bmp")):
            picture = np.full((HEIGHT, WIDTH, 3), 60 + index, np.uint8)
            media.write_image(folder / f"p{index}.{ending}", picture)
        write_faceset(scene.folder / "photo faces", folder, lambda index: [face_at(50, 30, 40)] if index else [])
        scene.convert("swapped", media=folder, faceset=scene.folder / "photo faces")
        findings = check_path(scene.folder / "swapped")
        assert [finding.state for finding in findings] == [State.NOTHING, *3 * [State.INTACT]]
        for finding in findings[1:]:
            assert finding.made_with["original_sha256"] == hash_of(folder / finding.path.name)

    def test_frames_of_a_video_and_the_preview_are_sealed(self, scene):
        _, told = scene.convert("images")
        (preview,) = [event for event in told if isinstance(event, events.Preview)]
        findings = [*check_path(scene.folder / "images"), *check_path(Path(preview.path))]
        assert [finding.state for finding in findings] == 17 * [State.INTACT]
        assert {finding.made_with["original_sha256"] for finding in findings} == {hash_of(scene.footage)}
        assert all(finding.marked for finding in findings)

    def test_turned_off_it_leaves_nothing_and_says_so(self, scene):
        scene.convert()
        report, _ = scene.convert(provenance=False)
        assert self.found(scene.folder / "out.mkv").state == State.NOTHING
        assert not (scene.folder / "out.c2pa").exists()
        assert report.provenance.startswith("none, as --no-provenance asks")
        assert "provenance: none, as --no-provenance asks" in "\n".join(report.lines())

    def test_without_a_consent_one_line_says_how_to_add_one(self, scene):
        report, _ = scene.convert()
        (line,) = [line for line in report.lines() if line.startswith("consent: ")]
        assert line == "consent: none; `faceswap consent new` records one, --consent FILE adds its hash"

    def test_an_attached_consent_is_found(self, scene):
        consent = self.consent(scene)
        attach(consent, scene.model_dir)
        scene.convert()
        assert self.found(scene.folder / "out.mkv").made_with["consent_sha256"] == [hash_of(consent)]

    def test_a_consent_that_has_ended_is_refused_before_any_work(self, scene):
        with pytest.raises(ProvenanceError, match="ended on"):
            scene.convert(consent=(self.consent(scene, -3),))
        assert not scene.model.calls

    def test_a_key_that_cannot_be_used_is_refused_before_any_work(self, scene):
        with pytest.raises(ProvenanceError, match="there is no file"):
            scene.convert(sign_with=f"{scene.folder / 'cert.pem'},{scene.folder / 'key.pem'}")
        assert not scene.model.calls

    def test_a_brought_key_signs(self, scene):
        (scene.folder / "key.pem").write_bytes(certificates.issue())
        scene.convert(sign_with=f"{scene.folder / 'key.pem'},{scene.folder / 'key.pem'}")
        found = self.found(scene.folder / "out.mkv")
        assert (found.state, found.trusted) == (State.INTACT, False)

    @pytest.mark.parametrize("output", ["out.mp4", "out.mkv"])
    def test_a_run_that_ends_while_it_signs_leaves_no_unsigned_video(self, scene, output, monkeypatch):
        whole = signing.Sealer.seal
        finals: list[bool] = []

        def end(self: Any, temp: Path, final: Path, original: Path) -> None:
            whole(self, temp, final, original)
            if final.name == output:
                finals.append(final.exists())
                raise KeyboardInterrupt

        monkeypatch.setattr(signing.Sealer, "seal", end)
        with pytest.raises(KeyboardInterrupt):
            scene.convert(output, codec="libx264")
        assert finals == [False] and not (scene.folder / output).exists()
        monkeypatch.setattr(signing.Sealer, "seal", whole)
        calls = len(scene.model.calls)
        scene.convert(output, codec="libx264")
        assert len(scene.model.calls) == calls  # Nothing but the end was to be done.
        assert self.found(scene.folder / output).state == State.INTACT

    def test_images_that_were_finished_unsigned_are_made_anew_for_a_run_that_signs(self, scene):
        _stop_after_one_chunk(scene, "images", provenance=False)
        scene.convert("images")
        assert {finding.state for finding in check_path(scene.folder / "images")} == {State.INTACT}

    def test_a_video_s_parts_serve_whatever_its_signature(self, scene):
        _stop_after_one_chunk(scene, provenance=False)
        anew, _ = _redone(scene)
        assert not anew
