"""ICA and regression against mne, on recordings with a planted blink."""

from dataclasses import replace

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.channels import Drop
from neurodecode.signal.ica import Ica
from neurodecode.signal.rank import measured_rank
from neurodecode.signal.reference import Reference
from neurodecode.signal.regress import Regress


@pytest.fixture(scope="module")
def blinking(eeg):
    """Thirty seconds of six heavy-tailed sources, and ten blinks that HEOG has too."""
    rng = np.random.default_rng(3)
    n_times = 3000
    blink = np.zeros(n_times)
    for at in range(150, n_times, 300):
        blink[at : at + 40] = np.hanning(40)
    sources = rng.laplace(size=(6, n_times)) * 1e-5
    brain = rng.normal(size=(7, 6)) @ sources + rng.normal(size=(7, n_times)) * 1e-7
    data = np.empty((8, n_times))
    data[:7] = brain + np.outer([3, 2, 1.5, 2, 1, 0.5, 0.5], blink) * 1e-4
    data[7] = 3e-4 * blink + 1e-6 * rng.normal(size=n_times)
    return eeg(data=data), brain, blink


def raw_of(signal):
    info = mne.create_info(list(signal.space.names), signal.sfreq, list(signal.space.types))
    return mne.io.RawArray(signal.data.copy(), info, verbose="ERROR")


@pytest.mark.parametrize("measure", ["zscore", "correlation"])
@pytest.mark.parametrize("method", ["fastica", "extended-infomax"])
def test_ica_is_mne_to_the_bit(blinking, method, measure):
    signal, _, _ = blinking
    threshold = {"zscore": 2.0, "correlation": 0.8}[measure]
    raw = raw_of(signal)
    ica = mne.preprocessing.ICA(
        6,
        method=method.removeprefix("extended-"),
        fit_params={"extended": True} if "extended" in method else None,
        random_state=5,
        verbose="ERROR",
    )
    ica.fit(raw, verbose="ERROR")
    ica.exclude, _ = ica.find_bads_eog(
        raw, ch_name=["HEOG"], threshold=threshold, measure=measure, verbose="ERROR"
    )
    ica.apply(raw, verbose="ERROR")
    ours = Ica(
        6, method=method, random_state=5, eog=["HEOG"], measure=measure, threshold=threshold
    )(signal)
    assert len(ica.exclude) >= 1
    assert np.array_equal(ours.data, raw.get_data())
    which = ", ".join(map(str, sorted(ica.exclude)))
    n_gone = len(ica.exclude)
    wanted = f"{n_gone} of 6 ICA components taken out: {which} (following HEOG)."
    assert ours.notes == (wanted,)
    assert ours.rank == measured_rank(ours) == 8 - n_gone


def test_ica_takes_the_blink_and_leaves_the_brain(blinking):
    signal, brain, blink = blinking
    after = Ica(eog=["eog"], measure="correlation", threshold=0.8)(signal)
    assert abs(np.corrcoef(after.data[0], blink)[0, 1]) < 0.05
    assert np.corrcoef(after.data[0], brain[0])[0, 1] > 0.99
    assert np.array_equal(after.data[7], signal.data[7])


def test_components_of_the_heart_are_found_by_correlation(blinking, eeg):
    signal, _, _ = blinking
    rng = np.random.default_rng(4)
    beats = np.zeros(3000)
    beats[20::83] = 1.0  # 72 a minute
    beats = np.convolve(beats, [0.2, 1, -0.6, 0.1], mode="same")
    data = signal.data.copy()
    data[:7] += np.outer(rng.normal(size=7), beats) * 5e-5
    data[7] = beats * 1e-3
    types = ("eeg",) * 7 + ("ecg",)
    heart = eeg(data=data, types=types)
    asked = {"measure": "correlation", "threshold": 0.7}
    raw = raw_of(heart)
    ica = mne.preprocessing.ICA(7, random_state=0, verbose="ERROR").fit(raw, verbose="ERROR")
    found, _ = ica.find_bads_ecg(
        raw, ch_name="HEOG", method="correlation", **asked, verbose="ERROR"
    )
    ours = Ica(7, ecg=["ecg"], **asked)(heart)
    assert len(found) == 1
    assert ours.notes == (f"1 of 7 ICA components taken out: {found[0]} (following HEOG).",)


def test_given_components_are_known_from_the_header_on(blinking):
    signal, _, _ = blinking
    preparation = Ica(5, exclude=[1, 3])
    raw = raw_of(signal)
    ica = mne.preprocessing.ICA(5, random_state=0, verbose="ERROR").fit(raw, verbose="ERROR")
    ica.apply(raw, exclude=[1, 3], verbose="ERROR")
    ours = preparation(signal)
    assert np.array_equal(ours.data, raw.get_data())
    assert preparation.preview(replace(signal, data=None)).rank == ours.rank == 6
    assert ours.notes == ("2 of 5 ICA components taken out: 1, 3.",)


def test_nothing_found_is_said_and_changes_nothing(blinking):
    signal, _, _ = blinking
    after = Ica(6, eog=["HEOG"], measure="correlation", threshold=0.9999)(signal)
    assert after.notes == ("0 of 6 ICA components taken out (following HEOG).",)
    assert after.rank == 8
    np.testing.assert_allclose(after.data, signal.data, rtol=0, atol=1e-17)


