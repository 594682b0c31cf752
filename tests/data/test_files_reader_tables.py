"""Recordings as tables: columns are channels, one of them holds the markers."""

import gzip

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError, NeurodecodeError
from neurodecode.data.prepared import prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.files import Options
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant

MARKED = EventsSpec("marker", channel="mark", codes={"2": "target"})
RATE = ChannelsSpec(sfreq=100.0, unit="uV")


@pytest.fixture
def table():
    """Three channels of 20 µV at 100 Hz for two seconds, with stamps and markers."""
    rng = np.random.default_rng(0)
    made = pd.DataFrame(20 * rng.standard_normal((200, 3)), columns=["Fz", "Cz", "HEOG"])
    made.insert(0, "time", 1.5e9 + np.arange(200) / 100)
    made["mark"] = 0
    made.loc[[10, 60, 110], "mark"] = [1, 2, 1]
    return made


@pytest.fixture
def recording(tmp_path, table):
    """Write a table (the fixture, unless given) and find it again as a recording."""

    def save(made=table, name="1.csv", *, channels=RATE, events=MARKED, modality="eeg",
             timestamps="time"):  # fmt: skip
        path = tmp_path / name
        if isinstance(made, pd.DataFrame):
            made.to_csv(path, index=False, sep="\t" if ".tsv" in name else ",")
        else:
            path.write_bytes(made)
        ending = name.removeprefix("1")
        variant = Variant("files", Options("{run}" + ending, timestamps=timestamps), channels,
                          events)  # fmt: skip
        return find_recordings(Card("own", modality, reader=variant), "", tmp_path)[0]

    return save


def refused(one) -> str:
    with pytest.raises(DataError) as caught:
        one.header()
    return str(caught.value)


@pytest.mark.parametrize("name", ["1.csv", "1.tsv", "1.csv.gz", "1.tsv.gz"])
def test_columns_are_channels(recording, table, name):
    one = recording(name=name)
    signal, header = one.load(), one.header()
    np.testing.assert_array_equal(signal.data, table[["Fz", "Cz", "HEOG"]].to_numpy().T * 1e-6)
    assert signal.space.names == ("Fz", "Cz", "HEOG") and signal.space.unit == "V"
    assert signal.sfreq == 100.0 and header.n_times == 200 and header.data is None
    pd.testing.assert_frame_equal(signal.events, header.events)
    assert signal.events.to_dict("list") == {
        "onset": [0.1, 0.6, 1.1], "duration": [0.0] * 3, "label": ["1", "target", "1"],
    }  # fmt: skip


def test_types_name_the_columns_that_are_channels(recording):
    types = {"Cz": "eeg", "HEOG": "eog"}
    one = recording(channels=ChannelsSpec(sfreq=100.0, unit="uV", types=types))
    assert one.load().space.names == ("Cz",)
    assert one.key != recording().key
    assert recording(channels=ChannelsSpec(sfreq=101.0, unit="uV")).key != recording().key


def test_a_marker_that_is_held_is_one_event(recording, table):
    table.loc[60:79, "mark"] = 2
    table.loc[80:84, "mark"] = 1
    events = recording(events=EventsSpec("marker", channel="mark", duration=0.5)).load().events
    assert events["onset"].tolist() == [0.1, 0.6, 0.8, 1.1]
    # What is held says how long it lasts; the card says it of single samples.
    np.testing.assert_allclose(events["duration"], [0.5, 0.2, 0.05, 0.5])


def test_a_marker_held_to_the_end(recording, table):
    table.loc[190:, "mark"] = 3
    events = recording().load().events
    assert events.iloc[-1].tolist() == [1.9, 0.1, "3"]


@pytest.mark.parametrize("nothing", ["", "0", " "])
def test_markers_may_be_words(recording, table, nothing):
    table["mark"] = table["mark"].map({0: nothing, 1: "left", 2: "right"})
    assert recording().load().events["label"].tolist() == ["left", "right", "left"]


def test_numbers_with_a_point_name_whole_markers(recording, table):
    table["mark"] = table["mark"].astype(float)
    table.loc[150, "mark"] = np.nan
    assert recording().load().events["label"].tolist() == ["1", "target", "1"]


def test_a_delay_of_the_card(recording):
    events = recording(events=EventsSpec("marker", channel="mark", delay=0.02)).load().events
    np.testing.assert_allclose(events["onset"], [0.12, 0.62, 1.12])


def test_events_of_a_file_beside_it(recording, tmp_path):
    (tmp_path / "events.tsv").write_text("onset\tlabel\n0.5\tgo\n")
    types = {"Fz": "eeg", "Cz": "eeg"}
    one = recording(
        channels=ChannelsSpec(sfreq=100.0, unit="uV", types=types),
        events=EventsSpec("file", path="events.tsv"),
    )
    assert one.load().events["label"].tolist() == ["go"]


