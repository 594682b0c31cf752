"""Power in bands and bins, of what is known to hold it."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.stages import is_stateless
from neurodecode.steps.band_power import BandPower

SFREQ = 100.0


def noise(n_times=100, seed=0):
    return np.random.default_rng(seed).normal(size=(4, 3, n_times))


def test_a_burst_is_found_in_its_band_and_bin_whatever_its_phase():
    times = np.arange(100) / SFREQ
    envelope = np.exp(-0.5 * ((times - 0.5) / 0.05) ** 2)
    phases = np.linspace(0, 2 * np.pi, 9)[:, None, None]
    X = 2 * envelope * np.cos(2 * np.pi * 25 * times + phases)
    powers = np.exp(BandPower(SFREQ).transform(X)).reshape(9, 5, 5)
    assert np.all(powers.argmax(axis=1)[:, 2] == 3)  # 20 to 30 Hz
    assert np.all(powers[:, 3].argmax(axis=1) == 2)  # .4 to .6 s
    # Half the square of the envelope, over the bin that holds .95 of it.
    expected = np.mean(0.5 * (2 * envelope[40:60]) ** 2)
    np.testing.assert_allclose(powers[:, 3, 2], expected, rtol=0.05)


def test_bands_and_bins_share_out_the_variance():
    X = noise(103)
    step = BandPower(SFREQ, bands=((0, 10), (10, 30), (30, 50)), n_bins=4)
    powers = np.exp(step.transform(X)).reshape(4, 3, 3, 4)
    sizes = np.diff(np.round(np.linspace(0, 103, 5)))
    # Bands overlap in no coefficient, so over a whole trial their squares add.
    np.testing.assert_allclose((powers @ sizes).sum(axis=2), np.sum(X**2, axis=-1), rtol=1e-10)


def test_a_step_at_the_end_does_not_leak_to_the_begin():
    X = np.zeros((1, 1, 200))
    X[..., 150:] = 1.0
    X += 1e-6 * noise(200)[:1, :1]
    powers = np.exp(BandPower(SFREQ, bands=((30, 45),), n_bins=8).transform(X))[0, 0]
    assert powers[0] < 1e-3 * powers[6]


def test_samples_stand_beside_powers():
    X = noise()
    both = BandPower(SFREQ, keep_samples=True).transform(X)
    assert both.shape == (4, 3, 125)
    np.testing.assert_array_equal(both[..., :25], BandPower(SFREQ).transform(X))
    np.testing.assert_array_equal(both[..., 25:], X)


def test_units_add_and_trials_are_alone():
    X = noise()
    step = BandPower(SFREQ)
    assert is_stateless(step)
    whole = step.transform(X)
    np.testing.assert_allclose(step.transform(1e-6 * X), whole + 2 * np.log(1e-6), rtol=1e-10)
    np.testing.assert_array_equal(step.transform(X[2:3]), whole[2:3])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sfreq": None}, "sfreq is None. Give the sampling rate in Hz"),
        ({"bands": ((30, 60),)}, "a band from 30 to 60 Hz at 100 Hz. Give bands between 0 and 50"),
        ({"bands": ((8, 4),)}, "the lower edge first"),
        ({"bands": ((8.1, 8.2),)}, "trials of 1 s hold no frequency from 8.1 to 8.2 Hz"),
        ({"bands": ()}, "there is no band"),
        ({"n_bins": 0}, "n_bins is 0. Give a whole number"),
    ],
)
def test_what_cannot_be_meant_is_named(arguments, said):
    with pytest.raises(ConfigError, match=said):
        BandPower(**{"sfreq": SFREQ, **arguments}).transform(noise())


def test_what_has_no_power_is_named():
    X = noise()
    X[2, 1] = 3.0
    with pytest.raises(DataError, match="channel 1 is constant in trial 2"):
        BandPower(SFREQ).transform(X)
    with pytest.raises(DataError, match="a trial has 3 samples for 5 bins"):
        BandPower(SFREQ).transform(X[..., :3])
