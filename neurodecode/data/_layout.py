"""The layout of an array file, as a card says it: which key is what, and how names are made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from neurodecode.core.errors import ConfigError
from neurodecode.core.space import Kind

ENTITIES = ("subject", "session", "run")
KINDS: Mapping[str, Kind] = {
    "channel": "sensors",
    "voxel": "voxels",
    "vertex": "vertices",
    "parcel": "parcels",
    "edge": "edges",
    "cell": "features",
    "feature": "features",
}
SPLIT = "split"
_FIELD = re.compile(r"\{(\w+)(?::0(\d+)d)?\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_WORD = "[A-Za-z0-9-]+"  # what a field of a key may stand for: no separator


@dataclass(frozen=True)
class Column:
    """Where a column of the rows comes from.

    Parameters
    ----------
    key : str
        Key of the data file, or column of the table: one value a row, or one a position of `axis`.
    path : str
        Another file that holds the key.
    axis : str
        Axis whose position numbers the rows, from 0, or is named by `key` or `template`.
    template : str
        A name for each row, such as ``"image{number:04d}"``; numbers begin at 1, an ``{index}`` at
        0, and columns before it may be named.
    join : tuple of str
        Columns whose words make one, parted by blanks.
    files : str
        Folder of pictures: the name of the one at the position along `axis`, or at the `number`,
        without folder and ending. They count folder by folder, in the order of their names.
    number : str
        Column before it that counts the files, or what is under the key, from 1.
    count : str
        Column before it: how often its value came before in the rows, from 0.
    flag : str
        Row of `Features.flags` that marks one feature: what the data hold there is the column.
    decimals : int or None
        How a number that is a name is written out, such as 1518878.005958 with 6 of them.
    pattern : str
        Regular expression, of which the first group is kept; values that it does not fit have none.
    codes : mapping of str to str
        Value in the file, or what the pattern keeps, to a better name.
    missing : str
        Value in the file that stands for no value.
    """

    key: str = ""
    path: str = ""
    axis: str = ""
    template: str = ""
    join: tuple[str, ...] = ()
    files: str = ""
    number: str = ""
    count: str = ""
    flag: str = ""
    decimals: int | None = None
    pattern: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    def __post_init__(self):
        given = (self.key, self.template, self.join, self.files, self.count, self.flag)
        if sum(map(bool, given)) != (0 if self.only_axis else 1):
            raise ConfigError(
                "expected one of key, template, join, files, count, flag, or an axis alone."
            )
        if self.decimals is not None and (self.decimals < 1 or not (self.key or self.flag)):
            raise ConfigError("decimals: expected 1 or more, of numbers under a key or a flag.")
        if self.number and not (self.files or self.key):
            raise ConfigError("number: it counts files, or what is under a key. Name one.")
        if self.number and self.axis:
            raise ConfigError("expected an axis or a number, not both.")
        if self.files and bool(self.axis) == bool(self.number):
            raise ConfigError("files: expected an axis, or a number (a column), that counts them.")
        check_pattern(self.pattern)
        check_template(self.files)
        if self.path and not self.key:
            raise ConfigError("path: it is the file of a key, and there is none.")
        check_template(self.path)

    @property
    def only_axis(self) -> bool:
        """Whether it is the position along an axis."""
        return bool(self.axis) and not (self.key or self.template or self.files or self.flag)


@dataclass(frozen=True)
class Codes:
    """A channel among the data whose samples are codes, 0 for none.

    Parameters
    ----------
    channel : str
        Its name; it is no data then.
    """

    channel: str


@dataclass(frozen=True)
class Times:
    """When the samples of each trial are, where the file says so.

    Parameters
    ----------
    key : str
        Seconds from the event to each sample, evenly spaced.
    before : tuple of int
        How many of them may stand before that of the first sample: of data that were cut and whose
        times were not.
    """

    key: str
    before: tuple[int, ...] = (0,)

    def __post_init__(self):
        if not self.before or min(self.before) < 0:
            raise ConfigError(f"before: {self.before}: expected numbers from 0 on.")


@dataclass(frozen=True)
class Track:
    """An array beside the data with one entry a trial, or one value a sample, such as a picture.

    Parameters
    ----------
    key : str or tuple of str
        Its first axis counts trials or samples; of several keys columns stand side by side. Empty
        where `path` holds one array alone, as a .npy file does.
    path : str
        Another file that holds it.
    shape : tuple of int
        Shape of one entry, where the file has it flat.
    order : {"C", "F"}
        How the file has it flat: row by row, or column by column as MATLAB does.
    divide : float
        What every value is divided by, such as 255.
    """

    key: str | tuple[str, ...] = ""
    path: str = ""
    shape: tuple[int, ...] = ()
    order: str = "C"
    divide: float = 1.0

    def __post_init__(self):
        if self.order not in ("C", "F"):
            raise ConfigError(f"order: expected C or F, got {self.order!r}.")
        if not self.key and not self.path:
            raise ConfigError("key: expected one key, or several; or the path of one array.")
        if self.divide == 0:
            raise ConfigError("divide: expected a number other than 0.")
        check_template(self.path)


@dataclass(frozen=True)
class Table:
    """A table beside the data: a row an entry, a row a recording, or a row an event.

    Parameters
    ----------
    path : str
        Template below the data set's folder.
    by : mapping of str to str
        ``subject``, ``session`` or ``run`` to the column that says whose a row is; without it, the
        table is of one recording, or counts the entries of all.
    onset, duration : str
        Columns in seconds from the recording's start, where rows are events.
    first, last : str
        Columns of sample or volume numbers, both belonging to the event, instead of seconds; they
        count through all runs of the data.
    counted_from : int
        Number of the first sample: 1 as in MATLAB, or 0.
    order : str
        Column that rises by one, row by row: rows that were sorted otherwise are refused.
    volumes : bool
        Whether row i is what went on during volume i, from the first one on. Where one of the two
        goes on longer, its end is left out, and that is noted.
    tolerance : int
        Volumes by which the two may differ; beyond that they do not belong together.
    """

    path: str
    by: Mapping[str, str] = field(default_factory=dict)
    onset: str = ""
    duration: str = ""
    first: str = ""
    last: str = ""
    counted_from: int = 1
    order: str = ""
    volumes: bool = False
    tolerance: int = 0

    def __post_init__(self):
        check_template(self.path)
        for name in self.by:
            if name not in ENTITIES:
                raise ConfigError(f"by: {name!r} is not one of {', '.join(ENTITIES)}.")
        if bool(self.first) != bool(self.last) or (self.first and self.onset):
            raise ConfigError("expected first and last (samples), or onset (seconds).")
        if self.duration and not self.onset:
            raise ConfigError("duration: it belongs to onset, and there is none.")
        if self.volumes and (self.onset or self.first):
            raise ConfigError("volumes: rows are volumes then. Leave onset, first and last out.")
        if self.tolerance < 0 or (self.tolerance and not self.volumes):
            raise ConfigError("tolerance: expected 0 or more, of rows that are volumes.")

    @property
    def events(self) -> bool:
        """Whether its rows are events."""
        return bool(self.onset or self.first)


@dataclass(frozen=True)
class Features:
    """What the entries of the feature axis are.

    Parameters
    ----------
    names : str or tuple of str
        The key that holds them, or one a feature.
    types : str or tuple of str
        The key that holds them, or one a feature: sensor types, or regions of voxels.
    codes : mapping of str to str
        Type in the file to a better name.
    table : str
        Template of a table with a row a feature, in the data's order. `names` is a column of it
        then.
    flags, flag_names : str
        Keys of the data's file, instead of a table: of a matrix with a row a property and a column
        a feature, such as 1 inside a region and NaN outside, and of the names of its rows.
        Features may be no brain then: a `Column` with a `flag` takes what a row marks.
    regions : tuple of str
        Columns of the table or names of flags, 1 inside: features of no region are left out, and
        the type of one is the first that it is in.
    least : mapping of str to float
        The same to the value below which features are left out, such as a noise ceiling, or of a
        flag that numbers regions 1; who has none is left out too.
    match : mapping of str to str
        Column of the table to a key of the data's file that holds the same numbers.
    """

    names: str | tuple[str, ...] = ()
    types: str | tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    flags: str = ""
    flag_names: str = ""
    regions: tuple[str, ...] = ()
    least: Mapping[str, float] = field(default_factory=dict)
    match: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        check_template(self.table)
        if not self.chosen and (self.regions or self.least or self.match):
            raise ConfigError("regions, least and match: they are of a table. Name it.")
        if self.table and (self.types or not isinstance(self.names, str)):
            raise ConfigError("table: names is a column of it, and its types are regions.")
        if bool(self.flags) != bool(self.flag_names) or (self.flags and self.table):
            raise ConfigError("expected flags with flag_names, or a table.")
        chosen = self.regions or self.least
        if self.flags and (self.names or self.types or self.match or not chosen):
            raise ConfigError("flags: they say regions; features have no names and other types.")

    @property
    def chosen(self) -> bool:
        """Whether some features are read and others left out."""
        return bool(self.table or self.flags)


def check_template(path: str) -> None:
    """Hold a path to the data set's folder.

    Raises
    ------
    ConfigError
        If it is absolute, or climbs out.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path:
        raise ConfigError(f"path {path!r} leaves the data set's folder. Name one below it.")


