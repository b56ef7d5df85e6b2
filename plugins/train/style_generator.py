"""What generators share that paint by styles: a mapping network from latents to styles, which layers are given."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ...core.contract import Crops, Embeddings
from .doubling_generator import DoublingGenerator

_LATENT, _MOST_CHANNELS = 512, 512
_HALF_LIFE = 10_000
"""After how many faces a weight counts half in the average."""


class StyleGenerator(DoublingGenerator):
    """Base of generators that paint by styles; each paints the styles of two latents, see `mix`."""

    class Options(DoublingGenerator.Options):
        """How large the networks are."""

        size: int = Field(
            64, ge=8, le=1024, description="Side of the pictures in pixels, a power of two from 8 to 1024."
        )
        base: int = Field(
            8192, ge=64, le=65536, description="Channels times pixels of a side; 8192: config E, 16384: F."
        )
        width: float = Field(1, gt=0, le=4, description="Factor on every layer's channels and on the styles' 512.")
        mixing: float = Field(0.9, ge=0, le=1, description="Share of the faces that are made with two styles.")

    options: Options
    batch_size = 32

    def ema(self, batch_size: int) -> float:
        """The decay that halves a weight's share in the average over 10,000 faces."""
        return float(0.5 ** (batch_size / _HALF_LIFE))

    def latents(self, count: int, seed: int) -> Embeddings:
        """Draws normal noise."""
        _, _, _, width = self.widths
        return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)

    def generate(self, latents: Embeddings, truncation: float = 1.0) -> Crops:
        """Paints faces; a truncation below 1 brings the styles nearer to their mean."""
        return self.mix(latents, latents, truncation)

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """The pictures' side, the channels times it, the most channels and the numbers of a latent."""
        from ...lib.nn.blocks import widened

        chosen = self.options
        base, most, latent = (widened(number, chosen.width) for number in (chosen.base, _MOST_CHANNELS, _LATENT))
        return chosen.size, base, most, latent
