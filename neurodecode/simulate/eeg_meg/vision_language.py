"""Depth electrodes while a film is seen and heard, some of which join both: for encoding models."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal, table_column
from neurodecode.core.space import NO_UNIT, Space
from neurodecode.simulate import ORACLE, Simulation, check_counts
from neurodecode.simulate.fmri._noise import ar1

_BEFORE, _LAST = -0.2, 0.8  # seconds from a word to its first window, and to its last answer
_SPACING = 1.0  # seconds from word to word
_WIDTH = 0.08  # seconds, s.d. of when an electrode answers
_OF_CONCEPT = 20  # words of one piece of the film


@dataclass(frozen=True, kw_only=True)
class VisionLanguage(Simulation):
    """Mean potentials in windows around words, of electrodes that answer what is seen or said.

    Each word comes with features of the picture and of the language, both slow along the film.
    The first `n_integrating` electrodes answer their products, which are linear in neither; half
    of the others answer the picture, the rest the language. Each electrode answers at a time of its
    own; its noise goes on from word to word and from window to window. Tracks are ``vision`` and
    ``language``, ``word_features`` (both side by side) and ``vision_language`` (both and their
    products). The oracle is the answer without noise: the track ``oracle:ieeg``.

    Parameters
    ----------
    effect : float
        S.d. of an electrode's answer at its best window, in s.d. of its noise there.
    n_electrodes, n_integrating : int
    n_windows : int
        Of each trial; the first is 0.2 s before the word.
    n_words : int
        Of a run.
    n_features : int
        Of the picture, and of the language.
    phi_features, phi : float
        Correlation with the word before, of features and of noise.
    sfreq : float
        Windows a second; of continuous recordings, samples a second.
    continuous : bool
        Whether the recording is one series, in which answers to words follow each other, instead
        of windows around each word. There is no oracle then, and no `n_windows`.

    References
    ----------
    The design is that of Subramaniam et al. 2024, Revealing vision-language integration in the
    brain with multimodal networks, arXiv 2406.14481, in the small.
    """

    n_electrodes: int = 40
    n_integrating: int = 10
    n_windows: int = 30
    n_words: int = 600
    n_features: int = 6
    phi_features: float = 0.5
    phi: float = 0.4
    sfreq: float = 40.0
    continuous: bool = False

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        check_counts(self, "n_electrodes", "n_windows", "n_words", "n_features")
        if not 0 <= self.n_integrating <= self.n_electrodes:
            raise ConfigError(
                f"n_integrating: {self.n_integrating} of {self.n_electrodes} electrodes cannot be."
            )
        if not (0 <= self.phi < 1 and 0 <= self.phi_features < 1 and self.sfreq > 0):
            raise ConfigError(
                f"phi {self.phi}, phi_features {self.phi_features}: expected [0, 1); sfreq "
                f"{self.sfreq} above zero."
            )

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give the words' features; the oracle's answers are NaN."""
        if self.continuous:
            return self._series(session, run, None)
        unknown = np.full((self.n_words, self.n_electrodes, self.n_windows), np.nan)
        return self._signal(session, run, unknown, None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make one recording."""
        if self.continuous:
            return self._series(session, run, self._made(subject, session, run))
        times = _BEFORE + np.arange(self.n_windows) / self.sfreq
        expected = self._answers(subject, session, run, times)
        flat = ar1(
            self.rng("noise", subject, session, run),
            self.n_words,
            self.n_electrodes * self.n_windows,
            self.phi,
        )
        noise = flat.reshape(expected.shape)
        # Windows overlap: each shares half of its variance with the one before.
        noise[:, :, 1:] = (noise[:, :, 1:] + noise[:, :, :-1]) / np.sqrt(2)
        return self._signal(session, run, expected, expected + noise)

    def _answers(self, subject: str, session: str, run: str, times: np.ndarray) -> np.ndarray:
        """Give what each word makes each electrode answer, (n_words, n_electrodes, n_times).

        `times` are seconds from the word.
        """
        vision, language = self._features(session, run)
        rng = self.rng("electrodes", subject)
        weights = rng.standard_normal((self.n_features, self.n_electrodes))
        weights /= np.sqrt(self.n_features)
        answers = vision @ weights
        half = self.n_integrating + (self.n_electrodes - self.n_integrating) // 2
        answers[:, half:] = language @ weights[:, half:]
        joint = slice(0, self.n_integrating)
        answers[:, joint] = (vision * language) @ weights[:, joint]
        peak = rng.uniform(0.1, 0.4, self.n_electrodes)
        course = np.exp(-((times - peak[:, None]) ** 2) / (2 * _WIDTH**2))
        return self.effect * answers[:, :, None] * course

    def _made(self, subject: str, session: str, run: str) -> np.ndarray:
        """Make a continuous recording, (n_electrodes, n_times)."""
        n = round((self.n_words + 2) * _SPACING * self.sfreq)
        rng = self.rng("noise", subject, session, run)
        data = ar1(rng, n, self.n_electrodes, 0.9).T
        times = np.arange(round(_BEFORE * self.sfreq), round(_LAST * self.sfreq)) / self.sfreq
        answers = self._answers(subject, session, run, times)
        for i, answer in enumerate(answers):
            first = round(((i + 1) * _SPACING + times[0]) * self.sfreq)
            data[:, first : first + len(times)] += answer
        return data

    def _features(self, session: str, run: str) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng("film", session, run)
        both = ar1(rng, self.n_words, 2 * self.n_features, self.phi_features)
        return both[:, : self.n_features], both[:, self.n_features :]

    def _events(self, session: str, run: str) -> pd.DataFrame:
        number = np.arange(self.n_words)
        return pd.DataFrame(
            {
                "onset": _SPACING * (number + 1),
                "duration": 0.3,
                "label": "word",
                "stimulus": [f"{session}-{run}/{i:05d}" for i in number],
                "concept": [f"{session}-{run} {i // _OF_CONCEPT:03d}" for i in number],
            }
        )

    def _space(self) -> Space:
        names = tuple(f"E{i + 1}" for i in range(self.n_electrodes))
        return Space("sensors", names, types=("seeg",) * len(names), unit=NO_UNIT)

    def _vectors(self, session: str, run: str) -> dict[str, np.ndarray]:
        vision, language = self._features(session, run)
        return {
            "vision": vision,
            "language": language,
            "word_features": np.hstack([vision, language]),
            "vision_language": np.hstack([vision, language, vision * language]),
        }

    def _signal(
        self, session: str, run: str, expected: np.ndarray, data: np.ndarray | None
    ) -> Signal:
        return Signal(
            data=data,
            space=self._space(),
            axes=("channel", "time"),
            sfreq=self.sfreq,
            events=self._events(session, run),
            tmin=_BEFORE,
            n_times=self.n_windows,
            entries=True,
            tracks={
                **self._vectors(session, run),
                f"{ORACLE}ieeg": expected.reshape(self.n_words, -1),
            },
        )

    def _series(self, session: str, run: str, data: np.ndarray | None) -> Signal:
        tables = self._vectors(session, run)
        at = {table_column(name): np.arange(self.n_words) for name in tables}
        return Signal(
            data=data,
            space=self._space(),
            axes=("channel", "time"),
            sfreq=self.sfreq,
            events=self._events(session, run).assign(**at),
            n_times=round((self.n_words + 2) * _SPACING * self.sfreq),
            tables=tables,
        )
