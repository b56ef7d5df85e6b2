"""Boxes and landmarks that another tool has found become a faceset, through the usual chain from the aligner on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ...lib.exchange.boxes import read_boxes
from ...lib.face_records import FrameRecord
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Frame, Medium, fingerprints, probe, read_frames, scan
from ..extracting.chain import FACE_TYPE, Chain
from ..extracting.given import GivenDetector, given_aligner, given_detector
from ..extracting.plugins import ExtractPlugins, PluginChoices
from ..host import PluginChoice, default_chain, default_choice, use_backend, versions
from .context import JobContext
from .job import Job, Report

_CHUNK = 16


class ImportBoxesReport(Report):
    """What the faceset holds after a run.

    Attributes:
        frames: Frames of the footage, those without a box too.
        faces: Faces in them.
        frames_imported: Frames of this run alone.
        rows: Faces that the file names.
    """

    frames: int
    faces: int
    frames_imported: int
    rows: int


class ImportBoxesJob(Job):
    """Make FACESET of MEDIA and a file that says where its faces are.

    The file's boxes stand for the detector, and its landmarks, where it has them, for the aligner; the rest is as in
    an extraction. Frames that the file does not name have no face. The same job continues after a stop or a kill.
    """

    command: ClassVar[str] = "import-boxes"
    positional: ClassVar[tuple[str, ...]] = ("media", "faceset")
    report_class: ClassVar[type[Report]] = ImportBoxesReport

    media: Path = Field(description="The video, image or folder of images.")
    faceset: Path = Field(description="The folder that the faces go to; it is made if it is not there.")
    boxes: Path = Field(description="The CSV or JSON file of boxes.")
    crop_size: int = Field(512, ge=64, le=2048, description="Side of the stored crops in pixels.")
    aligner: PluginChoice = default_choice("aligner")
    maskers: tuple[PluginChoice, ...] = default_chain("masker")
    recognizer: PluginChoice | None = None

    def home(self) -> Path:
        """The faceset's folder."""
        return self.faceset

    def plugin_versions(self) -> dict[str, str]:
        """The plugins of the chain."""
        return versions(self._chosen().all[1:])

    def preflight(self) -> None:
        """Refuses media and files that cannot be read, and plugins that do not fit."""
        self._plugins(GivenDetector("", {}, None), read_boxes(self.boxes).scheme).require_fit()
        probe(self.media)

    def run(self, context: JobContext) -> ImportBoxesReport:
        """Imports the frames that the faceset does not hold yet.

        Raises:
            MediaError: The medium or the file cannot be read, or the file names frames that are not there.
            PluginError: A plugin is unknown, does not fit the others, or failed.
            StoreError: The faceset was made otherwise or of other footage of the same name, or is damaged.
            OutputError: The faceset cannot be written.
            Cancelled: The user stopped the run.
        """
        given, medium = read_boxes(self.boxes), probe(self.media)
        timeline, digest = scan(medium), hashlib.sha256(self.boxes.read_bytes()).hexdigest()
        detector = GivenDetector(digest, given.by_frame(medium, timeline), given.scheme)
        plugins = self._plugins(detector, given.scheme)
        with FacesetWriter.create_or_open(
            self.faceset, crop_size=self.crop_size, face_type=FACE_TYPE, stages=plugins.stages()
        ) as faceset:
            faceset.note_sources(fingerprints(medium))
            faceset.sync()
            frames = _Undone(medium, faceset)
            with context.stage(f"import {self.boxes.name}", len(timeline.times), "frames", frames.held) as stage:
                use_backend(plugins.all)
                chain = Chain(plugins, self.crop_size)
                for index, chunk in enumerate(_chunks(frames)):
                    context.check()
                    faceset.add_chunk(medium.path.name, index, [_record(chain, detector, frame) for frame in chunk])
                    stage.advance(len(chunk))
            info = faceset.info()
        return ImportBoxesReport(
            frames=info.frames, faces=info.faces, frames_imported=frames.given, rows=len(given.faces)
        )

    def _chosen(self) -> ExtractPlugins:
        """The plugins as they were chosen; the detector is there for the form alone."""
        return PluginChoices(
            detector=default_choice("detector"),
            aligner=self.aligner,
            maskers=self.maskers,
            recognizer=self.recognizer,
        ).prepare()

    def _plugins(self, detector: GivenDetector, scheme: str | None) -> ExtractPlugins:
        """The chain with the file in it."""
        chosen = replace(self._chosen(), detector=given_detector(detector))
        return chosen if scheme is None else replace(chosen, aligner=given_aligner(detector.digest, scheme))


class _Undone:
    """The frames of a medium that a faceset lacks, counted as they are given.

    Attributes:
        held: How many the faceset holds.
        given: How many were given so far.
    """

    def __init__(self, medium: Medium, faceset: FacesetWriter) -> None:
        self._medium = medium
        self._done = {source: faceset.done_frames(source) for source in medium.images or (medium.path.name,)}
        self.held = sum(map(len, self._done.values()))
        self.given = 0

    def __iter__(self) -> Iterator[Frame]:
        for frame in read_frames(self._medium):
            if frame.key.pts not in self._done[frame.key.source]:
                self.given += 1
                yield frame


def _record(chain: Chain, detector: GivenDetector, frame: Frame) -> FrameRecord:
    """The faces of a frame."""
    detector.turn_to(frame.key)
    faces = chain.faces(frame.key, frame.image())
    return FrameRecord(frame.key.source, frame.key.pts, frame.time, frame.width, frame.height, faces)


def _chunks(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    left = iter(frames)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk
