"""Reads the plain data in a pickle without unpickling it: nothing that a pickle names is imported or called.

A pickle is a program for a small machine, and most of its harm lies in two instructions: one that looks up any
function by name and one that calls it. Here the standard library's `pickletools.genops` splits the bytes into
instructions, and a machine of our own follows those that build plain data. A name is looked up in a short table of
those that NumPy's arrays need, and what stands there is our own function; every other name, and every other
instruction, is refused.

Reference:
    The instructions are documented in CPython's `pickletools.py`; the states of arrays and types in NumPy's
    `ndarray.__reduce__` and `dtype.__reduce__`.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import Any

from .plain_arrays import CALLS, NAMES, Draft, Name, PlainPickleError, Stub, Type, array_of, called

MOST_BYTES = 1 << 16
"""Longest pickle that is looked at: as much as one segment of a JPEG can hold."""

_MOST_STEPS = 1 << 15
_MOST_CALLS = 1 << 10
"""Of these, each may copy the pickle's longest bytes once; so the memory stays below 64 MB."""
_DEEPEST = 16


def read_plain_pickle(data: bytes) -> Any:
    """Reads a pickle of dicts, lists, tuples, numbers, strings, bytes, booleans, None and numeric NumPy arrays.

    Args:
        data: The pickle, of any protocol.

    Returns:
        Its value; NumPy's scalars become Python's.

    Raises:
        PlainPickleError: It is damaged, too long, too deep, or asks for anything else.
    """
    if len(data) > MOST_BYTES:
        raise PlainPickleError(f"a pickle of at most {MOST_BYTES} bytes was expected. Received: {len(data)}")
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count >= _MOST_STEPS:
                raise PlainPickleError(f"the pickle has more than {_MOST_STEPS} instructions")
            machine.step(opcode.name, argument)
    except PlainPickleError:
        raise
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise PlainPickleError(f"the pickle is damaged ({' '.join(str(error).split())[:80]})") from error
    return machine.result()


class _Machine:
    """The stack, the marks on it and the memo; each instruction is one method or one entry of a table."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._calls = 0
        self._done = False

    def step(self, name: str, argument: Any) -> None:
        """Follows one instruction."""
        if name in _PUSHED:
            self._stack.append(argument)
        elif name in _MADE:
            self._stack.append(_MADE[name]())
        elif name in _GATHERED:
            self._stack.append(_GATHERED[name](self._pop_to_mark()))
        elif name in _TUPLES:
            self._stack.append(tuple(self._pop_many(_TUPLES[name])))
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name not in ("PROTO", "FRAME"):
            raise PlainPickleError(f"the pickle asks for more than plain data: instruction {name}")

    def result(self) -> Any:
        """The value, once it is sure that it is plain."""
        if not self._done or len(self._stack) != 1 or self._marks:
            raise PlainPickleError("the pickle is damaged (it does not end in one value)")
        _require_plain(self._stack[0], _DEEPEST, set())
        return self._stack[0]

    def stop(self, _: Any) -> None:
        self._done = True

    def mark(self, _: Any) -> None:
        self._marks.append(len(self._stack))

    def put(self, index: int | None) -> None:
        place = len(self._memo) if index is None else index
        if not 0 <= place < _MOST_STEPS:
            raise PlainPickleError(f"the pickle's memo has a place {place}; less than {_MOST_STEPS} was expected")
        self._memo[place] = self._stack[-1]

    def get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    def append(self, _: Any) -> None:
        (item,) = self._pop_many(1)
        self._top(list).append(item)

    def extend(self, _: Any) -> None:
        items = self._pop_to_mark()
        self._top(list).extend(items)

    def set_item(self, _: Any) -> None:
        pair = self._pop_many(2)
        self._top(dict).update(_dict_of(pair))

    def set_items(self, _: Any) -> None:
        items = self._pop_to_mark()
        self._top(dict).update(_dict_of(items))

    def name(self, argument: str) -> None:
        """`GLOBAL`: module and name in one argument, parted by a blank."""
        self._push_name(*argument.split(" ", 1))

    def stack_name(self, _: Any) -> None:
        module, name = self._pop_many(2)
        self._push_name(str(module), str(name))

    def reduce(self, _: Any) -> None:
        """Where the pickle asks for a call, ours is made."""
        self._count_call()
        named, arguments = self._pop_many(2)
        if not isinstance(named, Name) or not isinstance(arguments, tuple) or named.path not in CALLS:
            raise PlainPickleError("the pickle asks for a call of something that is not a NumPy array")
        self._stack.append(called(named.path, arguments))

    def build(self, _: Any) -> None:
        """Gives an array or a type its state; the memo may hold it already."""
        self._count_call()
        draft, state = self._pop_many(2)
        if not isinstance(state, tuple):
            raise PlainPickleError("the pickle sets a state that is not an array's")
        if isinstance(draft, Type):
            self._stack.append(draft.ordered(state[1]))
            return
        if not isinstance(draft, Draft):
            raise PlainPickleError("the pickle sets the state of something that is not a NumPy array")
        _, shape, kind, fortran, data = state
        array = array_of(data, kind, shape, "F" if fortran else "C")
        self._memo = {place: array if held is draft else held for place, held in self._memo.items()}
        self._stack.append(array)

    def _count_call(self) -> None:
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise PlainPickleError(f"the pickle holds more than {_MOST_CALLS} arrays and NumPy numbers")

    def _push_name(self, module: str, name: str) -> None:
        path = f"{module}.{name}".replace("numpy._core.", "numpy.core.")
        if path not in NAMES:
            raise PlainPickleError(f"the pickle asks for {path[:80]!r}, which is not data")
        self._stack.append(Name(path))

    def _top(self, kind: type[Any]) -> Any:
        if not isinstance(self._stack[-1], kind):
            raise PlainPickleError(f"the pickle is damaged (it fills a {kind.__name__} that is none)")
        return self._stack[-1]

    def _pop_many(self, count: int) -> list[Any]:
        floor = self._marks[-1] if self._marks else 0
        if len(self._stack) - count < floor:
            raise PlainPickleError("the pickle is damaged (it takes more than there is)")
        items = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return items

    def _pop_to_mark(self) -> list[Any]:
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items


def _dict_of(items: list[Any]) -> dict[str | int, Any]:
    """Keys and values that alternate."""
    keys, values = items[::2], items[1::2]
    if not all(isinstance(key, (str, int)) for key in keys):
        raise PlainPickleError("dicts with strings or whole numbers as keys were expected")
    return dict(zip(keys, values, strict=True))


def _require_plain(value: Any, depth: int, seen: set[int]) -> None:
    """Refuses what is too deep, holds itself, or is unfinished; shared parts are looked at once for each depth."""
    if isinstance(value, Stub):
        raise PlainPickleError("the pickle is damaged (it names something without use)")
    if not isinstance(value, (list, tuple, dict)):
        return
    if depth == 0:
        raise PlainPickleError(f"the pickle is nested deeper than {_DEEPEST}")
    if (place := id(value) * (_DEEPEST + 1) + depth) in seen:
        return
    seen.add(place)
    for item in value.values() if isinstance(value, dict) else value:
        _require_plain(item, depth - 1, seen)


_PUSHED = frozenset(
    (
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    )
)
_MADE: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
}
_GATHERED: dict[str, Callable[[list[Any]], Any]] = {"LIST": list, "TUPLE": tuple, "DICT": _dict_of}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "STOP": _Machine.stop,
    "MARK": _Machine.mark,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.extend,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
