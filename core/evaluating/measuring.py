"""Runs metrics over what is to be compared; knows of a metric only what it declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Cancelled, FaceswapError, PluginError
from ..host import Prepared
from ..kinds import FaceFigures, FaceMetric, Metric
from .streams import Faces, PairedFaces

Side = Faces | PairedFaces


@dataclass(frozen=True)
class Comparison:
    """Faces, and what they are compared with.

    Attributes:
        against: What that is called; empty where faces are measured alone.
        fake: The faces.
        real: The others.
        same_person: Of pairs, whether both show the same person at the same moment: the truth.
    """

    against: str
    fake: Side
    real: Side | None = None
    same_person: bool = True

    def suits(self, metric: Metric) -> bool:
        """Whether a metric says something here."""
        if self.real is None:
            return not metric.needs_real
        paired = isinstance(self.real, PairedFaces)
        about_both = self.same_person or metric.across_people or not paired
        return metric.needs_real and metric.needs_pairs == paired and about_both


@dataclass(frozen=True)
class Result:
    """What a metric said of a comparison.

    Attributes:
        metric: The metric's name.
        comparison: What was compared.
        figures: By name.
        ranked_by: The figure that ranks faces; empty where none does.
        higher_is_better: Whether a higher value of it is better.
        values: Of the faces, float64 `[faces]`.
        fakes: Their names.
        reals: Of pairs, the names of the others.
    """

    metric: str
    comparison: Comparison
    figures: dict[str, float]
    ranked_by: str = ""
    higher_is_better: bool = False
    values: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    fakes: tuple[str, ...] = ()
    reals: tuple[str, ...] = ()

    def order(self) -> NDArray[np.int64]:
        """The numbers of the faces from the worst to the best."""
        worst_first = np.argsort(self.values, kind="stable")
        return np.asarray(worst_first if self.higher_is_better else worst_first[::-1], np.int64)


def measure(used: Prepared, metric: Any, comparison: Comparison, check: Callable[[], None]) -> Result:
    """Measures one comparison by a loaded metric.

    Raises:
        PluginError: The metric failed; says why.
        Cancelled: The user stopped the run.
    """
    fakes: list[str] = []
    reals: list[str] = []
    kept: list[NDArray[np.float64]] = []
    fake = comparison.fake.stream(metric.needs, fakes, check)
    real = comparison.real.stream(metric.needs, reals, check) if comparison.real else None
    try:
        if isinstance(metric, FaceMetric):
            figures = metric.sum_up(_keeping(metric.judge(fake, real), metric.ranked_by, kept))
        else:
            figures = metric.measure(fake, real)
    except Cancelled:
        raise
    except FaceswapError as error:
        raise PluginError(f"{used.label}: {error}") from error
    except Exception as error:
        reason = " ".join(str(error).split())
        raise PluginError(f"{used.label} failed: {type(error).__name__}: {reason}") from error
    if not all(np.isfinite(value) for value in figures.values()):
        raise PluginError(f"{used.label} failed: expected finite figures. Received: {figures}")
    values = np.concatenate(kept) if kept else np.zeros(0)
    if len(values) != len(fakes) or not np.isfinite(values).all():
        return Result(used.found.name, comparison, figures)
    paired = isinstance(comparison.real, PairedFaces)
    return Result(
        used.found.name, comparison, figures, metric.ranked_by, metric.higher_is_better, values,
        tuple(fakes), tuple(reals) if paired else (),
    )  # fmt: skip


def _keeping(judged: Iterator[FaceFigures], name: str, kept: list[NDArray[np.float64]]) -> Iterator[FaceFigures]:
    """Hands figures on and keeps those that rank faces."""
    for figures in judged:
        if name in figures:
            kept.append(figures[name])
        yield figures
