"""Methods of mne's Raw by name: the same numbers, and nothing but what changes a signal."""

from dataclasses import replace

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.mne_methods import METHODS, Mne


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("notch_filter", {"freqs": 20.0}),
        ("set_eeg_reference", {"ref_channels": ["O1"]}),
        ("resample", {"sfreq": 40.0}),
        ("savgol_filter", {"h_freq": 10}),
    ],
)
def test_equals_the_method_of_raw(eeg, method, arguments):
    signal = eeg()
    info = mne.create_info(list(signal.space.names), 100.0, list(signal.space.types))
    raw = mne.io.RawArray(signal.data.copy(), info, verbose="ERROR")
    getattr(raw, method)(**arguments, verbose="ERROR")
    assert np.array_equal(Mne(**{method: arguments})(signal).data, raw.get_data())


def test_positions_follow_their_channels(eeg):
    signal = eeg()
    after = Mne(reorder_channels={"ch_names": ["Cz", "Fz"]})(signal)
    np.testing.assert_array_equal(after.space.positions, signal.space.positions[[2, 0]])
    added = Mne(add_reference_channels={"ref_channels": "M1"})(signal)
    assert added.space.names[-1] == "M1"
    assert np.isnan(added.space.positions[-1]).all()


def test_the_spelling_of_a_file_is_the_field():
    written = Mne(notch_filter={"freqs": 50})
    assert written == Mne(methods={"notch_filter": {"freqs": 50}}) == replace(written)
    assert written != Mne(notch_filter={"freqs": 60})


def test_every_allowed_method_is_one_of_mne():
    assert all(callable(getattr(mne.io.BaseRaw, name)) for name in METHODS)


@pytest.mark.parametrize(
    "name", ["save", "export", "plot", "apply_function", "_filter", "__init__", "load_data", "crop"]
)
def test_other_methods_are_refused(name):
    with pytest.raises(ConfigError, match=f"mne: '{name}' is not a method that changes a signal"):
        Mne(**{name: {}})


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"notch_filtre": {"freqs": 50}}, "Did you mean 'notch_filter'"),
        (
            {"notch_filter": {"freq": 50}},
            "mne.notch_filter.freq: unknown key. Did you mean 'freqs'",
        ),
        ({"notch_filter": {}}, "'freqs' is missing"),
        ({"notch_filter": [50]}, r"expected arguments by name, got \[50\]"),
        ({}, "expected one method with its arguments, got 0"),
        (
            {"pick": {"picks": "eeg"}, "filter": {"l_freq": 1, "h_freq": 2}},
            "one mne entry a method",
        ),
    ],
)
def test_what_cannot_be_meant(methods, message):
    with pytest.raises(ConfigError, match=message):
        Mne(**methods)


def test_what_mne_refuses_is_named(eeg, volumes):
    for ask in (lambda m: m(eeg()), lambda m: m.preview(replace(eeg(), data=None))):
        with pytest.raises(DataError, match="mne: notch_filter failed on 8 channels at 100 Hz"):
            ask(Mne(notch_filter={"freqs": 80.0}))
    with pytest.raises(DataError, match=r"complex numbers.*envelope: true"):
        Mne(apply_hilbert={})(eeg())
    with pytest.raises(DataError, match="needs continuous channels"):
        Mne(pick={"picks": "eeg"})(volumes())
    signal = eeg()
    with pytest.raises(DataError, match="Give channel types in the card"):
        Mne(pick={"picks": "eeg"})(replace(signal, space=replace(signal.space, types=())))
    with pytest.raises(DataError, match="resample changes the length, and the tracks"):
        Mne(resample={"sfreq": 50})(eeg(tracks={"motion": np.zeros((1000, 2))}))
