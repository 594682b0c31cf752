"""What can be asked of a data set, as values: which rows, what is told, from which windows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from neurodecode.core.config import Call
from neurodecode.core.errors import ConfigError

Direction = Literal["decode", "encode"]
LabelRule = Literal["last_sample", "majority"]
Ties = Literal["label", "rest"]


@dataclass(frozen=True)
class WindowsSpec:
    """Which piece of the signal belongs to an event.

    Parameters
    ----------
    tmin, tmax : float or None
        Seconds from the event's onset; both samples belong to the window, as in `mne.Epochs`.
    reject : mapping of str to float
        Sensor type to the largest peak-to-peak amplitude of a window, in SI units.
    length, hop : float or None
        Seconds: windows of one length at every hop, instead of windows around events.
    label_rule : {"last_sample", "majority"}
        Which event names a window of given length: the one at its last sample, or what most of its
        samples are part of.
    ties : {"label", "rest"}
        Of ``majority``: what names a window of which as many samples have a label as none.
    otherwise : str
        Label of a window of given length that no event names; without one, it is left out.
    rest : tuple of str
        Labels, as the file has them, of events that are rest, such as ``T0``: windows of no event's
        label are `otherwise` where one of these names them, and else left out (cues, feedback,
        what came before and after). Without, all of them are.
    span : {"", "event"}
        ``event``: from an event's onset to its end, so that trials may differ in length.
    """

    tmin: float | None = None
    tmax: float | None = None
    reject: Mapping[str, float] = field(default_factory=dict)
    length: float | None = None
    hop: float | None = None
    label_rule: LabelRule = "last_sample"
    ties: Ties = "label"
    otherwise: str = ""
    rest: tuple[str, ...] = ()
    span: Literal["", "event"] = ""

    def __post_init__(self):
        tmin, tmax, length, hop = self.tmin, self.tmax, self.length, self.hop
        forms = (
            tmin is not None and tmax is not None,
            length is not None and hop is not None,
            bool(self.span),
        )
        given = [name for name in ("tmin", "tmax", "length", "hop", "span") if getattr(self, name)
                 not in (None, "")]  # fmt: skip
        if sum(forms) != 1 or len(given) != (1 if self.span else 2):
            raise ConfigError(
                "expected tmin and tmax (windows around events), length and hop (sliding ones), or "
                "span: event (from an event's onset to its end)."
            )
        for name, value in (("tmin", tmin), ("tmax", tmax), ("length", length), ("hop", hop)):
            if value is not None and not math.isfinite(value):
                raise ConfigError(f"{name}: {value:g} is no number of seconds.")
        if tmin is not None and tmax is not None and tmax < tmin:
            raise ConfigError(f"tmax ({tmax:g} s) is before tmin ({tmin:g} s).")
        if length is not None and hop is not None and min(length, hop) <= 0:
            raise ConfigError(f"length {length:g} s and hop {hop:g} s must be above zero.")
        if self.ties != "label" and self.label_rule != "majority":
            raise ConfigError(f"ties: {self.ties} belongs to label_rule: majority. Leave it out.")
        if self.rest and not self.otherwise:
            raise ConfigError(
                "rest: it says which windows are otherwise, which is not given. Give both, as in "
                "otherwise: idle."
            )
        for kind, limit in self.reject.items():
            if limit is not None and not limit > 0:
                raise ConfigError(f"reject: {kind}: {limit:g} must be above zero.")


@dataclass(frozen=True)
class TargetSpec:
    """What is to be told: a column of labels with its classes, one of numbers, or a track.

    Parameters
    ----------
    label, value : str
        Column of labels, or of numbers.
    vector : str
        Track of the recordings that holds an array for each trial, such as ``picture``, or features
        of what was shown that the experiment declares.
    picture : str
        Track of the recordings, or features that the experiment declares (``pixels``), that holds a
        picture for each trial: shape (height, width), or with 1 or 3 channels, from 0 to 1.
    series : str
        Track that runs along with the recordings, such as ``envelope``; told at each sample.
    none : bool
        Whether nothing is told: models learn how trials are, to be kept and built on.
    classes : tuple of str
        Of labels, in order; where there are two, the last one is the positive class.
    reduce : Call or None
        Step that vectors, or the pixels of pictures, are brought through, fitted on training rows,
        such as ``pca``; what is predicted is brought back before it is scored.
    """

    label: str = ""
    value: str = ""
    vector: str = ""
    picture: str = ""
    series: str = ""
    none: bool = False
    classes: tuple[str, ...] = ()
    reduce: Call | None = None

    def __post_init__(self):
        given = (self.label, self.value, self.vector, self.picture, self.series, self.none)
        if sum(map(bool, given)) != 1:
            raise ConfigError(
                "expected one of label (a column, with classes), value (a column of numbers), "
                "vector (a track of the recordings, one entry a trial), picture (one that holds "
                "pictures), series (a track that runs along with them) and none (true: nothing is "
                "told)."
            )
        if self.reduce is not None and not (self.vector or self.picture):
            raise ConfigError(
                "reduce: it is for a vector or a picture; a label or a value has nothing to cut."
            )
        if self.label and len(set(self.classes)) < max(2, len(self.classes)):
            raise ConfigError(f"classes: expected two or more different names, got {self.classes}.")

    @property
    def track(self) -> str:
        """The track that is to be told, if one is."""
        return self.vector or self.picture or self.series


@dataclass(frozen=True)
class Task:
    """One question that can be asked of a data set.

    Parameters
    ----------
    rows : mapping
        Column to its allowed values, or to {value in the file: name that rows carry}.
    without : mapping of str to tuple of str
        Column to values of rows that are left out, such as catch trials; there need be none.
    target : TargetSpec or None
    windows : WindowsSpec or None
        None for entries (volumes, blocks), which are trials as they are.
    block : str
        Column of the events that says which of them belong together.
    prepare, protocol
        What an experiment that does not say otherwise does.
    """

    rows: Mapping[str, tuple[str, ...] | Mapping[str, str]] = field(default_factory=dict)
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    target: TargetSpec | None = None
    windows: WindowsSpec | None = None
    block: str = ""
    prepare: tuple[Call, ...] = ()
    protocol: Call | None = None

    @property
    def runs(self) -> tuple[str, ...] | None:
        """Runs that the task is in, or None for all."""
        return tuple(self.rows["run"]) if "run" in self.rows else None
