"""Bands side by side: each is the filter's, and what is done after sees each."""

from dataclasses import replace

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.channels import Pick
from neurodecode.signal.filter_bank import FilterBank
from neurodecode.signal.filters import Filter
from neurodecode.signal.rank import measured_rank

SSVEP = ((12.5, 13.5), (16.5, 17.5), (20.5, 21.5))


@pytest.mark.parametrize(
    "how", [{}, {"method": "iir"}, {"method": "iir", "order": 2, "phase": "causal"}]
)
def test_each_band_is_the_filter_of_that_band_to_the_bit(eeg, how):
    signal = eeg(sfreq=256.0, n_times=2560)
    banded = FilterBank(SSVEP, **how)(signal)
    assert banded.axes == ("band", "channel", "time")
    assert banded.data.shape == (3, 8, 2560)
    assert banded.space == signal.space
    for band, data in zip(SSVEP, banded.data, strict=True):
        assert np.array_equal(Filter(*band, **how)(signal).data, data)


def test_the_bands_stand_in_the_notes(eeg):
    header = replace(eeg(notes=("First.",)), data=None)
    header = FilterBank([[None, 4], [8, 12], [30, None]]).preview(header)
    assert header.notes == ("First.", "3 bands: to 4 Hz, 8 to 12 Hz, from 30 Hz.")


def test_reach_is_that_of_the_furthest_band():
    bank = FilterBank([[1, 4], [8, 12]])
    assert bank.reach(100.0) == Filter(1, 4).reach(100.0) > Filter(8, 12).reach(100.0)


def test_bands_of_parcels(eeg):
    signal = eeg()
    parcels = replace(signal.space, kind="parcels", types=(), positions=None)
    banded = FilterBank([[8, 12]])(replace(signal, space=parcels, axes=("parcel", "time")))
    assert banded.axes == ("band", "parcel", "time")
    assert banded.feature_axis == 1


def test_the_rank_is_the_smallest_of_the_bands(eeg):
    banded = FilterBank([[8, 12], [18, 26]])(eeg())
    assert measured_rank(banded) == 8
    data = banded.data.copy()
    data[1, 3] = data[1, 2]
    assert measured_rank(replace(banded, data=data)) == 7
    assert measured_rank(Pick(["Cz", "Fz"])(banded)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bands": []}, r"bands is \[\]\. Give a list of \[l_freq, h_freq\]"),
        ({"bands": [8, 12]}, "bands has 8, no pair of corners"),
        ({"bands": [[8, 12, 16]]}, r"bands has \[8, 12, 16\], no pair"),
        ({"bands": [[12, 8]]}, "filter_bank: l_freq 12 Hz is not below h_freq 8 Hz"),
        ({"bands": [[None, None]]}, "filter_bank: neither l_freq nor h_freq"),
        ({"bands": [[8, 12], [8, 12]]}, "the band 8 to 12 Hz is there twice"),
        ({"bands": [[8, 12]], "order": 3}, "filter_bank: order 3 belongs to method: iir"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, message):
    with pytest.raises(ConfigError, match=message):
        FilterBank(**arguments)


def test_what_stops_it(eeg, bands, volumes):
    with pytest.raises(ConfigError, match="filter_bank: h_freq 60 Hz is not below 50 Hz"):
        FilterBank([[8, 60]]).preview(eeg())
    with pytest.raises(DataError, match=r"filter_bank: the filter from 0\.5 Hz to 4 Hz is, at 100"):
        FilterBank([[8, 12], [0.5, 4]])(eeg(n_times=500))
    with pytest.raises(DataError, match="Name all bands in one filter_bank"):
        FilterBank([[8, 12]])(bands())
    with pytest.raises(DataError, match=r"filter_bank: .* needs continuous channels"):
        FilterBank([[8, 12]])(volumes())
