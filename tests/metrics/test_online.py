"""Metrics of decisions in time, on streams whose answers can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef
from streams import codes, timeline

from neurodecode.core.names import catalogue, find
from neurodecode.metrics.operating_curve import operating_curve
from neurodecode.metrics.time_course import course_of, detections_of

ALL = {name: find(name, "metrics") for name in catalogue("metrics")}
OF_TASKS = {name: one for name, one in ALL.items() if one.times == "tasks"}
# Tasks from 4 to 8 s (left) and from 12 to 16 s (right), a decision a second until 20 s.
TWO = [("a", 4, 8, "left"), ("a", 12, 16, "right")]
#        0 1 2 3  |4 5 6 7|  8  ...      decisions at 1, 2, 3 … s
TRUE = "....llll....rrrr...."


def score(name, said, rows, scores=None):
    pred = codes(said)
    given_ = np.eye(3)[pred] if scores is None else scores
    true = codes(TRUE) if len(pred) == 20 else pred
    return ALL[name].evaluate(
        true, pred, scores=given_, score_kind="probability", kind="label", n_classes=3, rows=rows
    )


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_nmcc_is_that_of_scikit_learn_brought_to_zero_to_one(pairs):
    true, pred = np.array(pairs).T
    if len(set(true)) < 2:
        return
    found = ALL["nmcc"].evaluate(true, pred, scores=None, score_kind="", kind="label")
    assert found == pytest.approx((matthews_corrcoef(true, pred) + 1) / 2, abs=1e-12)


def test_a_stream_is_counted_by_hand():
    #        1 2 3 4 | 5 6 7 8| 9 (late) 10..12 | 13..16 | 17 late, 18..20
    said = ".l.." + "..lr" + "l..r" + ".ll." + "r..l"
    rows = timeline(20, TWO)
    # Idle: 1-4, 10-12 and 18-20, ten seconds; activations in it at 2, 12 and 20.
    assert score("false_activations_per_minute", said, rows) == pytest.approx(3 / (10 / 60))
    # The seconds after the tasks are decided at 9 and 17, both activations.
    assert score("late_activations_per_minute", said, rows) == pytest.approx(2 / (2 / 60))
    # Left at 7; right at 17, in the second after the task.
    assert score("true_activation_rate", said, rows) == 1
    assert score("wrong_class_rate", said, rows) == 1  # right at 8, left at 14
    assert score("detection_latency", said, rows) == pytest.approx((3 + 5) / 2)
    assert score("detection_latency_iqr", said, rows) == pytest.approx(1)
    found = detections_of(codes(said), rows)
    assert (found.n_tasks, found.n_detected, found.n_mistaken) == (2, 2, 2)
    assert (found.n_false, found.n_late, found.latency.tolist()) == (3, 2, [3, 5])
    assert found.idle_minutes == pytest.approx(10 / 60)


def test_what_is_missed_has_no_latency():
    said = "." * 5 + "l" + "." * 14
    rows = timeline(20, TWO)
    assert score("true_activation_rate", said, rows) == 0.5
    assert score("detection_latency", said, rows) == pytest.approx(2)
    none = score("detection_latency", "." * 20, rows)
    assert none == "detection_latency: none of 2 tasks was detected, so there is no latency"


def test_a_task_that_is_drawn_often_weighs_as_often_in_latencies():
    values = np.array([np.nan, 1.0, np.nan, 5.0])
    for name in ("detection_latency", "detection_latency_iqr"):
        summary = OF_TASKS[name].summary
        twice, once = (summary(values, np.array(times)) for times in ([3, 1, 3, 3], [1, 1, 1, 1]))
        assert (twice, once) == ((5, 3) if name == "detection_latency" else (1, 2))


@pytest.mark.parametrize("always", [".", "l"])
def test_a_constant_decoder_acts_once_or_never(always):
    rows = timeline(20, TWO)
    n = 1 if always == "l" else 0  # it begins in idle, and is held
    assert score("false_activations_per_minute", always * 20, rows) == pytest.approx(6 * n)
    assert score("true_activation_rate", always * 20, rows) == 0
    assert score("itr_event", always * 20, rows) == 0


def test_what_is_decided_at_the_onset_lies_before_the_task():
    rows = timeline(20, TWO)
    assert score("true_activation_rate", "...l" + "." * 16, rows) == 0
    assert score("false_activations_per_minute", "...l" + "." * 16, rows) == pytest.approx(6)
    assert score("detection_latency", "....l" + "." * 15, rows) == pytest.approx(1)
    assert score("true_activation_rate", "." * 8 + "l" + "." * 11, rows) == 0.5  # late by 1 s
    assert score("true_activation_rate", "." * 9 + "l" + "." * 10, rows) == 0


def test_the_next_task_ends_the_tolerance_of_the_last():
    rows = timeline(20, [("a", 4, 8, "left"), ("a", 8, 12, "right")])
    assert score("true_activation_rate", "." * 8 + "l" + "." * 11, rows) == 0
    assert score("wrong_class_rate", "." * 8 + "l" + "." * 11, rows) == 0.5


def test_recordings_are_streams_of_their_own_in_whatever_order_rows_stand():
    tasks = [("a", 4, 8, "left"), ("b", 2, 6, "right")]
    rows = timeline(10, tasks, recordings=("a", "b"))
    said = codes("....ll...r" + "r.rr......")  # the r at the end of a is not held into b
    order = np.random.default_rng(0).permutation(20)
    for at in (np.arange(20), order):
        found = detections_of(said[at], rows.take(at))
        assert (found.n_detected, found.n_false) == (2, 2)
        assert found.latency.tolist() == [1, 1]


def test_a_gap_ends_what_was_held():
    rows = timeline(20, TWO)
    kept = np.delete(np.arange(20), [4, 5])  # bad samples within the first task
    said = codes("...lllll............")
    assert detections_of(said, rows).n_detected == 0  # it was held since before the task
    assert detections_of(said[kept], rows.take(kept)).latency.tolist() == [3]


@pytest.mark.parametrize("name", OF_TASKS)
def test_metrics_of_tasks_say_what_they_lack(name):
    said, flat = "." * 20, np.full((20, 3), 1 / 3)
    assert "needs the times of the windows" in score(name, said, None, flat)
    around = timeline(20, [])
    assert "needs windows that slide over recordings with tasks" in score(name, said, around, flat)
    no_idle = timeline(20, TWO, idle="")
    assert "no class is that of idle" in score(name, said, no_idle, flat)
    twice = timeline(20, TWO).take(np.array([*range(19), 18]))
    assert "two decisions are made at the same time" in score(name, said, twice, flat)
    elsewhere = timeline(20, [("a", 90, 95, "left")])
    assert "no decision lies in a task" in score(name, said, elsewhere, flat)


def test_one_class_of_tasks_has_no_other_to_be_mistaken_for():
    rows = timeline(20, [("a", 4, 8, "left")], classes=("idle", "left"))
    for name in ("wrong_class_rate", "itr_event"):
        assert "there is one class of tasks" in score(name, "." * 20, rows)


IN_TIME = [name for name, one in ALL.items() if one.summary is not None and one.times != "none"]


@pytest.mark.parametrize("name", IN_TIME)
def test_a_score_is_the_summary_of_what_rows_add(name):
    rng = np.random.default_rng(0)
    tasks = [("a", t, t + 4, ("left", "right")[i % 2]) for i, t in enumerate(range(4, 180, 8))]
    rows, scores = timeline(200, tasks), rng.dirichlet([1, 1, 1], size=200)
    true, pred = rng.integers(3, size=200), scores.argmax(axis=1)
    whole = ALL[name](true, pred, scores=scores, rows=rows)
    values, _ = ALL[name].terms(true, pred, scores=scores, rows=rows)
    once = np.ones(200, dtype=np.int64)
    assert ALL[name].summary(values, once) == pytest.approx(whole, rel=1e-12)
    # Each row twice is the same study twice: medians and rates stay, quartiles move a little.
    assert ALL[name].summary(values, 2 * once) == pytest.approx(whole, rel=0.2)


def test_a_mean_over_tasks_is_one_over_draws_of_trials():
    tasks = [("a", t, t + 4, "left") for t in range(4, 36, 8)]
    rows = timeline(40, tasks)
    trial = rows.trials()
    # A task, the idle before it and the second behind it; what is left belongs to the last.
    assert np.bincount(trial).tolist() == [9, 8, 8, 15]
    values, _ = ALL["true_activation_rate"].terms(None, np.tile([0, 1], 20), rows=rows)
    assert [np.isfinite(values[trial == i]).sum() for i in range(4)] == [1] * 4


def test_the_operating_curve_by_hand():
    rows, scores = timeline(20, TWO), np.zeros((20, 3))
    scores[:, 0] = 1
    # Left is .9 sure at 6 s, right .6 at 14 s; a false one of .7 at 2 s.
    for at, task, sure in ((1, 1, 0.7), (5, 1, 0.9), (13, 2, 0.6)):
        scores[at] = 0
        scores[at, [0, task]] = 1 - sure, sure
    curve = operating_curve(scores, rows)
    points = dict(zip(curve.threshold, zip(curve.false_per_minute, curve.detected, strict=True),
                      strict=True))  # fmt: skip
    assert points[0.9] == (0, 0.5)
    assert points[0.7] == (pytest.approx(6), 0.5)
    assert points[0.6] == (pytest.approx(6), 1)
    assert points[np.inf] == (0, 0)
    assert curve.at(1) == 0.5 and curve.at(6.1) == 1
    assert curve.area() == pytest.approx(0.5)
    for name, value in (("tpr_at_1_fa", 0.5), ("tpr_at_3_fa", 0.5), ("operating_curve_area", 0.5)):
        assert score(name, "." * 20, rows, scores) == pytest.approx(value)
    waits = rows.decided_by(2, 0.0)  # nothing is said twice in a row
    assert operating_curve(scores, waits).at(6.1) == 0


def test_the_course_around_onsets_by_hand():
    rows = timeline(20, TWO)
    course = course_of(codes(".....ll.l....rrr...."), rows)
    assert course.time.tolist() == list(range(-2, 7))
    assert course.n_tasks.tolist() == [0, 1, 1] and course.duration == 4
    assert course.share[1, :, 1].tolist() == [0, 0, 0, 0, 1, 1, 0, 1, 0]
    assert course.share[2, :, 2].tolist() == [0, 0, 0, 0, 1, 1, 1, 0, 0]
    assert np.isnan(course.share[0]).all()
    np.testing.assert_allclose(course.share[1:].sum(axis=-1), 1)
    assert course.right.tolist() == [1, 1, 1, 0, 1, 1, 0.5, 0.5, 1]
