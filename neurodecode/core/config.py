"""Strict configuration: nodes of a YAML file into frozen dataclasses and calls, by their types.

What has several meanings is text where text is meant, and refused where no type decides. Every
problem is noted with its line; nothing is raised before all are.
"""

import dataclasses
import difflib
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from neurodecode.core.errors import ConfigError
from neurodecode.core.nodes import LEADING_ZERO, SWITCH_WORDS, Node, Problems, from_plain, join

T = TypeVar("T")
Binder = Callable[[Node, str, Problems], Any]


@dataclass(frozen=True)
class Call:
    """A name with its arguments: a model, a step, a preparation, a protocol.

    Parameters
    ----------
    name : str
        Dotted name, as in ``riemann.mdm``.
    arguments : mapping of str to plain data
    node : Node
        Where it stands in the file.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    node: Node = field(default=Node(None), compare=False, repr=False)

    def plain(self) -> Any:
        """Give the shortest text that means the same."""
        return {self.name: dict(self.arguments)} if self.arguments else self.name


def nearest(word: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` where a known word is close, else all of a few, else nothing."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    if not close:
        close = [name for name in known if name.rpartition(".")[2] == word.rpartition(".")[2]][:1]
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known: {', '.join(known)}." if 0 < len(known) <= 24 else ""


def bind(cls: type[T], node: Node, where: str, problems: Problems, **special: Binder) -> T | None:
    """Make a frozen dataclass of a mapping; unknown keys, wrong types, missing values are noted.

    Parameters
    ----------
    cls : dataclass
        Its fields are the known keys, its annotations their types.
    node, where, problems
        What is read, its dotted place, and where problems are noted.
    special : callable
        Binders of fields whose form needs more than a type.
    """
    if not isinstance(node.value, dict):
        problems.add(node, where, f"expected keys and values, got {_shown(node)}.")
        return None
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # pyright: ignore[reportArgumentType]
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    complete = True
    unknown = [key for key in node.value if key not in fields]
    for key in unknown:
        problems.add(node.value[key], join(where, key), f"unknown key.{nearest(key, fields)}")
    n_before = len(problems.lines)
    for key, child in node.value.items():
        if key in special:
            values[key] = special[key](child, join(where, key), problems)
        elif key in fields:
            values[key] = convert(child, hints[key], join(where, key), problems)
    sound = len(problems.lines) == n_before
    for name, one in fields.items():
        required = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        if required and name not in values:
            problems.add(node, where, f"{name!r} is missing.")
            complete = False
    if not complete:
        return None
    try:
        return cls(**values)
    except ConfigError as error:  # what a dataclass checks of its values taken together
        if sound:
            problems.add(node, where, str(error))
        return None
    except (TypeError, AttributeError, ValueError):
        if sound:
            raise
        return None  # it stumbled over a value that was noted already


def convert(node: Node, hint: Any, where: str, problems: Problems) -> Any:
    """Give the node's value as the annotated type `hint`, noting a problem where it is not one."""
    if hint is Any or hint is object:
        return _open_value(node, where, problems)
    if hint is Call:
        return call(node, where, problems)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType or str(origin) == "typing.Union":
        return _convert_union(node, arguments, where, problems)
    if origin is typing.Literal:
        return _convert_choice(node, arguments, where, problems)
    if origin in (tuple, list):
        return _convert_list(node, arguments, where, problems)
    if origin in (dict, Mapping):
        if not isinstance(node.value, dict):
            problems.add(node, where, f"expected keys and values, got {_shown(node)}.")
            return {}
        return {
            key: convert(child, arguments[1], join(where, key), problems)
            for key, child in node.value.items()
        }
    if dataclasses.is_dataclass(hint):
        return bind(hint, node, where, problems)  # pyright: ignore[reportArgumentType]
    return _convert_scalar(node, hint, where, problems)


def call(node: Node, where: str, problems: Problems) -> Call:
    """Read a name, or a name with arguments."""
    if isinstance(node.value, str):
        return Call(node.value, {}, node)
    if isinstance(node.value, dict) and len(node.value) == 1:
        ((name, arguments),) = node.value.items()
        if arguments.value is None:
            return Call(name, {}, node)
        if isinstance(arguments.value, dict):
            place = join(where, name)
            plain = {
                key: _open_value(child, join(place, key), problems)
                for key, child in arguments.value.items()
            }
            return Call(name, plain, arguments)
        problems.add(
            node, join(where, name), f"expected arguments by name, got {_shown(arguments)}."
        )
        return Call(name, {}, node)
    problems.add(
        node, where, f"expected one name, or one name with its arguments, got {_shown(node)}."
    )
    return Call("", {}, node)


