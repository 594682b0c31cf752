"""From candidates to decisions: dwell and refractory time, as properties and by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.decisions import candidates, held, stretches

STREAMS = st.lists(st.integers(0, 2), min_size=1, max_size=60)


def decided(said, dwell, refractory):
    time = 0.5 * np.arange(len(said))
    return held(np.array(said), time, idle=0, dwell=dwell, refractory=refractory)


def beginnings(decision):
    return np.sum((decision != 0) & np.append(True, decision[1:] != decision[:-1]))


@given(STREAMS, st.integers(1, 6), st.sampled_from([0.0, 0.7, 2.0]))
def test_a_longer_dwell_never_acts_more_often(said, dwell, refractory):
    shorter, longer = (beginnings(decided(said, n, refractory)) for n in (dwell, dwell + 1))
    assert longer <= shorter


@given(STREAMS, st.integers(1, 4), st.sampled_from([0.0, 0.7, 2.0]))
def test_decisions_are_candidates_that_have_waited(said, dwell, refractory):
    said = np.array(said)
    decision = decided(said, dwell, refractory)
    assert np.all((decision == 0) | (decision == said))
    begins = np.flatnonzero((decision != 0) & np.append(True, decision[1:] != decision[:-1]))
    for at in begins:
        assert at + 1 >= dwell and len(set(said[at + 1 - dwell : at + 1])) == 1
    assert np.all(np.diff(0.5 * begins) >= refractory - 1e-9)


@given(STREAMS, st.integers(1, 4), st.sampled_from([0.0, 0.7, 2.0]), st.integers(0, 60))
def test_what_comes_later_changes_no_decision(said, dwell, refractory, at):
    whole = decided(said, dwell, refractory)
    np.testing.assert_array_equal(decided(said[:at], dwell, refractory), whole[:at])


def test_a_task_that_outlasts_the_pause_is_decided_late():
    #                      0  .5  1 1.5  2 2.5  3
    assert decided([1, 0, 2, 2, 2, 2, 2], 1, 2.0).tolist() == [1, 0, 0, 0, 2, 2, 2]
    assert decided([1, 1, 2, 2, 1, 1, 0], 2, 0.0).tolist() == [0, 1, 0, 2, 0, 1, 0]


def test_the_most_probable_task_needs_the_threshold_and_idle_needs_none():
    told = np.array([[0.1, 0.6, 0.3], [0.5, 0.1, 0.4], [0.2, 0.4, 0.4]])
    codes = np.array([0, 2, 5])
    assert candidates(told, 0.4, codes, idle=0).tolist() == [2, 5, 2]
    assert candidates(told, 0.5, codes, idle=0).tolist() == [2, 0, 0]
    assert candidates(told[:, :1], 0.0, codes[:1], idle=0).tolist() == [0, 0, 0]


def test_recordings_and_gaps_begin_anew():
    recording = np.array([0, 0, 0, 0, 1, 1])
    time = np.array([1, 1.5, 2.5, 3, 3.5, 4])
    assert stretches(recording, time, 0.5).tolist() == [0, 2, 4]
    assert stretches(recording, time, float("nan")).tolist() == [0, 4]
    assert stretches(recording[:0], time[:0], 0.5).tolist() == []
