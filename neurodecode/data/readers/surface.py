"""Reader of values on the vertices of a surface, a file a hemisphere: one row a trial."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.data._layout import check_pattern, first_group
from neurodecode.data._layout import fields as words_in
from neurodecode.data._layout import fill as filled
from neurodecode.data.readers import _design, _meshes, _templates
from neurodecode.data.readers._design import Design
from neurodecode.data.readers._folders_of_pictures import names_in_order
from neurodecode.data.readers._meshes import Hemisphere, Labels, Rows
from neurodecode.data.readers._noise_ceiling import NoiseCeiling
from neurodecode.data.specs import Card, EventsSpec, Variant

version = 1
libraries = ("nibabel", "numpy")

SIDE = "hemisphere"  # what templates have in the place of lh and rh
_LEFT_TO_NAMES = "picture"  # what a pattern finds in the name of a picture


@dataclass(frozen=True)
class Options:
    """Options of the reader ``surface`` in a card.

    Parameters
    ----------
    parts : mapping of str to Rows
        Official part to where it is; the column ``split`` names it, but for a single part of a
        `Design`, which has its own.
    hemispheres : (str, str)
        What stands for ``{hemisphere}``, the left one first.
    mesh : str
        The surface that vertices are numbered on.
    vertices : str
        Template of 0 and 1 over the mesh: which vertices the columns of the data are; of data over
        the whole mesh, which are read. Without it, all.
    regions : mapping of str to Labels
        Sets of regions; a vertex has the type of the first set in which it is in a region, and is
        ``unknown`` where it is in none.
    ceiling : NoiseCeiling or None
        Vertices of unknown (NaN) ceiling are left out, and counted.
    trials : Design or None
        Which stimulus each row of a session shows.
    picture : str
        Regular expression whose group is kept of the names of pictures.
    stimulus : str
        Id of what a row shows: ``{picture}`` is what `picture` keeps, and ``{subject}`` known.
    divide : float
        What values are divided by.
    subject, session, run : str
        What the templates do not say.
    """

    parts: Mapping[str, Rows]
    hemispheres: tuple[str, ...] = ("lh", "rh")
    mesh: str = "fsaverage"
    vertices: str = ""
    regions: Mapping[str, Labels] = field(default_factory=dict)
    ceiling: NoiseCeiling | None = None
    trials: Design | None = None
    picture: str = "(.+)"
    stimulus: str = "{picture}"
    divide: float = 1.0
    subject: str = "01"
    session: str = "1"
    run: str = "1"

    def __post_init__(self):
        if not self.parts or len(self.hemispheres) != 2:
            raise ConfigError("expected parts, and two hemispheres, the left one first.")
        named = [self.vertices, *(one.path for one in self.regions.values())]
        named += [self.ceiling.path] if self.ceiling else []
        for template in (*(one.data for one in self.parts.values()), *filter(None, named)):
            if SIDE not in _templates.fields(template, (SIDE,)):
                raise ConfigError(f"{template!r} has no {{{SIDE}}}. Both hemispheres are read.")
        for one in self.parts.values():
            _templates.fields(one.pictures)
            if bool(one.pictures) == bool(self.trials):
                raise ConfigError("expected pictures that name rows, in each part, or trials.")
        for one in self.regions.values():
            _templates.fields(one.names)
        if next(iter(self.parts.values())).withheld:
            raise ConfigError("parts: the first one tells who is there, so it is not withheld.")
        if self.trials is not None and len(self.parts) > 1:
            raise ConfigError("trials: the design says which rows are tested. Name one part.")
        check_pattern(self.picture)
        unknown = set(words_in(self.stimulus)) - {_LEFT_TO_NAMES, *_templates.ENTITIES}
        if unknown:
            raise ConfigError(f"stimulus: {{{unknown.pop()}}} is not known; {{picture}} is.")
        if self.divide == 0:
            raise ConfigError("divide: expected a number other than 0.")

    @property
    def path(self) -> str:
        """Template of the files by which a data set is found."""
        return next(iter(self.parts.values())).data


@dataclass(frozen=True)
class _Source:
    parts: Mapping[str, str]  # part to folder of pictures, of those that are there
    sides: tuple[Hemisphere, ...]
    names: tuple[Path, ...]
    design: Path | None
    options: Options
    ids: Mapping[str, str]

    @property
    def files(self) -> list[Path]:
        held = list(self.names)
        for side in self.sides:
            held += [*side.data, *side.labels]
            held += [one for one in (side.vertices, side.ceiling) if one is not None]
        return held + ([self.design] if self.design else [])


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a card below `root`; no values are read.

    Raises
    ------
    ConfigError
        If the card says of events, which the reader has from pictures or a design.
    DataMissing
        If a hemisphere, or a file that says what vertices are, is not there.
    """
    options: Options = variant.options
    if variant.events != EventsSpec():
        raise ConfigError(f"{card.name}: the reader surface takes no events. Remove them.")
    constant = {name: getattr(options, name) for name in _templates.ENTITIES}
    first = next(iter(options.parts.values())).data
    found = _templates.match(root, first, (SIDE,))
    asked = [{**constant, **words} for words, _ in found if words[SIDE] == options.hemispheres[0]]
    return [_recording(card, root, options, ids) for ids in asked]


def more_files(path: Path) -> Sequence[Path]:
    """Files that are read along with `path`: none beside those that the layout names."""
    return []


