"""A right generator that is trained, and one wrong generator for each check of its own."""

import numpy as np

from faceswap import CropSpec, Generator, Player

SIZE = 8


class Right(Generator):
    """A color for each latent, learned from the colors of the faces."""

    class Options(Generator.Options):
        rate: float = 0.01

    options: Options

    @property
    def crop(self):
        return CropSpec(SIZE)

    def build(self):
        from keras import Input, Model, layers

        latents = Input((3,))
        return {"colors": Model(latents, layers.Dense(3, activation="sigmoid")(latents))}

    def players(self):
        from keras import optimizers

        return [Player("colors", ("colors",), optimizers.Adam(self.options.rate))]

    def losses(self, player, batch, step):
        from keras import ops, random

        real = ops.mean(batch["faces"].goal, axis=(1, 2))
        drawn = self.networks["colors"](random.normal(ops.shape(real), seed=step.key))
        return {"colors": ops.mean(ops.square(drawn - real))}

    def latents(self, count, seed):
        return np.random.default_rng(seed).standard_normal((count, 3), np.float32)

    def generate(self, latents, truncation=1.0):
        shown = latents if len(latents) else np.zeros((1, 3), np.float32)
        colors = self.networks["colors"].predict_on_batch(shown * np.float32(truncation))
        pictures = np.tile(np.rint(colors * 255).astype(np.uint8)[:, None, None], (1, SIZE, SIZE, 1))
        return pictures[: len(latents)]

    def mix(self, coarse, fine, truncation=1.0):
        return self.generate(np.concatenate([coarse[:, :1], fine[:, 1:]], axis=1), truncation)


class NoCoverage(Right):
    crop = CropSpec(SIZE, coverage=0)


class IgnoresSeed(Right):
    def latents(self, count, seed):
        return super().latents(count, 0)


class OthersOfMore(Right):
    def latents(self, count, seed):
        return super().latents(count, seed + 100 * count)


class Unseeded(Right):
    draw = 0

    def latents(self, count, seed):
        self.draw += 1
        return super().latents(count, seed + self.draw % 2)


class DoubleLatents(Right):
    def latents(self, count, seed):
        return super().latents(count, seed).astype(np.float64)


class Larger(Right):
    def generate(self, latents, truncation=1.0):
        return super().generate(latents, truncation).repeat(2, axis=1).repeat(2, axis=2)


class NoTruncation(Right):
    def generate(self, latents, truncation=1.0):
        return super().generate(latents)


class MixesTheWrongWay(Right):
    def mix(self, coarse, fine, truncation=1.0):
        return super().mix(coarse, -fine, truncation)


class KeepsToItself(Right):
    """Paints with a network that is not among those that are saved."""

    def load(self):
        super().load()
        self.own = self.build()["colors"]

    def generate(self, latents, truncation=1.0):
        saved, self.networks = self.networks, {"colors": self.own}
        try:
            return super().generate(latents, truncation)
        finally:
            self.networks = saved


class LosesItself(Right):
    def losses(self, player, batch, step):
        return {name: value / 0 for name, value in super().losses(player, batch, step).items()}


class HasIdleWeights(Right):
    def build(self):
        from keras import Input, Model, layers

        latents = Input((3,))
        x = layers.Dense(3, activation="sigmoid")(latents)
        idle = layers.Dense(2, name="idle")(latents)
        network = Model(latents, [x, idle])
        return {"colors": Model(latents, x), "idle": network}

    def players(self):
        from keras import optimizers

        return [Player("colors", ("idle",), optimizers.Adam(self.options.rate))]


WRONG = [
    ("crop-declared", NoCoverage),
    ("latents-by-seed", IgnoresSeed),
    ("latents-by-seed", OthersOfMore),
    ("faces-fill-crop", Larger),
    ("truncation-to-mean", NoTruncation),
    ("mixes-with-itself", MixesTheWrongWay),
    ("saved-and-loaded", KeepsToItself),
    ("training-is-finite", LosesItself),
    ("weights-move", HasIdleWeights),
]
BROKEN_IN_SEVERAL_WAYS = [("latents-by-seed", DoubleLatents), ("latents-by-seed", Unseeded)]
