"""Pictures of concepts: a few latent features each, of which a part is the concept's own.

What a brain answers, what a network would say of a picture and the picture itself are all made of
these features, so a decoder that finds them finds the picture, also where it was trained on other
concepts alone.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurodecode.core.stimuli import Stimuli
from neurodecode.simulate.pictures import blend, colour_fields
from neurodecode.simulate.pictures._gallery import Source

_SIZE = 64  # pixels of a picture's side
_SHARED = 0.6  # of a latent feature's variance is the concept's, the rest the picture's own


@dataclass(frozen=True)
class Concepts:
    """Pictures by number: those trained on by concept, those tested, and others of the tested.

    Parameters
    ----------
    n_concepts, n_pictures : int
        Concepts that are trained on, and pictures of each.
    n_tested : int
        Tested pictures, each of a concept of its own that is never trained on.
    n_exemplars : int
        Other pictures of each tested concept, which nobody is shown: a gallery can hold their mean
        in place of the picture that was shown.
    n_latents : int
        Features of a picture, independent and standard normal: 60 % of the variance of each is the
        concept's, 40 % the picture's own.
    source : callable
        Gives the source of chance of what is named, as `Simulation.rng` does.
    """

    n_concepts: int
    n_pictures: int
    n_tested: int
    n_exemplars: int
    n_latents: int
    source: Source

    @property
    def n_shown(self) -> int:
        """How many pictures are trained on or tested; exemplars follow them."""
        return self.n_concepts * self.n_pictures + self.n_tested

    def of_picture(self) -> np.ndarray:
        """Concept of each picture, shape (n_shown + n_tested * n_exemplars,)."""
        tested = self.n_concepts + np.arange(self.n_tested)
        seen = np.repeat(np.arange(self.n_concepts), self.n_pictures)
        return np.concatenate([seen, tested, np.repeat(tested, self.n_exemplars)])

    def table(self) -> pd.DataFrame:
        """Give ``stimulus``, ``concept`` and ``split`` of all pictures.

        The split is ``train``, ``test``, or ``exemplar`` of those that nobody is shown.
        """
        concept = self.of_picture()
        number = pd.Series(concept).groupby(concept).cumcount()
        split = np.full(len(concept), "exemplar", dtype=object)
        split[: self.n_shown] = "test"
        split[: self.n_concepts * self.n_pictures] = "train"
        return pd.DataFrame(
            {
                "stimulus": [f"c{c:04d}_{n:02d}" for c, n in zip(concept, number, strict=True)],
                "concept": [f"c{c:04d}" for c in concept],
                "split": split,
            }
        )

    def latents(self) -> np.ndarray:
        """Latent features of the pictures that are shown, shape (n_shown, n_latents)."""
        concepts, own = self._drawn()
        return _joined(concepts[self.of_picture()[: self.n_shown]], own)

    def showings(
        self, n_repeats: int, n_tested_repeats: int, rng: np.random.Generator
    ) -> pd.DataFrame:
        """Give what a recording shows, in a drawn order.

        Parameters
        ----------
        n_repeats, n_tested_repeats : int
            How often each picture of the split ``train``, and of ``test``, is shown.
        rng : Generator

        Returns
        -------
        table : DataFrame
            Columns of `table`, ``repeat`` from 0, and the number of the ``picture``.
        """
        pictures = self.table().iloc[: self.n_shown]
        times = np.where(pictures["split"] == "train", n_repeats, n_tested_repeats)
        which = np.repeat(np.arange(len(pictures)), times)
        repeat = np.concatenate([np.arange(n) for n in times])
        order = rng.permutation(len(which))
        table = pictures.iloc[which[order]].reset_index(drop=True)
        return table.assign(repeat=repeat[order], picture=which[order])

    def stimuli(self) -> Stimuli:
        """Give all pictures, also those that nobody is shown; each is made when it is asked for.

        A picture is a blend of smooth fields of colour, one a latent feature: pictures of one
        concept look alike.
        """
        concepts, own = self._drawn()
        unseen = self.source("exemplars").standard_normal(
            (self.n_tested * self.n_exemplars, self.n_latents)
        )
        latents = _joined(concepts[self.of_picture()], np.concatenate([own, unseen]))
        table = self.table().set_index("stimulus").assign(licence="made by neurodecode")
        position = {one: i for i, one in enumerate(table.index)}
        fields = colour_fields(self.n_latents, _SIZE, self.source("fields"))
        return Stimuli(table, lambda one: blend(latents[position[one]], fields))

    def _drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Give what each concept has, and what each shown picture has of its own."""
        rng = self.source("latents")
        concepts = rng.standard_normal((self.n_concepts + self.n_tested, self.n_latents))
        return concepts, rng.standard_normal((self.n_shown, self.n_latents))


def vectors_of(rng: np.random.Generator, n_latents: int, n_features: int) -> np.ndarray:
    """Give how latent features are mixed into a vector that stands for a picture.

    Parameters
    ----------
    rng : Generator
    n_latents, n_features : int
        There are as many entries as latents, or more.

    Returns
    -------
    basis : ndarray, shape (n_latents, n_features)
        Of orthonormal rows: distances between vectors are those between latents.
    """
    drawn = rng.standard_normal((n_features, n_latents))
    return np.linalg.qr(drawn)[0].T


def _joined(concepts: np.ndarray, own: np.ndarray) -> np.ndarray:
    return np.sqrt(_SHARED) * concepts + np.sqrt(1 - _SHARED) * own