def load(source: _Source) -> Signal:
    """Read one recording.

    Returns
    -------
    signal : Signal
        data : ndarray, shape (n_trials, n_vertices), in the precision of the files.

    Raises
    ------
    DataError
        If files do not fit each other, or a value is not finite.
    """
    return _signal(source, read=True)


def header(source: _Source) -> Signal:
    """Give vertices and what rows show, without values."""
    return _signal(source, read=False)


def _recording(card: Card, root: Path, options: Options, ids: Mapping[str, str]) -> Recording:
    ids = {name: ids[name] for name in _templates.ENTITIES}

    def place(template: str, side: str = "", *, withheld: bool = False) -> Path | None:
        if not template:
            return None
        path = root / _templates.fill(template, {**ids, SIDE: side})
        if not path.is_file():
            if withheld:
                return None
            raise DataMissing(f"{path}: a file of {card.name} is missing. Fetch it.")
        return path

    first, sides = options.hemispheres[0], []
    there = {
        name: one
        for name, one in options.parts.items()
        if place(one.data, first, withheld=one.withheld) is not None
    }
    for side in options.hemispheres:
        data = [place(one.data, side) for one in there.values()]
        labels = [place(one.path, side) for one in options.regions.values()]
        ceiling = options.ceiling
        sides.append(
            Hemisphere(
                tuple(path for path in data if path is not None),
                place(options.vertices, side),
                tuple(path for path in labels if path is not None),
                place(ceiling.path, side, withheld=ceiling.withheld) if ceiling else None,
            )
        )
    names = [place(one.names) for one in options.regions.values()]
    folders = {name: _templates.fill(one.pictures, ids) for name, one in there.items()}
    source = _Source(
        {name: str(root / folder) if folder else "" for name, folder in folders.items()},
        tuple(sides),
        tuple(path for path in names if path is not None),
        place(options.trials.path) if options.trials else None,
        options,
        ids,
    )
    described: dict[str, Any] = {"reader": "surface", "version": version, "libraries": libraries}
    described |= {"layout": asdict(options), "parts": list(there), **ids}
    described["pictures"] = {
        name: digest(names_in_order(Path(folder)))
        for name, folder in source.parts.items()
        if folder
    }
    return Recording(
        **ids,
        modality=card.modality,
        files=tuple(SourceFile(path) for path in source.files),
        reader=described,
        load=functools.partial(load, source),
        header=functools.partial(header, source),
    )


def _signal(source: _Source, *, read: bool) -> Signal:
    options = source.options
    names = [_meshes.region_names(path) for path in source.names]
    halves = [_meshes.choose(side, names, options.ceiling) for side in source.sides]
    events = _events(source)
    data, n_unknown = None, sum(half.n_unknown for half in halves)
    if read:
        several = [
            np.concatenate([_meshes.read_rows(path, half.index) for path in side.data])
            for side, half in zip(source.sides, halves, strict=True)
        ]
        data = np.concatenate(several, axis=1)
        bad = np.flatnonzero(~np.isfinite(data).all(axis=0))
        if len(bad):
            raise DataError(
                f"{source.sides[0].data[0]}: {len(bad)} of {data.shape[1]} vertices of both "
                "hemispheres are not finite in some row. Leave them out by vertices in the card."
            )
        if options.divide != 1.0:
            data = data / options.divide
    note = f"{n_unknown} vertices of unknown noise ceiling are left out"
    return Signal(
        data=data,
        space=_meshes.space_of(halves, options.mesh),
        axes=("vertex",),
        sfreq=None,
        events=events,
        n_times=len(events),
        notes=(note,) if n_unknown else (),
    )


def _events(source: _Source) -> pd.DataFrame:
    """Give one row a trial: what it shows, and of which part it is."""
    options = source.options
    counts = [_meshes.shape_of(path)[0] for path in source.sides[0].data]
    for left, right in zip(source.sides[0].data, source.sides[1].data, strict=True):
        n_left, n_right = _meshes.shape_of(left)[0], _meshes.shape_of(right)[0]
        if n_left != n_right:
            raise DataError(f"{right}: {n_right} rows, and {left.name} has {n_left}. Fetch both.")
    if options.trials is not None:
        assert source.design is not None  # the recording has it
        table = _design.read(options.trials, source.design, source.ids["subject"])
        mine: Any = table.loc[table["session"] == source.ids["session"]]
        events = mine.drop(columns="session").reset_index(drop=True)
        if len(events) != counts[0]:
            raise DataError(
                f"{source.sides[0].data[0]}: {counts[0]} rows, and the design has {len(events)} "
                f"trials of session {source.ids['session']}. Correct n_trials in the card."
            )
        return events.assign(onset=np.nan, duration=0.0)
    tables = []
    for (part, folder), n in zip(source.parts.items(), counts, strict=True):
        pictures = names_in_order(Path(folder))
        if len(pictures) != n:
            raise DataError(
                f"{folder}: {len(pictures)} pictures for {n} rows of the part {part!r}, which are "
                "named by their order. Fetch the folder again."
            )
        shown = [first_group(options.picture, name) for name in pictures]
        if None in shown:
            raise DataError(
                f"{folder}: {pictures[shown.index(None)]!r} is not named as the card says "
                f"({options.picture}). Correct picture in the card."
            )
        told = [filled(options.stimulus, {**source.ids, _LEFT_TO_NAMES: str(one)}) for one in shown]
        columns = {"picture": shown, "stimulus": told, "label": told, "split": part}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True).assign(onset=np.nan, duration=0.0)
