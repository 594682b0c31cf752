"""Bad channels, channels kept for cleaning, delays and durations that a card says."""

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import look, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.files import Options
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec

ID = "sub-01_ses-1_run-1"
MONTAGE = "colin27_1005"


def test_bad_channels_of_the_card_are_left_out(recording, raw):
    raw.info["bads"] = ["C4"]
    signal = recording(raw, channels=ChannelsSpec(bads=("Cz",), n=6)).load()
    assert signal.space.names == ("Fz", "C3", "Pz", "Oz")
    assert signal.notes == ("2 of 6 channels left out, marked bad: Cz, C4",)


def test_bad_channels_of_one_recording(recording):
    bads = {ID: ("Cz",), "sub-02_ses-1_run-1": ("Fz",)}
    one = recording(channels=ChannelsSpec(bads=bads))
    assert one.header().space.names == ("Fz", "C3", "C4", "Pz", "Oz")
    # What is bad in another recording does not make this one another.
    assert one.key == recording(channels=ChannelsSpec(bads={ID: ("Cz",)})).key
    assert one.key != recording().key


def test_a_recording_that_is_not_there_is_named(recording, caplog):
    recording(channels=ChannelsSpec(bads={"sub-1_ses-1_run-1": ("Cz",)}))
    assert "channels.bads names sub-1_ses-1_run-1, which is no recording in" in caplog.text
    assert f"Did you mean '{ID}'?" in caplog.text


def test_a_bad_channel_that_is_not_there_is_refused(recording):
    one = recording(channels=ChannelsSpec(bads=("Cz1",)))
    with pytest.raises(DataError, match=r"'Cz1', which is no channel of it. Did you mean 'Cz'"):
        one.header()


def test_all_channels_bad_is_said(recording):
    bads = ("Fz", "C3", "Cz", "C4", "Pz", "Oz")
    with pytest.raises(DataError, match="no eeg channel is left of 6 eeg, 6 of them marked bad"):
        recording(channels=ChannelsSpec(bads=bads)).header()


def test_bad_channels_are_interpolated_as_by_mne(recording, raw):
    spec = ChannelsSpec(bads=("Cz",), interpolate=True)
    one = recording(channels=spec, montage=MONTAGE)
    signal, header = one.load(), one.header()
    stored = mne.io.read_raw(one.files[0].path, preload=True, verbose="error")
    stored.set_montage(MONTAGE)
    stored.info["bads"] = ["Cz"]
    stored.interpolate_bads(verbose="error")
    np.testing.assert_array_equal(signal.data, stored.get_data())
    assert not np.allclose(signal.data[2], raw.get_data()[2])
    assert signal.notes == header.notes == ("1 of 6 channels interpolated: Cz",)
    assert signal.space.names == tuple(raw.ch_names) and signal.rank == header.rank == 5


def test_bad_meg_channels_are_interpolated_as_by_mne(real, tmp_path):
    path = real("formats_mne", "fif/test_ctf_comp_raw.fif") / "fif/test_ctf_comp_raw.fif"
    plain = mne.io.read_raw(path, preload=True, verbose="error").crop(0, 0.1)
    plain.pick(
        mne.pick_types(plain.info, meg=True, ref_meg=False)[::6]
    )  # 274 coils take half a minute
    # The head's shape, which mne fits the sphere of the field to; the file has none.
    shape = np.random.default_rng(0).standard_normal((60, 3))
    shape *= 0.09 / np.linalg.norm(shape, axis=1, keepdims=True)
    shape[:, 2] = np.abs(shape[:, 2]) + 0.04
    with plain.info._unlock():
        plain.info["dig"] = mne.channels.make_dig_montage(
            nasion=[0, 0.09, 0], lpa=[-0.08, 0, 0], rpa=[0.08, 0, 0], hsp=shape, coord_frame="head"
        ).dig
    names = plain.ch_names
    bads = (names[3], names[40])
    plain.save(tmp_path / "1_raw.fif", verbose="error")
    card = Card("own", "meg", reader=Variant("files", Options("{run}_raw.fif"),
                ChannelsSpec(bads=bads, interpolate=True)))  # fmt: skip
    signal = find_recordings(card, "", tmp_path)[0].load()
    stored = mne.io.read_raw(tmp_path / "1_raw.fif", preload=True, verbose="error")
    stored.info["bads"] = list(bads)
    stored.interpolate_bads(verbose="error")
    np.testing.assert_array_equal(signal.data, stored.get_data(picks=names))


