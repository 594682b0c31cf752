"""Betas to pictures: figures of which all are known, or digits and shapes that never end."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal, table_column
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.core.trials import Trials
from neurodecode.simulate import ORACLE, Simulation, check_counts, oracle_of_labels
from neurodecode.simulate._labels import draw_labels
from neurodecode.simulate._mixing import Mixing, mixing, of_groups, posterior
from neurodecode.simulate.fmri._picture_world import TOKENS, PictureWorld, picture_world
from neurodecode.simulate.fmri._stream import trials_of_files, write_pieces
from neurodecode.simulate.pictures import FIGURES, LABELS, Gallery, gallery

_TRIALS = 512  # betas that are made at a time


@dataclass(frozen=True, kw_only=True)
class Pictures(Simulation):
    """Betas of voxels that see pictures through receptive fields and in random mixtures.

    Each voxel answers principal components of the pictures linearly, with noise of which a part is
    shared. Shapes have `tokens` beside: what shape, colour and ground mean, in which place
    and size do not count.

    Parameters
    ----------
    effect : float
        S.d. of a middling voxel's answers, in s.d. of its own noise.
    pictures : {"figures", "digits", "shapes"}
        Figures and letters of ten by ten patches, digits as by hand, or coloured shapes.
    names : tuple of str
        Which figures, digits or shapes; all without.
    order : {"balanced", "independent"}
        Of figures: whether each is shown as often, or each trial's is drawn by itself. Of digits
        and shapes, whether each name has as many pictures, or each picture's is drawn by itself.
    shown : mapping of str to tuple of str
        Session to the categories of figures that it shows; all where none are named.
    size : int
        Pixels of a side.
    n_pictures, n_test : int
        Of digits and shapes: all pictures, and how many of them are of the part ``test``, the
        others being of ``train``. Figures have no such parts, and are as many as there are.
    repeats : int
        How often a recording shows each of its pictures.
    n_voxels : int
        Half of them with a receptive field each.
    n_components : int
        Principal components of the pictures that voxels answer.

    Notes
    -----
    The oracle knows each voxel's weights and noise, and of each name the mean and the covariance of
    the components; it answers with the mean of the posterior, from one trial at a time.
    """

    version: ClassVar[int] = 1

    pictures: Literal["figures", "digits", "shapes"] = "figures"
    names: tuple[str, ...] = ()
    order: Literal["balanced", "independent"] = "balanced"
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    size: int = 10
    n_pictures: int = 0
    n_test: int = 0
    repeats: int = 2
    n_voxels: int = 400
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
        check_counts(self, "size", "repeats", "n_voxels", "n_components")
        if self.pictures == "figures" and (self.n_pictures or self.n_test):
            raise ConfigError("n_pictures, n_test: figures are as many as there are. Remove them.")
        if self.pictures != "figures" and not 0 <= self.n_test < self.n_pictures:
            raise ConfigError(
                f"n_test: {self.n_test} of {self.n_pictures} pictures. Give n_pictures, and fewer "
                "for the test."
            )
        if self.shown and self.pictures != "figures":
            raise ConfigError(f"shown: it is for figures; {self.pictures} have no categories.")
        for session, categories in self.shown.items():
            there = {FIGURES[name] for name in self._names} if self.shown else set()
            for one in categories:
                if one not in there:
                    raise ConfigError(f"shown: {session}: no figure is {one!r}."
                                      f"{nearest(one, there)}")  # fmt: skip

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what a recording will be, without data."""
        _, events = self._trials(subject, session, run)
        nothing = {name: np.zeros((0, *shape)) for name, shape in self._shapes.items()}
        unknown = np.full((len(events), len(self._names)), np.nan)
        return self._signal(None, events, unknown, nothing, nothing)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the betas of one recording."""
        shown, events = self._trials(subject, session, run)
        pictures, world, voxels = self._gallery(), self._world, self._voxels(subject)
        made = np.concatenate([piece for _, piece in pictures.pieces()])
        vectors = world.vectors(made, pictures.table)
        features = world.views.features(vectors)[shown]
        betas = np.concatenate([*self._betas(voxels, features, subject, session, run)])
        log_likelihood, guess = posterior(voxels, world.kinds, betas)
        truth = vectors | {"picture": made / 255.0}
        return self._signal(
            betas,
            events,
            log_likelihood,
            {name: truth[name].reshape(-1, *shape) for name, shape in self._shapes.items()},
            {name: world.shown(name, guess, shape) for name, shape in self._shapes.items()},
        )

    def stimuli(self) -> Stimuli:
        """Give what was shown; each picture is made when it is asked for."""
        pictures = self._gallery()
        made = pictures.stimuli(self._ids)
        parts = {} if self.pictures == "figures" else {"split": self._split}
        return Stimuli(made.table.assign(**parts), made.read)

    def write(self, folder: Path, subject: str, session: str = "1", run: str = "1") -> Trials:
        """Write one recording to two ``.npy`` files, some trials at a time.

        Parameters
        ----------
        folder : Path
            Gets ``fmri.npy``, and ``picture.npy`` with each picture once, uint8.
        subject, session, run : str

        Returns
        -------
        trials : Trials
            Signals ``fmri``, as `signal` has them, and ``picture``; memory-mapped.
        """
        shown, events = self._trials(subject, session, run)
        pictures, world, voxels = self._gallery(), self._world, self._voxels(subject)
        features = []

        def drawn() -> Iterator[np.ndarray]:
            for place, made in pictures.pieces():
                features.append(
                    world.views.features(world.vectors(made, pictures.table.iloc[place]))
                )
                yield made.reshape(len(made), -1)

        folder.mkdir(parents=True, exist_ok=True)
        files = {name: folder / f"{name}.npy" for name in ("picture", "fmri")}
        n_values = int(np.prod(pictures.shape))
        write_pieces(files["picture"], (len(pictures), n_values), drawn())
        betas = self._betas(voxels, np.concatenate(features)[shown], subject, session, run)
        write_pieces(files["fmri"], (len(shown), self.n_voxels), betas)
        values = Space("features", tuple(map(str, range(n_values))), shape=pictures.shape)
        return trials_of_files(
            events.assign(subject=subject, session=session, run=run),
            files,
            {"picture": values, "fmri": self._space},
            {"picture": shown, "fmri": np.arange(len(shown))},
            [type(self).__name__, self.version, asdict(self), subject, session, run],
        )

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
    def _world(self) -> PictureWorld:
        return picture_world(self.pictures, self._names, self.size, self.n_components, self.seed)

    @property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of one picture, and of what stands for it."""
        shape = (self.size, self.size)
        if self.pictures != "shapes":
            return {"picture": shape}
        return {"picture": (*shape, 3), "tokens": TOKENS}

    @property
    def _space(self) -> Space:
        return Space("voxels", tuple(f"voxel {i}" for i in range(self.n_voxels)))

    def _gallery(self) -> Gallery:
        return gallery(self.pictures, self._drawn, self.size, self.rng)

    def _voxels(self, subject: str) -> Mixing:
        rng = self.rng("voxels", subject)
        directions = self._world.directions(self.n_voxels, self._shapes["picture"], rng)
        return mixing(rng, directions, self.effect)

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
            shown = rng.permutation(np.repeat(there, self.repeats))
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

    def _betas(
        self, voxels: Mixing, features: np.ndarray, subject: str, session: str, run: str
    ) -> Iterator[np.ndarray]:
        rng = self.rng("noise", subject, session, run)
        for first in range(0, len(features), _TRIALS):
            yield voxels.answers(features[first : first + _TRIALS], rng)

    def _signal(
        self,
        betas: np.ndarray | None,
        events: pd.DataFrame,
        log_likelihood: np.ndarray,
        truth: Mapping[str, np.ndarray],
        guesses: Mapping[str, np.ndarray],
    ) -> Signal:
        if self.pictures == "figures":
            answers = dict(oracle_of_labels("figure", self._names, log_likelihood))
            labels = of_groups(log_likelihood, [FIGURES[name] for name in self._names])
            answers |= oracle_of_labels("label", *labels)
        else:
            answers = oracle_of_labels("label", self._names, log_likelihood)
        return Signal(
            data=betas,
            space=self._space,
            axes=("voxel",),
            sfreq=None,
            events=events.assign(**answers),
            n_times=len(events),
            tracks={f"{ORACLE}{name}": one for name, one in guesses.items()},
            tables=truth,
        )