def check_pattern(pattern: str) -> None:
    """Hold a pattern to being a regular expression with a group.

    Raises
    ------
    ConfigError
        If it is none.
    """
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ConfigError(f"pattern: {pattern!r} is no regular expression ({error}).") from None
    if pattern and groups != 1:
        raise ConfigError(f"pattern: {pattern!r} has {groups} groups in brackets; expected one.")


def first_group(pattern: str, word: str | None) -> str | None:
    """Give what the group of a pattern finds in a word; None where it does not fit."""
    found = re.search(pattern, word) if word is not None else None
    return None if found is None else found.group(1)


def fields(template: str) -> list[str]:
    """Words that a template leaves open."""
    return [name for name, _ in _FIELD.findall(template)]


def fill(template: str, words: Mapping[str, str | int]) -> str:
    """Put words and numbers into a template: ``{number:04d}`` is padded with zeros.

    What stands in square brackets is left out where a word of it is not there.

    Raises
    ------
    ConfigError
        If a word that it asks for is not there.
    """
    template = _OPTIONAL.sub(
        lambda found: found.group(1) if set(fields(found.group(1))) <= set(words) else "", template
    )

    def word(found: re.Match[str]) -> str:
        name, width = found.groups()
        if name not in words:
            raise ConfigError(f"{template!r}: {{{name}}} is not one of {', '.join(sorted(words))}.")
        return str(words[name]).rjust(int(width or 0), "0")

    return _FIELD.sub(word, template)


def match(template: str, key: str) -> dict[str, str] | None:
    """Give the words that make `template` the key, or None where it does not fit.

    A word is made of letters, digits and hyphens: ``s{subject}`` fits ``s1`` and not ``s1_kept``.
    What stands in square brackets may be missing, and so may its words.
    """
    optional = _OPTIONAL.search(template)
    if optional is not None:
        before, after = template[: optional.start()], template[optional.end() :]
        whole = match(before + optional.group(1) + after, key)
        return match(before + after, key) if whole is None else whole
    pattern, end, seen = "", 0, set()
    for found in _FIELD.finditer(template):
        name = found.group(1)
        pattern += re.escape(template[end : found.start()])
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{_WORD})"
        seen.add(name)
        end = found.end()
    matched = re.fullmatch(pattern + re.escape(template[end:]), key)
    return None if matched is None else matched.groupdict()
