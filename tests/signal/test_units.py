"""Recordings in the wrong unit, with holes, or with dead channels stop with their name."""

from dataclasses import replace

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.core.space import Space
from neurodecode.signal.rank import measured_rank
from neurodecode.signal.units import check_finite_and_flat, check_magnitude

WHERE = "sub-01_ses-1_run-04"


def test_microvolts_stored_as_volts(eeg):
    signal = eeg(data=eeg().data * 1e6)
    with pytest.raises(DataError) as caught:
        check_magnitude(signal, WHERE)
    message = str(caught.value)
    assert message.startswith(f"{WHERE}: the EEG channels have a median s.d. of 20 V")
    assert "looks like uV stored as V (a factor of 1e-06)" in message
    assert "channels: {unit: uV}" in message


@pytest.mark.parametrize(
    ("kind", "sd", "message"),
    [
        ("eeg", 2e-2, r"mV stored as V .a factor of 0\.001"),
        ("eeg", 2e-11, r"scaled once too often: the values times 1e\+06"),
        ("mag", 300, r"fT stored as T .a factor of 1e-15.*calibration in the file"),
        ("grad", 3, r"pT/m stored as T/m"),
        ("seeg", 60, "uV stored as V"),
        ("ecog", 60, "ECoG.*uV stored as V"),
    ],
)
def test_the_likely_cause_by_sensor_type(eeg, kind, sd, message):
    data = eeg().data[:4] * (sd / 2e-5)
    with pytest.raises(DataError, match=message):
        check_magnitude(eeg(types=(kind,) * 4, data=data), WHERE)


@pytest.mark.parametrize(
    ("kind", "sd"),
    [("eeg", 2e-7), ("eeg", 9e-4), ("mag", 1e-12), ("grad", 1e-11), ("seeg", 2e-3), ("eog", 1.0)],
)
def test_plausible_recordings_pass(eeg, kind, sd):
    check_magnitude(eeg(types=(kind,) * 4, data=eeg().data[:4] * (sd / 2e-5)), WHERE)


def test_drifts_and_one_bad_channel_do_not_count(eeg):
    data = eeg().data.copy()
    data += 0.02 * np.linspace(0, 1, 1000)  # 20 mV over the recording, as DC amplifiers have
    data[0] *= 1e6
    check_magnitude(eeg(data=data), WHERE)


def test_each_type_of_a_mixed_recording_is_judged(eeg):
    data = eeg().data.copy()
    data[4:] *= 1e-7 / 2e-5  # 100 nT of magnetometers
    with pytest.raises(DataError, match="magnetometers"):
        check_magnitude(eeg(types=("eeg",) * 4 + ("mag",) * 4, data=data), WHERE)


def test_volumes_are_not_judged(volumes):
    check_magnitude(volumes(), WHERE)


def test_values_that_are_not_finite_are_named_with_their_count(eeg):
    data = eeg().data.copy()
    data[1, 5:8] = np.nan
    data[6, 0] = np.inf
    with pytest.raises(DataError, match=rf"{WHERE}: .* 2 of 8 sensors: C3 .3 of 1000., O2 .1 of"):
        check_finite_and_flat(eeg(data=data), WHERE)
    data[6, 0] = 0
    at = 5 / eeg().sfreq
    with pytest.raises(DataError, match=rf"The first is {at:.3f} s into the recording"):
        check_finite_and_flat(eeg(data=data), WHERE)


def test_flat_channels_are_named(eeg):
    data = eeg().data.copy()
    data[2] = 0
    data[4] = 3e-3
    with pytest.raises(DataError, match=r"2 of 8 channels are flat.*: Cz, Pz\..*channels: \[Cz\]"):
        check_finite_and_flat(eeg(data=data), WHERE)


def test_zeros_at_the_end_of_a_file_are_no_fault(eeg):
    data = eeg().data.copy()
    data[:, -80:] = 0  # eegbci S001 ends so
    check_finite_and_flat(eeg(data=data), WHERE)
    check_magnitude(eeg(data=data), WHERE)


