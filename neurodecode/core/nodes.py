"""YAML text to values that remember their lines, and all that is wrong with a file.

PyYAML's traps are known here: ``1e-4`` is a number, ``no`` and ``08`` stay text until it is known
what is meant, a repeated key is an error, and aliases cannot make a small file a large one.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from neurodecode.core.errors import ConfigError

_FLOAT = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_INT = re.compile(r"[-+]?\d+")
SWITCH_WORDS = {"yes", "no", "on", "off", "y", "n"}
LEADING_ZERO = re.compile(r"[-+]?0\d+")
_PLAIN_TAGS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value"}
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


class _Dumper(yaml.SafeDumper):
    """PyYAML's, which leaves the quotes out around ``08``, ``1e-4`` and ``y``."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    reads_as_number = _FLOAT.fullmatch(text) or _INT.fullmatch(text)
    style = "'" if reads_as_number or text.lower() in SWITCH_WORDS else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def dump(plain: Any) -> str:
    """Write plain values as YAML that `parse` reads as the same values.

    Parameters
    ----------
    plain : dict, list or plain value
        Keys keep their order.
    """
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


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


def from_plain(value: Any) -> Node:
    """Give plain data as nodes without lines."""
    if isinstance(value, Mapping):
        return Node({str(key): from_plain(child) for key, child in value.items()})
    if isinstance(value, list | tuple):
        return Node([from_plain(child) for child in value])
    return Node(value)


def join(where: str, key: str) -> str:
    """Dotted place of a key below another place."""
    return f"{where}.{key}" if where else key


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
            problems.add(key_line, join(where, key), "this key is given twice. Keep one.")
        child = _node(value_tree, join(where, key), problems, open_nodes)
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
    if _INT.fullmatch(text) and not LEADING_ZERO.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            problems.add(
                Node(None, line), where, f"no number here has {len(text)} digits. Quote text."
            )
            return Node(text, line, text)
        return Node(int(text), line, text)
    if _FLOAT.fullmatch(text) and not LEADING_ZERO.fullmatch(text):
        return Node(float(text), line, text)
    if text.lower() in (".inf", "+.inf", "-.inf", ".nan"):
        return Node(float(text.replace(".", "")), line, text)
    return Node(text, line, text)


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
