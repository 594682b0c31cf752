"""Bits a minute, each rate with its own T."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streams import codes, timeline

from neurodecode.core.names import find
from neurodecode.core.timeline import Timeline
from neurodecode.metrics.itr import mutual_information, wolpaw_bits


def score(name, true, pred, rows, n_classes):
    return find(name, "metrics").evaluate(
        true, pred, scores=None, score_kind="", kind="label", n_classes=n_classes, rows=rows
    )


def around_events(n, *, tmin, length, n_classes):
    """Windows that begin `tmin` after their cue, ten seconds apart."""
    onset = 10.0 * np.arange(n)
    rows = pd.DataFrame({"recording": "a", "onset": onset, "start": onset + tmin,
                         "stop": onset + tmin + length})  # fmt: skip
    return Timeline.of(rows, [str(i) for i in range(n_classes)], None)


# Specification of the field: bits of a choice by equation 1 of Wolpaw et al. 2000, by T.
@pytest.mark.parametrize(
    ("n_classes", "accuracy", "seconds", "rate"), [(2, 0.8, 1, 16.68), (4, 0.7, 4, 9.65)]
)
def test_rates_are_those_of_the_formula(n_classes, accuracy, seconds, rate):
    assert 60 / seconds * wolpaw_bits(n_classes, accuracy) == pytest.approx(rate, abs=0.005)
    true = np.repeat(np.arange(n_classes), 10)
    n_right = round(10 * accuracy)
    pred = np.where(np.tile(np.arange(10), n_classes) < n_right, true, (true + 1) % n_classes)
    rows = around_events(len(true), tmin=0.5, length=seconds, n_classes=n_classes)
    assert score("itr_wolpaw", true, pred, rows, n_classes) == pytest.approx(rate, abs=0.005)
    longer = score("itr_wolpaw_shift", true, pred, rows, n_classes)
    assert longer == pytest.approx(rate * seconds / (seconds + 0.5), abs=0.005)
    # Windows ten seconds apart, that do not overlap.
    every = score("itr_hop", true, pred, rows, n_classes)
    assert every == pytest.approx(rate * seconds / 10, abs=0.005)


@given(st.integers(2, 40), st.floats(0, 1))
def test_at_or_below_chance_nothing_is_told(n_classes, accuracy):
    bits = wolpaw_bits(n_classes, accuracy)
    assert 0 <= bits <= np.log2(n_classes) + 1e-12
    assert bits == 0 if accuracy <= 1 / n_classes else bits > -1e-12
    assert wolpaw_bits(n_classes, 1.0) == pytest.approx(np.log2(n_classes))


def test_a_decision_at_every_hop_of_windows_that_overlap_is_no_choice():
    rows = timeline(20, [("a", 4, 8, "left")], hop=0.5, length=2.0)
    true = codes("lr" * 10)
    found = score("itr_hop", true, true, rows, 3)
    assert found.startswith("itr_hop: windows of 2 s every 0.5 s share samples")
    assert "Use itr_wolpaw, itr_nykopp or itr_event" in found


def test_unequal_classes_and_windows_without_a_cue_are_refused():
    rows = timeline(20, [("a", 4, 8, "left")])
    true = codes("." * 12 + "llllrrrr")
    assert "60 %, 20 %, 20 % of the rows. Use itr_nykopp" in score(
        "itr_wolpaw", true, true, rows, 3
    )
    assert "windows that slide have no cue" in score("itr_wolpaw_shift", true, true, rows, 3)
    # 1.371 bits: the entropy of 12, 4 and 4 of 20; windows are 1 s long.
    assert score("itr_nykopp", true, true, rows, 3) == pytest.approx(60 * 1.37095, abs=1e-3)
    assert score("itr_nykopp", true, np.zeros(20, dtype=int), rows, 3) == 0


@given(st.lists(st.integers(0, 20), min_size=9, max_size=9).filter(any))
def test_mutual_information_is_that_of_scikit_learn(counts):
    from sklearn.metrics import mutual_info_score

    confusion = np.reshape(counts, (3, 3))
    expected = mutual_info_score(None, None, contingency=confusion) / np.log(2)
    assert mutual_information(confusion) == pytest.approx(expected, abs=1e-9)


def test_activations_pay_for_being_false_and_for_being_rare():
    tasks = [("a", 4, 8, "left"), ("a", 12, 16, "right")]
    rows = timeline(20, tasks)
    both = score("itr_event", codes("." * 20), codes("....l.......r......."), rows, 3)
    assert both == pytest.approx(60 / (20 / 2) * 1)  # two right choices of one bit in 20 s
    # A false one more: P is 2 of 3, T a third of 20 s.
    false = score("itr_event", codes("." * 20), codes(".l..l.......r......."), rows, 3)
    assert false == pytest.approx(60 / (20 / 3) * wolpaw_bits(2, 2 / 3))
