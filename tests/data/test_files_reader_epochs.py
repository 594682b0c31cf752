"""Files of epochs: entries with the metadata as columns, at the times that the file keeps."""

import mne
import numpy as np
import pandas as pd
import pytest
import scipy.io

from neurodecode.core.errors import DataError
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.files import Options
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec

EPOCHS = EventsSpec("epochs")
CODES = {"left": 1, "right": 2}


@pytest.fixture
def epochs(raw):
    """Four epochs of the continuous recording, -0.5 to 0.75 s at 128 Hz."""
    events = np.array([[128, 0, 1], [384, 0, 2], [640, 0, 1], [895, 0, 2]])
    return mne.Epochs(raw, events, CODES, -0.5, 0.75, baseline=None, preload=True, verbose="error")


@pytest.fixture
def recording(tmp_path, epochs):
    """Save epochs (the fixture, unless given) and find them again as a recording."""

    def save(made=epochs, *, events=EPOCHS, channels=None, **options):
        made.save(tmp_path / "1-epo.fif", overwrite=True, fmt="double", verbose="error")
        variant = Variant("files", Options("{run}-epo.fif", **options),
                          channels or ChannelsSpec(), events)  # fmt: skip
        return find_recordings(Card("own", "eeg", reader=variant), "", tmp_path)[0]

    return save


def test_an_epoch_is_an_entry(recording, epochs):
    signal = recording().load()
    np.testing.assert_array_equal(signal.data, epochs.get_data())
    assert signal.entries and not signal.continuous and signal.axes == ("channel", "time")
    assert (signal.tmin, signal.n_times, signal.sfreq) == (-0.5, 161, 128.0)
    assert signal.events["label"].tolist() == ["left", "right", "left", "right"]
    assert signal.events["onset"].tolist() == [1.0, 3.0, 5.0, 895 / 128]


def test_a_header_is_the_signal_without_its_data(recording, epochs):
    epochs.metadata = pd.DataFrame({"word": list("abcd")})
    one = recording(epochs)
    header, signal = one.header(), one.load()
    assert header.data is None and header.entries
    assert (header.n_times, header.tmin, header.space) == (
        signal.n_times,
        signal.tmin,
        signal.space,
    )
    pd.testing.assert_frame_equal(header.events, signal.events)


def test_codes_are_named_by_number_or_by_name(recording):
    spec = EventsSpec("epochs", codes={"1": "hand", "right": "foot"})
    assert recording(events=spec).header().events["label"].tolist() == ["hand", "foot"] * 2


def test_times_count_at_the_rate_of_the_recording(recording, epochs):
    # mne leaves the numbers of samples as they were when it takes every fourth sample.
    epochs.decimate(4, verbose="error")
    signal = recording(epochs).load()
    assert signal.sfreq == 32.0 and signal.events["onset"].tolist()[:3] == [1.0, 3.0, 5.0]


def test_times_that_the_card_calls_unknown(recording):
    events = recording(events=EventsSpec("epochs", times="unknown")).load().events
    assert events["onset"].isna().all() and len(events) == 4


def test_times_that_the_file_has_lost(recording, monkeypatch):
    # Files that mne wrote before it kept the rate of the recording lack one tag.
    monkeypatch.setattr(mne.epochs.FIFF, "FIFF_MNE_EPOCHS_RAW_SFREQ", 3999)
    one = recording()
    monkeypatch.undo()
    assert one.load().events["onset"].isna().all()


def test_a_delay_moves_the_origin(recording, epochs):
    signal = recording(events=EventsSpec("epochs", delay=0.25, duration=0.5)).load()
    # The first sample is where it was in the recording, earlier before what was shown.
    assert signal.tmin == -0.75
    assert signal.events["onset"].tolist()[:3] == [1.25, 3.25, 5.25]
    assert set(signal.events["duration"]) == {0.5}


def test_metadata_ride_along(recording, epochs, own_cache):
    epochs.metadata = pd.DataFrame(
        {"word": ["a", "b", None, "d"], "n": [1, 2, 3, 4], "mixed": ["x", 2, 0.5, None]}
    )
    one = recording(epochs)
    events = one.load().events
    assert events["word"].tolist()[:2] == ["a", "b"] and events["word"].isna()[2]
    (made,) = prepare([one], [], own_cache)
    task = Task(target=TargetSpec(label="label", classes=("left", "right")))
    rows = cut([made], task, None).trials.rows
    assert rows["n"].tolist() == [1, 2, 3, 4] and rows["mixed"].tolist() == ["x", "2", "0.5", None]


@pytest.mark.parametrize("name", ["label", "onset", "subject", "start", "uid", "position"])
def test_metadata_with_the_name_of_a_column_of_ours_are_refused(recording, epochs, name):
    epochs.metadata = pd.DataFrame({name: [4, 3, 2, 1]})
    with pytest.raises(DataError, match=rf"its column '{name}' has the name of one that every row"):
        recording(epochs).header()
    spec = EventsSpec("epochs", columns={f"my_{name}": name})
    events = recording(epochs, events=spec).header().events
    assert events[f"my_{name}"].tolist() == [4, 3, 2, 1]
    assert events["label"].tolist() == ["left", "right"] * 2


