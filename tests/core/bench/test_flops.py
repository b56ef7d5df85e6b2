"""Operations of training steps: hand counts of single layers and of a small game, and the known figures of models."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from faceswap.core.bench.flops import call_flops, move_flops, step_flops
from faceswap.core.host import PluginChoice, prepare
from faceswap.core.training.step import Player


def test_feature_calls_cost_two_operations_a_multiply_add() -> None:
    # 16 output pixels of 8 channels; each sums 5 * 5 * 3 products.
    assert call_flops("conv", (1, 8, 8, 3), (5, 5, 3, 8), (1, 4, 4, 8)) == 2 * 16 * 8 * 75
    # Each channel is convolved for itself, twice: 16 output pixels of 6 channels sum 9 products each.
    assert call_flops("depthwise_conv", (1, 4, 4, 3), (3, 3, 3, 2), (1, 4, 4, 6)) == 2 * 16 * 6 * 9
    assert call_flops("matmul", (4, 10), (10, 7), (4, 7)) == 2 * 4 * 10 * 7
    assert call_flops("matmul", (3, 4, 10), (3, 10, 7), (3, 4, 7)) == 2 * 3 * 4 * 10 * 7


def test_feature_a_transposed_convolution_is_counted_by_its_input() -> None:
    # Each of the 9 input pixels of 5 channels is spread over 4 * 4 pixels of 6 channels.
    assert call_flops("conv_transpose", (1, 3, 3, 5), (4, 4, 6, 5), (1, 6, 6, 6)) == 2 * 9 * 5 * 16 * 6


class Game:
    """A generator and a critic of one dense layer each, on two values a pixel of a picture of one pixel."""

    identities = ("only",)
    crop = SimpleNamespace(size=1)

    def __init__(self) -> None:
        import keras

        def dense(name: str, inputs: int, outputs: int) -> object:
            return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(outputs)], name=name)

        self.networks = {"first": dense("first", 3, 4), "last": dense("last", 4, 3), "critic": dense("critic", 3, 1)}

    def losses(self, player: str, batch: dict, step: object) -> dict:
        from keras import ops

        faces = ops.reshape(batch["only"].input, (-1, 3))
        made = self.networks["last"](self.networks["first"](faces))
        return {"loss": ops.mean(self.networks["critic"](made))}


def test_feature_backward_is_counted_where_gradients_are_needed() -> None:
    first, last, critic = 2 * 3 * 4, 2 * 4 * 3, 2 * 3 * 1
    game = Game()
    # The first layer needs no gradient of its input, the critic none of its weights.
    assert move_flops(game, Player("maker", ("first", "last"), None)) == 2 * first + 3 * last + 2 * critic
    # The critic's input does not depend on its own weights; what made it is only called.
    assert move_flops(game, Player("critic", ("critic",), None)) == first + last + 2 * critic
    players = [Player("maker", ("first", "last"), None), Player("critic", ("critic",), None, interval=2)]
    assert step_flops(game, players) == 2 * first + 3 * last + 2 * critic + (first + last + 2 * critic) / 2


@pytest.mark.parametrize(("name", "giga"), [("mini", 3.8), pytest.param("original", 22.8, marks=pytest.mark.slow)])
def test_feature_models_cost_what_is_known_of_them(name: str, giga: float) -> None:
    model = prepare("model", PluginChoice(name=name)).load()
    kept = [weight.numpy().copy() for weight in model.networks["encoder"].trainable_variables]
    assert step_flops(model, model.players()) / 1e9 == pytest.approx(giga, abs=0.05)
    for weight, before in zip(model.networks["encoder"].trainable_variables, kept, strict=True):
        assert (weight.numpy() == before).all()


@pytest.mark.slow
def test_feature_h128_costs_what_is_known_of_it() -> None:
    model = prepare("model", PluginChoice(name="h128")).load()
    assert step_flops(model, model.players()) / 1e9 == pytest.approx(331, abs=0.5)


def test_feature_a_gradient_makes_each_product_twice() -> None:
    """Of a critic of one dense layer: the product and that of the gradient, each differentiated by kernel and input."""

    class Slope(Game):
        def losses(self, player: str, batch: dict, step: Any) -> dict:
            from keras import ops

            faces = ops.reshape(batch["only"].input, (-1, 3))
            return {"slope": ops.mean(step.gradient(lambda shown: ops.sum(self.networks["critic"](shown)), faces))}

    assert move_flops(Slope(), Player("critic", ("critic",), None)) == 2 * 3 * (2 * 3 * 1)


def test_feature_stylegan2_costs_what_its_layers_do() -> None:
    """By hand, for 8 pixels, 32 channels at 4 and 16 at 8 pixels, styles of 32 numbers, no regularization."""
    options = {"size": "8", "width": "0.0625", "base": "1024", "r1": "0", "path": "0", "target": "0"}
    model = prepare("generator", PluginChoice(name="stylegan2", options=options)).load()

    def styled(pixels: int, inputs: int, units: int) -> int:
        """The layer from style to factors, the convolution, the lengths of the kernels."""
        return 2 * (32 * inputs + pixels * 9 * inputs * units + inputs * units)

    def picture(pixels: int, inputs: int) -> int:
        return 2 * (32 * inputs + pixels * inputs * 3)

    # The mapping network makes two styles for each face; doubling begins from 4x4 pixels.
    first = 2 * 2 * 32 * 32
    mapping = 8 * first
    synthesis = styled(16, 32, 32) + picture(16, 32) + styled(16, 32, 16) + styled(64, 16, 16) + picture(64, 16)
    rgb = 2 * 64 * 3 * 16
    halving = 2 * (64 * 9 * 16 * 16 + 16 * 9 * 16 * 32 + 16 * 16 * 32)
    judged = rgb + halving + 2 * (16 * 9 * 33 * 32 + 16 * 32 * 32 + 32)
    generator, discriminator = model.players()
    # Each product is made thrice: all depend on weights that move but the latents.
    assert move_flops(model, generator) == 3 * (mapping + synthesis) - first + 2 * judged
    # Faces are made once, real and made ones judged; neither has a gradient.
    assert move_flops(model, discriminator) == mapping + synthesis + 2 * (3 * judged - rgb)
