"""Faces as lines of JSON: a head, then one object per face or frame without a face.

Numbers are written so that reading gives the same floats again; pictures and masks are base64 of JPEG and PNG.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StoreError
from ..faceset_copy import FacesetHead
from ..publish import atomic_file
from .coding import decode_mask, encode_mask, head_from_json, head_to_json
from .records import ARRAYS, FlatFace, made_arrays, scalars_of, split_scalars

_KEY = "faceset"


def write(path: Path, head: FacesetHead, faces: Iterable[FlatFace]) -> None:
    """Writes a file, atomically.

    Raises:
        OutputError: The disk is full or cannot be written.
    """
    with atomic_file(path) as temp, temp.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps({_KEY: json.loads(head_to_json(head))}) + "\n")
        for face in faces:
            file.write(json.dumps(_to_json(face)) + "\n")


def read(path: Path) -> tuple[FacesetHead, Iterator[FlatFace]]:
    """Reads a file's head; the faces are read as they are asked for.

    Raises:
        StoreError: It is no such file, or a line is damaged.
    """
    lines = _lines(path)
    head = next(lines, None)
    if head is None or not isinstance(head.get(_KEY), dict):
        raise StoreError(f"{path} does not begin with the head of a faceset; write one with `faceswap faceset export`")
    return head_from_json(json.dumps(head[_KEY])), (_from_json(line) for line in lines)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        whole = 0
        try:
            for line in file:
                told = json.loads(line)
                if not isinstance(told, dict):
                    raise ValueError("an object was expected")
                whole += 1
                yield told
        except (ValueError, RecursionError) as error:
            raise StoreError(f"{path} is damaged after line {whole}: {' '.join(str(error).split())}") from error


def _to_json(face: FlatFace) -> dict[str, Any]:
    told = {name: value for name, value in scalars_of(face).items() if value is not None}
    if face.id is None:
        return told
    for name in ARRAYS:
        array = getattr(face, name)
        if array is not None:
            told[name] = array.tolist()
    told["embeddings"] = {name: array.tolist() for name, array in face.embeddings.items()}
    told["masks"] = {name: _text(encode_mask(mask)) for name, mask in face.masks.items()}
    told["crop"] = _text(face.crop)
    return told


def _from_json(told: dict[str, Any]) -> FlatFace:
    scalars = split_scalars(told)
    if scalars.get("id") is None:
        return FlatFace(**scalars)
    try:
        return FlatFace(
            **scalars,
            **made_arrays(told),
            embeddings={name: np.array(values, np.float32) for name, values in told["embeddings"].items()},
            masks={name: decode_mask(_bytes(text)) for name, text in told["masks"].items()},
            crop=_bytes(told["crop"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise StoreError(f"face {scalars['id']!r:.24} is damaged ({type(error).__name__}: {error})") from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
