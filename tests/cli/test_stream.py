"""`stream`: a kept model on a recording that is replayed, or a sentence that says why not."""

import io
import json
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pytest
import yaml

from neurodecode.cli import main, stream
from neurodecode.core.files import shipped_folder
from neurodecode.data._sliding import window_starts
from neurodecode.harness.serve import servable

SAMPLES = shipped_folder("datasets") / "samples" / "eegbci"
FILE = SAMPLES / "S002R12.edf"
EXPERIMENT = """
data: {card: eegbci, task: left_right, subjects: ["002"]}
prepare:
  - pick: {channels: [FC3, C3, Cz, C4, CP4, FC4]}
  - notch: {freqs: [60], method: iir, phase: causal}
  - filter: {l_freq: 8, h_freq: 30, method: iir, phase: causal}
  - resample: {sfreq: 128, phase: causal}
windows: {length: 1.0, hop: 1.0, otherwise: rest}
target: {label: label, classes: [rest, left, right]}
protocol: {cross_run: {}}
models: [riemann.tangent_space, riemann.mdm]
controls: []
shuffled: {n_draws: 0}
"""


def run(*arguments):
    """Run a command; gives its code, what it said on stdout, and on stderr."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(one) for one in arguments])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Results of runs that kept their models, made once."""
    folder = tmp_path_factory.mktemp("streamed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.delenv("NEURODECODE_DATA", raising=False)
        (folder / "own.yaml").write_text(EXPERIMENT)
        assert run("run", "own.yaml", "--engine", "inline", "--set", "keep=folds")[0] == 0
    return folder


@pytest.fixture(autouse=True)
def here(trained, monkeypatch):
    monkeypatch.chdir(trained)
    monkeypatch.setenv("NEURODECODE_CACHE", str(trained / "cache"))


def decisions(*arguments):
    code, out, _ = run("stream", "results/own", "--json", *arguments)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    return pd.DataFrame(lines[:-1]), lines[-1]["summary"]


@pytest.fixture(scope="module")
def final(trained):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(trained)
        patch.setenv("NEURODECODE_CACHE", str(trained / "cache"))
        return decisions("--replay", FILE)[0]


def scores_of(table):
    return pd.DataFrame(table["scores"].tolist())[["rest", "left", "right"]].to_numpy()


@pytest.mark.parametrize("model", ["riemann.tangent_space", "riemann.mdm"])
def test_a_replay_says_what_the_model_says_of_the_whole_recording(model):
    said, summary = decisions("--replay", FILE, "--model", model)
    found = servable(Path("results/own"), model)
    signal = found.recording(FILE).load()
    for preparation in found.resolved.preparations:
        signal = preparation(signal)
    starts = window_starts(signal.n_times, 128, 1.0, 128.0)
    X = found.kept.apply(np.stack([signal.data[:, at : at + 128] for at in starts]))
    assert summary["model"] == model and summary["n_decisions"] == len(said) == len(starts)
    batch = found.kept.stages[-1].predict_proba(X)
    np.testing.assert_allclose(scores_of(said), batch, rtol=1e-10, atol=1e-10)
    codes = found.kept.stages[-1].predict(X)
    assert said["label"].tolist() == [("rest", "left", "right")[code] for code in codes]
    # A decision comes with the last raw sample that its window has.
    last = np.floor((starts + 127) / 128 * 160 + 1e-6)
    assert said["sample"].tolist() == last.astype(int).tolist()


def test_chunks_and_the_default_model_change_nothing(final):
    other, summary = decisions("--replay", FILE, "--chunk", "0.7")
    np.testing.assert_array_equal(scores_of(final), scores_of(other))
    assert 0 < summary["latency"]["p50"] <= summary["latency"]["p99"]
    assert summary["latency"]["hop"] == 1.0 and summary["gaps"] == []


def test_the_model_of_a_fold_is_the_one_that_did_not_see_its_run(final):
    index = json.loads(Path("results/own/jobs.json").read_text())
    names = [fold["name"] for fold in index["folds"]]
    fold = next(one for one in names if "12" in one)
    folded, _ = decisions("--replay", FILE, "--fold", f"0/{fold}")
    assert not np.allclose(scores_of(final), scores_of(folded))
    code, _, err = run("stream", "results/own", "--replay", FILE, "--fold", "nowhere")
    assert code == 2 and "no model of the fold 'nowhere' was kept; there are: final, " in err


def test_lines_for_people():
    code, out, err = run("stream", "results/own", "--replay", FILE)
    first = out.splitlines()[0].split()
    assert code == 0 and first[1] == "s" and first[2] in ("rest", "left", "right")
    assert "riemann.tangent_space: " in err and "decisions in" in err
    assert "ms a decision; a hop is 1000 ms" in err and "gaps: 0" in err


def test_a_recording_shorter_than_a_window_is_not_passed_over_in_silence(tmp_path):
    raw = mne.io.read_raw_edf(FILE, verbose="error").crop(0, 0.5)
    raw.save(short := tmp_path / "a_raw.fif", verbose="error")
    code, out, err = run("stream", "results/own", "--replay", short)
    assert (code, out) == (0, "") and "no window of 1 s was complete" in err


def test_channels_in_another_order_are_put_right_and_others_refused(tmp_path):
    raw = mne.io.read_raw_edf(FILE, preload=True, verbose="error")
    straight, turned, few = (tmp_path / f"{name}_raw.fif" for name in ("a", "b", "c"))
    raw.save(straight, verbose="error")
    raw.copy().reorder_channels(raw.ch_names[::-1]).save(turned, verbose="error")
    raw.copy().drop_channels(["C3.."]).save(few, verbose="error")
    raw.resample(128, verbose="error").save(rate := tmp_path / "d_raw.fif", verbose="error")
    one, other = (decisions("--replay", path)[0] for path in (straight, turned))
    np.testing.assert_array_equal(scores_of(one), scores_of(other))
    code, _, err = run("stream", "results/own", "--replay", few)
    assert code == 2 and "63 eeg channels, the card says 64" in err
    code, _, err = run("stream", "results/own", "--replay", rate)
    assert code == 2
    assert "sampled at 128 Hz, the card says 160 Hz" in err


def test_ctrl_c_ends_with_the_summary(monkeypatch):
    from neurodecode.online import sources

    whole = sources.replayed

    def interrupted(*arguments, **more):
        for i, chunk in enumerate(whole(*arguments, **more)):
            if i == 100:
                raise KeyboardInterrupt
            yield chunk

    monkeypatch.setattr(sources, "replayed", interrupted)
    code, out, err = run("stream", "results/own", "--replay", FILE)
    assert code == 0 and len(out.splitlines()) == 5
    assert "ended by Ctrl-C." in err and "5 decisions in" in err


def changed(folder, **parts):
    """Results of a run of another experiment: what is read of it before its model is opened."""
    shutil.copytree("results/own", folder)
    resolved = yaml.safe_load((folder / "resolved.yaml").read_text())
    (folder / "resolved.yaml").write_text(yaml.safe_dump(resolved | parts))
    return folder


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"windows": {"tmin": 0.5, "tmax": 1.5}},
            "trained on windows around events, and a stream has no events.*length: 2.0",
        ),
        (
            {"prepare": [{"filter": {"l_freq": 8}}, {"reference": {}}, {"zscore": {}}]},
            r"looks ahead. Change prepare.*\nfilter:.*Say phase: causal.*\nzscore:.*step scale",
        ),
        ({"target_access": "transductive"}, "see all that is tested.*target_access: none"),
    ],
)
def test_what_cannot_stream_is_refused_with_what_to_change(parts, message, tmp_path):
    code, out, err = run("stream", changed(tmp_path / "other", **parts), "--replay", FILE)
    assert code == 2 and out == ""
    assert re.search(message, err), err


def test_models_that_were_not_kept(tmp_path):
    shutil.rmtree(changed(tmp_path / "other") / "models")
    code, _, err = run("stream", tmp_path / "other", "--replay", FILE)
    assert code == 2 and "kept no model. Run the experiment again with: --set keep=final" in err


def test_files_that_are_no_recordings(tmp_path):
    code, _, err = run("stream", "results/own", "--replay", tmp_path / "none.edf")
    assert code == 3 and "none.edf" in err
    code, _, err = run("stream", "results/own", "--replay", FILE, "--chunk", "0.001")
    assert code == 2 and "0.001 s is no length, or less than a sample at 160 Hz" in err
    code, _, err = run("stream", "results/own", "--replay", FILE, "--model", "riemann.mdn")
    assert code == 2 and "no model 'riemann.mdn' was kept. Did you mean 'riemann.mdm'?" in err


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit):
        main(["stream", "--help"])
    text = capsys.readouterr().out
    assert "neurodecode stream results/mine --lsl EEG-amplifier" in text
    assert stream.EXAMPLE.splitlines()[1] in text
