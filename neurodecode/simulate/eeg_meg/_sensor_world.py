"""Layouts of sensors with patterns drawn on them, and noise that neighbours share.

Here nothing is inside of the head: a pattern is a bell over the sensors, not what a dipole would
give. Places are directions from the middle of the head, distances the chords between them, so that
a cap and a helmet are measured alike: 1 is the radius.
"""

import functools
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.signal import lfilter

from neurodecode.core.errors import ConfigError
from neurodecode.core.space import Space
from neurodecode.simulate.eeg_meg._head import CENTER, Sensors, electrodes, helmet

Modality = Literal["eeg", "meg"]
UNIT = {"eeg": 3e-6, "meg": 1e-13}  # V and T: what sizes are multiples of
PHI = 0.8  # correlation of the noise with the sample before
# The layouts of people whose sensors differ are drawn of these.
CAP = (
    "Fp1", "Fpz", "Fp2", "AF7", "AF3", "AFz", "AF4", "AF8", "F7", "F5", "F3", "F1", "Fz", "F2",
    "F4", "F6", "F8", "FT7", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8", "T7", "C5",
    "C3", "C1", "Cz", "C2", "C4", "C6", "T8", "TP7", "CP5", "CP3", "CP1", "CPz", "CP2", "CP4",
    "CP6", "TP8", "P7", "P5", "P3", "P1", "Pz", "P2", "P4", "P6", "P8", "PO7", "PO3", "POz",
    "PO4", "PO8", "O1", "Oz", "O2",
)  # fmt: skip
_PATTERN = 0.5  # s.d. of a pattern's bell
_SMOOTH = 0.32  # s.d. of the kernel that neighbours' noise shares
_OWN = 0.1  # of the variance of a sensor's noise is its own
_TURN = 0.05  # rad about each axis, s.d. of how a person's layout sits: about 5 mm
_BURN_IN = 40  # samples after which the noise has forgotten its start: .8 ** 40 is 1e-4


@functools.cache
def every_sensor(modality: Modality) -> Sensors:
    """Give all sensors that a layout can have: 61 electrodes, or 102 magnetometers."""
    return electrodes(CAP) if modality == "eeg" else helmet(("mag",))


def check_n_channels(modality: Modality, n_channels: int) -> None:
    """Raise a ConfigError if a layout has not as many sensors."""
    n_there = len(every_sensor(modality).space)
    if n_channels > n_there:
        raise ConfigError(f"n_channels: {n_channels} of {modality}, which has {n_there} sensors.")


def layout(modality: Modality, n_channels: int, rng: np.random.Generator, *, turned: bool) -> Space:
    """Draw sensors, evenly from all that there are, in the order of the cap or helmet.

    Parameters
    ----------
    modality : {"eeg", "meg"}
    n_channels : int
    rng : Generator
    turned : bool
        Whether they sit some millimetres away from where they should, all by one rotation.

    Returns
    -------
    space : Space
        With the places where the sensors are, in metres, head coordinates.
    """
    sensors = every_sensor(modality)
    space = sensors.space
    if turned:
        sitting = sensors.moved(_TURN * rng.standard_normal(3)).loc
        normals = None if space.normals is None else sitting[:, 9:]
        space = replace(space, positions=sitting[:, :3], normals=normals)
    directions = outward(space)
    chosen = [int(rng.integers(len(space)))]
    distance = np.full(len(space), np.inf)
    while len(chosen) < n_channels:  # the farthest from those that are there: no holes
        distance = np.minimum(distance, np.linalg.norm(directions - directions[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(distance)))
    return space.take(np.sort(chosen))


def outward(space: Space) -> np.ndarray:
    """Give the direction of each sensor from the middle of the head, shape (n_channels, 3)."""
    assert space.positions is not None  # every layout here has them
    away = space.positions - CENTER
    return away / np.linalg.norm(away, axis=1, keepdims=True)


def places(rng: np.random.Generator, n: int) -> np.ndarray:
    """Give directions that cover the upper half of the head evenly, in a drawn order.

    Returns
    -------
    directions : ndarray, shape (n, 3)
        From the middle of the head: a spiral that is turned about the vertical at random.
    """
    height = (np.arange(n) + 0.5) / n
    angle = np.arange(n) * np.pi * (3 - np.sqrt(5)) + rng.uniform(0, 2 * np.pi)
    out = np.sqrt(1 - height**2)
    return rng.permutation(np.stack([out * np.cos(angle), out * np.sin(angle), height], axis=1))


def bells(space: Space, centres: np.ndarray) -> np.ndarray:
    """Give patterns that are 1 at a place and fall off with the distance from it.

    Parameters
    ----------
    space : Space
    centres : ndarray, shape (n_patterns, 3)

    Returns
    -------
    patterns : ndarray, shape (n_channels, n_patterns)
    """
    return _bell(outward(space)[:, None] - centres, _PATTERN)


@dataclass(frozen=True, eq=False)
class SensorNoise:
    """Gaussian noise that is autoregressive in time and shared by neighbouring sensors.

    Parameters
    ----------
    size : float
        S.d. of what is new in each sample; that of the noise is 1.67 times as large.
    root : ndarray, shape (n_channels, n_channels)
        Lower triangular; root rootᵀ is the correlation of sensors.
    """

    size: float
    root: np.ndarray

    @staticmethod
    def of(space: Space, size: float) -> "SensorNoise":
        """Give the noise of a layout."""
        at = outward(space)
        shared = _bell(at[:, None] - at, _SMOOTH)
        correlation = (1 - _OWN) * shared + _OWN * np.eye(len(at))
        return SensorNoise(size, np.linalg.cholesky(correlation))

    def draw(self, n_trials: int, n_times: int, rng: np.random.Generator) -> np.ndarray:
        """Draw trials; float32, shape (n_trials, n_channels, n_times)."""
        shape = (n_trials, len(self.root), _BURN_IN + n_times)
        new = rng.standard_normal(shape, dtype=np.float32)
        one, phi = (np.array(values, dtype=np.float32) for values in ([1.0], [1.0, -PHI]))
        followed = np.asarray(lfilter(one, phi, new, axis=2))[:, :, _BURN_IN:]
        return (self.size * self.root).astype(np.float32) @ followed

    def over_channels(self, X: np.ndarray) -> np.ndarray:
        """Whiten along channels, the last but one axis of `X`."""
        return np.linalg.inv(self.size * self.root).astype(X.dtype) @ X

    @staticmethod
    def over_time(X: np.ndarray) -> np.ndarray:
        """Whiten along time, the last axis of `X`."""
        white = X.copy()
        white[..., 1:] -= PHI * X[..., :-1]
        white[..., 0] *= np.sqrt(1 - PHI**2)  # the first sample has its whole variance
        return white


def _bell(difference: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-np.sum(difference**2, axis=-1) / (2 * width**2))