def test_interpolation_without_positions_is_refused(recording):
    spec = ChannelsSpec(bads=("Cz",), interpolate=True)
    one = recording(channels=spec)
    for read in (one.header, one.load):
        with pytest.raises(DataError, match=r"nothing says where 6 of 6 channels are.*montage"):
            read()
    # Without a bad channel there is nothing to interpolate.
    assert recording(channels=ChannelsSpec(interpolate=True)).load().notes == ()


def test_channels_inside_the_head_are_not_interpolated(recording, raw):
    raw.set_channel_types(dict.fromkeys(raw.ch_names, "seeg"), verbose="error")
    spec = ChannelsSpec(bads=("Cz",), interpolate=True)
    with pytest.raises(DataError, match="channel Cz cannot be interpolated; that is for EEG"):
        recording(raw, channels=spec, modality="ieeg").header()


def test_channels_for_cleaning_are_kept_on_demand(recording):
    types = {"Fz": "eog", "C4": "ecg"}
    spec = ChannelsSpec(types=types, n=4, unit="mV")
    one = recording(channels=spec, also=("eog",))
    signal = one.load()
    assert signal.space.names == ("C3", "Cz", "Pz", "Oz", "Fz")
    assert signal.space.types == ("eeg",) * 4 + ("eog",)
    stored = mne.io.read_raw(one.files[0].path, verbose="error").get_data()
    np.testing.assert_array_equal(signal.data[4], stored[0] * 1e-3)
    assert one.key != recording(channels=spec).key
    with pytest.raises(DataError, match=r"also names eog, and no channel is of that type.* eeg"):
        recording(also=("eog",)).header()


def test_stim_channels_are_never_kept():
    with pytest.raises(ConfigError, match=r"also: 'stim' is not kept. Known: bio, ecg, emg"):
        Options("a.fif", also=("stim",))


def test_an_unknown_type_is_refused(recording):
    with pytest.raises(ConfigError, match=r"channels\.types of the card"):
        recording(channels=ChannelsSpec(types={"Cz": "egg"})).header()


def test_a_delay_moves_events_and_not_what_is_bad(recording, raw):
    raw.annotations.append(2.0, 0.25, "BAD_blink")
    events = recording(raw, events=EventsSpec(delay=0.05, duration=1.0)).load().events
    ours = events[events["label"] != "BAD_blink"]
    np.testing.assert_allclose(ours["onset"], [1.05, 3.05, 5.05, 7.05])
    bad = events[events["label"] == "BAD_blink"]
    assert bad[["onset", "duration"]].to_numpy().tolist() == [[2.0, 0.25]]


def test_an_event_that_a_delay_moves_out_is_refused(recording):
    with pytest.raises(DataError, match=r"event 4 of 4 \('right'\) is at 8.5 s, outside"):
        recording(events=EventsSpec(delay=1.5)).header()


@pytest.mark.parametrize("source", ["annotations", "stim", "file"])
def test_single_samples_last_as_long_as_the_card_says(recording, raw, tmp_path, source):
    stim = np.zeros((1, 1024))
    stim[0, [128, 640]] = 1
    raw.add_channels([mne.io.RawArray(stim, mne.create_info(["STI"], 128.0, "stim"), verbose=40)])
    raw.set_annotations(mne.Annotations([1.0, 5.0, 6.0], [1 / 128, 0.0, 0.5], ["go", "go", "stay"]))
    (tmp_path / "e.tsv").write_text("onset\tduration\tlabel\n1\t0\tgo\n5\tn/a\tgo\n6\t0.5\tstay\n")
    spec = {
        "annotations": EventsSpec(duration=2.0),
        "stim": EventsSpec("stim", duration=2.0, codes={"1": "go"}),
        "file": EventsSpec("file", path="e.tsv", duration=2.0),
    }[source]
    events = recording(raw, events=spec).load().events
    assert set(events.loc[events["label"] == "go", "duration"]) == {2.0}
    # What says how long it lasts keeps that.
    assert set(events.loc[events["label"] == "stay", "duration"]) <= {0.5}


def test_bad_stretches_count_wherever_events_come_from(recording, raw, tmp_path, own_cache):
    (tmp_path / "e.tsv").write_text("onset\tduration\tlabel\n1\t0\ta\n3\t0\tb\n5\t0\ta\n")
    raw.set_annotations(mne.Annotations([3.1, 5.0], [0.1, 0.5], ["bad_blink", "something"]))
    one = recording(raw, events=EventsSpec("file", path="e.tsv", duration=0.5))
    assert one.header().events["label"].tolist() == ["a", "b", "a", "bad_blink"]
    task = Task(target=TargetSpec(label="label", classes=("a", "b")))
    made = prepare([one], [], own_cache)
    with pytest.raises(DataError, match="marked bad in the file: 1"):
        cut(made, Task(rows={"label": ("b",)}), WindowsSpec(0.0, 0.5))
    assert cut(made, task, WindowsSpec(0.0, 0.5)).trials.rows["label"].tolist() == ["a", "a"]


