"""The stream of a conversion: frames in, frames with their faces swapped out, in order.

One thread decodes and cuts, one runs the model on batches across frames, a few blend, and the consumer encodes;
between them stand bounded queues, so that memory does not grow with the length of the footage. No batch reaches
over the end of a chunk: so a chunk gives the same pixels whether or not others ran before it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ...lib.geometry import scale_of
from ...lib.media import Frame
from ..contract import CropPatch
from ..errors import PluginError, StoreError
from .chain import BlenderChain
from .faces import ANY_MASK, MODEL_MASK, FaceSource
from .models import Floats, UsedModel
from .neighbors import with_neighbors
from .patches import CutFace, composite, cut_face, make_patch
from .shots import Shots
from .threads import ahead, map_ahead

_DECODED_AHEAD = 8
_MOST_BLENDING = 4


@dataclass(frozen=True, eq=False)
class Answer:
    """What the model made of one face: the face, float32 `[size size 3]`, and its mask or None."""

    face: Floats
    mask: Floats | None


@dataclass(frozen=True, eq=False)
class Work:
    """A frame on its way through the stream.

    Attributes:
        chunk: The chunk that it belongs to.
        place: Its presentation time in a video, its position among images.
        frame: The frame; the blending threads write into it.
        position: Which frame of the decoded ones it is; None for a frame that stands alone.
        wanted: Whether it is to be swapped; else it is there for the sake of its neighbors.
        chain: By which its faces are blended; None where it is left as it is.
        cuts: Its faces, far to near; in a frame that is left as it is those that frames around look at.
        answers: The model's answers, one for each of `cuts`.
        swapped: For each face that changed it the number of its model.
        patches: The faces that `swapped` tells of, as they were composited, where they are to be kept.
        before: The picture before the swap, of the first frame with a face: a preview.
    """

    chunk: int
    place: int
    frame: Frame
    position: int | None = None
    wanted: bool = True
    chain: BlenderChain | None = None
    cuts: tuple[CutFace, ...] = ()
    answers: tuple[Answer, ...] = ()
    swapped: tuple[int, ...] = ()
    patches: tuple[CropPatch, ...] = ()
    before: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Swapper:
    """Swaps the faces of a stream of frames.

    Attributes:
        source: Knows each frame's faces.
        models: The swap models, by the numbers that faces name.
        shots: The blenders of each frame.
        mask: `auto` (the model's mask, or else the first stored one), `model`, or the name of a masker.
        batch_size: Faces in a call of the model.
        keep_patches: Whether finished frames bring their patches along.
    """

    source: FaceSource
    models: tuple[UsedModel, ...]
    shots: Shots
    mask: str = ANY_MASK
    batch_size: int = 16
    keep_patches: bool = False

    @property
    def context(self) -> int:
        """How many frames before and after a face the blenders need to know of."""
        return self.shots.context

    def stream(self, frames: Iterable[Work], finish: Callable[[Work], None]) -> Generator[Work, None, None]:
        """Swaps the faces of frames.

        Args:
            frames: Each frame with its chunk and place, in order, and those that its blenders look at.
            finish: Called with each finished frame, by several threads at once, in any order.

        Yields:
            Each wanted frame, finished, in order. To be closed when not read to its end.

        Raises:
            FaceswapError: A frame could not be read, or a plugin failed.
        """

        def blend(work: Work) -> Work:
            done = self._blended(work)
            finish(done)
            return done

        cut = with_neighbors(self._cut(frames), self.context)
        swapped = self._swapped(ahead(_without_seen(cut), _DECODED_AHEAD))
        with ThreadPoolExecutor(min(_MOST_BLENDING, os.cpu_count() or 1)) as pool:
            yield from map_ahead(pool, blend, swapped, self.batch_size + _DECODED_AHEAD)

    def _cut(self, frames: Iterable[Work]) -> Generator[Work, None, None]:
        """Decodes frames and cuts their faces, far to near, so that near faces come to cover far ones."""
        shown = False
        for work in frames:
            chain, frame = self.shots.chain_at(work.place), work.frame
            faces = self.source.faces(frame.key) if self.shots.sees(work.place) else ()
            found = [cut_face(frame, face, self.models[face.model].spec) for face in faces]
            cuts = sorted((cut for cut in found if cut), key=lambda cut: -scale_of(cut.matrix))
            first = bool(cuts and chain) and work.wanted and not shown
            shown |= first
            yield replace(work, chain=chain, cuts=tuple(cuts), before=frame.image() if first else None)

    def _swapped(self, works: Generator[Work, None, None]) -> Generator[Work, None, None]:
        """Runs the models on the faces of as many frames as make a batch."""
        with closing(works):
            for group in _batches(works, self.batch_size):
                answers = iter(self._answers([cut for work in group for cut in work.cuts]))
                for work in group:
                    yield replace(work, answers=tuple(islice(answers, len(work.cuts))))

    def _answers(self, cuts: list[CutFace]) -> list[Answer]:
        """What the models make of faces; each is called with at most a batch at a time."""
        answers: dict[int, Answer] = {}
        for number, model in enumerate(self.models):
            own = [place for place, cut in enumerate(cuts) if cut.face.model == number]
            for start in range(0, len(own), self.batch_size):
                batch = own[start : start + self.batch_size]
                faces, masks = model.swap(np.stack([cuts[place].crop for place in batch]))
                for index, place in enumerate(batch):
                    answers[place] = Answer(faces[index], None if masks is None else masks[index])
        return [answers[place] for place in range(len(cuts))]

    def _blended(self, work: Work) -> Work:
        """Blends the model's answers into the frame."""
        chain = work.chain
        if chain is None:
            return work
        done: list[tuple[int, CropPatch]] = []
        for cut, answer in zip(work.cuts, work.answers, strict=True):
            patch = chain.blend(make_patch(cut, answer.face, self._mask(cut, answer), work.frame.time))
            if composite(work.frame, patch, chain):
                done.append((cut.face.model, patch))
        kept = tuple(patch for _, patch in done) if self.keep_patches else ()
        return replace(work, swapped=tuple(model for model, _ in done), patches=kept)

    def _mask(self, cut: CutFace, answer: Answer) -> Floats:
        """The mask that was asked for."""
        if self.mask in (ANY_MASK, MODEL_MASK) and answer.mask is not None:
            return answer.mask
        if self.mask == MODEL_MASK:
            raise PluginError(
                f"{self.models[cut.face.model].label} gives no mask; leave out --mask, or name a masker of the faceset"
            )
        name = min(cut.masks, default="") if self.mask == ANY_MASK else self.mask
        if name in cut.masks:
            return cut.masks[name]
        wanted = f"'{name}' (it has: {', '.join(sorted(cut.masks)) or 'none'})" if name else "at all"
        raise StoreError(
            f"the faceset has a face without mask {wanted}; extract it with a masker or give another --mask"
        )


def _without_seen(works: Generator[Work, None, None]) -> Generator[Work, None, None]:
    """Takes from frames that are left as they are the faces that others have looked at."""
    with closing(works):
        for work in works:
            yield work if work.chain else replace(work, cuts=())


def _batches(works: Iterable[Work], size: int) -> Iterator[list[Work]]:
    """Groups frames of one chunk that have at most `size` faces together.

    Where faces are rare a group ends after twice as many frames, which bounds the frames that wait in memory.
    """
    group: list[Work] = []
    faces = 0
    for work in works:
        full = len(group) == 2 * size or faces + len(work.cuts) > size
        if group and (full or not faces or work.chunk != group[0].chunk):
            yield group
            group, faces = [], 0
        group.append(work)
        faces += len(work.cuts)
    if group:
        yield group
