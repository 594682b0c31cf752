"""What a person sees of bad input: one sentence, the right exit code, and nothing fitted."""

from pathlib import Path

import mne
import nibabel
import numpy as np
import pytest

from neurodecode.cli import main

SAMPLES = Path(__file__).parents[2] / "datasets" / "samples"
N_CHANNELS, SFREQ, N_PER_RUN = 4, 100.0, 12
CARD = """
name: mine
modality: eeg
reader: {files: {path: "sub-{subject}_run-{run}_raw.fif", session: "1"}}
tasks:
  hand:
    rows: {label: {L: left, R: right}}
    target: {label: label, classes: [left, right]}
    windows: {tmin: 0.0, tmax: 1.0}
"""
EXPERIMENT = """
data: {card: CARD, task: hand}
protocol: {cross_run: {}}
models: [riemann.mdm]
controls: [baseline.prior]
shuffled: {n_draws: 0}
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Two runs of one person, a card and an experiment of one's own."""
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(CARD)
    Path("ask.yaml").write_text(EXPERIMENT.replace("CARD", str(tmp_path / "mine.yaml")))
    Path("data/mine").mkdir(parents=True)
    for run in ("1", "2"):
        record(run)
    return tmp_path


def record(run, change=lambda values: values, labels=("L", "R")):
    rng = np.random.default_rng(int(run))
    n_times = int((3 * N_PER_RUN + 5) * SFREQ)
    values = change(2e-5 * rng.standard_normal((N_CHANNELS, n_times)))
    info = mne.create_info(["Fz", "C3", "C4", "Pz"], SFREQ, "eeg")
    raw = mne.io.RawArray(values, info, verbose="error")
    onset = 2 + 3.0 * np.arange(N_PER_RUN)
    told = np.resize(np.array(labels), N_PER_RUN)
    raw.set_annotations(mne.Annotations(onset, np.full(N_PER_RUN, 1.0), told))
    raw.save(f"data/mine/sub-01_run-{run}_raw.fif", overwrite=True, verbose="error")


def neurodecode(*arguments):
    return main([*arguments, "--data", "data"])


def run_it(*overrides):
    sets = [part for override in overrides for part in ("--set", override)]
    return neurodecode("run", "ask.yaml", "--engine", "inline", *sets)


def done():
    return list(Path("results").rglob("done.json"))


def said(capsys, n_lines=None):
    """Give what stderr holds; no traceback, and every line of the error is one sentence or so."""
    text = capsys.readouterr().err
    assert "Traceback" not in text
    return text


def test_the_recordings_of_these_tests_are_sound(capsys):
    assert run_it() == 0
    assert "riemann.mdm" in capsys.readouterr().out


def flat(values):
    values[1] = 0
    return values


def with_nan(values):
    values[2, 500] = np.nan
    return values


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (flat, "C3"),
        (with_nan, "NaN"),
        (lambda values: values * 1e6, "stored as"),
    ],
    ids=["flat", "NaN", "µV as V"],
)
def test_recordings_that_cannot_be_true(change, sentence, capsys):
    for run in ("1", "2"):
        record(run, change)
    assert run_it() == 2
    text = said(capsys)
    assert sentence in text
    assert "sub-01" in text
    assert done() == []


def test_one_run_that_cannot_be_true_is_named_and_too_few_runs_are_left(capsys):
    record("2", flat)
    assert run_it() == 2
    text = said(capsys)
    assert "C3" in text
    assert "01/1 has the one run 1" in text
    assert done() == []


def test_a_file_that_was_cut_short(capsys):
    path = Path("data/mine/sub-01_run-2_raw.fif")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert run_it() == 2
    assert path.name in said(capsys)
    assert done() == []


def test_a_label_that_no_event_has(capsys):
    for run in ("1", "2"):
        record(run, labels=("L", "X"))
    assert run_it() == 2
    text = said(capsys)
    assert "has the label 'R', which the task asks for; there are: L, X" in text
    assert done() == []


def test_a_training_fold_of_one_class(capsys):
    record("1", labels=("L",))
    record("2", labels=("R",))
    assert run_it() == 2
    assert "too few training trials of a class" in said(capsys)
    assert done() == []


def test_windows_outside_the_recording(capsys):
    assert run_it("windows={tmin: 0, tmax: 100}") == 2
    text = said(capsys)
    assert "no trial is left" in text
    assert "window outside the recording: 24" in text
    assert done() == []


