"""Split by a column that says who is tested."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.protocols._columns import listed, texts

_ENTITIES = {"subject": ("subject",), "session": ("subject", "session"), "all": ()}


@dataclass(frozen=True)
class Columns:
    """Test the rows that a column names, on a model trained on others: official splits.

    ``columns: {}`` tests the rows whose ``split`` is ``test``, once. ``columns: {column: figure,
    test: each}`` leaves each figure out once and trains on the other figures, so that no figure is
    on both sides.

    Parameters
    ----------
    column : str
    test : list of str, or "each"
        Values whose rows are tested together; ``each``: each value once.
    train : list of str or None
        Values whose rows are trained on; None: all others. With ``test: each`` it must be None.
    val : list of str
        Of those, values that a model which asks for them is handed for validation.
    within : {"subject", "session", "all"}
        Whose rows make a fold: those of one subject, of one session of a subject, or all.

    Notes
    -----
    Rows without a value are used on neither side, and so are rows of values that `train`, if
    given, does not name.
    """

    column: str = "split"
    test: tuple[str, ...] | Literal["each"] = ("test",)
    train: tuple[str, ...] | None = None
    val: tuple[str, ...] = ()
    within: Literal["subject", "session", "all"] = "subject"

    def __post_init__(self):
        if self.test != "each":
            object.__setattr__(self, "test", listed(self.test, "columns", "test"))
        if self.train is not None:
            object.__setattr__(self, "train", listed(self.train, "columns", "train"))
        if len(self.val):
            object.__setattr__(self, "val", listed(self.val, "columns", "val"))
        if self.test == "each" and (self.train is not None or len(self.val)):
            raise ConfigError(
                "columns: with test: each a model is trained on all other values. Leave train and "
                "val out, or name what is tested."
            )
        twice = set(self.test) & {*(self.train or ()), *self.val}
        if self.test != "each" and twice:
            raise ConfigError(
                f"columns: {sorted(twice)[0]!r} is both trained on and tested. Name it once."
            )
        if self.within not in _ENTITIES:
            raise ConfigError(
                f"columns: within is {self.within!r}; give one of {', '.join(_ENTITIES)}."
            )

    @property
    def apart(self) -> tuple[str, ...]:
        """No value of the column is on both sides."""
        return (self.column,)

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give one fold a subject, session or study, or one for each value; nothing is drawn."""
        del target, seed
        values = texts(rows, self.column, "columns")
        known = list(dict.fromkeys(value for value in values if value is not None))
        for value in (*(self.test if self.test != "each" else ()), *(self.train or ()), *self.val):
            if value not in known:
                raise ConfigError(
                    f"columns: no row has the {self.column} {value!r}.{nearest(value, known)}"
                )
        parts = rows.codes(*_ENTITIES[self.within])
        for code in range(parts.max() + 1):
            mine = np.flatnonzero((parts == code) & (values != np.array(None)))
            who = "/".join(rows[one][parts == code][0] for one in _ENTITIES[self.within])
            yield from self._folds(who, len(rows), mine, values[mine])

    def _folds(self, who: str, n_rows: int, mine: np.ndarray, values: np.ndarray) -> Iterator[Fold]:
        there = list(dict.fromkeys(values))
        if self.test == "each":
            if len(there) < 2:
                raise ConfigError(
                    f"columns: {who or 'the study'} has {len(there)} value(s) of {self.column}. "
                    "Two are needed to leave one out; use within: all, or another column."
                )
            tested = [((value,), value) for value in there]
        else:
            tested = [(self.test, "+".join(self.test))]
        for several, name in tested:
            test = np.isin(values, several)
            val = np.isin(values, self.val)
            train = ~test & ~val
            if self.train is not None:
                train &= np.isin(values, self.train)
            for side, rows_of, asked in (
                ("to test", test, several),
                ("to train on", train | val, (*self.train, *self.val) if self.train else ()),
            ):
                if not rows_of.any():
                    said = f", one whose {self.column} is {' or '.join(asked)}" if asked else ""
                    raise ConfigError(
                        f"columns: {who or 'the study'} has no row {side}{said}. Use within: all, "
                        "or leave it out of data."
                    )
            yield Fold.of(
                "/".join(filter(None, (who, f"{self.column}-{name}"))),
                n_rows,
                apart=self.apart,
                train=mine[train],
                val=mine[val],
                test=mine[test],
            )
