"""The noise has the covariance and the spectrum that it is said to have."""

import numpy as np
import pytest

from neurodecode.simulate.eeg_meg import _noise
from neurodecode.simulate.eeg_meg._head import beneath, cortex, electrodes, forward, helmet

SFREQ = 200.0
NAMES = ("C3", "C4", "Cz", "Oz", "Fp1", "Pz")


def _components(sensors):
    sources = cortex(np.random.default_rng(1), 100)
    gain = forward(sensors, beneath(["Oz"])) * 2e-8
    return [
        _noise.background(sensors, sources, 1e-8, SFREQ),
        _noise.sensor_noise(sensors, SFREQ),
        _noise.Component(gain, lambda freqs: _noise.rhythm(freqs, 10.0, 1.0)),
    ]


def test_each_density_holds_a_variance_of_one():
    freqs = np.arange(0, SFREQ / 2, 0.001)
    for density in (_noise.pink(freqs, SFREQ), _noise.rhythm(freqs, 10, 1.5)):
        assert density.sum() * 0.001 == pytest.approx(1, abs=0.005)


def test_pink_falls_as_one_over_the_frequency():
    low, high = _noise.pink(np.array([10.0, 40.0]), SFREQ)
    assert low / high == pytest.approx(4, rel=0.01)


def test_what_is_drawn_has_the_cross_spectrum_that_is_told():
    sensors = electrodes(NAMES)
    components = _components(sensors)
    data = _noise.draw(components, 40_000, SFREQ, np.random.default_rng(0))
    windows = data.reshape(len(NAMES), 200, 200).swapaxes(0, 1) * np.hanning(200)
    spectra = np.fft.rfft(windows, axis=2)
    scale = SFREQ * np.sum(np.hanning(200) ** 2) / 2
    found = np.einsum("wcf,wdf->fcd", spectra, spectra.conj()).real / len(windows) / scale
    freqs = np.fft.rfftfreq(200, 1 / SFREQ)
    told = _noise.cross_spectrum(components, freqs)
    for freq in (5, 10, 25, 60):
        size = np.abs(told[freq]).max()
        # 200 windows: a standard error of 7 % of the largest power.
        assert np.abs(found[freq] - told[freq]).max() < 0.25 * size


def test_the_background_has_the_covariance_of_its_sources():
    sensors, sources = helmet(("mag",)), cortex(np.random.default_rng(1), 300)
    root = _noise.background(sensors, sources, 1e-8, SFREQ).gain
    gain = forward(sensors, sources) * 1e-8
    np.testing.assert_allclose(
        root @ root.T, gain @ gain.T, atol=1e-10 * np.abs(gain @ gain.T).max()
    )


def test_the_same_source_of_chance_gives_the_same_noise():
    components = _components(electrodes(NAMES))
    one, other = (_noise.draw(components, 500, SFREQ, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_hum_is_at_its_frequency_and_nowhere_else():
    data = _noise.line_noise(electrodes(NAMES), 2000, SFREQ, 50.0, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(data, axis=1)) ** 2
    freqs = np.fft.rfftfreq(2000, 1 / SFREQ)
    assert np.all(freqs[np.argmax(power, axis=1)] == 50)
    assert np.delete(power, np.searchsorted(freqs, 50.0), axis=1).max() < 1e-9 * power.max()


def test_blinks_are_a_tenth_of_a_millivolt_at_the_forehead_and_less_elsewhere():
    data = _noise.blinks(electrodes(NAMES), 40_000, SFREQ, np.random.default_rng(0))
    highest = dict(zip(NAMES, np.abs(data).max(axis=1), strict=True))
    assert 0.5e-4 < highest["Fp1"] < 4e-4
    # Behind there is the other pole: potentials over the whole sphere sum to zero.
    assert all(highest[name] < 0.3 * highest["Fp1"] for name in ("C3", "C4", "Pz", "Oz"))
    # About one every four seconds: 200 s hold some 50, give or take two standard deviations.
    started = np.sum(np.diff((np.abs(data[4]) > 0).astype(int)) == 1)
    assert 35 <= started <= 65
