"""Conversion against bare decode, predict and encode, on footage with one face in each frame.

Both sides are one process that decodes, predicts with the same network on batches of the same size, and encodes with
the same codec, quality and threads. The bare side decodes whole frames to RGB with PyAV, is given the crops ready,
throws the answers away, and encodes the RGB frames. Ours also cuts, blends, keeps segments and joins them with sound.
Start-up and the loading of the model are on neither side; the first prediction, which builds the graph, is on both.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .material import Material
from .measure import Figure
from .sides import Cost, Side, Work, compare_costs

BOUND = 1.25
MODEL = "original"

_WIDTH, _HEIGHT, _FRAMES = 640, 360, 500


def measure(repeats: int) -> list[Figure]:
    """Measures a conversion with the default blenders."""
    with TemporaryDirectory(prefix="faceswap-bench-") as folder:
        return [_with_model(Material(Path(folder), _FRAMES, _WIDTH, _HEIGHT), MODEL, repeats)]


def _with_model(material: Material, model: str, repeats: int) -> Figure:
    name = f"convert: {_WIDTH}x{_HEIGHT}, {model}, against decode, predict and encode"
    paths = material.footage("target"), material.faceset("target"), material.model(model)
    with Side(make_ours, *paths) as ours, Side(make_bare, paths[0], paths[2]) as bare:
        return compare_costs(name, lambda: _timed(ours), lambda: _timed(bare), BOUND, repeats)


def _timed(side: Side) -> Cost:
    """The cost of the part that the work timed itself; it answers with seconds and core seconds."""
    wall, cpu = side.measure().answer
    return Cost(wall, cpu)


def make_ours(media: Path, faceset: Path, model_dir: Path) -> Work:
    """Prepares the job `convert`; it is timed from the beginning of its stage to its end."""
    from ..events import Progress
    from ..jobs.convert import ConvertJob
    from ..jobs.job import run_job

    output = media.with_name(f"{model_dir.name}-ours.mp4")

    def work() -> tuple[float, float]:
        began: list[tuple[float, float]] = []

        def listen(event: Any) -> None:
            if isinstance(event, Progress) and not began:
                began.append(_clocks())

        run_job(ConvertJob(media=media, output=output, model_dir=model_dir, faceset=faceset), listen)
        return _since(began[0])

    work()  # Imports what the job imports on its way.
    return work


def make_bare(media: Path, model_dir: Path) -> Work:
    """Prepares PyAV and the swap network with the settings that `ConvertJob` has by default."""
    import av
    import numpy as np

    from ..jobs.convert import ConvertJob
    from ..training.saved_model import load_trained_model

    job = ConvertJob(media=media, output=media, model_dir=model_dir, faceset=media)
    output = media.with_name(f"{model_dir.name}-bare.mp4")
    crops = np.random.default_rng(0).random((job.batch_size, 64, 64, 3), dtype=np.float32)

    def work() -> tuple[float, float]:
        network = load_trained_model(model_dir).plugin.swap_network(job.identity)
        began = _clocks()
        with av.open(str(media)) as source, av.open(str(output), "w") as target:
            encoder = _encoder(target, source.streams.video[0], job)
            for count, frame in enumerate(_decoded(source)):
                if count % job.batch_size == 0:
                    network.predict_on_batch(crops)
                target.mux(encoder.encode(frame))
            target.mux(encoder.encode(None))
        return _since(began)

    return work


def _decoded(container: Any) -> Any:
    """Frames that have been to RGB and back, as they do when pixels are to be changed."""
    import av

    stream = container.streams.video[0]
    stream.codec_context.thread_type = "AUTO"
    stream.codec_context.thread_count = min(4, os.cpu_count() or 1)
    for frame in container.decode(stream):
        changed = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
        changed.pts, changed.time_base = frame.pts, frame.time_base
        yield changed.reformat(format="yuv420p")


def _encoder(container: Any, source: Any, job: Any) -> Any:
    """The job's encoder: same codec, preset, quality and threads."""
    encoding = job.encoding(job.output)
    stream = container.add_stream(encoding.kind.encoder, rate=source.average_rate, options=encoding.options())
    stream.width, stream.height, stream.pix_fmt = source.width, source.height, "yuv420p"
    stream.codec_context.time_base = stream.time_base = source.time_base
    stream.codec_context.max_b_frames = 0
    stream.codec_context.thread_count, stream.codec_context.thread_type = encoding.threads, "FRAME"
    return stream


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> tuple[float, float]:
    return time.perf_counter() - began[0], time.process_time() - began[1]
