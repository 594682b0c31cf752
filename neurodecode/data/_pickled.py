"""Pickles read as data: arrays, numbers, text and plain containers, and nothing else is ever made.

`pickletools` gives the opcodes one by one, and a small machine of our own goes through them instead
of Python's. It cannot import, call or build anything: the few names under which numpy writes its
arrays stand for values of this module, and any other name ends it.
"""

import math
import pickletools
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

_DTYPE = re.compile(r"[<>|=]?([biufcSUO])(\d+)")
_ORDERS = ("<", ">", "|", "=")
_MARK = object()
_DEEPEST = 20
_MOST_ARRAYS = 10_000
_KEY = re.compile(r"\w[\w +-]*")


class NotPlain(Exception):
    """Where a pickle asks for more than arrays and plain containers, and for what."""


@dataclass
class Dtype:
    """What stands for a type of numpy's."""

    kind: str
    order: str = "|"

    @property
    def numpy(self) -> np.dtype:
        """The type itself; objects are lists of their own."""
        return np.dtype(self.order + self.kind if self.order in "<>" else self.kind)


@dataclass
class Array:
    """What stands for an array: its bytes, or the values of an array of objects."""

    shape: tuple[int, ...] = ()
    dtype: Dtype | None = None
    fortran: bool = False
    held: Any = None

    @property
    def of_objects(self) -> bool:
        """Whether its values are Python's own."""
        return isinstance(self.held, list)

    def values(self) -> np.ndarray:
        """Give an array of numbers or text, without a copy of its bytes."""
        assert self.dtype is not None  # as `_filled` has it
        flat = np.frombuffer(self.held, dtype=self.dtype.numpy)
        return flat.reshape(self.shape, order="F" if self.fortran else "C")


@dataclass(frozen=True)
class _Name:
    """What a pickle wants imported, which it never is."""

    module: str
    name: str


def read(stream: BinaryIO, size: int) -> Any:
    """Read one pickle.

    Parameters
    ----------
    stream : file
        Open where the pickle begins.
    size : int
        Bytes of the whole file: nothing in it can be longer.

    Returns
    -------
    value : object
        Dicts, lists, tuples, text, bytes, numbers, None, and `Array`.

    Raises
    ------
    NotPlain
        If it holds anything else; the sentence says what, and at which byte.
    ValueError
        If it is damaged.
    """
    machine = _Machine()
    held: Any = _Held(stream, size)  # what `genops` asks of a file, and no more
    for opcode, argument, place in pickletools.genops(held):
        if opcode.name == "STOP":
            return machine.stack.pop()
        try:
            machine.run(opcode.name, argument)
        except NotPlain as error:
            raise NotPlain(f"at byte {place} it {error}") from None
        except (IndexError, KeyError, TypeError, struct.error) as error:
            raise ValueError(f"damaged at byte {place} ({opcode.name})") from error
    raise ValueError("it has no end")


def arrays_of(value: Any) -> dict[str, np.ndarray]:
    """Give the arrays of what was read, by name; keys of dicts within dicts are parted by dots.

    Lists and tuples of numbers, or of text, are one array each; of other things they are
    numbered. What is None is left out. What has no name is called ``data``.

    Raises
    ------
    NotPlain
        If a key is no word, or there is no end to it.
    """
    found: dict[str, np.ndarray] = {}
    for name, one in _leaves(value, (), 0):
        key = ".".join(name) or "data"
        if key in found:
            raise NotPlain(f"has two values called {key!r}")
        if len(found) >= _MOST_ARRAYS:
            raise NotPlain(f"holds more than {_MOST_ARRAYS} arrays")
        found[key] = one
    return found


class _Held:
    """A stream that refuses to be asked for more than the file holds, before memory is taken."""

    def __init__(self, stream: BinaryIO, size: int):
        self._stream, self._size = stream, size
        self.readline, self.tell = stream.readline, stream.tell

    def read(self, n: int) -> bytes:
        if n > self._size - self._stream.tell():
            raise ValueError("it is cut short")
        return self._stream.read(n)