def test_constant_voxels_are_counted_in_a_warning(volumes):
    signal = volumes()
    data = signal.data.astype(np.int16)
    data[:, [1, 3]] = 7
    with pytest.warns(UserWarning, match="2 of 6 voxels are constant"):
        check_finite_and_flat(replace(signal, data=data), WHERE)
    data = signal.data.copy()
    data[3, 2] = np.nan
    with pytest.raises(DataError, match=r"1 of 6 voxels: voxel 2 2 2 .1 of 30.") as caught:
        check_finite_and_flat(replace(signal, data=data), WHERE)
    assert "The first is in volume 3 of 30 (counted from 0), of 1 such volumes." in str(
        caught.value
    )


def test_epochs_are_judged_too(epochs):
    signal = epochs(data=epochs().data * 1e6)
    with pytest.raises(DataError, match="looks like uV stored as V"):
        check_magnitude(signal, WHERE)
    check_magnitude(epochs(), WHERE)
    drifting = epochs().data + np.arange(12)[:, None, None] * 1e-3  # offsets from epoch to epoch
    check_magnitude(epochs(data=drifting), WHERE)


def test_bands_are_judged_too(bands):
    check_magnitude(bands(), WHERE)
    with pytest.raises(DataError, match="looks like uV stored as V"):
        check_magnitude(replace(bands(), data=bands().data * 1e6), WHERE)


def test_a_channel_that_is_flat_in_every_epoch(epochs):
    data = epochs().data.copy()
    data[:, 2] = np.arange(12)[:, None]  # constant within each, not between them
    with pytest.raises(DataError, match=r"1 of 8 channels are flat.*: Cz\."):
        check_finite_and_flat(epochs(data=data), WHERE)
    data[5, 2] = epochs().data[5, 2]
    check_finite_and_flat(epochs(data=data), WHERE)


def test_epochs_of_one_sample_are_flat_if_they_are_all_alike(epochs):
    data = epochs().data[..., :1].copy()
    check_finite_and_flat(epochs(data=data), WHERE)
    data[:, 4] = 1e-5
    with pytest.raises(DataError, match=r"flat.*: Pz\."):
        check_finite_and_flat(epochs(data=data), WHERE)


def test_a_channel_that_is_flat_in_one_band(bands):
    data = bands().data.copy()
    data[1, 0] = 0
    with pytest.raises(DataError, match=r"1 of 8 channels are flat.*: Fz\."):
        check_finite_and_flat(replace(bands(), data=data), WHERE)


def test_values_of_epochs_that_are_not_finite_are_counted_by_channel(epochs):
    data = epochs().data.copy()
    data[3, 1, :5] = np.nan
    with pytest.raises(DataError, match=r"1 of 8 sensors: C3 .5 of 960.\..* is in trial 3 of 12"):
        check_finite_and_flat(epochs(data=data), WHERE)


def test_a_constant_parcel_is_named_in_a_warning(eeg):
    space = Space("parcels", names=tuple(f"P{i}" for i in range(8)))
    data = eeg().data.copy()
    data[3] = 2.0
    signal = eeg(data=data, space=space, axes=("parcel", "time"))
    check_magnitude(signal, WHERE)
    with pytest.warns(UserWarning, match=r"1 of 8 parcels are constant.*correlates with P3\."):
        check_finite_and_flat(signal, WHERE)


def test_a_signal_without_values_is_named(eeg, epochs):
    for signal in (eeg(n_times=0), epochs(n_times=0), epochs(n_epochs=0)):
        check_magnitude(signal, WHERE)
        with pytest.raises(DataError, match=rf"{WHERE}: Signal.* holds no values: .* shape \(.*0"):
            check_finite_and_flat(signal, WHERE)
        assert measured_rank(signal) == 0
