"""Checks for metrics: finite figures, whatever the chunks in which the faces stream by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..contract import CropSpec, FaceBatch
from .arrays import difference
from .exercise import Call, Exercise, pick
from .records import CheckError, SkipCheckError, check_of, expect
from .samples import drawn_face, portrait
from .subject import Subject

_FACES = 8
_SIDE = 64
_TOLERANCE = 1e-4
_COLUMNS = ("crops", "embeddings", "landmarks", "times")


class MetricExercise(Exercise):
    """Works metrics: a call is two lists of face batches, given as streams that can be read once."""

    method = "measure"
    omits = frozenset({"batch-equals-singles", "empty-batch", "odd-sizes"})

    def calls(self, plugin: Any) -> list[Call]:
        """Two streams of two batches each."""
        return [(_halves(_faces(0)), _halves(_faces(1)))]

    def run(self, plugin: Any, call: Call) -> Any:
        """Measures streams."""
        fake, real = call
        return plugin.measure(iter(fake), iter(real))

    def scaled(self, plugin: Any, items: int) -> list[Call]:
        """Two streams of so many faces, each in one batch."""
        streams = (_singles(_faces(seed)) for seed in (0, 1))
        return [tuple([_joined([faces[index % _FACES] for index in range(items)])] for faces in streams)]

    def singles(self, call: Call) -> list[Call]:
        """A call is one item."""
        return [call]

    def items(self, answer: Any) -> list[Any]:
        """An answer is one item."""
        return [answer]


def _faces(seed: int) -> FaceBatch:
    """A batch of portraits and drawings with random brightness, and random embeddings."""
    draw = np.random.default_rng(seed)
    cuts = [(portrait() if index % 2 else drawn_face()).crop(CropSpec(_SIDE)) for index in range(_FACES)]
    light = draw.uniform(0.6, 1.0, (_FACES, 1, 1, 1))
    embeddings = draw.normal(size=(_FACES, 128)).astype(np.float32)
    return FaceBatch(
        recognizer="made-up",
        same_person_below=1.4,
        crops=(np.stack([crop for crop, _ in cuts]) * light).astype(np.uint8),
        embeddings=embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True),
        landmarks=np.stack([points for _, points in cuts]),
        times=np.arange(_FACES, dtype=np.float32) / 25,
    )


def _halves(faces: FaceBatch) -> list[FaceBatch]:
    singles = _singles(faces)
    return [_joined(singles[: _FACES // 2 - 1]), _joined(singles[_FACES // 2 - 1 :])]


def _singles(faces: FaceBatch) -> list[FaceBatch]:
    return [pick(faces, index) for index in range(_FACES)]


def _joined(batches: list[FaceBatch]) -> FaceBatch:
    columns: dict[str, Any] = {name: np.concatenate([getattr(each, name) for each in batches]) for name in _COLUMNS}
    return replace(batches[0], **columns)


def finite_figures(subject: Subject) -> None:
    """It answers named, finite numbers."""
    for figures in subject.answers:
        right = isinstance(figures, dict) and len(figures) > 0
        expect(right, "a dict of named figures", repr(figures)[:80])
        for name, value in figures.items():
            number = isinstance(value, float) and bool(np.isfinite(value))
            expect(isinstance(name, str) and number, "finite floats by name", f"{name!r}: {value!r}")


def chunks_do_not_matter(subject: Subject) -> None:
    """The same faces give the same figures, in whatever batches they come."""
    _ = subject.answers
    one_by_one = [_singles(_faces(seed)) for seed in (0, 1)]
    again = subject.exercise.run(subject.plugin, tuple(one_by_one))
    changed = difference(subject.answers[0], again, _TOLERANCE)
    expect(changed is None, f"the same figures for batches of one face, to {_TOLERANCE:g}", changed)


def needs_what_it_reads(subject: Subject) -> None:
    """It works from what it declares in `needs` and `needs_real` alone."""
    metric = subject.plugin
    unknown = sorted(set(metric.needs) - set(_COLUMNS))
    expect(not unknown, f"`needs` of {', '.join(_COLUMNS)}", unknown)
    _, given = subject.answers, subject.calls[0]
    fake, real = ([replace(batch, **_undeclared(metric)) for batch in stream] for stream in given)
    call = (fake, real) if metric.needs_real else (fake,)
    try:
        again = metric.measure(*map(iter, call))
    except Exception as error:
        left_out = [*_undeclared(metric), *([] if metric.needs_real else ["real"])]
        what = f"{type(error).__name__}: {error}"
        raise CheckError(f"expected an answer without {', '.join(left_out)}. Received: {what}") from error
    if metric.needs_real:
        changed = difference(subject.answers[0], again, _TOLERANCE)
        expect(changed is None, "the same figures from what it declares alone", changed)


def _undeclared(metric: Any) -> dict[str, None]:
    return {name: None for name in _COLUMNS if name not in metric.needs}


def ranks_each_face(subject: Subject) -> None:
    """The figure that ranks faces has a finite value for each face, and its mean is among the figures."""
    metric, name = subject.plugin, subject.plugin.ranked_by
    if not name:
        raise SkipCheckError("it does not rank faces")
    fake, real = subject.calls[0]
    judged = list(metric.judge(iter(fake), iter(real)))
    values = np.concatenate([figures[name] for figures in judged if name in figures] or [np.zeros(0)])
    right = values.shape == (_FACES,) and bool(np.isfinite(values).all())
    expect(right, f"{_FACES} finite values of '{name}'", f"{values.shape[0]} values: {values}")
    expect(name in subject.answers[0], f"the figure '{name}'", sorted(subject.answers[0]))


CHECKS = tuple(check_of(function) for function in (finite_figures, chunks_do_not_matter, needs_what_it_reads))
FACE_CHECKS = (*CHECKS, check_of(ranks_each_face))
