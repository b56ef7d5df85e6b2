"""Small films of the astronaut, and extracting them with the quickest chain."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.data import astronaut

from faceswap.core.host import PluginChoice
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.job import run_job
from faceswap.lib.faceset import Faceset
from faceswap.lib.media import VideoWriter

FRAMES = 12

FACE = (165, 130)
"""Middle of the face in `picture()`, between nose and brows."""

# The quick chain: its weights take a tenth of a second to read.
QUICK = {
    "aligner": PluginChoice(name="dlib-5"),
    "maskers": (PluginChoice(name="ellipse"),),
    "crop_size": 128,
}

KILLED = """
import sys
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.job import run_job
media, faceset = sys.argv[1:]
job = ExtractJob(media=media, faceset=faceset, aligner=PluginChoice(name="dlib-5"), crop_size=128,
                 maskers=(PluginChoice(name="ellipse"),), workers=1, chunk_frames=1)
run_job(job)
"""
"""A program that extracts with one chunk for each frame and one worker, to be killed."""


def picture(shift=0):
    """The astronaut's head, 340 x 300, moved to the right."""
    return np.ascontiguousarray(np.roll(astronaut()[:300, 60:400], shift, axis=1))


def film(path, frames=FRAMES, face=True, hidden=()):
    with VideoWriter(path, 340, 300, 25) as writer:
        for number in range(frames):
            image = picture(2 * number) if face else np.full((300, 340, 3), 90 + number, np.uint8)
            if number in hidden:
                image[80:150, 120:240] = (0, 160, 0)
            writer.write(image)
    return path


def extract(media, faceset, listener=None, **settings):
    return run_job(ExtractJob(media=media, faceset=faceset, **{**QUICK, **settings}), listener)


def content(path):
    """Everything that a faceset says, as bytes."""
    with Faceset.open(path) as faceset:
        return [
            (
                (frame.source, frame.pts, frame.time, frame.width, frame.height),
                [
                    (
                        (face.id, face.index, face.score, face.scheme, face.track),
                        [array.tobytes() for array in (face.box, face.matrix, face.landmarks)],
                        face.crop.read_bytes(),
                        [faceset.read_mask(face, name).tobytes() for name in face.mask_names],
                        [(name, vector.tobytes()) for name, vector in face.embeddings.items()],
                    )
                    for face in frame.faces
                ],
            )
            for frame in faceset.frames()
        ]


def pixel_at(image, point):
    """The mean color of a few pixels."""
    x, y = np.rint(point).astype(int)
    return cv2.GaussianBlur(image, (5, 5), 0)[y, x].astype(float)