def test_an_events_column_that_rows_have_themselves_is_refused(recording, tmp_path):
    (tmp_path / "e.tsv").write_text("onset\tlabel\tsubject\n1\tleft\tme\n")
    with pytest.raises(DataError, match=r"e\.tsv: its column 'subject' has the name of one"):
        recording(events=EventsSpec("file", path="e.tsv")).header()
    spec = EventsSpec("file", path="e.tsv", columns={"my_subject": "subject"})
    assert recording(events=spec).header().events["my_subject"].tolist() == ["me"]


def test_a_new_name_that_is_taken_is_refused(recording, tmp_path):
    (tmp_path / "e.tsv").write_text("onset\tlabel\tword\tcue\n1\tleft\ta\tb\n")
    with pytest.raises(DataError, match="two columns are called 'word'"):
        recording(events=EventsSpec("file", path="e.tsv", columns={"word": "cue"})).header()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a table of events"),
        (b"onset\tlabel\n1\ta\tb\tc\n2\ta\n3\t\x00\tb\tc\td\n", "not a table of events"),
        (b"onset\tlabel\n1\t\xff\xfe\n", "not a table of events"),
        (b"onset\tlabel\nsoon\ta\n", "onset of event 1 is 'soon', not a number of seconds"),
    ],
)
def test_an_events_file_that_is_no_table(recording, tmp_path, content, said):
    (tmp_path / "e.tsv").write_bytes(content)
    with pytest.raises(DataError, match=said):
        recording(events=EventsSpec("file", path="e.tsv")).header()


def test_events_of_another_run_are_refused(recording, tmp_path):
    (tmp_path / "e.tsv").write_text("onset\tlabel\n1\ta\n100\ta\n")
    with pytest.raises(DataError, match="is at 100 s, outside the recording of 8 s"):
        recording(events=EventsSpec("file", path="e.tsv")).header()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"source": "marker"}, "channel: from: marker needs the name"),
        ({"channel": "STI"}, "channel: events from annotations have none"),
        ({"times": "unknown"}, "times: only events from epochs"),
        ({"duration": -1.0}, "duration: -1 must be zero or more"),
        ({"delay": float("nan")}, "delay: nan is no number of seconds"),
        ({"source": "epochs", "path": "e.tsv"}, "path: an events file is named with from: file"),
    ],
)
def test_events_that_cannot_be_meant(keys, said):
    with pytest.raises(ConfigError, match=said):
        EventsSpec(**keys)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("channels: {bads: Cz}", r"channels\.bads: expected a list or keys and values, got 'Cz'"),
        ("channels: {bads: {a: Cz}}", r"channels\.bads\.a: expected a list, got 'Cz'"),
        ("channels: {interpolate: please}", r"channels\.interpolate: expected true or false"),
        ("events: {from: epoch}", r"events\.from: expected one of .*marker, epochs, got 'epoch'"),
        ("events: {delay: late}", r"events\.delay: expected a number, got 'late'"),
        ("events: {duration: -1}", r"events: duration: -1 must be zero or more seconds"),
        ("events: {columns: {a: x, b: x}}", r"columns: 'x' is taken for two columns"),
    ],
)
def test_keys_of_a_card_that_cannot_be_meant(tmp_path, keys, said):
    card = tmp_path / "card.yaml"
    card.write_text(f"name: own\nmodality: eeg\nreader: {{files: {{path: a.fif}}}}\n{keys}\n")
    with pytest.raises(ConfigError, match=said):
        load_card(card)


def test_a_card_with_all_of_it(tmp_path, raw, own_cache):
    raw.save(tmp_path / "1_raw.fif", verbose="error")
    (tmp_path / "card.yaml").write_text(
        "name: own\nmodality: eeg\nreader: {files: {path: '{run}_raw.fif', also: [eog], "
        "montage: colin27_1005}}\n"
        "channels: {types: {Fz: eog}, bads: {sub-01_ses-1_run-1: [Cz]}, interpolate: true}\n"
        "events: {from: annotations, delay: 0.05, duration: 0.2}\n"
    )
    card = load_card(tmp_path / "card.yaml")
    found = find_recordings(card, "", tmp_path)
    (made,) = prepare(found, [], own_cache)
    assert made.signal.notes == ("1 of 5 channels interpolated: Cz",)
    assert made.signal.space.types[-1] == "eog"
    (header,) = look(found, [], own_cache)
    assert header.cached and header.signal.notes == made.signal.notes