def test_limits_that_leave_no_trial(capsys):
    assert run_it("windows={tmin: 0, tmax: 1, reject: {eeg: 1e-9}}") == 2
    text = said(capsys)
    assert "no trial is left" in text
    assert "EEG peak-to-peak over 0.001 µV: 24" in text
    assert done() == []


def test_a_subject_that_is_not_there(capsys):
    assert run_it("data.subjects=['07']") == 3
    assert "07" in said(capsys)


def test_no_data_at_all(capsys, tmp_path):
    assert main(["run", "ask.yaml", "--data", str(tmp_path / "elsewhere")]) in (2, 3)
    assert "elsewhere" in said(capsys)


def test_a_file_that_vanished(capsys):
    Path("data/mine/sub-01_run-2_raw.fif").unlink()
    assert run_it("data.runs=['1', '2']") == 3
    assert "2" in said(capsys)


RANK = ("prepare=[{reference: {}}]", "models=[{riemann.mdm: {estimator: scm}}]")


def test_a_covariance_without_inverse_is_named_at_plan_and_not_fitted(capsys):
    sets = [part for override in RANK for part in ("--set", override)]
    assert neurodecode("plan", "ask.yaml", *sets) == 2
    assert "rank 3 for 4 channels" in said(capsys)
    assert run_it(*RANK) == 2
    text = said(capsys)
    assert "rank 3 for 4 channels" in text
    assert "Use estimator: oas" in text
    assert done() == []


def test_models_that_can_be_run_are_run_beside_one_that_cannot(capsys):
    models = "models=[{riemann.mdm: {estimator: scm}}, riemann.tangent_space]"
    assert run_it(RANK[0], models) == 1
    captured = capsys.readouterr()
    assert "not run: riemann.mdm" in captured.err
    assert "not run" in captured.out
    assert len(done()) == 2 * 2  # tangent space and the prior, two folds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("metric: [accuracy]", "metric: unknown key. Did you mean 'metrics'?"),
        ("seeds: [0]\nseeds: [1]", "seeds"),
        ("seeds: [yes]", "seeds[0]"),
        ("shuffled: {n_draws: many}", "shuffled.n_draws"),
        ("windows: {tmin: 1.0}", "windows"),
        ("windows: {tmin: 1.0, tmax: 0.5}", "is before tmin"),
        ("prepare: [{filter: {l_freq: 8, h_freq: thirty}}]", "h_freq"),
        ("metrics: [acuracy]", "Did you mean 'accuracy'?"),
        ("score: {within: [person]}", "score.within"),
    ],
)
def test_a_file_that_cannot_be_meant_says_its_line(text, sentence, capsys):
    written = Path("ask.yaml").read_text()
    key = text.partition(":")[0]
    kept = [line for line in written.splitlines() if not line.startswith(key + ":")]
    Path("wrong.yaml").write_text("\n".join([*kept, text]) + "\n")
    assert neurodecode("run", "wrong.yaml") == 2
    found = said(capsys)
    assert sentence in found
    assert f"wrong.yaml:{len(kept) + 1 + text.count(chr(10))}" in found
    assert done() == []


def test_all_that_is_wrong_is_said_at_once(capsys):
    Path("wrong.yaml").write_text(
        Path("ask.yaml").read_text() + "metric: [accuracy]\nseeds: [one]\nmetrics: [acuracy]\n"
    )
    assert neurodecode("run", "wrong.yaml") == 2
    assert said(capsys).count("wrong.yaml:") == 3


def test_results_that_cannot_be_written(capsys):
    Path("taken").write_text("a file")
    assert neurodecode("run", "ask.yaml", "--out", "taken") == 2
    text = said(capsys)
    assert "results cannot be written there" in text
    assert "--out DIR" in text


def test_a_page_that_cannot_be_written_loses_no_score(capsys):
    assert neurodecode("run", "ask.yaml", "--engine", "inline", "--report", "mine.yaml/x.html") == 2
    captured = capsys.readouterr()
    assert "riemann.mdm" in captured.out
    assert "Traceback" not in captured.err
    assert len(done()) == 4


def test_a_mask_that_lies_elsewhere(capsys):
    folder = Path("data/haxby2001")
    folder.mkdir()
    for file in (SAMPLES / "haxby2001").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    mask = nibabel.load(folder / "slice_mask.nii.gz")
    affine = mask.affine.copy()
    affine[0, 3] += 10
    nibabel.save(
        nibabel.Nifti1Image(np.asarray(mask.dataobj), affine), folder / "slice_mask.nii.gz"
    )
    assert neurodecode("run", "quickstart_fmri") == 2
    assert "slice_mask.nii.gz" in said(capsys)
    assert done() == []
