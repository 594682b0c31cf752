import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.readers import _templates, find_recordings
from neurodecode.data.readers.files import Options
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant


def test_a_template_finds_ids_as_the_names_have_them(tmp_path):
    for name in ("sub-01/ses-b/sub-01_ses-b_run-1.edf", "sub-01/ses-b/sub-02_ses-b_run-1.edf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    template = "sub-{subject}/ses-{session}/sub-{subject}_ses-{session}_run-{run}.edf"
    found = _templates.match(tmp_path, template)
    # The second file says one subject in its folder and another in its name.
    assert [ids for ids, _ in found] == [{"subject": "01", "session": "b", "run": "1"}]
    assert _templates.fill(template, found[0][0]) == found[0][1].relative_to(tmp_path).as_posix()


def test_a_template_with_an_unknown_field_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"\{person\} is not one of subject, session, run"):
        _templates.match(tmp_path, "{person}.edf")


def test_values_are_those_of_mne_in_volts(recording, raw):
    signal = recording().load()
    # FIF stores single precision.
    np.testing.assert_allclose(signal.data, raw.get_data(), rtol=1e-6)
    assert signal.data.dtype == np.float64
    assert signal.space.names == ("Fz", "C3", "Cz", "C4", "Pz", "Oz")
    assert signal.space.unit == "V" and signal.sfreq == 128.0
    assert signal.events["label"].tolist() == ["left", "right"] * 2
    np.testing.assert_allclose(signal.events["onset"], [1, 3, 5, 7])


def test_a_header_is_the_signal_without_its_data(recording):
    one = recording()
    header, signal = one.header(), one.load()
    assert header.data is None and header.n_times == signal.n_times == 1024
    assert header.space == signal.space
    pd.testing.assert_frame_equal(header.events, signal.events)


def test_a_recording_is_known_by_content_and_reading(recording, raw):
    first = recording().key
    assert recording().key == first
    assert recording(channels=ChannelsSpec(unit="mV")).key != first
    raw._data[2, 100] *= 1.01
    assert recording(raw).key != first


def test_the_true_unit_of_the_card_is_applied(recording, raw):
    raw._data *= 1e6
    signal = recording(raw, channels=ChannelsSpec(unit="uV")).load()
    np.testing.assert_allclose(signal.data, raw.get_data() * 1e-6, rtol=1e-6)


def test_only_good_data_channels_are_read(recording, raw):
    raw.set_channel_types({"Oz": "misc"}, verbose="error")
    raw.info["bads"] = ["C3"]
    signal = recording(raw, channels=ChannelsSpec(types={"Fz": "eog"})).load()
    assert signal.space.names == ("Cz", "C4", "Pz")
    assert signal.notes == ("1 of 4 channels left out, marked bad: C3",)


def test_a_type_for_a_channel_that_is_not_there_is_refused(recording):
    with pytest.raises(DataError, match=r"channels.types of the card names HEOG"):
        recording(channels=ChannelsSpec(types={"HEOG": "eog"})).load()


def test_facts_of_the_card_are_held_to(recording):
    with pytest.raises(DataError, match="6 eeg channels, the card says 7"):
        recording(channels=ChannelsSpec(n=7)).header()
    with pytest.raises(DataError, match="sampled at 128 Hz, the card says 160 Hz"):
        recording(channels=ChannelsSpec(sfreq=160.0)).header()


def test_a_montage_gives_positions_in_head_coordinates(recording, raw):
    raw.rename_channels({"Fz": "mine"})
    space = recording(raw, montage="colin27_1005").load().space
    expected = mne.io.RawArray(
        np.zeros((1, 10)), mne.create_info(["Cz"], 100.0, "eeg"), verbose="error"
    )
    expected.set_montage("colin27_1005")
    np.testing.assert_allclose(space.positions[2], expected.info["chs"][0]["loc"][:3], atol=1e-3)
    assert np.isnan(space.positions[0]).all()  # a name that the montage does not know


def test_without_a_montage_no_position_is_known(recording):
    assert recording().load().space.positions is None


def test_times_count_from_the_first_stored_sample(recording, raw):
    raw.set_meas_date(1_600_000_000)
    raw.set_annotations(mne.Annotations([3.0], [0.5], ["left"], orig_time=raw.info["meas_date"]))
    raw.crop(tmin=2.0)
    assert raw.first_samp == 256
    assert recording(raw).load().events["onset"].tolist() == [1.0]


