"""Brain Treebank: words of a film found in a recording by its triggers."""

import numpy as np
import pandas as pd
import pytest
from encoding_layouts import write_brain_treebank
from visual_layouts import recordings

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.cards import load_card


def test_words_are_at_their_samples_also_after_a_pause(tmp_path):
    values, samples, table = write_brain_treebank(tmp_path)
    (one,) = recordings("brain_treebank", tmp_path)
    signal = one.load()
    assert one.id == "sub-1_ses-1_run-000" and signal.axes == ("channel", "time")
    assert signal.space.names == ("LA1", "LA2", "LA3", "LA4", "RB1", "RB2")
    assert set(signal.space.types) == {"seeg"} and signal.sfreq == 2048
    np.testing.assert_array_equal(signal.data, values)
    rows = signal.events
    # The second word has no pitch, and none is made up.
    np.testing.assert_array_equal(np.round(rows["onset"] * 2048), samples[[0, 2, 3]])
    assert rows["label"].tolist() == ["so", "goes", "on"]
    assert rows["stimulus"].tolist() == [f"a-film/{i:05d}" for i in (0, 2, 3)]
    assert set(rows["concept"]) == {"a-film 000"} and rows["pos"][1] == "VERB"
    # The word after the last trigger has no sample that anyone knows.
    assert signal.notes == (
        "1 of 5 words of a-film are outside the triggers, or have no time",
        "2 electrodes are of no region that is known",
        "1 words lack a feature and are left out",
    )
    left = ("ctx-lh-superiortemporal",) * 3
    assert signal.space.regions == (*left, "", "", "ctx-rh-insula"), "RB1 is not in the table"
    assert rows["at:word_features"].tolist() == [0, 1, 2]
    names = ["gpt2_surprisal", "word_length", "rms", "delta_rms", "pitch"]
    np.testing.assert_allclose(signal.tables["word_features"][1, :5], table.loc[2, names])
    assert one.header().events.equals(rows) and one.header().space == signal.space


def test_a_rate_that_triggers_deny_is_refused(tmp_path):
    write_brain_treebank(tmp_path, sfreq=1024.0)
    (one,) = recordings("brain_treebank", tmp_path)
    with pytest.raises(DataError, match=r"triggers are 1024 samples apart .* says sfreq 2048"):
        one.header()


def test_a_film_without_words_is_named(tmp_path):
    write_brain_treebank(tmp_path)
    (tmp_path / "transcripts/a-film/features.csv").unlink()
    with pytest.raises(DataMissing, match=r"a-film/features\.csv: the file beside sub_1_trial000"):
        recordings("brain_treebank", tmp_path)


def test_a_film_is_a_name_and_no_path(tmp_path):
    write_brain_treebank(tmp_path)
    path = tmp_path / "subject_metadata/sub_1_trial000_metadata.json"
    path.write_text('{"filename": "../secret"}')
    with pytest.raises(DataError, match="'filename' names no film"):
        recordings("brain_treebank", tmp_path)


def test_a_table_without_regions_says_what_it_has(tmp_path):
    write_brain_treebank(tmp_path)
    path = tmp_path / "localization/sub_1/depth-wm.csv"
    pd.read_csv(path).rename(columns={"DesikanKilliany": "Destrieux"}).to_csv(path, index=False)
    (one,) = recordings("brain_treebank", tmp_path)
    with pytest.raises(
        DataError, match="no column 'DesikanKilliany'; there are: ID, Electrode, De"
    ):
        one.header()


def test_features_that_are_no_numbers_are_named(tmp_path):
    _, _, table = write_brain_treebank(tmp_path)
    pd.DataFrame(table.assign(rms="loud")).to_csv(tmp_path / "transcripts/a-film/features.csv")
    (one,) = recordings("brain_treebank", tmp_path)
    with pytest.raises(DataError, match="no column 'rms', or none of numbers"):
        one.header()


def test_no_filter_of_the_task_delays_what_it_lets_through():
    """A causal filter moves latencies by its group delay (encoding:trap 29)."""
    task = load_card("brain_treebank").tasks["words"]
    filters = [one for one in task.prepare if one.name in ("filter", "notch")]
    assert filters
    assert all(one.arguments.get("phase", "zero") == "zero" for one in filters)
