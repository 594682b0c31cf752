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