def test_events_of_a_stim_channel(recording, raw):
    stim = np.zeros((1, 1024))
    stim[0, [128, 400]] = [1, 2]
    stim[0, 129:140] = 1
    info = mne.create_info(["STI"], 128.0, "stim")
    raw.add_channels([mne.io.RawArray(stim, info, verbose="error")])
    spec = EventsSpec("stim", channel="STI", codes={"1": "left"}, duration=0.25)
    events = recording(raw, events=spec).load().events
    assert events["label"].tolist() == ["left", "2"]
    assert events["onset"].tolist() == [1.0, 400 / 128]
    assert events["duration"].tolist() == [0.25, 0.25]
    with pytest.raises(DataError, match=r"no stim channel 'STI1'. Did you mean 'STI'"):
        recording(raw, events=EventsSpec("stim", channel="STI1")).header()


def test_events_of_a_table_keep_their_columns(recording, tmp_path):
    (tmp_path / "sub-01_events.tsv").write_text(
        "onset\tduration\ttrial_type\tword\n2.5\tn/a\tright\thouse\n1.5\t0.5\tleft\ttree\n"
    )
    one = recording(events=EventsSpec("file", path="sub-{subject}_events.tsv"))
    events = one.load().events
    assert events["onset"].tolist() == [1.5, 2.5]
    assert events["duration"].tolist() == [0.5, 0.0]
    assert events["label"].tolist() == ["left", "right"]
    assert events["word"].tolist() == ["tree", "house"]
    assert [file.path.name for file in one.files] == ["sub-01_run-1_raw.fif", "sub-01_events.tsv"]


def test_events_of_mnes_own_file(recording, raw, tmp_path):
    raw.crop(tmin=1.0)
    triggers = np.array([[raw.first_samp + 64, 0, 3]])
    mne.write_events(tmp_path / "sub-01-eve.fif", triggers, verbose="error")
    spec = EventsSpec("file", path="sub-{subject}-eve.fif", codes={"3": "flash"})
    events = recording(raw, events=spec).load().events
    assert events[["onset", "label"]].values.tolist() == [[0.5, "flash"]]


def test_a_table_without_a_needed_column_is_refused(recording, tmp_path):
    (tmp_path / "e.tsv").write_text("time\tlabel\n1\tleft\n")
    with pytest.raises(DataError, match=r"no column 'onset' for onset; there are: time, label"):
        recording(events=EventsSpec("file", path="e.tsv")).load()
    spec = EventsSpec("file", path="e.tsv", columns={"onset": "time"})
    assert recording(events=spec).load().events["onset"].tolist() == [1.0]


def test_a_second_part_of_a_file_is_hashed_too(tmp_path, raw):
    raw.save(tmp_path / "long_raw.fif", verbose="error")
    (tmp_path / "long_raw-1.fif").write_bytes(b"more")
    card = Card("own", "eeg", reader=Variant("files", Options("long_raw.fif")))
    names = [file.path.name for file in find_recordings(card, "", tmp_path)[0].files]
    assert names == ["long_raw.fif", "long_raw-1.fif"]


def test_an_unknown_montage_is_named_with_the_nearest(recording):
    with pytest.raises(ConfigError, match="montage of the card: mne has none called 'biosemi63'"):
        recording(montage="biosemi63").header()


def test_what_is_asked_and_absent_is_said(real):
    from neurodecode.data.cards import load_card

    root, card = real("eegbci"), load_card("eegbci")
    with pytest.raises(DataMissing, match="no recording of subject 110"):
        find_recordings(card, "", root, subjects=["002", "110"])
    with pytest.raises(DataMissing, match="no recording of run 99"):
        find_recordings(card, "", root, runs=["99"])
    with pytest.raises(DataMissing, match=r"subject 002.*06|run 06"):
        find_recordings(card, "", root, subjects=["002"], task_runs=["06", "10", "14"])


def test_eegbci_is_read_as_its_readme_says(real):
    from neurodecode.data.cards import load_card

    found = find_recordings(load_card("eegbci"), "", real("eegbci"), subjects=["002"])
    signal = found[0].load()
    # 64 EEG, 160 Hz, 19680 samples, 15 T0 and 15 trials of 4.1 s; microvolts in the header.
    assert signal.data.shape == (64, 19680) and signal.sfreq == 160.0
    assert signal.events["label"].value_counts()["T0"] == 15 and len(signal.events) == 30
    assert set(signal.events["duration"]) == {4.1}
    assert 1e-6 < np.median(signal.data.std(axis=1)) < 1e-3
    assert {"FC5", "Cz", "Fp1", "Iz"} < set(signal.space.names)
    assert np.isfinite(signal.space.positions).all()
