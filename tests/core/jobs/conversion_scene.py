"""Footage of a few frames, its faceset and a model of three lines: what the tests of conversion convert."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from faceswap.core import events
from faceswap.core.contract import CropSpec
from faceswap.core.errors import Cancelled
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.convert import ConvertJob, ConvertReport
from faceswap.core.jobs.job import run_job
from faceswap.core.kinds import SwapModel
from faceswap.core.training import saved_model
from faceswap.lib import media
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks, transform_points
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

    def save_model(self, weights: str, step: int = 7) -> None:
        """Makes the folder look as if training had saved something."""
        manifest = self.model_dir / "checkpoints" / str(step) / "manifest.json"
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


def assert_same(path: Path, other: Path) -> None:
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
    run_job(scene.job(codec="h264"))


def wait_for(path: Path, really: bool = True) -> None:
    """Waits until a file is there."""
    patience = time.monotonic() + 60
    while really and not path.exists():
        assert time.monotonic() < patience, f"{path} never came"
        time.sleep(0.005)


def stop_after_one_chunk(scene: Scene, output: str = "out.mkv", **settings: Any) -> None:
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


def redone(scene: Scene, **settings: Any) -> tuple[bool, list[str]]:
    """Whether a run begins from nothing, and its warnings."""
    _, told = scene.convert(**settings)
    first = next(event for event in told if isinstance(event, events.Progress))
    return first.done == 0, warnings_of(told)
