"""The autoencoder with intermediates: encoder and decoder are shared, and which codes a person gets makes the person.

Several small networks, the intermediates, stand between encoder and decoder. Each makes a code of the encoder's
features; the decoder is given two of them, one behind the other. An intermediate that all people share carries what
faces have in common, one of a person's own carries that person. To swap, the target's crop takes the source's codes.

Convention:
    Pictures are `[batch size size 3]`, RGB, 0..1; masks `[batch size size 1]`, 0..1. A mixture names the intermediates
    whose codes a person's faces are decoded from, in the order of the decoder's channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers, ops

from .autoencoder import Plan, build_decoder, to_code, to_features

Tensor = Any
Mixtures = Mapping[str, tuple[str, ...]]
"""The names of each identity's intermediates."""


def build(plan: Plan, mixtures: Mixtures) -> dict[str, Any]:
    """Builds the encoder, every intermediate and the decoder.

    Args:
        plan: The figures; bottleneck, grid and code are those of one intermediate.
        mixtures: Which intermediates each identity takes, equally many for all.

    Returns:
        `encoder`, the intermediates by name and `decoder`, as Keras models with fresh weights.

    Raises:
        ValueError: One identity takes more intermediates than another.
    """
    counts = {len(mixture) for mixture in mixtures.values()}
    if len(counts) != 1:
        raise ValueError(f"`mixtures` must name equally many intermediates for all. Received: {dict(mixtures)}")
    face = keras.Input((plan.size, plan.size, 3), name="face")
    encoder = keras.Model(face, to_features(face, plan), name="encoder")
    features = encoder.output_shape[1]
    intermediates = {name: build_intermediate(plan, features, name) for name in _names(mixtures)}
    return {"encoder": encoder, **intermediates, "decoder": build_decoder(plan, "decoder", codes=counts.pop())}


def build_intermediate(plan: Plan, features: int, name: str) -> Any:
    """Builds a network from `features` of the encoder to a code, `[batch *plan.code_shape]`."""
    inputs = keras.Input((features,), name="features")
    return keras.Model(inputs, to_code(inputs, plan), name=name)


def reconstruct(networks: Mapping[str, Any], pictures: Mapping[str, Tensor], mixtures: Mixtures) -> dict[str, Any]:
    """Gives each identity's pictures back through its own mixture of codes.

    Args:
        networks: What `build` made.
        pictures: `[batch size size 3]` by identity, of one batch size.
        mixtures: Which intermediates each identity takes.

    Returns:
        What the decoder answers, by identity.
    """
    features = _shared_pass(networks["encoder"], pictures)
    codes = {}
    for name in _names(mixtures):
        takers = {identity: share for identity, share in features.items() if name in mixtures[identity]}
        codes[name] = _shared_pass(networks[name], takers)
    mixed = {
        identity: ops.concatenate([codes[name][identity] for name in mixtures[identity]], axis=-1)
        for identity in pictures
    }
    return _shared_pass(networks["decoder"], mixed)


def swap_path(networks: Mapping[str, Any], identity: str, mixtures: Mixtures) -> Any:
    """Chains the encoder, an identity's intermediates and the decoder into one Keras model of the same weights."""
    inputs = keras.Input(networks["encoder"].input_shape[1:], name="face")
    features = networks["encoder"](inputs)
    codes = {name: networks[name](features) for name in dict.fromkeys(mixtures[identity])}
    mixed = layers.Concatenate(axis=-1, name="mixture")([codes[name] for name in mixtures[identity]])
    return keras.Model(inputs, networks["decoder"](mixed), name=f"swap_{identity}")


def _names(mixtures: Mixtures) -> list[str]:
    """Every intermediate once."""
    return list(dict.fromkeys(name for mixture in mixtures.values() for name in mixture))


def _shared_pass(network: Any, shares: Mapping[str, Tensor]) -> dict[str, Any]:
    """Puts all shares through a network at once, which uses its weights better than one pass for each."""
    answer = network(ops.concatenate(list(shares.values()), axis=0), training=True)
    if isinstance(answer, list):
        parts = [ops.split(part, len(shares), axis=0) for part in answer]
        return {name: list(share) for name, share in zip(shares, zip(*parts, strict=True), strict=True)}
    return dict(zip(shares, ops.split(answer, len(shares), axis=0), strict=True))
