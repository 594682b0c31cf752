"""THINGS-MEG: onsets of the optical sensor, triggers that are counted, catch trials (visual:T5).

mne writes no CTF files, so the folder of a run is empty and what mne would read of it is a
recording made here, with channels of the same names.
"""

from dataclasses import replace

import numpy as np
import pytest
from visual_layouts import CATCH, meg_raw, recordings, write_meg_epochs, write_meg_run

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data._event_columns import with_attributes
from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import look
from neurodecode.data.readers import _formats
from neurodecode.signal.units import check_magnitude


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Write a run, and give its recording, as mne would open it."""

    def write(change=None, made=lambda raw: raw, **options):
        onsets = write_meg_run(tmp_path, change=change)
        opened = made(meg_raw(onsets, **options))
        monkeypatch.setattr(_formats, "open_raw", lambda path: opened)
        (found,) = recordings("things_meg", tmp_path, "raw")
        return found, onsets

    return write


def test_onsets_are_those_of_the_optical_sensor(run):
    found, onsets = run()
    assert found.id == "sub-1_ses-01_run-01"
    assert {one.path.name.rsplit("_", 1)[-1] for one in found.files} == {
        "meg.meg4", "events.tsv", "P1.csv"
    }  # fmt: skip
    signal = found.load()
    np.testing.assert_allclose(signal.events["onset"] * 1200, onsets)  # no lag of any other source
    assert len(signal.space) == 271 and "MRO11-1609" not in signal.space.names
    assert set(signal.space.types) == {"mag"}
    rows = signal.events
    assert rows["stimulus"].tolist()[:2] == ["a_thing_00s", "a_thing_01s"]
    assert rows["stimulus"].isna().tolist() == [False, False, True] * 2
    assert rows["concept"].dropna().unique().tolist() == ["a_thing"]
    assert rows["split"].tolist() == ["train", "test", "catch"] * 2
    assert rows["label"].tolist()[2] == str(CATCH)
    assert found.header().events.equals(rows)


def test_catch_trials_are_left_out(run, own_cache):
    found, _ = run()
    (one,) = look([found], [], own_cache, worker=Here())
    task = load_card("things_meg").tasks["picture"]
    done = cut([one], task, task.windows)
    assert done.ignored["of the label 999999"] == 2 and len(done.trials) == 4


class Here:
    """Runs what a worker is sent in this process, where the recording is made."""

    def call(self, function, *arguments, what):
        return function(*arguments)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e, r: (e.iloc[:-1], r), r"UPPT001 has 6 codes 64 \(others: 32\), and its .* are 5"),
        (lambda e, r: (e, r.iloc[1:]), r"P1.csv: 5 rows of session 01, run 01, and .* 6 events"),
        (lambda e, r: (e.drop(columns="sample"), r), "no column 'sample' for onset"),
        (lambda e, r: (e, r.drop(columns="session_nr")), "no column 'session_nr'"),
        (lambda e, r: (e.assign(sample=e["sample"] + 10**6), r), "outside the recording of"),
    ],
)  # fmt: skip
def test_files_that_do_not_belong_together_are_named(run, change, said):
    found, _ = run(change)
    with pytest.raises(DataError, match=said):
        found.header()


def test_up_to_twenty_numbers_may_differ(run):
    found, _ = run(lambda e, r: (e.assign(value=e["value"].replace("n/a", 5)), r))
    assert len(found.header().events) == 6
    spec = load_card("things_meg").variant("raw").events.attributes
    events = found.header().events.assign(label="1")
    path = next(one.path for one in found.files if one.path.suffix == ".csv")
    strict = replace(spec, mismatches=3)
    with pytest.raises(DataError, match=r"'things_image_nr' differs from 'label'.* in 6 of 6 rows"):
        with_attributes(events, strict, path, {"session": "01", "run": "01"}, found.files[0].path)


def test_no_other_stim_channel_stands_in(run):
    found, _ = run(made=lambda raw: raw.drop_channels(["UPPT001"]))
    with pytest.raises(DataError, match="no stim channel 'UPPT001', which events: triggers"):
        found.header()


def test_a_run_without_its_table_is_named(run, tmp_path):
    found, _ = run()
    (tmp_path / "sourcedata/sample_attributes_P1.csv").unlink()
    with pytest.raises(DataMissing, match=r"sample_attributes_P1\.csv: the events file is missing"):
        found.header()


def test_the_authors_epochs(tmp_path):
    data, rows = write_meg_epochs(tmp_path)
    (found,) = recordings("things_meg", tmp_path, "epochs")
    signal = found.load()
    np.testing.assert_allclose(signal.data, data, rtol=1e-6)  # FIF holds single precision
    assert (signal.sfreq, round(signal.tmin, 3), signal.n_times) == (200.0, -0.1, 281)
    events = signal.events
    assert events["label"].tolist() == rows["things_image_nr"].astype(str).tolist()
    assert events["split"].tolist() == ["train", "test", "catch"] * 4
    assert events["stimulus"].isna().sum() == 4
    assert events["repeat"].tolist()[6:8] == [1, 1]  # shown six rows before
    assert events["session_nr"].tolist() == [1] * 6 + [2] * 6 and events["onset"].isna().all()
    check_magnitude(signal, found.id)  # z-scores are not taken for tesla