def test_a_stretch_that_a_marker_calls_bad_is_not_moved(recording, table):
    table["mark"] = ""
    table.loc[20:39, "mark"] = "BAD_move"
    spec = EventsSpec("marker", channel="mark", delay=0.1, duration=1.0)
    events = recording(events=spec).load().events
    np.testing.assert_allclose(events[["onset", "duration"]].to_numpy(float), [[0.2, 0.2]])


def test_a_column_that_is_not_there(recording):
    assert "no marker column 'Mark'" in refused(
        recording(events=EventsSpec("marker", channel="Mark"))
    )
    assert "Did you mean 'mark'?" in refused(recording(events=EventsSpec("marker", channel="Mark")))
    assert "no time-stamp column 'times'" in refused(recording(timestamps="times"))
    types = ChannelsSpec(sfreq=100.0, unit="uV", types={"Fz": "eeg", "Czz": "eeg"})
    said = refused(recording(channels=types))
    assert "no channel 'Czz'" in said and "Did you mean 'Cz'?" in said


def test_text_in_a_channel(recording, table):
    table["Cz"] = table["Cz"].astype(object)
    table.loc[[7, 9], "Cz"] = "oops"
    # Line 1 is the header, so row 7 (from 0) stands in line 9.
    assert "column 'Cz' holds 'oops' in line 9, where a number should be (2 of 200 such)" in (
        refused(recording())
    )


def test_an_empty_cell(recording, table):
    table.loc[5, "Fz"] = np.nan
    assert "column 'Fz' holds nothing in line 7" in refused(recording())


def test_a_gap_between_time_stamps(recording, table):
    cut = table.drop(index=range(50, 70))
    said = refused(recording(cut))
    assert "0.21 s" in said and "before line 52" in said and "(1 such gaps)" in said
    # Without the column of stamps nobody can tell.
    assert recording(cut.drop(columns="time"), timestamps="").header().n_times == 180


def test_time_stamps_that_go_back(recording, table):
    table.loc[30, "time"] -= 5
    assert "do not rise in line 32" in refused(recording())


def test_a_rate_that_the_time_stamps_contradict(recording):
    said = refused(recording(channels=ChannelsSpec(sfreq=250.0, unit="uV")))
    assert "100 samples a second by the time stamps (time), the card says 250" in said
    said = refused(recording(channels=ChannelsSpec(sfreq=50.0, unit="uV")))
    assert "100 samples a second by the time stamps (time), the card says 50" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"time,Fz,mark\n", "a first line and no rows"),
        (b"1.0,2.0,3.0\n1.1,2.0,3.0\n", "its first line holds numbers"),
        (b"time,Fz,Fz,mark\n1,2,3,0\n", "two columns are called 'Fz'"),
        (b",time,Fz,mark\n0,1,2,0\n", "column 1 has no name"),
        (b"time,Fz,mark\n1,2,0\n2,3,0,9\n", "not a table with 3 columns throughout"),
        (b"time,Fz,mark\n1,2,0,7\n2,3,0,9\n", "its rows have 4 fields and its first line 3 names"),
        (b"time;Fz;mark\n1;2;0\n", "no marker column 'mark'"),
        (b"\xff\xfe\x00t\x00i", "cannot be read"),
        (b"\x00" * 100, "a first line and no rows"),
    ],
)
def test_what_is_no_table(recording, content, said):
    assert said in refused(recording(content))


def test_a_compressed_table_that_was_cut_short(recording, table):
    whole = gzip.compress(table.to_csv(index=False).encode())
    said = refused(recording(whole[: len(whole) // 2], name="1.csv.gz"))
    assert "1.csv.gz: cannot be read" in said
    assert "cannot be read" in refused(recording(b"not gzip at all", name="1.csv.gz"))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"events": EventsSpec()}, "events from annotations, and .* is a table"),
        ({"events": EventsSpec("epochs")}, "events from epochs, and .* is a table"),
        ({"channels": ChannelsSpec(unit="uV")}, "a table does not say its rate"),
        ({"channels": ChannelsSpec(unit="uV", sfreq=0.0)}, "a table does not say its rate"),
        ({"channels": ChannelsSpec(sfreq=100.0)}, "a table does not say its unit"),
    ],
)
def test_what_a_card_must_say_of_a_table(recording, keys, said):
    with pytest.raises(ConfigError, match=said):
        recording(**keys)


def test_markers_are_of_tables_alone(tmp_path):
    variant = Variant("files", Options("{run}.edf"), RATE, MARKED)
    with pytest.raises(ConfigError, match=r"are a column of a table .*from: stim"):
        find_recordings(Card("own", "eeg", reader=variant), "", tmp_path)
    with pytest.raises(ConfigError, match=r"timestamps: a\.edf is no table"):
        Options("a.edf", timestamps="time")


def test_a_wrong_unit_is_told_when_prepared(recording, own_cache):
    one = recording(channels=ChannelsSpec(sfreq=100.0, unit="V"))
    (failed,) = prepare([one], [], own_cache)
    assert isinstance(failed.error, NeurodecodeError)
    assert "looks like uV stored as V" in failed.message
