"""Epochs of EEG or MEG of people who see pictures, which stand in waves after the onset."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.simulate import check_counts
from neurodecode.simulate._picture_study import PictureStudy
from neurodecode.simulate.eeg_meg._sensor_world import (
    UNIT,
    Modality,
    SensorNoise,
    bells,
    check_n_channels,
    layout,
    places,
)
from neurodecode.simulate.pictures import Kind

_BEFORE = 0.1  # s that an epoch has before the onset
_SOA = 1.0  # s from one onset to the next
_AT_ONCE = 256  # trials
_LATENCY = {"picture": (0.06, 0.24), "semantic": (0.18, 0.44)}  # s
_WIDTH = (0.02, 0.05)  # s, s.d. of a bump


@dataclass(frozen=True, kw_only=True)
class Pictures(PictureStudy):
    """Epochs of people who see pictures, each component of which is a bump locked to the onset.

    This is a world of sensors, and no model of a head: a pattern is a bell over the sensors. What
    the picture looks like comes .06 to .24 s after the onset; of shapes, what they mean (the table
    ``semantic``, in which place and size do not count) .18 to .44 s after it. MEG differs from EEG
    by its layout and its unit alone. `fmri.pictures` shows the same pictures, seed by seed.

    Parameters
    ----------
    pictures, names, order, shown, size, n_pictures, n_test, repeats, test_repeats, n_components
        What is shown, and how many components of it brains answer, as in `fmri.pictures`.
    effect : float
        Size of the bump of a component, one s.d. from its mean, at the peak and at the sensor
        nearest to it; in units of 3 µV, or 100 fT.
    noise : float
        S.d. of what is new in each sample of the noise, in those units. It is autoregressive, .8
        from sample to sample, and neighbours share it.
    displacement : float
        How far a person's patterns are from where people have them on average, s.d. along each
        axis in radii of the head.
    modality : {"eeg", "meg"}
        Electrodes of the 10-10 system, or magnetometers of a helmet.
    layout : {"shared", "own"}
        Whether all have the same sensors in the same places, or each person others.
    n_channels : int
        Up to 61 electrodes, or 102 magnetometers.
    n_times, sfreq : int, float
        Samples of an epoch, and Hz; epochs begin .1 s before the onset.

    Notes
    -----
    The oracle knows patterns, time courses and noise, and answers as that of `fmri.pictures` does.
    """

    pictures: Kind = "shapes"
    size: int = 32
    noise: float = 1.8
    displacement: float = 0.1
    modality: Modality = "meg"
    layout: Literal["shared", "own"] = "shared"
    n_channels: int = 40
    n_times: int = 60
    sfreq: float = 100.0

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        if not (self.displacement >= 0 and self.noise > 0):
            raise ConfigError(
                f"displacement: {self.displacement} must be 0 or more, and noise: {self.noise} "
                "above zero."
            )
        if self.layout not in ("shared", "own"):
            raise ConfigError(f"layout: {self.layout!r} is neither shared nor own.")
        if self.modality not in get_args(Modality):
            raise ConfigError(f"modality: {self.modality!r} is neither eeg nor meg.")
        check_counts(self, "n_channels")
        check_n_channels(self.modality, self.n_channels)
        if not self.sfreq >= 50 or not 0.55 <= self.n_times / self.sfreq <= _SOA:
            raise ConfigError(
                f"n_times: {self.n_times} samples at sfreq {self.sfreq:g} Hz. Give 50 Hz or more, "
                f"and .55 to {_SOA:g} s, which is when the next picture comes."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give sensors, rate and length, and what was shown when."""
        _, events = self._trials(subject, session, run)
        columns, tracks = self._unknown(len(events))
        nothing = {name: np.zeros((0, *shape)) for name, shape in self._shapes.items()}
        return self._signal(subject, None, events.assign(**columns), nothing, tracks)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording."""
        shown, events = self._trials(subject, session, run)
        truth, features = self._seen()
        space = self._space(subject)
        patterns, courses = self._responses(subject, space)
        noise = SensorNoise.of(space, self.noise)
        # The noise is separable, so products of whitened templates are those over channels times
        # those over time; a template is an outer product of one pattern and one course.
        white_patterns, white_courses = noise.over_channels(patterns), noise.over_time(courses)
        precision = (white_patterns.T @ white_patterns) * (white_courses @ white_courses.T)
        rng = self.rng("noise", subject, session, run)
        data = np.empty((len(shown), len(space), self.n_times), dtype=np.float32)
        h = np.empty((len(shown), features.shape[1]))
        for begin in range(0, len(shown), _AT_ONCE):
            here = slice(begin, begin + _AT_ONCE)
            size = features[shown[here], None, :]  # (n, 1, n_features)
            X = noise.draw(len(size), self.n_times, rng).astype(np.float64)
            X += (patterns * size) @ courses
            white = noise.over_channels(noise.over_time(X))
            h[here] = np.einsum(
                "ck,nct,kt->nk", white_patterns, white, white_courses, optimize=True
            )
            data[here] = UNIT[self.modality] * X
        columns, tracks = self._told(h, precision, shown)
        return self._signal(subject, data, events.assign(**columns), truth, tracks)

    def _signal(
        self,
        subject: str,
        data: np.ndarray | None,
        events: pd.DataFrame,
        tables: dict[str, np.ndarray],
        tracks: dict[str, np.ndarray],
    ) -> Signal:
        return Signal(
            data=data,
            space=self._space(subject),
            axes=("channel", "time"),
            sfreq=self.sfreq,
            events=events.assign(onset=_SOA * (1 + np.arange(len(events))), duration=0.5),
            tmin=-_BEFORE,
            n_times=self.n_times,
            tracks=tracks,
            tables=tables,
            entries=True,
        )

    def _space(self, subject: str) -> Space:
        own = self.layout == "own"
        rng = self.rng("layout", subject) if own else self.rng("layout")
        return layout(self.modality, self.n_channels, rng, turned=own)

    def _responses(self, subject: str, space: Space) -> tuple[np.ndarray, np.ndarray]:
        """Give patterns, shape (n_channels, n_features), and courses, (n_features, n_times).

        When is the same for all people; where is their own.
        """
        views, shared = self._world.views, self.rng("responses")
        n = views.n_features
        moved = self.displacement * self.rng("patterns", subject).standard_normal((n, 3))
        patterns = shared.choice([-1.0, 1.0], n) * bells(space, places(shared, n) + moved)
        several = [
            shared.permutation(np.linspace(*_LATENCY[name], len(view.sd)))
            for name, view in views.of.items()
        ]
        since = np.arange(self.n_times) / self.sfreq - _BEFORE - np.concatenate(several)[:, None]
        width = shared.permutation(np.linspace(*_WIDTH, n))
        return self.effect * patterns, np.exp(-(since**2) / (2 * width[:, None] ** 2))
