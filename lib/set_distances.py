"""How far two sets of vectors are apart as a whole: as Gaussians, by a kernel, and by each other's neighborhoods."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .errors import FaceswapError

Array = NDArray[np.float64]
_ROWS = 1024


def frechet_distance(mean: Array, covariance: Array, other_mean: Array, other_covariance: Array) -> float:
    """The squared Fréchet distance of two Gaussians, |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)).

    C C' has the eigenvalues of the symmetric C^(1/2) C' C^(1/2), whose roots sum to the last trace; so no square root
    of a matrix that is nearly singular has to be found.

    Args:
        mean: `[dim]`.
        covariance: `[dim dim]`, symmetric, positive semidefinite.
        other_mean: Likewise.
        other_covariance: Likewise.

    Reference:
        D. C. Dowson and B. V. Landau, The Fréchet distance between multivariate normal distributions, Journal of
        Multivariate Analysis 12, 1982, eq. 4.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other_covariance @ root), 0)).sum()
    apart = np.square(mean - other_mean).sum()
    return max(float(apart + np.trace(covariance) + np.trace(other_covariance) - 2 * shared), 0.0)


def kernel_distance(vectors: Array, others: Array) -> float:
    """The unbiased squared maximum mean discrepancy under the cubic kernel k(x, y) = (x y / dim + 1)^3.

    It is 0 on average where both sets are drawn alike, so that it may be a little below 0.

    Args:
        vectors: `[vectors dim]`, two or more.
        others: `[others dim]`, two or more.

    Reference:
        A. Gretton et al., A kernel two-sample test, JMLR 13, 2012, lemma 6 (the estimate); M. Binkowski et al.,
        Demystifying MMD GANs, ICLR 2018 (the kernel).
    """
    _require(2, vectors, others)
    within = _mean_kernel(vectors, vectors, diagonal=False) + _mean_kernel(others, others, diagonal=False)
    return within - 2 * _mean_kernel(vectors, others, diagonal=True)


def _mean_kernel(vectors: Array, others: Array, diagonal: bool) -> float:
    """The mean of the kernel over all pairs, without those of a vector with itself where they are not wanted."""
    dim = vectors.shape[1]
    total = sum(float(((part @ others.T / dim + 1) ** 3).sum()) for part in _parts(vectors))
    if diagonal:
        return total / (len(vectors) * len(others))
    itself = float(((np.square(vectors).sum(axis=1) / dim + 1) ** 3).sum())
    return (total - itself) / (len(vectors) * (len(vectors) - 1))


def precision_recall(fake: Array, real: Array, neighbors: int = 3) -> tuple[float, float]:
    """Which share of fakes lies among the real ones, and which share of the real ones among the fakes.

    A vector lies among a set when it is no further from one of its members than that one's k-th nearest neighbor is.

    Args:
        fake: `[fake dim]`, more than `neighbors`.
        real: `[real dim]`, likewise.
        neighbors: k.

    Returns:
        Precision and recall, 0..1.

    Reference:
        T. Kynkäänniemi et al., Improved precision and recall metric for assessing generative models, NeurIPS 2019,
        eq. 1 and 2.
    """
    _require(neighbors + 1, fake, real)
    return _share_among(fake, real, neighbors), _share_among(real, fake, neighbors)


def _share_among(vectors: Array, members: Array, neighbors: int) -> float:
    radii = _neighbor_distances(members, neighbors)
    inside = [(_squared_distances(part, members) <= radii).any(axis=1) for part in _parts(vectors)]
    return float(np.concatenate(inside).mean())


def _neighbor_distances(members: Array, neighbors: int) -> Array:
    """The squared distance of each member to its k-th nearest neighbor; the nearest of all is the member itself."""
    rows = [np.partition(_squared_distances(part, members), neighbors, axis=1) for part in _parts(members)]
    return np.concatenate(rows)[:, neighbors]


def nearest_distances(vectors: Array, others: Array) -> Array:
    """The distance of each vector to the nearest of some others, float64 `[vectors]`."""
    parts = [_squared_distances(part, others).min(axis=1) for part in _parts(vectors)]
    return np.sqrt(np.concatenate(parts)) if parts else np.zeros(0)


def _squared_distances(vectors: Array, others: Array) -> Array:
    lengths = np.square(vectors).sum(axis=1)[:, None] + np.square(others).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2 * vectors @ others.T, 0))


def _parts(vectors: Array) -> list[Array]:
    """A set in parts, so that no table of all pairs is held."""
    return [vectors[begin : begin + _ROWS] for begin in range(0, len(vectors), _ROWS)]


def _require(least: int, *sets: Array) -> None:
    for vectors in sets:
        if len(vectors) < least:
            raise FaceswapError(f"it takes {least} faces or more on both sides. Received: {len(vectors)}")
