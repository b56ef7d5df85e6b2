"""The sound track of a performance: a voice that hums its vowels while the mouth is open."""

from __future__ import annotations

import numpy as np

from .script import Script
from .spline import Array

_HARMONICS = 24
_PEAK = 0.5


def soundtrack(script: Script, seconds: float, rate: int = 48000) -> Array:
    """Makes the sound that goes with a script.

    Args:
        script: Whose mouth speaks; its seed also gives the voice its pitch.
        seconds: Length.
        rate: Samples per second.

    Returns:
        int16 `[samples 2]`, peaking at half of full scale.
    """
    times = np.arange(round(seconds * rate)) / rate
    # The mouth moves slowly: two hundred values a second are enough of it.
    knots = np.arange(0, seconds + 0.01, 0.005)
    opening = np.interp(times, knots, script.curves(knots)["mouth_open"])
    pitch = 105 + 90 * np.random.default_rng(script.seed).random()
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.06 * np.sin(2.1 * times) + 0.08 * opening)) / rate
    voice = sum(_vowel(k * pitch, opening) * np.sin(k * phase) for k in range(1, _HARMONICS + 1))
    sound = np.asarray(voice) * opening
    loudest = max(float(np.abs(sound).max(initial=0.0)), 1e-9)
    mono = np.round(sound / loudest * _PEAK * 32767).astype(np.int16)
    return np.stack([mono, mono], axis=1)


def _vowel(frequency: float, opening: Array) -> Array:
    """Weights a harmonic by two formants; the first rises as the jaw drops (from "oo" to "ah")."""
    first = np.exp(-(((frequency - 320 - 450 * opening) / 160) ** 2))
    second = 0.4 * np.exp(-(((frequency - 1200) / 260) ** 2))
    return np.asarray(0.08 * (200 / frequency) + first + second)
