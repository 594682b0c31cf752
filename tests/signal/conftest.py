"""Tiny signals: eight EEG channels for ten seconds, their epochs, and a run of thirty volumes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.recording import Signal
from neurodecode.core.space import Space

NAMES = ("Fz", "C3", "Cz", "C4", "Pz", "O1", "O2", "HEOG")


def make_eeg(seed=0, sfreq=100.0, n_times=1000, types=("eeg",) * 7 + ("eog",), **changes):
    """Noise of 20 µV on eight channels, with two events."""
    rng = np.random.default_rng(seed)
    names = NAMES[: len(types)]
    places = np.random.default_rng(1).normal(size=(len(types), 3))
    places *= 0.09 / np.linalg.norm(places, axis=1, keepdims=True)  # a head of 9 cm
    space = Space("sensors", names=names, types=types, positions=places, unit="V")
    events = pd.DataFrame({"onset": [1.0, 3.5], "duration": [1.0, 1.0], "label": ["left", "right"]})
    fields = {
        "data": rng.normal(scale=2e-5, size=(len(types), n_times)),
        "space": space,
        "axes": ("channel", "time"),
        "sfreq": sfreq,
        "events": events,
    }
    return Signal(**(fields | changes))


def make_epochs(seed=0, n_epochs=12, n_times=80, **changes):
    """Noise of 20 µV on eight channels in epochs of 0.8 s from 0.2 s before events."""
    rng = np.random.default_rng(seed)
    events = pd.DataFrame(
        {
            "onset": 2.0 * np.arange(n_epochs),
            "duration": 0.0,
            "label": np.tile(["left", "right"], n_epochs)[:n_epochs],
        }
    )
    space = make_eeg().space
    fields = {
        "data": rng.normal(scale=2e-5, size=(n_epochs, len(space), n_times)),
        "space": space,
        "axes": ("channel", "time"),
        "sfreq": 100.0,
        "events": events,
        "tmin": -0.2,
        "entries": True,
    }
    return Signal(**(fields | changes))


def make_bands(seed=0, **changes):
    """Two bands of the same channels, of different noise."""
    signal = make_eeg(seed, **changes)
    data = np.stack([signal.data, make_eeg(seed + 100, **changes).data])
    return replace(signal, data=data, axes=("band", "channel", "time"))


def make_volumes(seed=0, n_volumes=30, n_voxels=6, t_r=2.5, **changes):
    """Noise on six voxels; blocks of four volumes, of cat, house, and rest without a block."""
    rng = np.random.default_rng(seed)
    ijk = np.stack([np.arange(n_voxels)] * 3, axis=1)
    space = Space("voxels", affine=np.eye(4), shape=(n_voxels,) * 3, ijk=ijk)
    index = np.arange(n_volumes)
    block = index // 4
    label = np.array(["cat", "rest", "house", "rest"])[block % 4]
    events = pd.DataFrame(
        {
            "onset": index * t_r,
            "duration": t_r,
            "label": label,
            "block": np.where(label == "rest", None, block.astype(str)),
            "volume": index,
        }
    )
    fields = {
        "data": rng.normal(size=(n_volumes, n_voxels)) + 100,
        "space": space,
        "axes": ("voxel",),
        "sfreq": 1 / t_r,
        "events": events,
    }
    return Signal(**(fields | changes))


@pytest.fixture(scope="session")
def eeg():
    """Give the factory of EEG signals."""
    return make_eeg


@pytest.fixture(scope="session")
def epochs():
    """Give the factory of epochs."""
    return make_epochs


@pytest.fixture(scope="session")
def bands():
    """Give the factory of signals in two bands."""
    return make_bands


@pytest.fixture(scope="session")
def volumes():
    """Give the factory of series of volumes."""
    return make_volumes
