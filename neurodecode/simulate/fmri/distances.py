"""Dissimilarities of what objects evoke: a row an object, its distance to every one."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate import Simulation, oracle_of_labels
from neurodecode.simulate._mixing import Kinds, Mixing, mixing, of_groups, posterior
from neurodecode.simulate.pictures import SHAPES, Gallery, gallery

# What each category is: its share of the objects, animal, human, face, natural.
_CATEGORIES = {
    "human bodypart": (1 / 8, 1, 1, 0, 1),
    "human face": (1 / 8, 1, 1, 1, 1),
    "nonhuman bodypart": (1 / 8, 1, 0, 0, 1),
    "nonhuman face": (1 / 8, 1, 0, 1, 1),
    "natural inanimate": (1 / 4, 0, 0, 0, 1),
    "artificial inanimate": (1 / 4, 0, 0, 0, 0),
}
_OWN = 0.7  # s.d. of what sets an object apart from its category, in that of categories
_N_OWN = 12  # latents of single objects


@dataclass(frozen=True, kw_only=True)
class Distances(Simulation):
    """One less the correlation of the patterns that two objects evoke in the same voxels.

    Objects are animal or not, human or not, faces or not, natural or not, and beside that of a
    category and each its own; voxels answer all of it linearly, in noise.

    Parameters
    ----------
    effect : float
        S.d. of a middling voxel's answers, in s.d. of its own noise.
    n_objects : int
    n_voxels : int
    size : int
        Pixels of a side of the pictures, in which each category is a shape.

    Notes
    -----
    The oracle sees an object's pattern, of which the distances are made, and knows weights and
    noise. A row holds distances to all objects, those of test rows among them.
    """

    version: ClassVar[int] = 1

    n_objects: int = 92
    n_voxels: int = 100
    size: int = 64

    def __post_init__(self):
        super().__post_init__()
        if self.n_objects < 16 or min(self.n_voxels, self.size) < 2:
            raise ConfigError(
                f"n_objects {self.n_objects}, n_voxels {self.n_voxels}, size {self.size}: expected "
                "16, two and two at least."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what a recording will be, without data."""
        return self._signal(None, np.full((self.n_objects, len(_CATEGORIES)), np.nan))

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the distances of one recording."""
        voxels = self._voxels(subject)
        own = _OWN * self.rng("objects").standard_normal((self.n_objects, _N_OWN))
        traits = _traits()
        kind = [list(_CATEGORIES).index(name) for name in self._categories]
        latents = np.hstack([traits[kind], own])
        patterns = voxels.answers(latents, self.rng("noise", subject, session, run))
        covariance = np.diag(np.repeat([0.0, _OWN**2], [traits.shape[1], _N_OWN]))
        means = np.hstack([traits, np.zeros((len(traits), _N_OWN))])
        prior = Kinds(tuple(_CATEGORIES), means, np.tile(covariance, (len(traits), 1, 1)))
        log_likelihood, _ = posterior(voxels, prior, patterns)
        alike = np.corrcoef(patterns)
        distances = 1.0 - (alike + alike.T) / 2  # to the last bit symmetric
        np.fill_diagonal(distances, 0.0)
        return self._signal(distances, log_likelihood)

    def stimuli(self) -> Stimuli:
        """Give the objects as shapes, one a category; each is made when it is asked for."""
        return self._gallery().stimuli(self._ids)

    @property
    def _categories(self) -> list[str]:
        """Category of each object, in their order; rounding leaves the last one the rest."""
        shares = np.cumsum([traits[0] for traits in _CATEGORIES.values()])
        last = np.round(shares * self.n_objects).astype(int)
        counts = np.diff(last, prepend=0)
        return [name for name, n in zip(_CATEGORIES, counts, strict=True) for _ in range(n)]

    @property
    def _ids(self) -> list[str]:
        return [f"object{i + 1:02d}" for i in range(self.n_objects)]

    def _gallery(self) -> Gallery:
        shape = dict(zip(_CATEGORIES, SHAPES, strict=True))
        categories = self._categories
        made = gallery("shapes", [shape[name] for name in categories], self.size, self.rng)
        table = made.table.assign(category=categories).join(_of_categories(categories))
        return Gallery(table, made.shape, made.draw)

    def _voxels(self, subject: str) -> Mixing:
        rng = self.rng("voxels", subject)
        n_latents = _traits().shape[1] + _N_OWN
        return mixing(rng, rng.standard_normal((self.n_voxels, n_latents)), self.effect)

    def _signal(self, distances: np.ndarray | None, log_likelihood: np.ndarray) -> Signal:
        categories = self._categories
        traits = _of_categories(categories)
        label = np.where(traits["natural"] == 1, "natural", "artificial").astype(object)
        columns = {"stimulus": self._ids, "category": categories, "label": label}
        events = pd.DataFrame(columns).join(traits.drop(columns="natural"))
        events = events.assign(onset=np.nan, duration=0.0)
        natural = ["natural" if one[-1] else "artificial" for one in _CATEGORIES.values()]
        answers = dict(oracle_of_labels("category", list(_CATEGORIES), log_likelihood))
        answers |= oracle_of_labels("label", *of_groups(log_likelihood, natural))
        names = tuple(f"feature {i}" for i in range(self.n_objects))
        return Signal(
            data=distances,
            space=Space("features", names),
            axes=("feature",),
            sfreq=None,
            events=events.assign(**answers),
            n_times=len(events),
        )


def _traits() -> np.ndarray:
    """Give traits of each category, and which it is: shape (n_categories, n_latents)."""
    traits = np.array([one[1:] for one in _CATEGORIES.values()], dtype=np.float64)
    traits = np.hstack([traits, np.eye(len(traits))])
    return traits - traits.mean(axis=0)


def _of_categories(categories: list[str]) -> pd.DataFrame:
    traits = np.array([_CATEGORIES[name][1:] for name in categories], dtype=np.uint8)
    return pd.DataFrame(traits, columns=["animal", "human", "face", "natural"])
