"""The checksum against published values and a slow one; the messages against bytes worked out by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest

from faceswap.lib.exchange.crc32c import crc32c
from faceswap.lib.exchange.example import decode_example, encode_example
from faceswap.lib.exchange.record_file import write_record


def slow_crc32c(data: bytes) -> int:
    """Bit by bit, as the definition says."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def test_the_checksum_is_that_of_rfc_3720() -> None:
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(bytes(reversed(range(32)))) == 0x113FDB5C
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 1023, 1024, 1025, 1026, 1027, 2048, 2051, 5000])
def test_the_checksum_is_the_same_over_blocks(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    assert crc32c(data) == slow_crc32c(data)


def test_a_message_is_what_the_wire_format_says() -> None:
    #  Example.features > Features.feature > {key "a", value > int64_list > packed [150]}: 150 is 96 01.
    assert encode_example({"a": 150}) == bytes.fromhex("0a0d 0a0b 0a0161 1206 1a04 0a02 9601")


def test_features_come_back() -> None:
    floats = np.random.default_rng(0).normal(size=300).astype(np.float32)
    told = {"i": -5, "big": 2**62, "b": b"\x00" * 300, "f": floats, "none": np.zeros(0, np.float32), "ö": b"x"}
    told["some"] = np.array([3, -1, 2**40])
    found = decode_example(encode_example(told))
    assert found.keys() == told.keys()
    for name, value in told.items():
        np.testing.assert_array_equal(found[name], value)


def test_unpacked_numbers_are_read_and_damage_is_told() -> None:
    unpacked = bytes.fromhex("0a0e 0a0c 0a0161 1207 1205 0d0000803f")  # 1.0 as four bytes of its own.
    np.testing.assert_array_equal(decode_example(unpacked)["a"], [1.0])
    whole = encode_example({"a": 150, "b": b"123"})
    for length in range(3, len(whole)):
        with pytest.raises(ValueError):
            decode_example(whole[:length])


def test_messages_and_records_are_those_that_tensorflow_writes() -> None:
    """The bytes were written once by `tf.io.TFRecordWriter` and `tf.train.Example` of TensorFlow 2.21."""
    whole = "0a360a130a0161120e1a0c0a0afdffffffffffffffff01"
    rest = "0a110a0162120c120a0a080000803f000020400a0c0a016312070a050a0378797a"
    assert encode_example({"a": -3, "b": np.array([1, 2.5], np.float32), "c": b"xyz"}).hex() == whole + rest
    file = io.BytesIO()
    write_record(file, b"123456789")
    assert file.getvalue().hex() == "090000000000000037f97139313233343536373839e5b08ac7"
