"""Where what was shown is kept, as a card says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from neurodecode.core.errors import ConfigError
from neurodecode.data._layout import Column, check_template


@dataclass(frozen=True)
class StimuliSpec:
    """Where what was shown is kept: ``stimuli`` in a card.

    Parameters
    ----------
    path : str
        Template of a zip, a folder, or a file of arrays.
    key : str
        Key of the array whose first axis counts stimuli.
    splits : mapping of str to str
        Name of an official part to what stands for ``{split}`` in keys.
    shape : tuple of int
        Shape of one picture, where the file has it flat.
    order : {"C", "F"}
        How the file has it flat: row by row, or column by column as MATLAB does.
    columns : mapping of str to str or Column
        Of the table of stimuli. ``stimulus`` is the id, of which the first is kept; without it, a
        file's name, or the number.
    t_r : float or None
        Seconds from one stimulus to the next, where those of a file are the volumes of a film: the
        column ``onset`` says when each begins. Its ``film`` tells those of one film together.
    sound : str
        Of stimuli that are volumes of films: template of the wav file of a film, with ``{film}``,
        which features with ``look_back`` hear.
    same : bool
        Whether files that the template fits hold the same stimuli, as one a person may: those of
        the first are taken.
    """

    path: str
    key: str = ""
    splits: Mapping[str, str] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    order: str = "C"
    columns: Mapping[str, str | Column] = field(default_factory=dict)
    t_r: float | None = None
    sound: str = ""
    same: bool = False

    def __post_init__(self):
        check_template(self.path)
        if self.order not in ("C", "F"):
            raise ConfigError(f"order: expected C or F, got {self.order!r}.")
        if self.t_r is not None and not 0 < self.t_r < float("inf"):
            raise ConfigError(f"t_r: {self.t_r:g} s must be above zero.")
        if self.sound and ("{film}" not in self.sound or self.t_r is None):
            raise ConfigError(
                f"sound: {self.sound!r} is of films, whose volumes are the stimuli. Give {{film}}, "
                "t_r and the column film."
            )
        if (self.splits or self.shape) and not self.key:
            raise ConfigError("splits and shape belong to a key of an array, and there is none.")
        if "{stimulus}" in self.path:
            folder = str(PurePosixPath(self.path.partition("{stimulus}")[0] + "_").parent)
            raise ConfigError(
                f"path: {self.path!r} is of one stimulus, and path names the folder, zip or file "
                f"of arrays that holds them. Give path: {folder}: names without their endings are "
                "the ids. Where ids are others, give columns: {stimulus: …}."
            )
