"""Vectors told from a stream, and what they are nearest to in a gallery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.gallery import LIKENESSES, Likeness
from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part
from neurodecode.core.recording import Signal
from neurodecode.core.rows import Rows
from neurodecode.core.stages import takes_rows_of_numbers
from neurodecode.core.trials import Trials
from neurodecode.linalg.retrieval import retrieve
from neurodecode.online.answering import PROBE_SCALE, ROUNDING, fitted_stages


@dataclass(frozen=True, eq=False)
class StimulusGallery:
    """Stimuli that a vector is told from.

    Parameters
    ----------
    ids : tuple of str
        One name a stimulus.
    vectors : ndarray, shape (n_stimuli, n_targets)
    likeness : {"correlation", "cosine", "centered_cosine"}
        Pearson's correlation over the entries; the cosine of the angle; or that after `centre` is
        taken from both sides.
    centre : ndarray, shape (n_targets,), or None
        Mean of the training targets.
    top : int
        How many of the nearest are given.

    Raises
    ------
    DataError
        If there is not one name a vector, a name stands twice, or a vector is not finite.
    """

    ids: tuple[str, ...]
    vectors: np.ndarray
    likeness: Likeness = "correlation"
    centre: np.ndarray | None = None
    top: int = 5

    def __post_init__(self):
        if self.vectors.ndim != 2 or len(self.ids) != len(self.vectors) or not len(self.ids):
            raise DataError(
                f"gallery: {len(self.ids)} names for vectors of shape {self.vectors.shape}. Give "
                "one name and one row of numbers a stimulus."
            )
        twice = pd.Index(self.ids)[pd.Index(self.ids).duplicated()]
        if len(twice):
            raise DataError(f"gallery: {twice[0]!r} stands twice. Give each stimulus once.")
        if not np.isfinite(self.vectors).all():
            raise DataError("gallery: there are vectors that are not finite. Leave those out.")
        if self.likeness not in LIKENESSES:
            raise ConfigError(
                f"gallery: likeness is {self.likeness!r}. Give {', '.join(LIKENESSES)}."
            )
        if self.likeness == "centered_cosine" and self.centre is None:
            raise DataError("gallery: centered_cosine needs the mean of the training targets.")
        if self.top < 1:
            raise ConfigError(f"gallery: top is {self.top}. Give 1 or more.")
        object.__setattr__(self, "_units", self._unit(self.vectors))

    def nearest(self, vector: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """Give the names of the nearest stimuli, the nearest first, and their likeness."""
        units: np.ndarray = getattr(self, "_units")  # noqa: B009, set once in a frozen value
        n = min(self.top, len(self.ids))
        found = retrieve(self._unit(vector[None]), units, n_nearest=n)
        return tuple(self.ids[i] for i in found.nearest[0]), found.products[0]

    def _unit(self, vectors: np.ndarray) -> np.ndarray:
        """Give vectors of length one, whose inner products are the likeness; zeros stay."""
        vectors = vectors.astype(np.float64)
        if self.likeness == "correlation":
            vectors = vectors - vectors.mean(axis=1, keepdims=True)
        elif self.likeness == "centered_cosine":
            vectors = vectors - self.centre
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)


@dataclass(frozen=True, eq=False)
class Retrieved:
    """What a window told, and what it is nearest to.

    Parameters
    ----------
    vector : ndarray, shape (n_targets,)
    ids : tuple of str
        The nearest stimuli, the nearest first.
    likeness : ndarray, shape (len(ids),)
    onset : float
        Seconds of the event whose window this is; NaN of windows at every hop.
    delay : float
        Seconds from the event to the answer: what the window waits for, what came with its last
        sample in one chunk, and the work. NaN without an event.
    """

    vector: np.ndarray
    ids: tuple[str, ...]
    likeness: np.ndarray
    onset: float = np.nan
    delay: float = np.nan


class Retrieving:
    """Fitted stages that tell vectors, handed one window at a time.

    Parameters
    ----------
    stages : fitted scikit-learn estimator, or sequence of fitted stages
    gallery : StimulusGallery
    prepared : Signal
        Header of what windows are of.
    shape : tuple of int
        Of a window.
    reducer : scikit-learn transformer or None
        What predicted vectors are brought back through.
    columns : mapping of str to str
        What is known of all windows, such as ``subject``, for stages that ask.

    Raises
    ------
    ConfigError
        If stages are not fitted, ask for more than that, or answer a window otherwise among others
        than alone.
    DataError
        If vectors are of another length than those of the gallery.
    """

    def __init__(
        self,
        stages: Any,
        gallery: StimulusGallery,
        prepared: Signal,
        shape: tuple[int, ...],
        *,
        reducer: Any = None,
        columns: Mapping[str, str] | None = None,
    ):
        self._columns = dict(columns or {})
        self._stages = fitted_stages(stages, classes=False, known=tuple(self._columns))
        self._gallery, self._reducer, self._prepared = gallery, reducer, prepared
        self.classes = gallery.ids
        noise = np.random.default_rng(0).normal(scale=PROBE_SCALE, size=(2, *shape))
        together, alone = self._told(noise), self._told(noise[:1])
        if together.ndim != 2 or together.shape[1] != gallery.vectors.shape[1]:
            raise DataError(
                f"stream: the model tells vectors of shape {together.shape[1:]}, and those of the "
                f"gallery have {gallery.vectors.shape[1]} numbers. Give the gallery of its target."
            )
        size = np.max(np.abs(together), initial=0)
        if not np.allclose(together[:1], alone, rtol=ROUNDING, atol=ROUNDING * size):
            raise ConfigError(
                f"{type(self._stages[-1]).__name__}: it answers a window among others otherwise "
                "than alone, so a step uses statistics of what is tested, or draws at random. Fit "
                "that step to training trials."
            )

    @property
    def first(self) -> Any:
        """The stage that is handed windows."""
        return self._stages[0]

    def begin(self) -> None:
        """Nothing is remembered of windows."""

    def reset(self) -> None:
        """Nothing is remembered of windows."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing is remembered of windows."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing is remembered of windows."""

    def __call__(self, window: np.ndarray) -> Retrieved:
        """Tell the vector of a window, and what it is nearest to."""
        vector = self._told(window[None])[0]
        ids, likeness = self._gallery.nearest(vector)
        return Retrieved(vector, ids, likeness)

    def _told(self, X: Any) -> np.ndarray:
        if takes_rows_of_numbers(self._stages[0]):
            X = X.reshape(len(X), -1)
        for stage in self._stages[:-1]:
            X = stage.transform(self._handed(stage, X))
        said = np.asarray(self._stages[-1].predict(self._handed(self._stages[-1], X)))
        return said if self._reducer is None else self._reducer.inverse_transform(said)

    def _handed(self, stage: Any, X: Any) -> Any:
        """Give what a stage takes: trials with their channels and rate, where it asks for those."""
        needs = getattr(stage, "needs", None)
        if not isinstance(needs, Needs) or not needs.trials or needs.rowless:
            return X
        part = Part(X, self._prepared.space, self._prepared.axes, self._prepared.sfreq, 0.0, "")
        table = pd.DataFrame({name: [self._columns[name]] * len(X) for name in needs.columns},
                             index=range(len(X)))  # fmt: skip
        return Trials.of_entries(Rows(table), "stream", part, np.arange(len(X)))


def gallery_of(ids: Sequence[Any], vectors: np.ndarray, **more: Any) -> StimulusGallery:
    """Give the gallery of rows, of which several may show one stimulus; each is taken once."""
    names = np.array([str(one) for one in ids], dtype=object)
    first = np.sort(np.unique(names.astype(str), return_index=True)[1])
    return StimulusGallery(tuple(names[first]), np.asarray(vectors)[first], **more)
