"""Vectors told from a stream: what a batch tells of the same windows, however it is cut."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from streamed import CHAIN, SFREQ, make_recording, prepared

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.linear.ridge import Ridge
from neurodecode.online.decision import Gap
from neurodecode.online.retriever import StreamingRetriever
from neurodecode.online.retrieving import StimulusGallery, gallery_of
from neurodecode.signal.windows import window_samples
from neurodecode.steps.scale import Scale

TMIN, TMAX = -0.1, 0.5
ONSETS = np.array([0.05, 0.42, 1.203, 1.9, 2.355, 2.36, 4.0, 5.777, 6.1, 9.2, 9.8])
WHOLE = slice(1, 10)  # the first begins before the recording, the last ends after it
RNG = np.random.default_rng(3)
VECTORS = RNG.normal(size=(40, 6))
GALLERY = StimulusGallery(tuple(f"p{i}" for i in range(40)), VECTORS)


def windows_at(signal, onsets):
    start, n = window_samples(onsets, TMIN, TMAX, signal.sfreq, signal.tmin)
    return np.stack([signal.data[..., s : s + n] for s in start])


def fitted(preparations=CHAIN):
    signal = prepared(preparations, make_recording(seed=9, n_times=3000))
    X = windows_at(signal, 0.5 + 0.7 * np.arange(40))
    return make_pipeline(Scale(per="channel"), Ridge(alphas=(1.0,))).fit(X, VECTORS)


MODEL, BARE = fitted(), fitted(())


def retriever(preparations=CHAIN, model=None, **more):
    model = (MODEL if preparations else BARE) if model is None else model
    more = {"gallery": GALLERY, "tmin": TMIN, "tmax": TMAX} | more
    return StreamingRetriever(preparations, make_recording(), model, **more)


def pushed(one, data, borders=(), onsets=ONSETS):
    """Push piece by piece, each event with the piece that holds it."""
    given, at = [], 0
    for piece in np.split(data, borders, axis=1):
        ends = (at + piece.shape[1]) / SFREQ
        mine = [t for t in onsets if at / SFREQ <= t < ends]
        given += one.push(piece, onsets=mine)
        at += piece.shape[1]
    return given


def told(given):
    return np.array([np.concatenate([[d.sample, d.time], d.retrieved.vector]) for d in given])


@pytest.mark.parametrize("preparations", [CHAIN, ()], ids=["prepared", "raw"])
def test_each_event_is_answered_as_in_a_batch(preparations):
    signal = make_recording()
    one = retriever(preparations)
    given = pushed(one, signal.data, range(7, 1000, 13))
    assert [d.retrieved.onset for d in given] == ONSETS[WHOLE].tolist()
    assert one.n_missed == 1  # the one that begins before the recording
    whole = prepared(preparations, signal)
    expected = (MODEL if preparations else BARE).predict(windows_at(whole, ONSETS[WHOLE]))
    found = np.stack([d.retrieved.vector for d in given])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    for d, vector in zip(given, expected, strict=True):
        likeness = np.array([np.corrcoef(vector, one)[0, 1] for one in VECTORS])
        order = np.argsort(-likeness)[:5]
        assert d.retrieved.ids == tuple(f"p{i}" for i in order) and d.label == d.retrieved.ids[0]
        np.testing.assert_allclose(d.retrieved.likeness, likeness[order], atol=1e-6)


@functools.cache
def sample_by_sample():
    return told(pushed(retriever(), make_recording().data, range(1, 1000)))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 999), max_size=12).map(sorted), st.booleans())
def test_where_chunks_end_changes_no_bit(borders, known_before):
    data = make_recording().data
    one = retriever()
    if known_before:
        one.push(data[:, :0], onsets=ONSETS)
    found = pushed(one, data, borders, () if known_before else ONSETS)
    np.testing.assert_array_equal(told(found), sample_by_sample())


def test_windows_at_every_hop_need_no_events():
    signal = make_recording()
    one = retriever((), hop=0.25)
    given = pushed(one, signal.data, range(11, 1000, 17), ())
    starts = np.arange(0, 1000 - 61 + 1, 25)
    expected = BARE.predict(np.stack([signal.data[:, s : s + 61] for s in starts]))
    np.testing.assert_allclose([d.retrieved.vector for d in given], expected, rtol=1e-6, atol=1e-9)
    assert all(np.isnan(d.retrieved.delay) for d in given) and one.delays().n_decisions == 0


def test_from_picture_to_answer_are_the_window_the_chunk_and_the_work():
    ticks = iter(np.arange(0, 1000, 0.001))  # each look at the clock takes a millisecond
    one = retriever((), clock=lambda: next(ticks))
    given = pushed(one, make_recording().data, range(20, 1000, 20))  # chunks of .2 s
    for d in given:
        last = (d.sample // 20 * 20 + 19) / SFREQ  # the chunk's last sample
        waits = last - d.retrieved.onset
        assert TMAX - 0.01 <= d.time - d.retrieved.onset <= TMAX + 0.01
        assert waits < d.retrieved.delay < waits + 0.05
    summary = one.delays()
    assert summary.n_decisions == len(given) and TMAX < summary.p50 <= summary.p99 < TMAX + 0.3
    assert 0 < one.latency().p50 < 0.02


def test_behind_a_gap_windows_begin_anew():
    data = make_recording().data
    one = retriever(())
    given = one.push(data[:, :300], first=0, onsets=[1.203, 2.7])
    given += one.push(data[:, 400:800], first=400, onsets=[4.05, 5.0])
    kinds = [d.event if isinstance(d, Gap) else d.retrieved.onset for d in given]
    # The window of 2.7 s was not complete, and that of 4.05 s begins in what was lost.
    assert kinds == [1.203, "100 samples lost (1.000 s)", 5.0]
    assert one.n_missed == 1
    expected = BARE.predict(data[:, 490:551][None])[0]
    np.testing.assert_allclose(given[-1].retrieved.vector, expected, rtol=1e-9)


def test_a_state_goes_on_where_it_was_taken():
    data = make_recording().data
    one, other = retriever(), retriever()
    pushed(one, data[:, :433])
    other.load_state_dict(one.state_dict())
    onsets = ONSETS[ONSETS >= 4.33]
    ends = [r.push(data[:, 433:], onsets=onsets) for r in (one, other)]
    np.testing.assert_array_equal(told(ends[0]), told(ends[1]))
    assert len(ends[0]) == 4  # the window of 4.0 s was open


def test_an_event_that_is_told_too_late_is_counted():
    data = make_recording().data
    one = retriever(())
    one.push(data[:, :500])
    assert one.push(data[:, 500:], onsets=[1.0]) == [] and one.n_missed == 1


def test_vectors_are_brought_back_from_the_space_they_were_learnt_in():
    reducer = PCA(2).fit(VECTORS)
    model = make_pipeline(Scale(per="channel"), Ridge(alphas=(1.0,)))
    X = windows_at(make_recording(seed=9, n_times=3000), 0.5 + 0.7 * np.arange(40))
    model.fit(X, reducer.transform(VECTORS))
    given = pushed(retriever((), model, reducer=reducer), make_recording().data)
    assert given[0].retrieved.vector.shape == (6,)
    expected = reducer.inverse_transform(model.predict(windows_at(make_recording(), ONSETS[1:2])))
    np.testing.assert_allclose(given[0].retrieved.vector, expected[0], rtol=1e-6)


@pytest.mark.parametrize("likeness", ["correlation", "cosine", "centered_cosine"])
def test_the_gallery_is_searched_by_its_likeness(likeness):
    centre = VECTORS.mean(axis=0)
    gallery = replace(GALLERY, likeness=likeness, centre=centre, top=40)
    vector = RNG.normal(size=6)
    ids, found = gallery.nearest(vector)
    one, all_ = vector, VECTORS
    if likeness == "correlation":
        one, all_ = vector - vector.mean(), VECTORS - VECTORS.mean(axis=1, keepdims=True)
    if likeness == "centered_cosine":
        one, all_ = vector - centre, VECTORS - centre
    expected = all_ @ one / np.linalg.norm(all_, axis=1) / np.linalg.norm(one)
    np.testing.assert_allclose(found, np.sort(expected)[::-1], rtol=1e-12)
    assert ids == tuple(f"p{i}" for i in np.argsort(-expected))


def test_repeats_stand_once_in_a_gallery():
    found = gallery_of(["b", "a", "b"], np.arange(6.0).reshape(3, 2), top=1)
    assert found.ids == ("b", "a")
    np.testing.assert_array_equal(found.vectors, [[0, 1], [2, 3]])


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        ({"ids": ("p0",) * 40}, DataError, "'p0' stands twice"),
        ({"ids": ("p0",)}, DataError, "1 names for vectors of shape"),
        ({"vectors": np.full((40, 6), np.nan)}, DataError, "not finite"),
        ({"likeness": "angle"}, ConfigError, "likeness is 'angle'"),
        ({"likeness": "centered_cosine"}, DataError, "needs the mean of the training targets"),
        ({"top": 0}, ConfigError, "top is 0"),
    ],
)
def test_galleries_that_cannot_be(change, kind, sentence):
    with pytest.raises(kind, match=f"gallery: .*{sentence}"):
        replace(GALLERY, **change)


def test_what_cannot_answer_is_refused():
    with pytest.raises(DataError, match=r"vectors of shape \(6,\), and those of the gallery have"):
        retriever((), gallery=StimulusGallery(("a",), np.ones((1, 3))))
    with pytest.raises(ConfigError, match=r"end at -0\.1 s, before their event is known"):
        retriever((), tmin=-0.5, tmax=-0.1)
    with pytest.raises(ConfigError, match="Ridge: it is not fitted"):
        retriever((), Ridge())
    told = make_pipeline(Ridge())
    told.steps[0][1].needs = replace(Ridge.needs, trials=True, columns=("subject", "age"))
    told.fit(windows_at(make_recording(), ONSETS[1:9]), VECTORS[:8])
    with pytest.raises(ConfigError, match="it asks for age, which a stream does not have"):
        retriever((), told, columns={"subject": "01"})


def test_a_model_that_asks_for_trials_is_handed_channels_rate_and_person():
    seen = []

    class Told(Ridge):
        needs = replace(Ridge.needs, trials=True, columns=("subject",))

        def fit(self, X, y):
            return super().fit(X, y)

        def predict(self, X):
            seen.append(X)
            return super().predict(X.array())

    X = windows_at(make_recording(seed=9, n_times=3000), 0.5 + 0.7 * np.arange(40))
    model = Told(alphas=(1.0,)).fit(X, VECTORS)
    given = pushed(retriever((), model, columns={"subject": "01"}), make_recording().data)
    part = seen[-1].signal().used()[0]
    assert part.space == make_recording().space and part.sfreq == SFREQ
    assert seen[-1].rows["subject"].tolist() == ["01"] and len(given) == 9
    pd.testing.assert_index_equal(seen[-1].rows.table.columns, pd.Index(["subject"]))
