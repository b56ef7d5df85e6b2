"""Landmark schemes and their mean faces: which point is which, where it lies on an average frontal face.

Convention:
    Templates lie in the unit box of the 51 inner points (brows, nose, eyes, mouth) of the mean face: x, y
    from its top left, 1 = the distance between the outer brow ends. The box is filled across and centered
    down (one scale on both axes, so that the face keeps its proportions). Left and right are the picture's,
    not the person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]

# The mean of what dlib's 68-point predictor answers in one fixed box on 3,000 pictures of Gaussian noise
# (blurred by 1 to 64 px), where it can only fall back on the mean shape it was trained to; averaged with its
# own mirror image, scaled into the unit box and rounded. Points run as in the iBUG 300-W annotation.
# fmt: off
_MEAN_FACE = (
    # jaw, 0..16
    (-0.1426, 0.2786), (-0.1393, 0.4467), (-0.1220, 0.6149), (-0.0857, 0.7800), (-0.0177, 0.9346),
    (0.0825, 1.0679), (0.2071, 1.1788), (0.3452, 1.2613), (0.5000, 1.2870), (0.6548, 1.2613),
    (0.7929, 1.1788), (0.9175, 1.0679), (1.0177, 0.9346), (1.0857, 0.7800), (1.1220, 0.6149),
    (1.1393, 0.4467), (1.1426, 0.2786),
    # brows, 17..26
    (0.0000, 0.1270), (0.0775, 0.0534), (0.1878, 0.0291), (0.3036, 0.0418), (0.4077, 0.0882),
    (0.5923, 0.0882), (0.6964, 0.0418), (0.8122, 0.0291), (0.9225, 0.0534), (1.0000, 0.1270),
    # bridge of the nose, 27..30, and its base, 31..35
    (0.5000, 0.2238), (0.5000, 0.3290), (0.5000, 0.4332), (0.5000, 0.5420),
    (0.3614, 0.6199), (0.4274, 0.6447), (0.5000, 0.6653), (0.5726, 0.6447), (0.6386, 0.6199),
    # eyes, 36..47
    (0.1192, 0.2459), (0.1867, 0.2098), (0.2639, 0.2086), (0.3359, 0.2535), (0.2613, 0.2686),
    (0.1847, 0.2685), (0.6641, 0.2535), (0.7361, 0.2086), (0.8133, 0.2098), (0.8808, 0.2459),
    (0.8153, 0.2685), (0.7387, 0.2686),
    # outer lips, 48..59
    (0.2476, 0.8396), (0.3421, 0.7983), (0.4369, 0.7799), (0.5000, 0.7936), (0.5631, 0.7799),
    (0.6579, 0.7983), (0.7524, 0.8396), (0.6630, 0.9252), (0.5686, 0.9645), (0.5000, 0.9709),
    (0.4314, 0.9645), (0.3370, 0.9252),
    # inner lips, 60..67
    (0.2872, 0.8423), (0.4368, 0.8302), (0.5000, 0.8358), (0.5632, 0.8302), (0.7128, 0.8423),
    (0.5648, 0.8867), (0.5000, 0.8947), (0.4352, 0.8867),
)
_MIRROR_68 = (
    16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28,
    29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48,
    59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)
# fmt: on

# Each point of the smaller schemes is the mean of these points of ibug68; dlib's order begins at the
# picture's right.
_PARTS = {
    "dlib5": ((45,), (42,), (36,), (39,), (33,)),
    "five": (tuple(range(36, 42)), tuple(range(42, 48)), (30,), (48,), (54,)),
}


@dataclass(frozen=True, eq=False)
class Scheme:
    """One way to mark a face.

    Attributes:
        name: `ibug68`, `dlib5` or `five`.
        points: How many landmarks it has.
        template: The mean face, float32 `[points 2]`, in the unit box (see the module).
        mirror: `landmarks[mirror]` is the order of the points after a horizontal flip.
        aligned: The first landmark that aligns a face; those before it (the jaw) are too unsteady for that.
    """

    name: str
    points: int
    template: NDArray[np.float32]
    mirror: tuple[int, ...]
    aligned: int = 0


def reduce_landmarks(landmarks: FloatArray, scheme: str) -> FloatArray:
    """Derives a smaller scheme's landmarks from those of `ibug68`.

    Args:
        landmarks: `[... 68 2]`, in any pixels.
        scheme: `dlib5` or `five`; `ibug68` returns the landmarks as they are.

    Returns:
        `[... points 2]` in the same pixels.

    Raises:
        ValueError: No scheme has that name.
    """
    if scheme == "ibug68":
        return landmarks
    if scheme not in _PARTS:
        raise ValueError(f"`scheme` must be one of ibug68, {', '.join(_PARTS)}. Received: {scheme!r}")
    parts = [landmarks[..., list(part), :].mean(axis=-2) for part in _PARTS[scheme]]
    return np.stack(parts, axis=-2)


def _scheme(name: str, mirror: tuple[int, ...], aligned: int = 0) -> Scheme:
    """Builds a scheme with its part of the one mean face, so that crops of all schemes coincide."""
    template = reduce_landmarks(np.array(_MEAN_FACE), name).astype(np.float32)
    template.setflags(write=False)
    return Scheme(name, len(template), template, mirror, aligned)


SCHEMES: dict[str, Scheme] = {
    "ibug68": _scheme("ibug68", _MIRROR_68, aligned=17),
    "dlib5": _scheme("dlib5", (2, 3, 0, 1, 4)),
    "five": _scheme("five", (1, 0, 2, 4, 3)),
}
"""The landmark schemes by name. `ibug68`: 68 points of the iBUG annotation. `dlib5`: outer and inner corner
of the right eye, of the left eye, base of the nose. `five`: left and right eye center, nose tip, left and
right mouth corner."""


def scheme_named(name: str) -> Scheme:
    """Looks a scheme up.

    Raises:
        ValueError: No scheme has that name.
    """
    if name not in SCHEMES:
        raise ValueError(f"`scheme` must be one of {', '.join(SCHEMES)}. Received: {name!r}")
    return SCHEMES[name]