class _Machine:
    """A stack, what is remembered of it, and the opcodes that plain values need."""

    def __init__(self):
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name in ("PROTO", "FRAME"):
            pass
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name in ("POP", "POP_MARK"):
            _ = stack.pop() if name == "POP" else self._marked()
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            self._tuple(int(name[-1]))
        elif name in ("TUPLE", "LIST", "DICT"):
            items = self._marked()
            kinds: Mapping[str, Callable[[Any], Any]] = {"TUPLE": tuple, "LIST": list}
            stack.append(_pairs({}, items) if name == "DICT" else kinds[name](items))
        elif name in ("APPEND", "APPENDS", "SETITEM", "SETITEMS"):
            self._add(name)
        elif name == "GLOBAL":
            stack.append(_known(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            named = stack.pop()
            stack.append(_known(stack.pop(), named))
        elif name == "REDUCE":
            arguments = stack.pop()
            stack.append(_made(stack.pop(), arguments))
        elif name == "BUILD":
            state = stack.pop()
            _fill(stack[-1], state)
        else:
            raise NotPlain(f"has the opcode {name}, which plain values do not need")

    def _marked(self) -> list[Any]:
        """Take off what was put on since the last mark."""
        last = max(i for i, one in enumerate(self.stack) if one is _MARK)
        items = self.stack[last + 1 :]
        del self.stack[last:]
        return items

    def _tuple(self, n: int) -> None:
        items = tuple(self.stack[-n:])
        del self.stack[-n:]
        self.stack.append(items)

    def _add(self, name: str) -> None:
        n = {"APPEND": 1, "SETITEM": 2}.get(name)
        items = self._marked() if n is None else [self.stack.pop() for _ in range(n)][::-1]
        target = self.stack[-1]
        if name.startswith("APPEND") and isinstance(target, list):
            target.extend(items)
        elif name.startswith("SETITEM") and isinstance(target, dict):
            _pairs(target, items)
        else:
            raise NotPlain(f"puts items into a {type(target).__name__}")


_VALUES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE",
    "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
_CONSTANTS: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "MARK": lambda: _MARK,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}


def _known(module: Any, name: Any) -> _Name:
    found = _Name(str(module), str(name))
    if found not in _MAKERS and found != _ARRAY:
        raise NotPlain(f"asks for {found.module}.{found.name}, which is no array and no number")
    return found


def _made(name: Any, arguments: Any) -> Any:
    if not isinstance(name, _Name) or name not in _MAKERS:
        raise NotPlain("calls what is no array and no number")
    if not isinstance(arguments, tuple):
        raise TypeError("arguments")
    return _MAKERS[name](*arguments)


def _fill(target: Any, state: Any) -> None:
    if isinstance(target, Dtype):
        _order_of(target, state)
    elif isinstance(target, Array):
        _, shape, dtype, fortran, held = state
        _filled(target, shape, dtype, bool(fortran), held)
    else:
        raise NotPlain(f"gives a state to a {type(target).__name__}")


def _dtype(kind: Any, *_: Any) -> Dtype:
    matched = _DTYPE.fullmatch(kind) if isinstance(kind, str) else None
    if matched is None:
        raise NotPlain(f"has an array of the type {kind!r}, neither numbers nor text")
    return Dtype(matched.group(1) + matched.group(2))


def _order_of(target: Dtype, state: Any) -> None:
    _, order, inner, names, named = state[:5]
    if order not in _ORDERS or any(one is not None for one in (inner, names, named)):
        raise NotPlain("has an array with fields of its own, neither numbers nor text")
    target.order = order


def _filled(target: Array, shape: Any, dtype: Any, fortran: bool, held: Any) -> Array:
    if not isinstance(dtype, Dtype) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise TypeError("array")
    objects = dtype.kind.startswith("O")
    if isinstance(held, str):  # bytes, as Python 2 wrote them
        held = held.encode("latin-1")
    wanted = math.prod(shape) * (1 if objects else dtype.numpy.itemsize)
    if not isinstance(held, list if objects else bytes | bytearray) or len(held) != wanted:
        raise TypeError("array")
    target.shape, target.dtype, target.fortran, target.held = tuple(shape), dtype, fortran, held
    return target


def _scalar(dtype: Any, held: Any) -> Any:
    return _filled(Array(), (), dtype, False, held)


def _of_buffer(held: Any, dtype: Any, shape: Any, order: Any) -> Array:
    return _filled(Array(), shape, dtype, order == "F", held)


def _encoded(text: Any, encoding: Any) -> bytes:
    if encoding != "latin1":  # how bytes are written to pickles that Python 2 could read
        raise NotPlain(f"asks for text in the encoding {encoding!r}")
    return text.encode("latin-1")


_ARRAY = _Name("numpy", "ndarray")
_MAKERS: Mapping[_Name, Callable[..., Any]] = {
    _Name("numpy", "dtype"): _dtype,
    _Name("_codecs", "encode"): _encoded,
} | {
    _Name(f"numpy.{package}.{module}", name): maker
    for package in ("core", "_core")
    for module, name, maker in (
        ("multiarray", "_reconstruct", lambda *_: Array()),
        ("multiarray", "scalar", _scalar),
        ("numeric", "_frombuffer", _of_buffer),
    )
}


def _pairs(target: dict[Any, Any], items: list[Any]) -> dict[Any, Any]:
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str | int):
            raise NotPlain(f"has a key that is a {type(key).__name__}, no word")
        target[key] = value
    return target


def _leaves(
    value: Any, name: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    if depth > _DEEPEST:
        raise NotPlain(f"has containers within containers, {_DEEPEST} deep")
    if isinstance(value, Array) and value.of_objects:
        items = value.held
        value = items[0] if value.shape == () else items
    if isinstance(value, Array):
        yield name, value.values()
    elif isinstance(value, dict):
        for key, one in value.items():
            if not _KEY.fullmatch(str(key)):
                raise NotPlain(f"has the key {str(key)[:40]!r}, which is no word")
            yield from _leaves(one, (*name, str(key)), depth + 1)
    elif isinstance(value, list | tuple):
        whole = _whole(value)
        if whole is not None:
            yield name, whole
            return
        for number, one in enumerate(value):
            yield from _leaves(one, (*name, str(number)), depth + 1)
    elif value is not None:
        alone = _whole([value])
        if alone is None:
            raise NotPlain(f"holds a {type(value).__name__}, neither numbers nor text")
        yield name, alone.reshape(())


def _whole(values: list[Any] | tuple[Any, ...]) -> np.ndarray | None:
    """Give numbers, or words, as one array; None for other things."""
    plain = [one.values()[()].item() if _single(one) else one for one in values]
    kinds = {type(one) for one in plain}
    if not any(kinds <= alike for alike in ({str}, {bytes}, {bool}, {int, float}, {complex})):
        return None
    made = np.array(plain)
    if made.dtype == object:
        raise NotPlain("holds a whole number that no array can")
    return made


def _single(value: Any) -> bool:
    return isinstance(value, Array) and not value.of_objects and value.shape == ()
