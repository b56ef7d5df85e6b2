"""Faces as a TFRecord of `tf.train.Example`: a head, then one example per face or frame without a face.

Features: whole numbers as int64, arrays as floats in C order, strings, JPEG and PNG as bytes. Numbers of double
precision are bytes too, in decimal (`tf.strings.to_number(x, tf.float64)` gives them back), for an example's floats
are of single precision. Embeddings and masks bear their maker's name, `embedding/NAME` and `mask/NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StoreError
from ..faceset_copy import FacesetHead
from ..publish import atomic_file
from .coding import decode_mask, encode_mask, head_from_json, head_to_json
from .example import Feature, encode_example
from .record_file import read_examples, write_record
from .records import ARRAYS, SCALARS, FlatFace, made_arrays, scalars_of, split_scalars

_KEY = "faceset"


def write(path: Path, head: FacesetHead, faces: Iterable[FlatFace]) -> None:
    """Writes a file, atomically.

    Raises:
        OutputError: The disk is full or cannot be written.
    """
    with atomic_file(path) as temp, temp.open("wb") as file:
        write_record(file, encode_example({_KEY: head_to_json(head).encode()}))
        for face in faces:
            write_record(file, encode_example(_features(face)))


def read(path: Path) -> tuple[FacesetHead, Iterator[FlatFace]]:
    """Reads a file's head; the faces are read as they are asked for.

    Raises:
        StoreError: It is no such file, or damaged.
    """
    examples = read_examples(path)
    head = next(examples, {}).get(_KEY)
    if not isinstance(head, bytes):
        raise StoreError(f"{path} does not begin with the head of a faceset; write one with `faceswap faceset export`")
    return head_from_json(head.decode("utf-8", "replace")), (_face(path, told) for told in examples)


def _features(face: FlatFace) -> dict[str, Feature]:
    """What is known of a face, by feature; floats become their shortest decimals."""
    told: dict[str, Feature] = {
        name: int(value) if isinstance(value, int) else str(value).encode()
        for name, value in scalars_of(face).items()
        if value is not None
    }
    if face.id is None:
        return told
    told |= {n: array.astype(np.float32) for n in ARRAYS if (array := getattr(face, n)) is not None}
    told |= {f"embedding/{name}": array for name, array in face.embeddings.items()}
    told |= {f"mask/{name}": encode_mask(mask) for name, mask in face.masks.items()}
    return {**told, "crop": face.crop}


def _face(path: Path, told: dict[str, Any]) -> FlatFace:
    try:
        scalars = split_scalars({name: _scalar(told[name], kind) for name, kind in SCALARS.items() if name in told})
        return FlatFace(
            **scalars,
            **made_arrays(told),
            embeddings=_named(told, "embedding/"),
            masks={name: decode_mask(data) for name, data in _named(told, "mask/").items()},
            crop=told.get("crop", b""),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise StoreError(f"{path} holds a damaged face ({' '.join(str(error).split())[:120]})") from error


def _scalar(value: Any, kind: type) -> Any:
    return kind(value) if kind in (int, bool) else kind(value.decode("utf-8"))


def _named(told: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in told.items() if name.startswith(prefix)}
