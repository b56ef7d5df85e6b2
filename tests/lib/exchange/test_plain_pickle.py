"""Plain data comes back as `pickle` itself would give it; everything else is refused, and nothing runs."""

from __future__ import annotations

import collections
import os
import pickle
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap.lib.exchange.plain_arrays import PlainPickleError
from faceswap.lib.exchange.plain_pickle import read_plain_pickle

PLAIN = {
    "face_type": "whole_face",
    "shape": (256, 256, 3),
    "landmarks": [[1.5, -2.25], [float("inf"), 1e-300]],
    "source_rect": [10, -20, 70000, 2**40],
    "none": None,
    "flags": [True, False],
    "text": "Straße \N{GRINNING FACE}",
    "bytes": b"\x00\xff" * 200,
    "empty": [{}, [], ()],
    3: {"inner": (1, (2, (3, (4, 5))))},
}
ARRAYS = {
    "mat": np.arange(6, dtype=np.float64).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "big": np.arange(4, dtype=">i4"),
    "mask": np.array([[True, False]]),
    "bytes": np.arange(5, dtype=np.uint8),
    "empty": np.zeros((0, 2), np.float16),
}
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Call:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.asked = function, arguments

    def __reduce__(self) -> Any:
        return self.asked


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_data_is_what_pickle_reads(protocol: int) -> None:
    assert read_plain_pickle(pickle.dumps(PLAIN, protocol)) == PLAIN


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_and_numpy_numbers_are_what_pickle_reads(protocol: int) -> None:
    value = {**ARRAYS, "again": ARRAYS["mat"], "numbers": [np.float32(0.1), np.int64(-7), np.bool_(True)]}
    read = read_plain_pickle(pickle.dumps(value, protocol))
    for name, array in ARRAYS.items():
        assert read[name].dtype == array.dtype and read[name].shape == array.shape
        np.testing.assert_array_equal(read[name], array)
        assert read[name].flags.owndata or read[name].base.flags.owndata
    np.testing.assert_array_equal(read["again"], ARRAYS["mat"])
    assert read["numbers"] == [float(np.float32(0.1)), -7, True]


def test_the_names_of_older_numpy_are_known() -> None:
    old = pickle.dumps(ARRAYS["mat"], 2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    np.testing.assert_array_equal(read_plain_pickle(old), ARRAYS["mat"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "hostile",
    [
        Call(os.system, "touch {}"),
        Call(eval, "open({!r}, 'w')"),
        Call(exec, "open({!r}, 'w')"),
        Call(getattr, "", "join"),
        collections.OrderedDict(a=1),
        Path,
        np.array([{"an": "object"}], object),
        {1, 2},
        1j,
    ],
    ids=lambda hostile: type(hostile).__name__,
)
def test_what_is_not_data_is_refused_and_never_runs(hostile: Any, protocol: int, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    if isinstance(hostile, Call):
        function, arguments = hostile.asked
        hostile = Call(function, *(argument.format(str(trace)) for argument in arguments))
    with pytest.raises(PlainPickleError) as told:
        read_plain_pickle(pickle.dumps({"face_type": hostile}, protocol))
    assert not trace.exists() and "\n" not in str(told.value)


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",  # The classic.
        b"(S'true'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'true'\no.",  # OBJ
        b"\x80\x02cos\nsystem\n)\x81.",  # NEWOBJ
        b"\x80\x02\x82\x01.",  # EXT1
        b"Pid\n.",  # PERSID
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # STACK_GLOBAL without a call.
        b"cnumpy.core.multiarray\n_reconstruct\n(S'os.system'\nS'true'\ntR.",
        b"cnumpy\nndarray\n(tR.",
        b"cnumpy\ndtype\n(S'O8'\ntR.",
        b"cnumpy\ndtype\n(S'f8'\ntR.",  # A type alone is no data.
        b"(dS'__setstate__'\nb.",
        b"cnumpy\ndtype\n.",
    ],
)
def test_programs_written_by_hand_are_refused(data: bytes) -> None:
    with pytest.raises(PlainPickleError):
        read_plain_pickle(data)


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_truncation_and_many_damages_are_told_in_one_line(protocol: int) -> None:
    whole = pickle.dumps({**PLAIN, **ARRAYS}, protocol)
    for length in range(0, len(whole), 3):
        with pytest.raises(PlainPickleError):
            read_plain_pickle(whole[:length])
    rng = np.random.default_rng(protocol)
    for place, value in zip(rng.integers(0, len(whole), 400), rng.integers(0, 256, 400), strict=True):
        damaged = bytearray(whole)
        damaged[place] = value
        try:
            read_plain_pickle(bytes(damaged))
        except PlainPickleError as told:
            assert "\n" not in str(told)


def test_bounds_hold() -> None:
    began = time.monotonic()
    laughs: Any = "lol"
    for _ in range(12):
        laughs = [laughs] * 10
    read_plain_pickle(pickle.dumps(laughs))  # Shared in the pickle, shared in memory: no 10^12 of them.
    endless: list[Any] = []
    endless.append(endless)
    deep = b"\x80\x02" + b"]" * 30000 + b"a" * 29999 + b"."
    many = b"\x80\x02(" + b"N" * 60000 + b"l."
    far = b"\x80\x02Nr" + struct.pack("<I", 2**31) + b"."
    long = b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"abc."
    wide = pickle.dumps(np.zeros(4, np.uint8)).replace(struct.pack("<BB", 75, 4), struct.pack("<BB", 75, 200))
    copies = pickle.dumps([np.int8(number % 100) for number in range(2000)])
    for hostile in (pickle.dumps(endless), deep, many, far, long, wide, copies, b"N." * 40000, b""):
        with pytest.raises(PlainPickleError):
            read_plain_pickle(hostile)
    assert time.monotonic() - began < 5
