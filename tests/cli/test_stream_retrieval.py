"""`stream` with a model of vectors: which picture was seen, event by event."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from neurodecode.cli import main
from neurodecode.harness.serve import continuous, servable
from neurodecode.harness.store import Store
from neurodecode.harness.stream_gallery import stream_gallery
from neurodecode.signal.windows import window_samples

EXPERIMENT = """\
title: Which picture, as it is seen
data: {card: pictures.yaml, task: latent}
prepare:
  - filter: {l_freq: 0.5, h_freq: 30, method: iir, phase: causal}
windows: {tmin: 0.0, tmax: 0.6}
models:
  - [scale: {per: channel}, linear.ridge]
controls: [baseline.mean_target]
metrics: [two_way]
shuffled: {n_draws: 0}
keep: final
"""
CARD = """\
name: pictures
title: Few pictures
modality: eeg
licence: {name: BSD-3-Clause, class: open}
citation: "neurodecode, eeg_meg.images"
channels: {n: 24, unit: V, sfreq: 100}
tasks:
  latent:
    target: {vector: latent}
    windows: {tmin: 0.0, tmax: 0.6}
    protocol: {columns: {column: split, test: [test]}}
simulate:
  generator:
    eeg_meg.images: {subjects: ["01"], runs: ["1", "2"], effect: 3.0, n_concepts: 12, n_tested: 10,
                     n_pictures: 2, n_repeats: 1, n_tested_repeats: 1}
"""
REPLAY = ("stream", "results/seen", "--replay", "01/1/2")


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(one) for one in arguments])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.delenv("NEURODECODE_DATA", raising=False)
        (folder / "pictures.yaml").write_text(CARD)
        (folder / "seen.yaml").write_text(EXPERIMENT)
        code, _, err = run("run", "seen.yaml", "--engine", "inline")
        assert code == 0, err
    return folder


@pytest.fixture(autouse=True)
def here(seen, monkeypatch):
    monkeypatch.chdir(seen)
    monkeypatch.setenv("NEURODECODE_CACHE", str(seen / "cache"))


def told(*arguments):
    code, out, err = run(*REPLAY, "--json", *arguments)
    assert code == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    return lines[:-1], lines[-1]["summary"]


def in_a_batch():
    """What the kept model says of the same windows of the whole recording."""
    found = servable(Path("results/seen"))
    signal = continuous(found.recording(Path("01/1/2")))
    for preparation in found.resolved.preparations:
        signal = preparation(signal)
    start, n = window_samples(np.array(found.onsets(signal)), 0.0, 0.6, signal.sfreq, signal.tmin)
    X = np.stack([signal.data[:, s : s + n] for s in start])
    return found, signal, found.kept.stages[-1].predict(found.kept.apply(X))


def test_each_picture_is_answered_as_a_batch_answers():
    lines, summary = told("--gallery", "all", "--top", "3")
    found, signal, expected = in_a_batch()
    assert [one["onset"] for one in lines] == found.onsets(signal)
    y, rows = np.asarray(found.store.truth(found.store.rows())), found.store.rows()
    names, first = np.unique(rows["stimulus"].astype(str), return_index=True)
    likeness = np.corrcoef(expected, y[first])[: len(expected), len(expected) :]
    for one, mine in zip(lines, likeness, strict=True):
        best = np.argsort(-mine)[:3]
        assert [*one["nearest"]] == names[best].tolist() and one["label"] == names[best[0]]
        np.testing.assert_allclose([*one["nearest"].values()], mine[best], rtol=1e-6)
    # The window takes .6 s, and a chunk may bring .05 s more at once.
    assert 0.6 <= summary["delay"]["p50"] <= summary["delay"]["p99"] < 1.0
    assert summary["n_missed"] == 0 and summary["latency"]["p50"] > 0


def test_where_chunks_end_changes_nothing():
    one, _ = told("--chunk", "0.05")
    other, _ = told("--chunk", "1.7")
    assert [x["nearest"] for x in one] == [x["nearest"] for x in other]
    rows = servable(Path("results/seen")).store.rows()
    tested = set(rows["stimulus"][rows["split"] == "test"])
    assert {name for x in one for name in x["nearest"]} <= tested


def test_likeness_is_centred_by_what_the_served_model_was_trained_on(monkeypatch):
    found = servable(Path("results/seen"))
    rows, whole = found.store.rows(), found.store.trained(found.key)
    assert len(whole) == len(rows)  # that of all rows; one of a fold has seen some
    monkeypatch.setattr(Store, "trained", lambda self, key: whole[whole["split"] == "train"])
    made = stream_gallery(found.store, found.key, "tested", 5)
    y = np.asarray(found.store.truth(rows))[np.flatnonzero(rows["split"] == "train")]
    np.testing.assert_array_equal(made.centre, y.mean(axis=0))


def test_a_gallery_may_be_a_file_and_windows_at_every_hop(tmp_path):
    np.savez(tmp_path / "g.npz", ids=["cat", "dog"], vectors=np.eye(2, 48))
    lines, summary = told("--gallery", tmp_path / "g.npz", "--hop", "0.5")
    assert {name for one in lines for name in one["nearest"]} == {"cat", "dog"}
    times = np.array([one["time"] for one in lines])
    np.testing.assert_allclose(np.diff(times), 0.5)
    assert lines[0]["onset"] is None and summary["delay"]["p50"] is None


def test_lines_to_read_have_the_nearest_and_the_end_how_long_it_took():
    code, out, err = run(*REPLAY, "--top", "2")
    assert code == 0
    name, likeness = out.splitlines()[0].split("s  ")[1].split("  ")[0].split()
    assert name.startswith("c0") and -1 <= float(likeness) <= 1
    assert "from event to answer: p50 0.6" in err and "latency: p50" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--gallery", "nowhere.npz"), "gallery: there is no file nowhere.npz. Give tested, all"),
        (("--gallery", "seen.yaml"), "seen.yaml is no .npz file with ids and vectors"),
        (("--replay", "02/1/1"), "none is '02/1/1'. Name one by subject, session and run"),
        (("--top", "0"), "top is 0. Give 1 or more"),
    ],
)
def test_what_cannot_be_answered_is_refused(arguments, sentence):
    code, _, err = run(*REPLAY, *arguments)
    assert code != 0 and sentence in err, err
