"""Strict configuration: YAML into frozen dataclasses, every problem at once, each with its line.

PyYAML's traps are known here: ``1e-4`` is a number, ``no`` and ``08`` are text where text is meant
and refused where the meaning is open, and a repeated key is an error.
"""

import dataclasses
import difflib
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from neurodecode.core.errors import ConfigError

T = TypeVar("T")
Binder = Callable[["Node", str, "Problems"], Any]

_FLOAT = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_INT = re.compile(r"[-+]?\d+")
_LEADING_ZERO = re.compile(r"[-+]?0\d+")
_PLAIN_TAGS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value"}
_SWITCH_WORDS = {"yes", "no", "on", "off", "y", "n"}

# A stranger's file must be refused at once, not read for minutes: what people write by hand stays
# far below these. Aliases are the trap: nine lines of them can stand for 10^9 values.
_LARGEST_FILE = 300_000  # bytes
_MOST_VALUES = 100_000
_MOST_DIGITS = 20  # of a whole number; 2^64 has as many


@dataclass(frozen=True)
class Node:
    """A piece of a YAML file that remembers its line.

    Parameters
    ----------
    value : dict of str to Node, list of Node, or plain value
    line : int
        1-based; 0 for what did not come from a file.
    raw : str
        The text of an unquoted scalar; empty where it was quoted or is not a scalar.
    """

    value: Any
    line: int = 0
    raw: str = ""

    def plain(self) -> Any:
        """Give the value as dictionaries, lists and plain values."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


@dataclass
class Problems:
    """All that is wrong with one file, collected so that it can be shown at once."""

    source: str
    lines: list[tuple[int, str]] = field(default_factory=list)

    def add(self, node: Node, where: str, what: str) -> None:
        """Note a problem at `node`; `where` is its dotted place in the file."""
        place = f"{self.source}:{node.line}" if node.line else self.source
        self.lines.append((node.line, f"{place}: {where}: {what}" if where else f"{place}: {what}"))

    def stop(self) -> None:
        """Raise `ConfigError` with all problems, in the order of the file, if there is one."""
        if self.lines:
            ordered = [line for _, line in sorted(self.lines, key=lambda entry: entry[0])]
            raise ConfigError(tuple(dict.fromkeys(ordered)))


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


def parse(text: str, source: str) -> tuple[Node, Problems]:
    """Parse YAML text into nodes; repeated keys and tags are noted as problems.

    Raises
    ------
    ConfigError
        If the text is not YAML at all, or aliases make it stand for far more than it says.
    """
    problems = Problems(source)
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        if tree is not None and _n_values(tree, {}) > _MOST_VALUES:
            raise ConfigError(
                f"{source}: it stands for more than {_MOST_VALUES:,} values once its aliases (*) "
                "are written out. Make it shorter."
            )
        root = Node({}, 1) if tree is None else _node(tree, "", problems, frozenset())
    except RecursionError:
        raise ConfigError(f"{source}: nested too deeply to be read. Flatten it.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "not readable as YAML"
        raise ConfigError(
            f"{source}{line}: {reason}. Check indentation, colons and quotes."
        ) from None
    return root, problems


def load(path: Path, overrides: Iterable[str] = ()) -> tuple[Node, Problems]:
    """Parse a YAML file and apply ``KEY=VALUE`` overrides, whose keys are dotted paths.

    Raises
    ------
    ConfigError
        If it is not text in UTF-8, not YAML, far too long, or an override has no place.
    """
    if (size := path.stat().st_size) > _LARGEST_FILE:
        raise ConfigError(
            f"{path}: {size / 1e6:.1f} MB are no card or experiment, which have at most "
            f"{_LARGEST_FILE / 1e6:g} MB. Name another file."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not text in UTF-8 (byte {error.start}: {error.reason}). Save it as UTF-8."
        ) from None
    root, problems = parse(text, str(path))
    for override in overrides:
        root = _override(root, override)
    return root, problems


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
    for key, child in node.value.items():
        if key not in fields:
            problems.add(child, _join(where, key), f"unknown key.{nearest(key, fields)}")
        elif key in special:
            values[key] = special[key](child, _join(where, key), problems)
        else:
            values[key] = convert(child, hints[key], _join(where, key), problems)
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
        problems.add(node, where, str(error))
        return None


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
            key: convert(child, arguments[1], _join(where, key), problems)
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
            place = _join(where, name)
            plain = {
                key: _open_value(child, _join(place, key), problems)
                for key, child in arguments.value.items()
            }
            return Call(name, plain, arguments)
        problems.add(
            node, _join(where, name), f"expected arguments by name, got {_shown(arguments)}."
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
) -> None:
    """Hold arguments to a constructor's signature: names, what is required, annotated types."""
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
                problems.add(at, _join(where, name), f"unknown key.{nearest(name, parameters)}")
        elif name in hints:
            convert(at, hints[name], _join(where, name), problems)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in arguments:
            problems.add(node, where, f"{name!r} is missing.")


def from_plain(value: Any) -> Node:
    """Give plain data as nodes without lines."""
    if isinstance(value, Mapping):
        return Node({str(key): from_plain(child) for key, child in value.items()})
    if isinstance(value, list | tuple):
        return Node([from_plain(child) for child in value])
    return Node(value)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError):
        return {}  # annotations of other libraries may name what is not imported


def _n_values(tree: yaml.Node, counted: dict[int, int]) -> int:
    """Count what a tree stands for, aliases written out, in time of what it says."""
    if id(tree) in counted:
        return counted[id(tree)]
    counted[id(tree)] = 1  # what contains itself is named by `_node`
    children: list[yaml.Node] = []
    if isinstance(tree, yaml.MappingNode):
        children = [child for pair in tree.value for child in pair]
    elif isinstance(tree, yaml.SequenceNode):
        children = tree.value
    counted[id(tree)] = 1 + sum(_n_values(child, counted) for child in children)
    return counted[id(tree)]