def check_arguments(
    arguments: Mapping[str, Any],
    function: Callable[..., Any],
    node: Node,
    where: str,
    problems: Problems,
    *,
    some: bool = False,
) -> None:
    """Hold arguments to a constructor's signature: names, what is required, annotated types.

    Parameters
    ----------
    arguments : mapping of str to plain data
    function : callable
        Its parameters are the known keys, their annotations the types.
    node, where, problems
        What is read, its dotted place, and where problems are noted.
    some : bool
        Whether these stand beside others, so that none is missing here.
    """
    signature = inspect.signature(function).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in signature.values())
    parameters = {
        name: p
        for name, p in signature.items()
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and name != "self"
    }
    target = function.__init__ if isinstance(function, type) else function
    hints = _hints(target)
    nodes = node.value if isinstance(node.value, dict) else {}
    for name, value in arguments.items():
        at = nodes.get(name) or dataclasses.replace(from_plain(value), line=node.line)
        if name not in parameters:
            if not takes_any:
                problems.add(at, join(where, name), f"unknown key.{nearest(name, parameters)}")
        elif name in hints:
            convert(at, hints[name], join(where, name), problems)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in arguments and not some:
            problems.add(node, where, f"{name!r} is missing.")


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError):
        return {}  # annotations of other libraries may name what is not imported


def _open_value(node: Node, where: str, problems: Problems) -> Any:
    if isinstance(node.value, dict):
        return {k: _open_value(c, join(where, k), problems) for k, c in node.value.items()}
    if isinstance(node.value, list):
        return [_open_value(c, f"{where}[{i}]", problems) for i, c in enumerate(node.value)]
    if isinstance(node.value, str) and node.raw:
        if node.raw.lower() in SWITCH_WORDS:
            problems.add(
                node,
                where,
                f"{node.raw!r} may be text or a switch. Quote it, or write true or false.",
            )
        elif LEADING_ZERO.fullmatch(node.raw):
            problems.add(
                node, where, f"{node.raw!r} may be text or a number. Quote it if it is text."
            )
    return node.value


def _convert_union(node: Node, hints: tuple[Any, ...], where: str, problems: Problems) -> Any:
    if node.value is None:
        if type(None) not in hints:
            problems.add(node, where, "a value is missing.")
        return None
    hints = tuple(hint for hint in hints if hint is not type(None))
    attempts = []
    for hint in hints:
        attempt = Problems(problems.source)
        value = convert(node, hint, where, attempt)
        if not attempt.lines:
            return value
        attempts.append(attempt)
    if len(hints) == 1:
        problems.lines.extend(attempts[0].lines)
    else:
        # The attempt that got furthest into the value says most about what was meant; of those at
        # its door, the last one, which by our order takes more than one word.
        deepest = max(attempts[::-1], key=lambda a: max(text.count(".") for _, text in a.lines))
        if isinstance(node.value, dict | list):
            problems.lines.extend(deepest.lines)
        else:
            words = " or ".join(_word(hint) for hint in hints)
            problems.add(node, where, f"expected {words}, got {_shown(node)}.")
    return None


def _convert_choice(node: Node, choices: tuple[Any, ...], where: str, problems: Problems) -> Any:
    value = node.raw if isinstance(node.value, bool) else node.value
    if value not in choices:
        listed = ", ".join(str(choice) for choice in choices if choice != "")
        problems.add(node, where, f"expected one of {listed}, got {_shown(node)}.")
    return value


def _convert_list(node: Node, arguments: tuple[Any, ...], where: str, problems: Problems) -> Any:
    if not isinstance(node.value, list):
        problems.add(node, where, f"expected a list, got {_shown(node)}.")
        return ()
    hints = [arguments[0]] * len(node.value)
    if len(arguments) > 1 and arguments[1] is not Ellipsis:  # tuple[float, float]: so many, no more
        if len(node.value) != len(arguments):
            problems.add(node, where, f"expected {len(arguments)} values, got {len(node.value)}.")
            return ()
        hints = list(arguments)
    return tuple(
        convert(child, hint, f"{where}[{i}]", problems)
        for i, (child, hint) in enumerate(zip(node.value, hints, strict=True))
    )


def _convert_scalar(node: Node, hint: Any, where: str, problems: Problems) -> Any:
    value = node.value
    if hint is str and isinstance(value, str):
        return value
    if hint is str and node.raw and isinstance(value, int | float) and not isinstance(value, bool):
        return node.raw
    if hint is bool and isinstance(value, bool):
        return value
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint is types.NoneType and value is None:
        return None
    if hint not in (str, bool, int, float, types.NoneType):
        return _open_value(node, where, problems)
    hinted = ""
    if hint is bool and isinstance(value, str) and value.lower() in SWITCH_WORDS:
        hinted = " Write true or false."
    problems.add(node, where, f"expected {_word(hint)}, got {_shown(node)}.{hinted}")
    return None


def _word(hint: Any) -> str:
    words = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return "one of " + ", ".join(str(one) for one in typing.get_args(hint) if one != "")
    if origin in (tuple, list):
        return "a list"
    if origin in (dict, Mapping) or dataclasses.is_dataclass(hint):
        return "keys and values"
    return words.get(hint, getattr(hint, "__name__", str(hint)))


def _shown(node: Node) -> str:
    if isinstance(node.value, dict):
        return "keys and values"
    if isinstance(node.value, list):
        return "a list"
    return "nothing" if node.value is None else repr(node.value)
