"""Betas to pictures: figures of which all are known, or digits, shapes and textures without end."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.simulate._mixing import Mixing, mixing
from neurodecode.simulate._picture_study import PictureStudy
from neurodecode.simulate.fmri._stream import trials_of_files, write_pieces
from neurodecode.simulate.fmri._voxels import check_n_voxels, n_voxels_of

_TRIALS = 512  # betas that are made at a time


@dataclass(frozen=True, kw_only=True)
class Pictures(PictureStudy):
    """Betas of voxels that see pictures through receptive fields and in random mixtures.

    Each voxel answers principal components of the pictures linearly, with noise of which a part is
    shared. Shapes have tokens beside, the table ``semantic`` of shape (8, 32): the tanh of what
    shape, colour and ground mean, in which place and size do not count; voxels that mix answer 16
    components of theirs too.

    Parameters
    ----------
    effect : float
        S.d. of a middling voxel's answers, in s.d. of its own noise.
    pictures : {"figures", "digits", "shapes", "textures"}
        Figures and letters of ten by ten patches, digits as by hand, coloured shapes, or stripes,
        plaids and dots.
    names : tuple of str
        Which figures, digits, shapes or textures; all without.
    order : {"balanced", "independent"}
        Of figures: whether each is shown as often, or each trial's is drawn by itself. Of others,
        whether each name has as many pictures, or each picture's is drawn by itself.
    shown : mapping of str to tuple of str
        Session to the categories of figures that it shows; all where none are named.
    size : int
        Pixels of a side.
    n_pictures, n_test : int
        Of all but figures: all pictures, and how many of them are of the part ``test``, the
        others being of ``train``. Figures have no such parts, and are as many as there are.
    repeats : int
        How often a recording shows each of its pictures.
    test_repeats : int, optional
        How often it shows those of the part ``test``, whose answers are then meant to be averaged.
    n_voxels : int, or mapping of str to int
        Of everybody, or of each subject.
    fields : float
        Part of the voxels that have a receptive field each; the others mix all components.
    whitened : bool
        Whether those mix all components alike, or each as much as it varies.
    n_components : int
        Principal components of the pictures that voxels answer.

    Notes
    -----
    The oracle knows each voxel's weights and noise, and of each name the mean and the covariance of
    the components (of shapes, of each shape in each colour on each ground). It answers with the
    mean of the posterior given one trial; where `test_repeats` is given, a tested trial with that
    given all showings of its picture in the recording. Its tokens are the mean of those that may
    have been meant. Its pictures stay within the components, and so are smooth: they are the
    ceiling of what is linear, and who knows how pictures look may come closer to them.
    """

    n_voxels: int | Mapping[str, int] = 400
    fields: float = 0.5
    whitened: bool = False

    version: ClassVar[int] = 2

    def __post_init__(self):
        super().__post_init__()
        check_n_voxels(self.n_voxels, self.subjects)
        for subject in self.subjects:
            n = n_voxels_of(self.n_voxels, subject)
            if n < 1:
                raise ConfigError(f"n_voxels: {n} is below one.")
        if not 0 <= self.fields <= 1:
            raise ConfigError(f"fields: {self.fields} is no part, from 0 to 1.")

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give what a recording will be, without data."""
        _, events = self._trials(subject, session, run)
        nothing = {name: np.zeros((0, *shape)) for name, shape in self._shapes.items()}
        return self._signal(subject, None, events, nothing, *self._unknown(len(events)))

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the betas of one recording."""
        shown, events = self._trials(subject, session, run)
        truth, features = self._seen()
        voxels = self._voxels(subject)
        betas = np.concatenate([*self._betas(voxels, features[shown], subject, session, run)])
        told = self._told(*voxels.evidence(betas.astype(np.float64)), shown)
        return self._signal(subject, betas, events, truth, *told)

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
        write_pieces(files["fmri"], (len(shown), len(voxels.weights)), betas)
        values = Space("features", tuple(map(str, range(n_values))), shape=pictures.shape)
        return trials_of_files(
            events.assign(subject=subject, session=session, run=run),
            files,
            {"picture": values, "fmri": self._space(subject)},
            {"picture": shown, "fmri": np.arange(len(shown))},
            [type(self).__name__, self.version, asdict(self), subject, session, run],
        )

    def _space(self, subject: str) -> Space:
        n_voxels = n_voxels_of(self.n_voxels, subject)
        return Space("voxels", tuple(f"voxel {i}" for i in range(n_voxels)))

    def _voxels(self, subject: str) -> Mixing:
        rng, n_voxels = self.rng("voxels", subject), n_voxels_of(self.n_voxels, subject)
        n_fields = int(self.fields * n_voxels)
        directions = self._world.directions(
            n_voxels, n_fields, self.whitened, self._shapes["picture"], rng
        )
        return mixing(rng, directions, self.effect)

    def _betas(
        self, voxels: Mixing, features: np.ndarray, subject: str, session: str, run: str
    ) -> Iterator[np.ndarray]:
        rng = self.rng("noise", subject, session, run)
        for first in range(0, len(features), _TRIALS):
            yield voxels.answers(features[first : first + _TRIALS], rng)

    def _signal(
        self,
        subject: str,
        betas: np.ndarray | None,
        events: pd.DataFrame,
        truth: Mapping[str, np.ndarray],
        answers: Mapping[str, np.ndarray],
        guesses: Mapping[str, np.ndarray],
    ) -> Signal:
        return Signal(
            data=betas,
            space=self._space(subject),
            axes=("voxel",),
            sfreq=None,
            events=events.assign(**answers),
            n_times=len(events),
            tracks=guesses,
            tables=truth,
        )
