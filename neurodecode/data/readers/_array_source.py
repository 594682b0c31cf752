"""Where the arrays of one recording are: its file, and what tells it from others in the file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data._layout import SPLIT, Column, Track, fill
from neurodecode.data.readers import _array_files
from neurodecode.data.readers._folders_of_pictures import names_in_order
from neurodecode.data.readers._templates import ENTITIES
from neurodecode.data.specs import ChannelsSpec
from neurodecode.data.worker import Worker

if TYPE_CHECKING:
    from neurodecode.data.readers.arrays import Options


@dataclass(frozen=True)
class Place:
    """Where keys and templates are looked up.

    Parameters
    ----------
    root, path : Path
        Folder of the data set; file of the data.
    words : mapping of str to str
        What stands for the open words of keys and paths: ``subject``, ``split`` and others.
    split : str
        Name of the official part that the rows are of.
    """

    root: Path
    path: Path
    words: Mapping[str, str]
    split: str = ""

    def file(self, template: str) -> Path:
        """Give the file that a template names; the data's own for an empty one."""
        if not template:
            return self.path
        filled = fill(template, self.words)
        path = self.root / filled
        if "*" in filled:
            found = sorted(one for one in self.root.glob(filled) if one.is_file())
            if len(found) > 1:
                raise DataError(
                    f"{path}: {len(found)} files are beside {self.path.name}, the first two "
                    f"{found[0]} and {found[1]}. Remove those that do not belong to it."
                )
            path = found[0] if found else path
        if not path.is_file():
            raise DataMissing(
                f"{path}: the file beside {self.path.name} is missing. Fetch it, or correct the "
                "card."
            )
        return path

    def listed(self, template: str) -> list[str]:
        """Give the names of the pictures in a folder, in order, without folders and endings."""
        folder = self.root / fill(template, self.words)
        if not folder.is_dir():
            raise DataMissing(
                f"{folder}: the folder that names what {self.path.name} shows is missing. Fetch "
                "it, or correct the card."
            )
        return names_in_order(folder)

    def read(self, key: str, template: str = "") -> np.ndarray:
        """Read an array of the data's file, or of another."""
        return _array_files.read(self.file(template), fill(key, self.words))

    def read_entry(self, key: str, number: int, axis: int = 0) -> np.ndarray:
        """Read one entry along an axis of an array of the data's file."""
        return _array_files.read_entry(self.path, fill(key, self.words), number, axis)

    def read_entries(self, key: str, index: np.ndarray) -> np.ndarray:
        """Read some entries along the first axis of an array of the data's file."""
        return _array_files.read_entries(self.path, fill(key, self.words), index)


@dataclass(frozen=True)
class Source:
    """One recording: a file, what tells it from the others, and the layout.

    Parameters
    ----------
    root, path : Path
        Folder of the data set; file of the data.
    words : mapping of str to str
        ``subject``, ``session``, ``run``, and what else the data's key left open.
    modality : str
    options : Options
        Of the reader ``arrays``.
    channels : ChannelsSpec
    chosen : mapping of str to int
        Position along each axis that tells recordings apart.
    parted_by : tuple of str
        Columns whose value in `words` says which rows are this recording's.
    """

    root: Path
    path: Path
    words: Mapping[str, str]
    modality: str
    options: "Options"
    channels: ChannelsSpec
    chosen: Mapping[str, int] = field(default_factory=dict)
    parted_by: tuple[str, ...] = ()

    def parts(self) -> list[Place]:
        """Give a place for each split of the data; one where there are none."""
        if not self.options.splits:
            return [Place(self.root, self.path, self.words)]
        return [
            Place(self.root, self.path, {**self.words, SPLIT: word}, name)
            for name, word in self.options.splits.items()
        ]

    @property
    def extra(self) -> dict[str, str]:
        """Words of the data's key that are no entity: columns."""
        return {k: v for k, v in self.words.items() if k not in ENTITIES}

    def listings(self) -> dict[str, str]:
        """Give a digest of the names in each folder that rows are named by."""
        place = self.parts()[0]
        folders = [one.files for one in self.options.columns.values() if isinstance(one, Column)]
        return {one: digest(place.listed(one)) for one in folders if one}

    def files(self) -> list[Path]:
        """Give all files that it is read from."""
        place, options = self.parts()[0], self.options
        beside = [one.path for one in (*options.columns.values(), *options.tracks.values())
                  if isinstance(one, Column | Track)]  # fmt: skip
        beside += [options.table.path if options.table else "", options.features.table]
        return list(dict.fromkeys(place.file(template) for template in ("", *beside)))


def safely(path: Path, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function that opens `path`: in a process of its own where a file may crash it."""
    if ".mat" not in path.suffixes:
        return function(*arguments)
    with Worker(timeout=600.0) as worker:
        return worker.call(function, *arguments, what=str(path))
