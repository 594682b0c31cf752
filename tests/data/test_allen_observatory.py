"""Allen Brain Observatory: responses to scenes by the time stamps of the imaging frames."""

import logging

import numpy as np
import pytest
from encoding_layouts import write_allen
from visual_layouts import recordings

from neurodecode.core.errors import DataError
from neurodecode.data.cards import load_card
from neurodecode.data.readers import brain_observatory
from neurodecode.data.readers.brain_observatory import Options
from neurodecode.data.stimuli import open_stimuli


def test_showings_are_answered_over_half_a_second(tmp_path):
    traces, stamps, shown, first = write_allen(tmp_path)
    (one,) = recordings("allen_observatory", tmp_path)
    signal = one.load()
    assert one.id == "sub-511507650_ses-501559087_run-1"
    assert signal.space.names == ("517472416", "517472419", "517472450")
    assert signal.space.types == ("VISp",) * 3 and signal.axes == ("cell",)
    expected = []
    for frame in first:
        inside = (stamps >= stamps[frame]) & (stamps < stamps[frame] + 0.5)
        expected.append(traces[:, inside].mean(axis=1))
    np.testing.assert_allclose(signal.data, expected, atol=1e-6)
    rows = signal.events
    assert rows["stimulus"].isna().tolist() == (shown == -1).tolist()
    named = [f"scene{number:03d}" for number in shown if number >= 0]
    assert rows["stimulus"].dropna().tolist() == named
    assert (rows["label"] == "blank").tolist() == (shown == -1).tolist()
    assert sorted(rows["repeat"]) == [0] * 5 + [1] * 5
    np.testing.assert_allclose(rows["onset"], stamps[first])
    assert one.header().events.equals(rows) and one.header().space == signal.space


def test_a_baseline_is_what_was_before(tmp_path):
    traces, stamps, _, first = write_allen(tmp_path)
    path = tmp_path / "ophys_experiment_data/501559087.nwb"
    options = Options("ophys_experiment_data/{session}.nwb")
    without = brain_observatory.load(path, options).data
    less = Options(options.path, baseline=0.2)
    before = (stamps >= stamps[first[3]] - 0.2) & (stamps < stamps[first[3]])
    made = brain_observatory.load(path, less).data
    assert without is not None and made is not None
    np.testing.assert_allclose(without[3] - made[3], traces[:, before].mean(axis=1), atol=1e-6)


def test_other_sessions_are_left_out_and_scenes_are_read_once(tmp_path, caplog):
    write_allen(tmp_path, "501474098", scenes=False)
    write_allen(tmp_path)
    write_allen(tmp_path, "501773889")
    with caplog.at_level(logging.WARNING):
        found = recordings("allen_observatory", tmp_path)
    assert [one.session for one in found] == ["501559087", "501773889"]
    assert "501474098.nwb: no natural scenes are in it" in caplog.text
    stimuli = open_stimuli(load_card("allen_observatory"), tmp_path)
    assert list(stimuli.table.index) == [f"scene{i:03d}" for i in range(4)]
    np.testing.assert_array_equal(stimuli["scene002"], np.arange(60, 90).reshape(5, 6))


def test_a_window_without_a_frame_is_refused(tmp_path):
    write_allen(tmp_path)
    options = Options("ophys_experiment_data/{session}.nwb", baseline=0.001)
    with pytest.raises(DataError, match="no frame lies within the window of presentation 0"):
        brain_observatory.load(tmp_path / "ophys_experiment_data/501559087.nwb", options)
