"""The measured rank of channels: references, copies, mixed units, offsets."""

from dataclasses import replace

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.signal.rank import measured_rank


def test_independent_channels_are_of_full_rank_whatever_their_units(eeg):
    scale = 10.0 ** -np.arange(1, 9)[:, None]
    assert measured_rank(eeg()) == 8
    assert measured_rank(eeg(data=eeg().data * scale + 1e3 * scale)) == 8


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_each_dependence_costs_one(eeg, dtype):
    data = eeg().data.copy()
    data[3] = (data[0] + data[1]) / 2  # an interpolated channel
    assert measured_rank(eeg(data=data.astype(dtype))) == 7
    data[5] = 1e-3  # a flat one
    assert measured_rank(eeg(data=data.astype(dtype))) == 6
    data -= data.mean(axis=0)
    assert measured_rank(eeg(data=data.astype(dtype))) == 6  # the flat one is minus the mean now
    data = eeg().data - eeg().data.mean(axis=0)
    assert measured_rank(eeg(data=data.astype(dtype))) == 7


def test_weak_but_real_directions_count(eeg):
    data = eeg().data.copy()
    data[1] = data[0] + 1e-4 * data[1]  # two neighbours that differ by 1e-4 of their amplitude
    assert measured_rank(eeg(data=data)) == 8


def test_flat_channels_count_as_none_even_all_of_them(eeg):
    data = eeg().data.copy()
    data[2] = 0.3
    assert measured_rank(eeg(data=data)) == 7
    assert measured_rank(eeg(data=np.zeros((8, 1000)))) == 0


def test_fewer_samples_than_channels(eeg):
    assert measured_rank(eeg(data=eeg().data[:, :5])) == 4


def test_rank_of_epochs_is_that_of_all_their_samples(epochs):
    signal = epochs()
    assert measured_rank(signal) == 8
    data = signal.data.copy()
    data[:, 3] = (data[:, 0] + data[:, 1]) / 2
    assert measured_rank(epochs(data=data)) == 7
    data[:, 5] = 1e-3
    assert measured_rank(epochs(data=data)) == 6
    joined = signal.data.transpose(1, 0, 2).reshape(8, -1)
    assert measured_rank(epochs(data=signal.data[:, :, :1])) == 8
    assert measured_rank(replace(signal, data=joined, entries=False)) == 8


def test_rank_of_bands_is_the_smallest_within_one(bands):
    assert measured_rank(bands()) == 8
    data = bands().data.copy()
    data[0, 2] = data[0, 1]
    data[1] -= data[1, :3].mean(axis=0)
    data[1, 7] = 0
    assert measured_rank(replace(bands(), data=data)) == 6


def test_rank_of_parcels(eeg):
    space = replace(eeg().space, kind="parcels", types=(), positions=None)
    signal = eeg(space=space, axes=("parcel", "time"))
    assert measured_rank(signal) == 8


def test_what_stops_it(eeg, volumes):
    with pytest.raises(DataError, match="expected channel and time"):
        measured_rank(volumes())
    signal = eeg()
    with pytest.raises(DataError, match="header"):
        measured_rank(replace(signal, data=None))
    data = signal.data.copy()
    data[0, 0] = np.nan
    with pytest.raises(DataError, match="not finite"):
        measured_rank(eeg(data=data))
