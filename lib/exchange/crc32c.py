"""The checksum CRC-32C, which the standard library does not have, computed over blocks of bytes at once.

A checksum is linear over exclusive or: what a byte adds depends on its value and on how many bytes follow. So one
table per distance from the end turns a block into a look-up and one reduction.

Reference:
    G. Castagnoli et al., Optimization of cyclic redundancy-check codes with 24 and 32 parity bits, IEEE Transactions
    on Communications 41(6), 1993; test values in RFC 3720, B.4.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78  # 0x1EDC6F41, bits reversed.
_BLOCK = 1024


def crc32c(data: bytes) -> int:
    """The CRC-32C of bytes, 0..2^32 - 1."""
    values = np.frombuffer(data, np.uint8)
    state = 0xFFFFFFFF
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK].copy()
        state = _after(block, state)
    return state ^ 0xFFFFFFFF


def _after(block: NDArray[np.uint8], state: int) -> int:
    """The state after a block: the old one counts as if it were added to the block's first four bytes."""
    count = len(block)
    head = min(count, 4)
    block[:head] ^= np.frombuffer(state.to_bytes(4, "little"), np.uint8)[:head]
    added = int(np.bitwise_xor.reduce(_tables()[np.arange(count - 1, -1, -1), block]))
    return added ^ state >> 8 * head


@cache
def _tables() -> NDArray[np.uint32]:
    """What a byte adds, by the number of bytes that follow it and its value: uint32 `[_BLOCK 256]`."""
    first = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        first = np.where(first & 1, (first >> 1) ^ np.uint32(_POLYNOMIAL), first >> 1)
    tables = np.empty((_BLOCK, 256), np.uint32)
    tables[0] = first
    for after in range(1, _BLOCK):
        tables[after] = first[tables[after - 1] & 0xFF] ^ (tables[after - 1] >> 8)
    return tables