def test_what_did_not_converge_is_said(blinking):
    signal, _, _ = blinking
    notes = Ica(6, exclude=[0], max_iter=2)(signal).notes
    assert notes[1:] == ("ICA did not converge in 2 iterations.",)
    assert len(Ica(6, exclude=[0])(signal).notes) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "nothing would be taken out"),
        ({"exclude": [0], "n_components": 1}, "n_components is 1"),
        ({"exclude": [0], "n_components": 2.5}, r"n_components is 2\.5"),
        ({"exclude": [4], "n_components": 4}, r"exclude is \[4\], and components are counted"),
        ({"exclude": [-1]}, r"exclude is \[-1\]"),
        ({"exclude": 0}, r"exclude is 0\. Give a list, such as \[0\]"),
        ({"eog": "HEOG"}, r"eog is 'HEOG'\. Give a list, such as \[HEOG\]"),
        ({"exclude": [0], "method": "jade"}, "method 'jade' is not known"),
        ({"eog": ["eog"], "measure": "r"}, "measure 'r' is not known"),
        ({"eog": ["eog"], "measure": "correlation", "threshold": 3.0}, "below 1, a correlation"),
        ({"exclude": [0], "max_iter": 0}, "max_iter is 0"),
    ],
)
def test_ica_of_arguments_that_cannot_be_meant(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Ica(**arguments)


def test_what_stops_ica(blinking, eeg):
    signal, _, _ = blinking
    seen = replace(signal, data=None)
    only_eeg = Drop(["eog"]).preview(seen)
    with pytest.raises(DataError, match=r"no type 'eog'.*also: \[eog, ecg\]"):
        Ica(eog=["eog"]).preview(only_eeg)
    with pytest.raises(DataError, match="n_components is 8, and 7 of 7 channels"):
        Ica(8, exclude=[0]).preview(seen)
    with pytest.raises(DataError, match="n_components is 7, and 6 of 7 channels"):
        Ica(7, exclude=[0]).preview(Reference().preview(seen))
    with pytest.raises(DataError, match=r"lasts 5 s, and components are compared .* of 10 s"):
        Ica(eog=["eog"]).preview(replace(seen, n_times=500))
    with pytest.raises(DataError, match=r"6 components were found, and exclude names \[6\]"):
        Ica(0.99999, exclude=[6])(
            eeg(data=np.r_[signal.data[:6], signal.data[:1], signal.data[7:]])
        )
    with pytest.raises(DataError, match="all of them would be taken out"):
        Ica(2, exclude=[0, 1])(signal)
    with pytest.raises(DataError, match="no channel of type eeg, mag"):
        Ica(exclude=[0]).preview(eeg(data=None, types=("eog",) * 3, n_times=3000))
    with pytest.raises(DataError, match="does not say what its channels are"):
        Ica(exclude=[0]).preview(replace(seen, space=replace(seen.space, types=())))


def test_regression_is_mne_to_the_bit(blinking):
    signal, _, blink = blinking
    raw = raw_of(signal).set_eeg_reference([], verbose="ERROR")
    theirs = mne.preprocessing.EOGRegression(picks="eeg", picks_artifact="eog").fit(raw).apply(raw)
    after = Regress()(signal)
    assert np.array_equal(after.data, theirs.get_data())
    assert abs(np.corrcoef(after.data[0], blink)[0, 1]) < 0.01
    assert np.array_equal(after.data[7], signal.data[7])
    assert after.notes == ("Regressed on HEOG.",)


def test_regression_on_a_channel_of_the_brain_leaves_that_one(blinking):
    signal, _, _ = blinking
    after = Regress(["Fz", "HEOG"])(signal)
    assert np.array_equal(after.data[[0, 7]], signal.data[[0, 7]])
    assert np.abs(np.corrcoef(after.data[1], signal.data[0])[0, 1]) < 1e-10
    assert after.notes == ("Regressed on Fz, HEOG.",)


def test_regression_of_gradiometers_needs_no_reference(eeg):
    signal = eeg(types=("grad",) * 6 + ("eog",))
    after = Regress()(signal)
    assert np.abs(np.corrcoef(after.data[:6], after.data[6])[6, :6]).max() < 1e-10


def test_what_stops_regression(eeg, volumes):
    without = eeg(types=("eeg",) * 4)
    for ask in (Regress(), lambda one: Regress().preview(replace(one, data=None))):
        with pytest.raises(DataError, match=r"regress: .* no type 'eog'.*also: \[eog, ecg\]"):
            ask(without)
    with pytest.raises(ConfigError, match="regress: channels is 'eog'"):
        Regress("eog")
    data = eeg().data.copy()
    data[6] = -2 * data[7]
    twice = eeg(data=data, types=("eeg",) * 6 + ("eog",) * 2)
    with pytest.raises(DataError, match="O2, HEOG are flat, or one follows from the others"):
        Regress()(twice)
    with pytest.raises(DataError, match="needs continuous channels"):
        Regress()(volumes())
