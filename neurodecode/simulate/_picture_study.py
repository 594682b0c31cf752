"""What people are shown in a study of pictures, whatever records their brains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import softmax

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import table_column
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import ORACLE, Simulation, check_counts, oracle_of_labels
from neurodecode.simulate._labels import draw_labels
from neurodecode.simulate._mixing import of_groups, posterior_given
from neurodecode.simulate._picture_world import (
    TOKENS,
    PictureWorld,
    known_kinds,
    picture_world,
    token_vectors,
)
from neurodecode.simulate.pictures import FIGURES, LABELS, Gallery, Kind, gallery


@dataclass(frozen=True, kw_only=True)
class PictureStudy(Simulation):
    """Pictures that are shown, trial by trial; generators say what brains make of them.

    Its parameters stand with `neurodecode.simulate.fmri.pictures.Pictures`.
    """

    pictures: Kind = "figures"
    names: tuple[str, ...] = ()
    order: Literal["balanced", "independent"] = "balanced"
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    size: int = 10
    n_pictures: int = 0
    n_test: int = 0
    repeats: int = 2
    test_repeats: int | None = None
    n_components: int = 14

    def __post_init__(self):
        super().__post_init__()
        known = LABELS[self.pictures]
        if len(set(self.names)) < len(self.names) or len(self.names) == 1:
            raise ConfigError(f"names: expected two or more that differ, got {self.names}.")
        for name in self.names:
            if name not in known:
                raise ConfigError(f"names: {name!r} is none of the {self.pictures}."
                                  f"{nearest(name, known)}")  # fmt: skip
        check_counts(self, "size", "repeats", "n_components")
        if self.pictures == "figures" and (self.n_pictures or self.n_test):
            raise ConfigError("n_pictures, n_test: figures are as many as there are. Remove them.")
        if self.pictures != "figures" and not 0 <= self.n_test < self.n_pictures:
            raise ConfigError(
                f"n_test: {self.n_test} of {self.n_pictures} pictures. Give n_pictures, and fewer "
                "for the test."
            )
        if self.test_repeats is not None and (self.test_repeats < 1 or not self.n_test):
            raise ConfigError(
                f"test_repeats: {self.test_repeats} of {self.n_test} tested pictures. Give n_test, "
                "and one repeat or more."
            )
        if self.shown and self.pictures != "figures":
            raise ConfigError(f"shown: it is for figures; {self.pictures} have no categories.")
        for session, categories in self.shown.items():
            there = {FIGURES[name] for name in self._names} if self.shown else set()
            for one in categories:
                if one not in there:
                    raise ConfigError(f"shown: {session}: no figure is {one!r}."
                                      f"{nearest(one, there)}")  # fmt: skip

    def stimuli(self) -> Stimuli:
        """Give what was shown; each picture is made when it is asked for."""
        pictures = self._gallery()
        made = pictures.stimuli(self._ids)
        parts = {} if self.pictures == "figures" else {"split": self._split}
        return Stimuli(made.table.assign(**parts), made.read)

    @property
    def _names(self) -> tuple[str, ...]:
        return self.names or LABELS[self.pictures]

    @property
    def _split(self) -> np.ndarray:
        parts = [self.n_pictures - self.n_test, self.n_test]
        return np.repeat(np.array(["train", "test"], dtype=object), parts)

    @property
    def _drawn(self) -> list[str]:
        """Name of each picture."""
        if self.pictures == "figures":
            return [*self._names]
        rng, n_train = self.rng("names"), self.n_pictures - self.n_test
        drawn = [draw_labels(self._names, n, self.order, rng) for n in (n_train, self.n_test)]
        return [*np.concatenate(drawn)]

    @property
    def _ids(self) -> list[str]:
        if self.pictures == "figures":
            return [*self._names]
        n_train = self.n_pictures - self.n_test
        numbers = [i if i < n_train else i - n_train for i in range(self.n_pictures)]
        return [f"{part}{i + 1:03d}" for part, i in zip(self._split, numbers, strict=True)]

    @property
    def _described(self) -> tuple[Kind, tuple[str, ...], int, int, int]:
        return self.pictures, self._names, self.size, self.n_components, self.seed

    @property
    def _world(self) -> PictureWorld:
        return picture_world(*self._described)

    @property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of one picture, and of what stands for it."""
        shape = (self.size, self.size)
        if self.pictures != "shapes":
            return {"picture": shape}
        return {"picture": (*shape, 3), "semantic": TOKENS}

    def _gallery(self) -> Gallery:
        return gallery(self.pictures, self._drawn, self.size, self.rng)

    def _trials(self, subject: str, session: str, run: str) -> tuple[np.ndarray, pd.DataFrame]:
        """Give the picture of each trial, and the events."""
        table, rng = self._gallery().table, self.rng("order", subject, session, run)
        there = np.arange(len(table))
        if self.pictures == "figures":
            categories = self.shown.get(session, tuple(FIGURES.values()))
            there = there[table["category"].isin(categories).to_numpy()]
        if self.pictures == "figures" and self.order == "independent":
            shown = rng.choice(there, len(there) * self.repeats)
        else:
            shown = rng.permutation(np.repeat(there, self._times[there]))
        columns = {"trial": np.arange(len(shown))}
        mine = table.iloc[shown].reset_index(drop=True)
        if self.pictures == "figures":
            columns |= {"label": mine["category"], "figure": mine["name"]}
        else:
            columns |= {"split": self._split[shown], "label": mine["name"]}
            columns |= {name: mine[name] for name in mine if name != "name"}
        columns["stimulus"] = np.array(self._ids, dtype=object)[shown]
        columns |= {table_column(name): shown for name in self._shapes}  # repeats share a picture
        return shown, pd.DataFrame(columns | {"onset": np.nan, "duration": 0.0})

    @property
    def _times(self) -> np.ndarray:
        """How often a recording shows each picture, shape (n_pictures,)."""
        times = np.full(len(self._drawn), self.repeats)
        if self.test_repeats is not None:
            times[self._split == "test"] = self.test_repeats
        return times

    def _seen(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Give what is to be told of each picture, and the features that brains answer."""
        pictures, world = self._gallery(), self._world
        made = np.concatenate([piece for _, piece in pictures.pieces()])
        vectors = world.vectors(made, pictures.table)
        truth = vectors | {"picture": made / 255.0}
        tables = {name: truth[name].reshape(-1, *shape) for name, shape in self._shapes.items()}
        return tables, world.views.features(vectors)

    def _told(
        self, h: np.ndarray, precision: np.ndarray, shown: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Give what the oracle makes of each trial.

        Parameters
        ----------
        h : ndarray, shape (n_trials, n_features)
        precision : ndarray, shape (n_features, n_features)
            As `Mixing.evidence` gives them, of one trial.
        shown : ndarray of int, shape (n_trials,)
            The picture of each.

        Returns
        -------
        columns : dict of str to ndarray, shape (n_trials,)
            Answers to what the label is.
        tracks : dict of str to ndarray
            Pictures, and what stands for them.
        """
        kinds, table = known_kinds(*self._described)
        log_likelihood, features = posterior_given(h, precision, kinds)
        if self.test_repeats is not None:
            tested = self._split[shown] == "test"
            pictures, of = np.unique(shown[tested], return_inverse=True)
            pooled = np.zeros((len(pictures), h.shape[1]))
            np.add.at(pooled, of, h[tested])
            together = posterior_given(pooled, self.test_repeats * precision, kinds)
            log_likelihood[tested], features[tested] = (one[of] for one in together)
        guesses = {"picture": self._world.shown(features, self._shapes["picture"])}
        if self._world.meanings is not None:
            tokens = token_vectors(table, self._world.meanings)
            guesses["semantic"] = softmax(log_likelihood, axis=1) @ tokens
        tracks = {
            f"{ORACLE}{name}": guesses[name].reshape(-1, *shape)
            for name, shape in self._shapes.items()
        }
        return self._answers([*table["name"]], log_likelihood), tracks

    def _answers(self, names: Sequence[str], log_likelihood: np.ndarray) -> dict[str, np.ndarray]:
        """Name the oracle's answers, of kinds of these names."""
        answers = {}
        if self.pictures == "figures":
            answers |= oracle_of_labels("figure", names, log_likelihood)
            names = [FIGURES[name] for name in names]
        return answers | dict(oracle_of_labels("label", *of_groups(log_likelihood, names)))

    def _unknown(self, n_trials: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Give what `_told` does where the oracle has not been asked."""
        columns = self._answers(self._names, np.full((n_trials, len(self._names)), np.nan))
        tracks = {f"{ORACLE}{name}": np.zeros((0, *shape)) for name, shape in self._shapes.items()}
        return columns, tracks
