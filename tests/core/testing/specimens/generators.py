"""A right generator, and wrong ones for its own check."""

import numpy as np

from faceswap import Generator


class Right(Generator):
    """Colors by the latent."""

    class Options(Generator.Options):
        size: int = 8

    options: Options

    def load(self):
        self.dim = 3

    def latents(self, count, seed):
        return np.random.default_rng(seed).uniform(0, 1, (count, self.dim)).astype(np.float32)

    def generate(self, latents, truncation=1.0):
        size = self.options.size
        colors = (latents * 255).astype(np.uint8)[:, None, None]
        return np.broadcast_to(colors, (len(latents), size, size, 3)).copy()


class IgnoresSeed(Right):
    def latents(self, count, seed):
        return super().latents(count, 0)


class Unseeded(Right):
    draw = 0

    def latents(self, count, seed):
        self.draw += 1
        return super().latents(count, seed + self.draw % 2)


class DoubleLatents(Right):
    def latents(self, count, seed):
        return super().latents(count, seed).astype(np.float64)


WRONG = [("latents-by-seed", IgnoresSeed)]
BROKEN_IN_SEVERAL_WAYS = [("latents-by-seed", DoubleLatents), ("latents-by-seed", Unseeded)]