def _node(tree: yaml.Node, where: str, problems: Problems, open_nodes: frozenset[int]) -> Node:
    line = tree.start_mark.line + 1
    if id(tree) in open_nodes:
        problems.add(Node(None, line), where, "a value may not contain itself.")
        return Node(None, line)
    if tree.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
        problems.add(
            Node(None, line), where, f"tags such as {tree.tag} are not read. Write plain values."
        )
        return Node(None, line)
    if isinstance(tree, yaml.MappingNode):
        return _mapping(tree, where, problems, open_nodes | {id(tree)})
    if isinstance(tree, yaml.SequenceNode):
        inner = open_nodes | {id(tree)}
        return Node(
            [_node(one, f"{where}[{i}]", problems, inner) for i, one in enumerate(tree.value)], line
        )
    if isinstance(tree, yaml.ScalarNode):
        return _scalar(tree, where, problems)
    raise TypeError(f"PyYAML gave {type(tree).__name__}, which is no mapping, list or scalar")


def _mapping(
    tree: yaml.MappingNode, where: str, problems: Problems, open_nodes: frozenset[int]
) -> Node:
    children: dict[str, Node] = {}
    for key_tree, value_tree in tree.value:
        key_line = Node(None, key_tree.start_mark.line + 1)
        if not isinstance(key_tree, yaml.ScalarNode):
            problems.add(key_line, where, "a key must be a single word or number.")
            continue
        key = key_tree.value
        if key == "<<":
            problems.add(key_line, where, "merge keys (<<) are not read. Write the values out.")
            continue
        if key in children:
            problems.add(key_line, _join(where, key), "this key is given twice. Keep one.")
        child = _node(value_tree, _join(where, key), problems, open_nodes)
        # An error about a key points at the key, also where its value starts on a later line.
        children[key] = dataclasses.replace(child, line=key_line.line)
    return Node(children, tree.start_mark.line + 1)


def _scalar(tree: yaml.ScalarNode, where: str, problems: Problems) -> Node:
    line, text = tree.start_mark.line + 1, tree.value
    if tree.style is not None:
        return Node(text, line)
    if text in ("", "~", "null", "Null", "NULL"):
        return Node(None, line)
    if text.lower() in ("true", "false"):
        return Node(text.lower() == "true", line)
    if _INT.fullmatch(text) and not _LEADING_ZERO.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            problems.add(
                Node(None, line), where, f"no number here has {len(text)} digits. Quote text."
            )
            return Node(text, line, text)
        return Node(int(text), line, text)
    if _FLOAT.fullmatch(text) and not _LEADING_ZERO.fullmatch(text):
        return Node(float(text), line, text)
    if text.lower() in (".inf", "+.inf", "-.inf", ".nan"):
        return Node(float(text.replace(".", "")), line, text)
    return Node(text, line, text)


def _open_value(node: Node, where: str, problems: Problems) -> Any:
    if isinstance(node.value, dict):
        return {k: _open_value(c, _join(where, k), problems) for k, c in node.value.items()}
    if isinstance(node.value, list):
        return [_open_value(c, f"{where}[{i}]", problems) for i, c in enumerate(node.value)]
    if isinstance(node.value, str) and node.raw:
        if node.raw.lower() in _SWITCH_WORDS:
            problems.add(
                node,
                where,
                f"{node.raw!r} may be text or a switch. Quote it, or write true or false.",
            )
        elif _LEADING_ZERO.fullmatch(node.raw):
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
        listed = ", ".join(str(choice) for choice in choices)
        problems.add(node, where, f"expected one of {listed}, got {_shown(node)}.")
    return value


def _convert_list(node: Node, arguments: tuple[Any, ...], where: str, problems: Problems) -> Any:
    if not isinstance(node.value, list):
        problems.add(node, where, f"expected a list, got {_shown(node)}.")
        return ()
    return tuple(
        convert(child, arguments[0], f"{where}[{i}]", problems)
        for i, child in enumerate(node.value)
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
    if hint is bool and isinstance(value, str) and value.lower() in _SWITCH_WORDS:
        hinted = " Write true or false."
    problems.add(node, where, f"expected {_word(hint)}, got {_shown(node)}.{hinted}")
    return None


def _word(hint: Any) -> str:
    words = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return "one of " + ", ".join(str(choice) for choice in typing.get_args(hint))
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


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _override(root: Node, override: str) -> Node:
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise ConfigError(f"--set {override}: expected KEY=VALUE, as in seeds=[1].")
    value, problems = parse(text, f"--set {path}")
    problems.stop()
    if text.strip() == "":
        value = Node(None)
    return _replace(root, path.split("."), _without_lines(value), override)


def _without_lines(node: Node) -> Node:
    value = node.value
    if isinstance(value, dict):
        value = {key: _without_lines(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_without_lines(child) for child in value]
    return Node(value, 0, node.raw)


def _replace(node: Node, path: list[str], value: Node, override: str) -> Node:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(node.value, list):
        if not key.isdigit() or int(key) >= len(node.value):
            raise ConfigError(
                f"--set {override}: {key!r} is not a position in a list of {len(node.value)}."
            )
        items = list(node.value)
        items[int(key)] = _replace(items[int(key)], rest, value, override)
        return dataclasses.replace(node, value=items)
    children = dict(node.value) if isinstance(node.value, dict) else {}
    children[key] = _replace(children.get(key, Node({})), rest, value, override)
    return Node(children, node.line)
