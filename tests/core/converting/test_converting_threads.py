"""Work that runs ahead in threads: order, bounds, errors, and an end that leaves nothing running."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from faceswap.core.converting.threads import ahead, map_ahead


class Source:
    """Counts up and remembers how far it was read, in which thread, and whether it was closed."""

    def __init__(self, count: int = 1000, fail_at: int | None = None) -> None:
        self.count, self.fail_at = count, fail_at
        self.read = 0
        self.closed = False
        self.thread: threading.Thread | None = None

    def items(self) -> Iterator[int]:
        self.thread = threading.current_thread()
        try:
            for number in range(self.count):
                if number == self.fail_at:
                    raise OSError("broken")
                self.read += 1
                yield number
        finally:
            self.closed = True


def _wait_until_still(source: Source) -> int:
    """How far a source was read once it has not moved for a while."""
    while True:
        before = source.read
        time.sleep(0.05)
        if source.read == before and before:
            return before


def test_ahead_gives_all_items_in_order_from_another_thread():
    source = Source(50)
    assert list(ahead(source.items(), 4)) == list(range(50))
    assert source.thread is not threading.current_thread()


def test_ahead_reads_no_further_than_its_bound():
    source = Source()
    with closing(ahead(source.items(), 4)) as items:
        next(items)
        assert _wait_until_still(source) <= 1 + 4 + 1


def test_ahead_raises_what_its_source_raised_after_the_items_before_it():
    source, got = Source(fail_at=3), []
    with pytest.raises(OSError, match="broken"):
        for item in ahead(source.items(), 8):
            got += [item]
    assert got == [0, 1, 2] and source.closed


def test_closing_ahead_ends_its_thread_and_closes_its_source():
    source = Source()
    items = ahead(source.items(), 2)
    next(items)
    items.close()
    assert source.closed and source.thread is not None and not source.thread.is_alive()


def test_map_ahead_keeps_the_order_whatever_takes_longest():
    def slow_when_even(number: int) -> int:
        time.sleep(0.002 * (number % 2 == 0))
        return number * number

    with ThreadPoolExecutor(4) as pool:
        assert list(map_ahead(pool, slow_when_even, Source(30).items(), 6)) == [n * n for n in range(30)]


def test_map_ahead_submits_no_further_than_its_bound_and_closes_its_source():
    source = Source()
    with ThreadPoolExecutor(2) as pool, closing(map_ahead(pool, str, source.items(), 5)) as results:
        assert next(results) == "0"
        assert _wait_until_still(source) <= 1 + 5 + 1
    assert source.closed


def test_map_ahead_gives_a_result_without_waiting_for_the_next_item():
    released = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        assert released.wait(10)
        yield 2

    with ThreadPoolExecutor(2) as pool:
        results = map_ahead(pool, str, items(), 5)
        assert next(results) == "1"
        released.set()
        assert list(results) == ["2"]


def test_map_ahead_raises_what_the_function_raised():
    def fail(number: int) -> int:
        raise ValueError(f"no {number}")

    with ThreadPoolExecutor(2) as pool, pytest.raises(ValueError, match="no 0"):
        list(map_ahead(pool, fail, Source(5).items(), 2))