def test_labels_and_times_of_the_metadata(recording, epochs):
    epochs.metadata = pd.DataFrame({"hand": [1, 2, 2, 1], "at": [10.0, 20.0, 30.0, 40.0]})
    columns = {"label": "hand", "onset": "at"}
    spec = EventsSpec("epochs", columns=columns, codes={"1": "l", "2": "r"}, times="unknown")
    events = recording(epochs, events=spec).header().events
    assert events["label"].tolist() == ["l", "r", "r", "l"]
    assert events["onset"].tolist() == [10.0, 20.0, 30.0, 40.0]
    assert list(events) == ["onset", "duration", "label"]


def test_a_column_that_the_metadata_lack(recording, epochs):
    epochs.metadata = pd.DataFrame({"word": list("abcd")})
    spec = EventsSpec("epochs", columns={"label": "words"})
    with pytest.raises(DataError, match=r"no column 'words' for label.* Did you mean 'word'"):
        recording(epochs, events=spec).header()


def test_a_new_name_that_the_metadata_have_is_refused(recording, epochs):
    epochs.metadata = pd.DataFrame({"word": list("abcd"), "cue": list("efgh")})
    with pytest.raises(DataError, match="two columns are called 'word'"):
        recording(epochs, events=EventsSpec("epochs", columns={"word": "cue"})).header()


def test_bad_channels_of_epochs(recording, epochs):
    spec = ChannelsSpec(bads=("Cz",), interpolate=True)
    one = recording(channels=spec, montage="colin27_1005")
    signal = one.load()
    epochs.set_montage("colin27_1005")
    epochs.info["bads"] = ["Cz"]
    epochs.interpolate_bads(verbose="error")
    np.testing.assert_allclose(signal.data, epochs.get_data(), rtol=0, atol=1e-18)
    assert signal.notes == ("1 of 6 channels interpolated: Cz",)


def test_windows_within_epochs_copy_their_samples(recording, epochs, own_cache):
    (made,) = prepare([recording()], [], own_cache)
    task = Task(target=TargetSpec(label="label", classes=("left", "right")))
    trials = cut([made], task, WindowsSpec(0.0, 0.5)).trials
    np.testing.assert_array_equal(trials.X, epochs.get_data(tmin=0.0, tmax=0.51))


def test_a_filter_on_epochs_is_refused(recording, own_cache):
    from neurodecode.signal.filters import Filter

    (failed,) = prepare([recording()], [Filter(8.0, 30.0)], own_cache)
    assert "filter" in failed.message and "sub-01_ses-1_run-1" in failed.message


def test_epochs_are_told_from_recordings(recording, raw, tmp_path):
    with pytest.raises(DataError, match=r"it holds no continuous recording.*from: epochs"):
        recording(events=EventsSpec()).header()
    raw.save(tmp_path / "2-epo.fif", verbose="error")
    card = Card("own", "eeg", reader=Variant("files", Options("2-epo.fif"), events=EPOCHS))
    with pytest.raises(DataError, match=r"it holds no epochs.*from: annotations"):
        find_recordings(card, "", tmp_path)[0].header()


def test_a_file_that_was_cut_short(recording, epochs):
    one = recording(epochs)
    path = one.files[0].path
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=r"1-epo\.fif: truncated: .* Fetch it again"):
        one.load()


def test_epochs_of_eeglab(tmp_path, raw):
    values = raw.get_data()[:, :768].reshape(6, 3, 256)  # three epochs of two seconds
    labels = ["left", "right", "left"]
    eeg = {
        "setname": "made", "nbchan": 6, "pnts": 256, "trials": 3, "srate": 128.0,
        "xmin": -0.5, "xmax": -0.5 + 255 / 128, "data": 1e6 * values.transpose(0, 2, 1),
        "chanlocs": np.array([(name,) for name in raw.ch_names], dtype=[("labels", object)]),
        "event": np.array([(one, 65.0 + 256 * i, i + 1.0) for i, one in enumerate(labels)],
                          dtype=[("type", object), ("latency", object), ("epoch", object)]),
        "epoch": np.array([(i + 1.0, one, 0.0) for i, one in enumerate(labels)],
                          dtype=[("event", object), ("eventtype", object),
                                 ("eventlatency", object)]),
        "icawinv": [], "icaweights": [], "icasphere": [], "icachansind": [], "ref": "common",
    }  # fmt: skip
    scipy.io.savemat(tmp_path / "1.set", {"EEG": eeg}, appendmat=False)
    options = Options("{run}.set")
    variant = Variant("files", options, events=EPOCHS)
    signal = find_recordings(Card("own", "eeg", reader=variant), "", tmp_path)[0].load()
    np.testing.assert_allclose(signal.data, values.transpose(1, 0, 2), rtol=1e-12)
    assert (signal.tmin, signal.sfreq) == (-0.5, 128.0)
    assert signal.events["label"].tolist() == labels
    # Its latencies count through the epochs laid end to end, not through the recording.
    assert signal.events["onset"].isna().all()
    variant = Variant("files", options)
    with pytest.raises(DataError, match=r"1\.set: it holds no continuous recording.*from: epochs"):
        find_recordings(Card("own", "eeg", reader=variant), "", tmp_path)[0].header()
