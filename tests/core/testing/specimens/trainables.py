"""A right trainable model, and one wrong model for each check that trainable models have to pass."""

import numpy as np

from faceswap import CropSpec, Player, TrainableModel

SIZE = 16


class Right(TrainableModel):
    """A convolution that all share and one for each person."""

    class Options(TrainableModel.Options):
        width: float = 1
        rate: float = 0.01

    options: Options

    @property
    def crop(self):
        return CropSpec(SIZE)

    def build(self):
        from keras import Input, Model

        networks = {}
        for name, channels in (("encoder", 3), ("decoder_source", 4), ("decoder_target", 4)):
            inputs = Input((SIZE, SIZE, channels))
            networks[name] = Model(inputs, self.body(name, inputs), name=name)
        return networks

    def body(self, name, inputs):
        from keras import layers

        if name == "encoder":
            return layers.Conv2D(4, 3, padding="same", activation="tanh")(inputs)
        return layers.Conv2D(3, 1, activation=self.activation)(inputs)

    activation = "sigmoid"

    def players(self):
        from keras import optimizers

        return [Player("all", tuple(self.networks), optimizers.Adam(self.options.rate))]

    def losses(self, player, batch, step):
        from keras import ops

        return {name: ops.mean(ops.abs(share.goal - self.full(share.input, name))) for name, share in batch.items()}

    def full(self, faces, identity):
        return self.networks[f"decoder_{identity}"](self.networks["encoder"](faces))

    def swap_network(self, identity):
        from keras import Input, Model

        inputs = Input((SIZE, SIZE, 3))
        return Model(inputs, self.full(inputs, identity))


class RightWithMasks(Right):
    def swap_network(self, identity):
        from keras import Model

        network = super().swap_network(identity)
        return Model(network.inputs, [network.outputs[0], network.outputs[0][..., :1]])


class Unbounded(Right):
    activation = None


class AnySize(Right):
    def swap_network(self, identity):
        from keras import Input, Model, layers

        inputs = Input((None, None, 3))
        return Model(inputs, layers.Conv2D(3, 1, activation="sigmoid")(inputs))


class HasLambda(Right):
    def swap_network(self, identity):
        from keras import Model, layers

        network = super().swap_network(identity)
        inner = Model(network.outputs[0], layers.Lambda(lambda faces: faces)(network.outputs[0]))
        return Model(network.inputs, inner(network.outputs[0]))


class HalfPrecision(Right):
    def body(self, name, inputs):
        from keras import layers

        if name == "encoder":
            return layers.Conv2D(4, 3, padding="same", activation="tanh", dtype="mixed_bfloat16")(inputs)
        return layers.Conv2D(3, 1, activation="sigmoid", dtype="float32")(inputs)


class NotAModel(Right):
    def _network(self, identity):
        return super().swap_network(identity)

    def swap_network(self, identity):
        return lambda faces: self.full(faces, identity)


class Random(Right):
    def swap_network(self, identity):
        from keras import Model, layers, random

        class Noise(layers.Layer):
            def __init__(self):
                super().__init__()
                self.seeds = random.SeedGenerator(1)

            def call(self, faces):
                return faces * random.uniform((), 0.5, 1.0, seed=self.seeds)

        network = super().swap_network(identity)
        return Model(network.inputs, Noise()(network.outputs[0]))


class PolishesAfterwards(Right):
    def swap(self, crops, identity="source"):
        faces, masks = super().swap(crops, identity)
        return faces**2, masks


class PolishesMasks(RightWithMasks):
    def swap(self, crops, identity="source"):
        faces, masks = super().swap(crops, identity)
        return faces, None if masks is None else masks**2


class HidesAWeight(Right):
    """Keeps a number that it drew itself outside of its networks."""

    def load(self):
        from keras import random

        super().load()
        self.offset = float(np.asarray(random.uniform(())))

    def swap_network(self, identity):
        from keras import Model

        network = super().swap_network(identity)
        return Model(network.inputs, network.outputs[0] * self.offset)


class Diverges(Right):
    def losses(self, player, batch, step):
        from keras import ops

        return {name: ops.log(loss - loss) * 0 for name, loss in super().losses(player, batch, step).items()}


class BreaksAfterAStep(Right):
    """Its losses are finite at the first step only: the slope of the root of nothing is infinite."""

    def losses(self, player, batch, step):
        from keras import ops

        losses = super().losses(player, batch, step)
        return {name: loss + ops.sqrt(loss * 0) for name, loss in losses.items()}


class BreaksAtTheEnd(Right):
    """Its losses are finite, its weights are not: the last step's slope is infinite."""

    def losses(self, player, batch, step):
        from keras import ops

        last = ops.cast(step.number == 2, "float32")
        losses = super().losses(player, batch, step)
        return {name: loss + 1e-9 * ops.sqrt(loss * (1 - last)) for name, loss in losses.items()}


class LearnsBGR(Right):
    """Turns the goal's channels around, as a loss does that means to feed a network for BGR."""

    def losses(self, player, batch, step):
        from keras import ops

        return {
            name: ops.mean(ops.abs(share.goal[..., ::-1] - self.full(share.input, name)))
            for name, share in batch.items()
        }


class GivesBGR(Right):
    """Turns the channels around behind what it has learned."""

    def swap_network(self, identity):
        from keras import Model

        network = super().swap_network(identity)
        return Model(network.inputs, network.outputs[0][..., ::-1])


class NormalizesByBatch(Right):
    """Looks at the other faces of its batch."""

    def swap_network(self, identity):
        from keras import Model, ops

        network = super().swap_network(identity)
        faces = network.outputs[0]
        return Model(network.inputs, ops.clip(faces * 0.5 / ops.mean(faces, axis=0, keepdims=True), 0, 1))


class NoLosses(Right):
    def losses(self, player, batch, step):
        losses = super().losses(player, batch, step)
        return losses if step.number is None else {}


class RaisesInLosses(Right):
    def losses(self, player, batch, step):
        return {"left": batch["left"].goal}


class ForgetsAPlayer(Right):
    def players(self):
        from keras import optimizers

        return [Player("all", ("encoder", "decoder_source"), optimizers.Adam(self.options.rate))]


class IdleLayer(Right):
    def body(self, name, inputs):
        from keras import layers

        if name != "encoder":
            return super().body(name, inputs)
        idle = layers.Conv2D(4, 1)(inputs)
        return super().body(name, inputs) + idle * 0


class StandsStill(Right):
    class Options(TrainableModel.Options):
        width: float = 1
        rate: float = 0.0


WRONG = [
    ("output-in-range", Unbounded),
    ("swap-network-is-plain", HasLambda),
    ("swap-network-is-plain", HalfPrecision),
    ("swap-network-agrees", PolishesAfterwards),
    ("swap-network-agrees", PolishesMasks),
    ("saved-and-loaded", HidesAWeight),
    ("training-is-finite", Diverges),
    ("training-is-finite", BreaksAfterAStep),
    ("training-is-finite", BreaksAtTheEnd),
    ("colors-keep-order", LearnsBGR),
    ("colors-keep-order", GivesBGR),
    ("batch-equals-singles", NormalizesByBatch),
    ("training-is-finite", RaisesInLosses),
    ("training-is-finite", NoLosses),
    ("weights-move", ForgetsAPlayer),
    ("weights-move", IdleLayer),
    ("weights-move", StandsStill),
]
BROKEN_IN_SEVERAL_WAYS = [
    ("swap-network-is-plain", AnySize),
    ("swap-network-is-plain", NotAModel),
    ("swap-network-agrees", Random),
]
