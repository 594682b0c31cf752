"""The contract of a stream: chunks, causality, the batch, saving, boundaries, gaps, bad input."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from streamed import (
    CHAIN,
    HOP,
    LENGTH,
    NAMES,
    SFREQ,
    decoder_of,
    fitted,
    make_recording,
    prepared,
    pushed,
    told,
    windows_of,
)

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.trials import Trials
from neurodecode.models.baseline.clock import Clock
from neurodecode.models.baseline.prior import Prior
from neurodecode.models.online import accumulated
from neurodecode.models.riemann.adaptive_mdm import AdaptiveMdm
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.online.decision import Decision, Gap, LatencyLog
from neurodecode.online.streaming import StreamingDecoder
from neurodecode.signal.channels import Pick
from neurodecode.signal.filter_bank import FilterBank
from neurodecode.signal.filters import Filter
from neurodecode.signal.interpolate import Interpolate
from neurodecode.signal.reference import Reference
from neurodecode.signal.resample import Resample
from neurodecode.signal.zscore import Zscore
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.recentre import Recentre
from neurodecode.steps.stack_bands import StackBands
from neurodecode.steps.tangent_space import TangentSpace

DECODER = decoder_of()  # used after a reset
N_TIMES = 700
CAUSAL_FIR = (Pick(("eeg",)), Filter(None, 30, phase="causal"), Reference())
BANDS = (FilterBank(((8, 12), (18, 26)), method="iir", phase="causal"),)
UP = (Filter(8, 30, method="iir", phase="causal"), Resample(250.0, "causal"))


def of_bands():
    return make_pipeline(StackBands(), Covariance(), TangentSpace(), LogisticRegression())


def sample_after(sample, sfreq=64.0):
    """Number of the last raw sample that a prepared one was made of."""
    return int(sample * SFREQ / sfreq)


@pytest.fixture(scope="module")
def whole():
    """What is decided of a recording that is pushed whole."""
    return told(pushed(DECODER, make_recording(N_TIMES).data))


@given(borders=st.lists(st.integers(0, N_TIMES), max_size=8).map(sorted))
@settings(max_examples=8)
def test_decisions_do_not_depend_on_chunks(borders, whole):
    DECODER.reset()
    again = told(pushed(DECODER, make_recording(N_TIMES).data, borders))
    np.testing.assert_array_equal(again, whole)


def test_one_sample_at_a_time_and_none_at_all(whole):
    DECODER.reset()
    data = make_recording(N_TIMES).data
    assert DECODER.push(data[:, :0]) == []
    np.testing.assert_array_equal(told(pushed(DECODER, data, range(1, N_TIMES))), whole)


@pytest.mark.parametrize(
    ("preparations", "length", "hop", "model"),
    [
        (CHAIN, LENGTH, HOP, None),
        (CHAIN, 0.5, 0.1, None),  # 6.4 samples a hop
        (CHAIN, 0.3, 0.7, None),  # windows apart
        (CAUSAL_FIR, 1.0, 0.05, None),
        (UP, 0.5, 0.012, None),  # three samples a hop, of 2.5 in one raw sample
        (BANDS, LENGTH, HOP, of_bands()),
        ((), LENGTH, HOP, make_pipeline(StandardScaler(), RidgeClassifier())),
        ((), LENGTH, HOP, Mdm()),
    ],
)
def test_decisions_are_those_of_the_batch(preparations, length, hop, model):
    recording = make_recording(N_TIMES if hop > 0.02 else 100, seed=4)
    after = prepared(preparations, recording)
    X, starts = windows_of(after, length, hop)
    flat = isinstance(model, type(make_pipeline(RidgeClassifier()))) and "ridgeclassifier" in dict(
        model.steps
    )
    if flat:
        train, at = windows_of(make_recording(seed=9), length, hop)
        model.fit(train.reshape(len(train), -1), (at / SFREQ % 2 > 1).astype(int))
        margin = model.decision_function(X.reshape(len(X), -1))
        scores = np.stack([-margin, margin], axis=1)
        labels = model.predict(X.reshape(len(X), -1))
    else:
        model = fitted(preparations, length, hop, model)
        scores, labels = model.predict_proba(X), model.predict(X)
    decoder = decoder_of(preparations, recording, length, hop, model)
    decisions = pushed(decoder, recording.data, [31, 333])
    assert len(decisions) == len(X)
    np.testing.assert_allclose(told(decisions)[:, 2:], scores, rtol=1e-10, atol=1e-10)
    assert [one.label for one in decisions] == [("rest", "move")[code] for code in labels]
    last = (starts + X.shape[-1] - 1) * SFREQ / after.sfreq
    assert [one.sample for one in decisions] == np.floor(last + 1e-9).astype(int).tolist()
    np.testing.assert_allclose([one.time for one in decisions], np.floor(last + 1e-9) / SFREQ)


def changed_after(sample, seed):
    """Whether noise in place of all that comes after a sample changes a decision up to it."""
    recording = make_recording(N_TIMES).data
    rng = np.random.default_rng(seed)
    other = recording.copy()
    other[:, sample + 1 :] += rng.normal(scale=1e-3, size=other[:, sample + 1 :].shape)
    DECODER.reset()
    chunks = np.sort(rng.integers(0, N_TIMES, size=rng.integers(0, 5)))
    decisions = pushed(DECODER, other, chunks)
    return told([one for one in decisions if one.sample <= sample])


def test_no_sample_changes_a_decision_before_it(whole):
    rng = np.random.default_rng(0)
    for seed, sample in enumerate(rng.integers(98, N_TIMES - 1, size=10).tolist()):
        before = whole[whole[:, 0] <= sample]
        np.testing.assert_array_equal(changed_after(sample, seed), before)
    # And the probe sees what it is there to see: the next decision is another.
    assert not np.array_equal(changed_after(int(before[-1, 0]) - 1, 0), before)


@pytest.mark.slow
def test_no_sample_changes_a_decision_before_it_in_a_thousand_probes(whole):
    rng = np.random.default_rng(1)
    for seed, sample in enumerate(rng.integers(0, N_TIMES - 1, size=1000).tolist()):
        said = changed_after(sample, seed)
        np.testing.assert_array_equal(said.reshape(-1, 4), whole[whole[:, 0] <= sample])


@pytest.mark.parametrize("at", [0, 1, 98, 99, 250, 699])
@pytest.mark.parametrize("preparations", [CHAIN, CAUSAL_FIR, UP])
def test_a_decoder_goes_on_from_a_saved_state(at, preparations):
    recording = make_recording(N_TIMES)
    model = fitted(preparations)
    one, other = (decoder_of(preparations, model=model) for _ in range(2))
    straight = told(pushed(one, recording.data))
    one.reset()
    before = one.push(recording.data[:, :at])
    state = one.state_dict()
    one.push(recording.data[:, at:])  # the state is a copy
    other.load_state_dict(state)
    rest = other.push(recording.data[:, at:])
    np.testing.assert_array_equal(told([*before, *rest]), straight)


def test_a_state_of_another_decoder_is_refused():
    with pytest.raises(ConfigError, match="this state is of a decoder of other channels"):
        decoder_of(CHAIN, hop=0.5).load_state_dict(DECODER.state_dict())


def test_no_window_crosses_a_reset(whole):
    DECODER.reset()
    DECODER.push(make_recording(155, seed=8).data)
    DECODER.reset()
    np.testing.assert_array_equal(told(DECODER.push(make_recording(N_TIMES).data)), whole)


def test_what_is_remembered_does_not_grow():
    decoder, chunk = decoder_of(), make_recording(25).data
    sizes = []
    for i in range(24):
        decoder.push(chunk + 1e-9 * i)
        sizes.append(len(pickle.dumps(decoder.state_dict())))
    assert max(sizes[4:]) <= max(sizes[:12]) + 16  # numbers of samples take more digits
    log = LatencyLog(0.1)
    for _ in range(2 * LatencyLog.KEPT):
        log.add(1e-3)
    assert len(log._latest) == LatencyLog.KEPT and log.summary().n_decisions == 20_000


@pytest.mark.parametrize("how", ["first", "timestamps"])
@pytest.mark.parametrize("chunk", [1, 30, 1000])
def test_lost_samples_are_a_gap_and_the_decoder_begins_anew(how, chunk):
    data = make_recording(N_TIMES).data
    numbers = np.delete(np.arange(N_TIMES), slice(310, 350))
    given = counted(decoder := decoder_of(), data[:, numbers], numbers, how, chunk)
    gaps = [one for one in given if isinstance(one, Gap)]
    assert [(one.sample, one.kind, one.n_times) for one in gaps] == [(350, "lost", 40)]
    assert gaps[0].event == "40 samples lost (0.400 s)" and gaps[0].time == 3.5
    decoder.reset()
    before, after = decoder.push(data[:, :310]), None
    decoder.reset()
    after = decoder.push(data[:, 350:])
    decided = [one for one in given if isinstance(one, Decision)]
    np.testing.assert_array_equal(told(decided)[: len(before)], told(before))
    np.testing.assert_array_equal(told(decided)[len(before) :, 2:], told(after)[:, 2:])
    assert [one.sample - 350 for one in decided[len(before) :]] == [one.sample for one in after]
    assert given.index(gaps[0]) == len(before)


@pytest.mark.parametrize("how", ["first", "timestamps"])
def test_samples_that_come_twice_are_a_gap(how):
    data = make_recording(N_TIMES).data
    numbers = np.concatenate([np.arange(300), np.arange(270, N_TIMES)])
    given = counted(decoder_of(), data[:, numbers], numbers, how, 300)
    gaps = [one for one in given if isinstance(one, Gap)]
    assert [(one.sample, one.kind, one.n_times) for one in gaps] == [(270, "repeated", 30)]
    assert all(one.sample >= 270 + 98 for one in given[given.index(gaps[0]) + 1 :])


def counted(decoder, data, numbers, how, chunk):
    """Push chunks with the number or the time stamp of their samples."""
    given = []
    starts = [0, *(np.flatnonzero(np.diff(numbers) != 1) + 1).tolist(), len(numbers)]
    for start, stop in pairwise(starts):
        for at in range(start, stop, chunk):
            mine = slice(at, min(at + chunk, stop))
            # A clock of its own zero, off by a tenth of a sample.
            stamps = 1e5 + (numbers[mine] + 0.1 * (numbers[mine] % 2)) / SFREQ
            more = {"first": numbers[mine][0]} if how == "first" else {"timestamps": stamps}
            given += decoder.push(data[:, mine], **more)
    return given


def test_a_stream_may_begin_at_any_number_and_time():
    decoder = decoder_of()
    first = decoder.push(make_recording(100).data, first=5000)
    assert [one.sample for one in first] == [5098] and first[0].time == 50.98
    decoder.reset()
    given = decoder.push(make_recording(100).data, timestamps=7e4 + np.arange(100) / SFREQ)
    assert [one.sample for one in given] == [98]


def test_numbers_and_stamps_that_cannot_be():
    decoder, data = decoder_of(), make_recording(10).data
    with pytest.raises(ConfigError, match="first and timestamps are both given"):
        decoder.push(data, first=0, timestamps=np.arange(10))
    with pytest.raises(DataError, match=r"timestamps of shape \(9,\) for 10 samples"):
        decoder.push(data, timestamps=np.arange(9))


def with_value(value, channel, *at):
    data = make_recording(N_TIMES).data.copy()
    data[channel, slice(*at)] = value
    return data


def test_what_is_no_signal_is_named():
    decoder = decoder_of()
    with pytest.raises(DataError, match=r"not finite .* in C3 \(3 of 700\)"):
        decoder.push(with_value(np.nan, 1, 40, 43))
    # Nothing of it was used: the stream goes on as if it had not come.
    assert len(decoder.push(make_recording(N_TIMES).data)) == 25
    decoder.reset()
    flat = r"C3, Cz flat, of one value over the 100 samples \(1 s\) of a window up to sample 299"
    with pytest.raises(DataError, match=flat):
        pushed(decoder, with_value(1e-5, [1, 2], 200, 320), [210, 240, 299, 301])
    decoder.reset()
    assert len(decoder.push(with_value(1e-5, 1, 200, 299))) == 25  # a sample less than a window


def test_a_channel_that_is_left_out_may_hold_anything():
    decoder = decoder_of()
    assert len(decoder.push(with_value(np.nan, NAMES.index("HEOG"), 0, N_TIMES))) == 25
    places = np.random.default_rng(1).normal(size=(len(NAMES), 3))
    space = make_recording().space
    space = type(space)("sensors", space.names, space.types, positions=places, unit="V")
    chain = (Interpolate(("Cz",)), Filter(8, 30, method="iir", phase="causal"))
    model = fitted(chain, signal=make_recording(seed=9, space=space))
    decoder = decoder_of(chain, make_recording(space=space), model=model)
    assert len(decoder.push(with_value(0.0, NAMES.index("Cz"), 0, N_TIMES))) == 25


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (np.zeros((5, 10)), r"chunk of shape \(5, 10\).*for 6 channels"),
        (np.zeros((10, 6)), "It looks turned round"),
        (np.zeros(6), r"shape \(6,\)"),
        (np.full((6, 2), "x"), "type <U1"),
    ],
)
def test_chunks_of_other_shapes(chunk, message):
    with pytest.raises(DataError, match=message):
        decoder_of().push(chunk)


def test_sources_that_do_not_fit():
    decoder = decoder_of()
    decoder.check_source(NAMES, SFREQ)
    with pytest.raises(DataError, match="it lacks HEOG"):
        decoder.check_source(NAMES[:-1], SFREQ)
    with pytest.raises(DataError, match="in other order"):
        decoder.check_source(NAMES[::-1], SFREQ)
    with pytest.raises(DataError, match="the source has 128 Hz and the decoder is made for 100 Hz"):
        decoder.check_source(NAMES, 128.0)


class AmongOthers(TransformerMixin, BaseEstimator):
    """Scales windows by what all of them have in common: transductive."""

    needs = Needs()

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return X / np.std(X)


@pytest.mark.parametrize("preparation", [Filter(8, 30), Resample(50.0), Zscore()])
def test_a_preparation_that_looks_ahead_is_refused(preparation):
    with pytest.raises(ConfigError, match="still to come"):
        decoder_of((preparation,), model=fitted((preparation,)))


def test_a_step_that_looks_at_other_windows_is_refused():
    model = make_pipeline(AmongOthers(), Covariance(), TangentSpace(), LogisticRegression())
    with pytest.raises(ConfigError, match="among others otherwise than alone"):
        decoder_of((), model=fitted((), model=model))


def test_decoders_that_cannot_stream():
    with pytest.raises(ConfigError, match="TangentSpace: it is not fitted"):
        decoder_of((), model=make_pipeline(Covariance(), TangentSpace(), LogisticRegression()))
    with pytest.raises(
        ConfigError, match=r"Clock: it asks for position, onset, recording, which a stream"
    ):
        decoder_of((), model=Clock())
    with pytest.raises(ConfigError, match="Prior: it asks for trials"):
        decoder_of((), model=Prior())
    with pytest.raises(ConfigError, match="Ridge: it tells no classes"):
        decoder_of((), model=Ridge().fit(np.eye(4), np.arange(4)))
    with pytest.raises(ConfigError, match="less than a sample at 100 Hz"):
        decoder_of((), hop=0.001, model=DummyClassifier())
    volumes = make_recording(axes=("channel",), data=make_recording().data.T)
    with pytest.raises(DataError, match="A stream is of channels at a rate"):
        decoder_of((), header=volumes, model=DummyClassifier())


def test_labels_of_a_pipeline_may_be_names():
    X, starts = windows_of(make_recording())
    y = np.where(starts // 100 % 2, "move", "rest")
    model = make_pipeline(Covariance(), TangentSpace(), LogisticRegression()).fit(X, y)
    decoder = StreamingDecoder((), make_recording(), model, None, LENGTH, HOP)
    assert decoder.classes == ("move", "rest")
    assert [one.label for one in decoder.push(make_recording().data)] == model.predict(X).tolist()


def test_latency_is_the_work_of_each_decision_beside_its_hop():
    ticks = iter(np.cumsum([0.0, 1e-3, 0.0] * 1000))
    decoder = decoder_of(clock=lambda: next(ticks))
    assert decoder.latency().n_decisions == 0
    n_decisions = len(decoder.push(make_recording().data))
    said = decoder.latency()
    assert said.n_decisions == n_decisions and said.hop == HOP
    assert 0 <= said.p50 <= said.p95 <= said.p99 <= 2e-3
    assert "ms a decision; a hop is 250 ms" in str(said)


def test_covariances_are_made_hop_by_hop_where_they_come_first(monkeypatch):
    decoder, recording = decoder_of(), make_recording(N_TIMES)
    X, _ = windows_of(prepared(CHAIN, recording))
    batch = fitted(CHAIN).predict_proba(X)
    monkeypatch.setattr(Covariance, "transform", None)  # no window is made whole again
    decisions = pushed(decoder, recording.data, [250])
    np.testing.assert_allclose(told(decisions)[:, 2:], batch, rtol=1e-10)


@pytest.mark.parametrize("covariance", [Covariance("scm"), Covariance("sch")])
def test_other_covariances_are_those_of_whole_windows(covariance):
    model = fitted(CHAIN, model=make_pipeline(covariance, TangentSpace(), LogisticRegression()))
    recording = make_recording(N_TIMES)
    X, _ = windows_of(prepared(CHAIN, recording))
    decisions = decoder_of(model=model).push(recording.data)
    np.testing.assert_allclose(told(decisions)[:, 2:], model.predict_proba(X), rtol=1e-10)


def test_a_regularized_covariance_is_that_of_its_space(monkeypatch):
    # The average reference leaves four dimensions of five, on which trials are projected.
    chain = (Pick(("eeg",)), Reference(), Filter(8, 30, method="iir", phase="causal"))

    def regularized(*more):
        first = Covariance("oas", regularize="auto")
        return make_pipeline(*more, first, TangentSpace(), LogisticRegression())

    model, recording = fitted(chain, model=regularized()), make_recording(N_TIMES)
    assert model[0].flags_ == ("projected:4/5",)
    X, _ = windows_of(prepared(chain, recording))
    decisions = decoder_of(chain, model=model).push(recording.data)
    np.testing.assert_allclose(told(decisions)[:, 2:], model.predict_proba(X), rtol=1e-10)
    # Noise lies outside of that space, so what looks at other windows is seen with the second one.
    decoder = decoder_of(chain, model=fitted(chain, model=regularized(AmongOthers())))
    assert len(decoder.push(recording.data[:, :100])) == 1
    with pytest.raises(ConfigError, match="among others otherwise than alone"):
        decoder.push(recording.data[:, 100:])


def test_an_adaptive_decoder_learns_as_it_goes_where_it_may():
    recording = make_recording(N_TIMES)
    model = fitted(CHAIN, model=AdaptiveMdm(rate=0.1))
    X, _ = windows_of(prepared(CHAIN, recording))
    still = model.predict_proba(X)
    np.testing.assert_allclose(
        told(decoder_of(model=model).push(recording.data))[:, 2:], still, rtol=1e-10
    )
    decoder = decoder_of(model=model, updates="unlabelled")
    moved = told(pushed(decoder, recording.data, [7, 400]))[:, 2:]
    np.testing.assert_allclose(model.predict_proba(X), still, rtol=0)  # it is as it was
    theirs = copy.deepcopy(model)  # each window is learnt, then answered
    expected = [theirs.update(one[None]).predict_proba(one[None])[0] for one in X]
    np.testing.assert_allclose(moved, expected, rtol=1e-10)
    assert np.abs(moved - still).max() > 0.01
    decoder.reset()
    np.testing.assert_array_equal(told(decoder.push(recording.data))[:, 2:], moved)
    decoder.reset()
    before = decoder.push(recording.data[:, :300])
    other = decoder_of(model=model, updates="unlabelled")
    other.load_state_dict(decoder.state_dict())
    decoder.push(recording.data[:, 300:])  # what it learns more is not the other's
    rest = other.push(recording.data[:, 300:])
    np.testing.assert_array_equal(told([*before, *rest])[:, 2:], moved)


def test_a_recursive_mean_follows_a_stream_where_it_may():
    recording = make_recording(N_TIMES)
    model = fitted(
        CHAIN,
        model=make_pipeline(Covariance(), Recentre(recursive=True), Mdm(estimator="given")),
    )
    X, _ = windows_of(prepared(CHAIN, recording))
    still = told(decoder_of(model=model).push(recording.data))[:, 2:]
    np.testing.assert_allclose(still, model.predict_proba(X), rtol=1e-9)
    moved = told(pushed(decoder_of(model=model, updates="unlabelled"), recording.data, [7, 400]))[
        :, 2:
    ]
    covariance, recentre, mdm = copy.deepcopy(model.named_steps).values()
    expected = [
        mdm.predict_proba(recentre.update(C).transform(C))[0]
        for C in (covariance.transform(one[None]) for one in X)
    ]
    np.testing.assert_allclose(moved, expected, rtol=1e-9)
    assert np.abs(moved - still).max() > 0.01


def test_evidence_is_accumulated_as_in_the_batch():
    model = make_pipeline(Covariance(), TangentSpace(), LogisticRegression())
    decides = accumulated(model, average=3, threshold=0.6, dwell=2, refractory=0.7)

    def windows(signal):
        X, starts = windows_of(signal)
        table = pd.DataFrame({"recording": "one", "stop": starts / signal.sfreq + LENGTH})
        part = Part(X, signal.space, signal.axes, signal.sfreq, 0.0, "")
        return Trials.of_entries(Rows(table), "eeg", part, np.arange(len(X))), starts

    train, starts = windows(prepared(CHAIN, make_recording(seed=9)))
    decides.fit(train, ((starts / 64 + LENGTH / 2) // 1 % 2).astype(int))
    recording = make_recording(N_TIMES)
    batch = windows(prepared(CHAIN, recording))[0]
    decoder = decoder_of(model=decides)
    decisions = pushed(decoder, recording.data, [100, 101, 350])
    assert [one.label for one in decisions] == [("rest", "move")[i] for i in decides.predict(batch)]
    np.testing.assert_allclose(told(decisions)[:, 2:], decides.predict_proba(batch), rtol=1e-10)
    # Behind a gap nothing is averaged with what came before it.
    gap = [*decoder.push(recording.data[:, :300], first=1000)]
    decoder.reset()
    again = decoder.push(recording.data[:, :300])
    np.testing.assert_array_equal(told(gap[1:])[:, 2:], told(again)[:, 2:])
    other = decoder_of(model=decides)
    other.load_state_dict(decoder.state_dict())
    one, two = (d.push(recording.data[:, 300:]) for d in (decoder, other))
    np.testing.assert_array_equal(told(one), told(two))
