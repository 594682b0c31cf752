"""Evidence over windows: causal, the same in a stream as in a batch, one state a recording."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.models.online import accumulated
from neurodecode.models.online.accumulate import Accumulate
from neurodecode.models.riemann.tangent_space import TangentSpace

HOP = 0.25
ARGUMENTS = st.fixed_dictionaries(
    {
        "average": st.integers(1, 12),
        "threshold": st.sampled_from([0.0, 0.4, 0.6]),
        "dwell": st.integers(1, 4),
        "refractory": st.sampled_from([0.0, 0.6, 2.0]),
    }
)


def trials_of(X, stop, recording, axes=("class",)):
    space = Space("features", tuple(str(i) for i in range(X.shape[1])))
    rows = Rows(pd.DataFrame({"recording": recording, "stop": stop}))
    return Trials.of_entries(rows, "eeg", Part(X, space, axes, None, 0.0, ""), np.arange(len(X)))


def made(seed=0, n=60):
    """Probabilities of three classes in two recordings, the first with a gap; rows unordered."""
    rng = np.random.default_rng(seed)
    told = rng.dirichlet([0.4, 0.4, 0.4], size=2 * n)
    told[5] = [1, 0, 0]  # sure beyond measure
    stop = HOP * np.tile(np.arange(1, n + 1), 2)
    stop[n // 2 : n] += 3
    recording = np.repeat(["a", "b"], n)
    order = rng.permutation(2 * n)
    return told[order], stop[order], recording[order]


@settings(max_examples=25)
@given(ARGUMENTS, st.integers(0, 3))
def test_a_stream_says_what_the_batch_does_to_the_last_bit(arguments, seed):
    told, stop, recording = made(seed)
    model = Accumulate(**arguments).fit(trials_of(told, stop, recording), np.arange(120) % 3)
    batch = trials_of(told, stop, recording)
    decision, mean = model.predict(batch), model.predict_proba(batch)
    stream = model.stream()
    for name in ("a", "b"):
        stream.reset()
        mine = np.flatnonzero(recording == name)
        for i in mine[np.argsort(stop[mine])]:
            other = model.stream()  # one that was stopped, and goes on elsewhere
            other.load_state_dict(stream.state_dict())
            stream = other
            code, averaged = stream.push(told[i], stop[i])
            assert code == decision[i]
            np.testing.assert_array_equal(averaged, mean[i])


def test_the_average_is_the_geometric_mean_of_what_has_come():
    told, stop, recording = made()
    y = np.arange(120) % 3
    mean = Accumulate(average=4).fit(trials_of(told, stop, recording), y)
    mean = mean.predict_proba(trials_of(told, stop, recording))
    order = np.lexsort((stop, recording))
    clipped = np.maximum(told[order], 1e-6)
    for place in (0, 2, 17, 29, 30, 31, 45, 60, 61):  # recordings begin at 0 and 60, a gap at 30
        first = max(place - 3, next(b for b in (60, 30, 0) if b <= place))
        expected = np.exp(np.log(clipped[first : place + 1]).mean(axis=0))
        np.testing.assert_allclose(mean[order[place]], expected / expected.sum(), rtol=1e-12)


@settings(max_examples=40)
@given(ARGUMENTS, st.integers(0, 119))
def test_later_windows_and_other_recordings_change_nothing(arguments, i):
    told, stop, recording = made()
    model = Accumulate(**arguments).fit(trials_of(told, stop, recording), np.arange(120) % 3)
    later = (recording != recording[i]) | (stop > stop[i])
    other = np.where(later[:, None], np.array([[0.0, 0.0, 1.0]]), told)
    one, two = (trials_of(X, stop, recording) for X in (told, other))
    kept = ~later
    np.testing.assert_array_equal(model.predict(one)[kept], model.predict(two)[kept])
    np.testing.assert_array_equal(model.predict_proba(one)[kept], model.predict_proba(two)[kept])


def test_time_moves_on():
    model = Accumulate().fit(trials_of(*made()), np.arange(120) % 3)
    stream = model.stream()
    stream.push(np.array([1, 0, 0]), 2.0)
    with pytest.raises(DataError, match=r"a decision at 2 s comes after one at 2 s.*reset\(\)"):
        stream.push(np.array([1, 0, 0]), 2.0)
    stream.reset()
    stream.push(np.array([1, 0, 0]), 0.5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"average": 0}, "average is 0: give a whole number of windows"),
        ({"dwell": 1.5}, "dwell is 1.5: give a whole number of windows"),
        ({"threshold": 60}, "threshold is 60: give a probability"),
        ({"refractory": -1.0}, "refractory is -1.0: give seconds"),
    ],
)
def test_arguments_that_mean_nothing_are_named(arguments, said):
    with pytest.raises(ConfigError, match=said):
        Accumulate(**arguments).fit(trials_of(*made()), np.arange(120) % 3)


def test_what_is_no_probability_of_its_classes_is_named():
    with pytest.raises(DataError, match=r"takes probabilities of 2 classes.*handed \(120, 3\)"):
        Accumulate().fit(trials_of(*made()), np.arange(120) % 2)
    with pytest.raises(ConfigError, match="RidgeClassifier gives no probabilities"):
        accumulated(RidgeClassifier())


def windows(seed=0, n=80, effect=0.8):
    """Windows of two channels, louder in class 1, in one recording; eight of a class in a row."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n // 8) % 2, 8)
    X = rng.normal(size=(n, 2, 30)) * (1 + effect * y[:, None, None])
    return trials_of(X, HOP * np.arange(1, n + 1), np.full(n, "a"), ("channel", "time")), y


@pytest.mark.parametrize("model", [TangentSpace(), LogisticRegression()], ids=["composed", "plain"])
def test_any_classifier_of_probabilities_is_wrapped(model):
    X, y = windows()
    decoder = accumulated(model, average=3, dwell=2)
    alone = clone(model).fit(X.X if model.__class__ is TangentSpace else X.X.reshape(80, -1), y)
    told = alone.predict_proba(X.X if model.__class__ is TangentSpace else X.X.reshape(80, -1))
    last = Accumulate(average=3, dwell=2).fit(trials_of(told, X.rows["stop"], np.full(80, "a")), y)
    expected = last.predict(trials_of(told, X.rows["stop"], np.full(80, "a")))
    np.testing.assert_array_equal(decoder.fit(X, y).predict(X), expected)
    arguments = decoder.get_params()
    assert {"average", "threshold", "dwell", "refractory", "model__C"} <= set(arguments)
    assert clone(decoder).set_params(dwell=1, model__C=0.1).model.C == 0.1


def test_evidence_helps_where_windows_of_a_task_follow_each_other():
    train, y = windows(seed=1, n=160, effect=0.15)
    test, truth = windows(seed=2, n=160, effect=0.15)
    right = [
        np.mean(accumulated(TangentSpace(), average=n).fit(train, y).predict(test) == truth)
        for n in (1, 3)
    ]
    assert right[1] > right[0]
