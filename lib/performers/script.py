"""What a performer does over time: smooth, endless, and different for each seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .acting import Pose
from .spline import Array

_BLINK_EVERY = 2.4  # seconds
_BLINK_LENGTH = 0.09  # seconds from open to shut


@dataclass(frozen=True)
class Script:
    """The acting of one performer.

    Attributes:
        seed: Scripts of the same seed are the same; others have nothing in common.
    """

    seed: int

    def pose(self, time: float) -> Pose:
        """Returns what the head does at a time in seconds."""
        return Pose(**{name: float(values[0]) for name, values in self.curves(np.array([time])).items()})

    def curves(self, times: Array) -> dict[str, Array]:
        """Returns each attribute of `Pose` over time.

        Args:
            times: Seconds, `[times]`.

        Returns:
            float64 `[times]` by name, in the ranges that `Pose` tells.
        """
        return {
            "mouth_open": self._speech(times),
            "smile": _ease(0.5 + 0.75 * self._wander("smile", times)),
            "blink": self._blinks(times),
            "brows": _ease(0.5 + 0.7 * self._wander("brows", times)) * 1.6 - 0.6,
            "yaw": 13 * self._wander("yaw", times),
            "pitch": 7 * self._wander("pitch", times),
            "roll": 6 * self._wander("roll", times),
            "shift_x": 0.12 * self._wander("shift_x", times),
            "shift_y": 0.06 * self._wander("shift_y", times),
        }

    def _speech(self, times: Array) -> Array:
        """Syllables, about three a second, some wider than others, with pauses between phrases."""
        rate, phase, _, _ = self._draws["syllables"]
        turns = 2.6 + 0.7 * rate
        beat = np.sin(np.pi * turns * times + np.pi * phase + 0.6 * self._wander("rhythm", times)) ** 2
        width = 0.62 + 0.38 * self._wander("width", 3 * times)
        return np.asarray(beat * width * _ease(0.75 + self._wander("phrases", 1.5 * times)))

    def _blinks(self, times: Array) -> Array:
        """One blink in each period, at a moment that differs from period to period."""
        phase = self._draws["blinks"][0]
        period = np.floor(times / _BLINK_EVERY)
        moment = (period + 0.15 + 0.7 * np.mod(phase + period * 0.618, 1.0)) * _BLINK_EVERY
        return np.minimum(1.25 * np.exp(-(((times - moment) / _BLINK_LENGTH) ** 2)), 1.0)

    def _wander(self, name: str, times: Array) -> Array:
        """Swings between -1 and 1: one slow wave, which within eight seconds sees both ends, and a quicker one."""
        rate, phase, quick_rate, quick_phase = self._draws[name]
        slow = np.sin(2 * np.pi * ((0.13 + 0.08 * rate) * times + phase))
        quick = np.sin(2 * np.pi * ((0.33 + 0.2 * quick_rate) * times + quick_phase))
        return np.asarray(0.72 * slow + 0.28 * quick)

    @cached_property
    def _draws(self) -> dict[str, tuple[float, ...]]:
        """Four random numbers, 0 to 1, for each thing that varies."""
        names = ["smile", "brows", "yaw", "pitch", "roll", "shift_x", "shift_y"]
        names += ["syllables", "rhythm", "width", "phrases", "blinks"]
        draws = np.random.default_rng(self.seed).random((len(names), 4))
        return {name: tuple(row) for name, row in zip(names, draws.tolist(), strict=True)}


def _ease(share: Array) -> Array:
    """Cuts off at 0 and 1 without a kink."""
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
