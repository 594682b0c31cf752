"""Preparations on real recordings, as the reader gives them, against mne on the file itself."""

import mne
import numpy as np
import pytest

from neurodecode.core.errors import DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.prepared import prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.roots import find_root
from neurodecode.signal.channels import Drop, Pick
from neurodecode.signal.crop import Crop
from neurodecode.signal.filter_bank import FilterBank
from neurodecode.signal.filters import Filter
from neurodecode.signal.ica import Ica
from neurodecode.signal.interpolate import Interpolate
from neurodecode.signal.montage import channel_preparations
from neurodecode.signal.notch import Notch
from neurodecode.signal.rank import measured_rank
from neurodecode.signal.reference import Reference
from neurodecode.signal.regress import Regress

# Volts, of some 30 µV: mne seeks the sphere step by step, from places in the file's own order.
SPHERE = 1e-13


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Give EEGBCI's S002, run 4: 64 electrodes, 160 Hz, 123 s."""
    card = load_card("eegbci")
    try:
        root = find_root(card)
        (found,) = find_recordings(
            card, "", root, subjects=["002"], runs=["04"], cache=tmp_path_factory.mktemp("cache")
        )
    except DataMissing as error:
        pytest.skip(f"recordings absent: {str(error).splitlines()[0]}")
    return found


@pytest.fixture(scope="module")
def signal(recording):
    return recording.load()


@pytest.fixture
def raw(recording):
    raw = mne.io.read_raw(recording.files[0].path, preload=True, verbose="error")
    mne.datasets.eegbci.standardize(raw)
    return raw.set_montage("standard_1005", verbose="error")


@pytest.mark.parametrize("method", ["fir", "iir"])
def test_mains(signal, raw, method):
    theirs = raw.notch_filter(60, method=method, verbose="error")
    assert np.array_equal(Notch([60], method=method)(signal).data, theirs.get_data())


def test_bands(signal, raw):
    ours = FilterBank([[8, 12], [12, 30]], method="iir")(signal)
    for band, data in zip([(8, 12), (12, 30)], ours.data, strict=True):
        theirs = raw.copy().filter(*band, method="iir", verbose="error")
        assert np.array_equal(data, theirs.get_data())


def test_bad_channels(signal, raw):
    raw.info["bads"] = ["T7", "Fp1"]
    theirs = raw.interpolate_bads(verbose="error")
    ours = Interpolate(["T7", "Fp1"])(signal)
    np.testing.assert_allclose(ours.data, theirs.get_data(), rtol=0, atol=SPHERE)
    assert ours.rank == measured_rank(ours) == 62
    # Splines do see the scalp: what they say of a place follows what was recorded there.
    assert np.corrcoef(ours.data[signal.space.names.index("Fp1")],
                       signal.data[signal.space.names.index("Fp1")])[0, 1] > 0.9  # fmt: skip


def test_blinks(signal, raw):
    raw.filter(1, 40, verbose="error")
    ica = mne.preprocessing.ICA(15, random_state=0, verbose="error").fit(raw, verbose="error")
    found, _ = ica.find_bads_eog(raw, ch_name="Fpz", verbose="error")
    theirs = ica.apply(raw, exclude=found, verbose="error")
    ours = Ica(15, eog=["Fpz"])(Filter(1, 40)(signal))
    assert np.array_equal(ours.data, theirs.get_data())
    assert ours.rank == measured_rank(ours) == 64 - len(found) < 64


def test_regression(signal, raw):
    raw.set_eeg_reference("average", verbose="error")
    picks = [name for name in raw.ch_names if name != "Fpz"]
    model = mne.preprocessing.EOGRegression(picks, picks_artifact=["Fpz"])
    theirs = model.fit(raw).apply(raw)
    ours = Regress(["Fpz"])(Reference()(signal))
    # The reference is a mean that numpy and mne add up in another order.
    np.testing.assert_allclose(ours.data, theirs.get_data(), rtol=0, atol=1e-17)


def test_recordings_of_other_caps_are_brought_together(recording, signal):
    header = recording.header()
    other = Drop(["Cz", "T8"]).preview(header)
    steps = channel_preparations({"a": header, "b": other}, "interpolate")
    assert steps["a"] == ()
    prepared = Drop(["Cz", "T8"])(signal)
    for step in steps["b"]:
        prepared = step(prepared)
    assert prepared.space == signal.space
    replaced = Interpolate(["Cz", "T8"])(signal)
    np.testing.assert_allclose(prepared.data, replaced.data, rtol=0, atol=SPHERE)


def test_prepared_in_the_worker_they_are_as_in_this_process(recording, signal, tmp_path):
    chain = [
        Pick(["eeg"]),
        Notch([60], method="iir"),
        Filter(1, 40),
        Ica(15, eog=["Fpz"]),
        Interpolate(["T7"]),
        Crop(1.0, 100.0),
        FilterBank([[8, 12], [18, 26]]),
    ]
    (done,) = prepare([recording], chain, tmp_path)
    here = signal
    for preparation in chain:
        here = preparation(here)
    assert done.part is not None
    assert np.array_equal(done.part.open(), here.data)
    assert done.signal.notes == here.notes
    assert done.signal.notes[-1] == "2 bands: 8 to 12 Hz, 18 to 26 Hz."
    assert (done.signal.tmin, done.signal.axes) == (1.0, ("band", "channel", "time"))
    assert done.signal.reach == float("inf")
