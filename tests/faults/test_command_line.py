"""What a person sees of bad data: one sentence, the right exit code, and nothing fitted."""

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest

from neurodecode.cli import main

SAMPLES = Path(__file__).parents[2] / "datasets" / "samples"
pytestmark = pytest.mark.usefixtures("mine")


def test_the_recordings_of_these_tests_are_sound(capsys, run_it):
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
def test_recordings_that_cannot_be_true(change, sentence, record, run_it, said, done):
    for run in ("1", "2"):
        record(run, change)
    assert run_it() == 2
    text = said()
    assert sentence in text
    assert "sub-01" in text
    assert done() == []


def test_one_run_that_cannot_be_true_is_named_and_too_few_runs_are_left(record, run_it, said, done):
    record("2", flat)
    assert run_it() == 2
    text = said()
    assert "C3" in text
    assert "01/1 has the one run 1" in text
    assert done() == []


def test_a_file_that_was_cut_short(run_it, said, done):
    path = Path("data/mine/sub-01_run-2_raw.fif")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert run_it() == 2
    assert path.name in said()
    assert done() == []


def test_a_label_that_no_event_has(record, run_it, said, done):
    for run in ("1", "2"):
        record(run, labels=("L", "X"))
    assert run_it() == 2
    text = said()
    assert "has the label 'R', which the task asks for; there are: L, X" in text
    assert done() == []


def test_a_training_fold_of_one_class(record, run_it, said, done):
    record("1", labels=("L",))
    record("2", labels=("R",))
    assert run_it() == 2
    assert "too few training trials of a class" in said()
    assert done() == []


def test_windows_outside_the_recording(run_it, said, done):
    assert run_it("windows={tmin: 0, tmax: 100}") == 2
    text = said()
    assert "no trial is left" in text
    assert "window outside the recording: 24" in text
    assert done() == []


def test_limits_that_leave_no_trial(run_it, said, done):
    assert run_it("windows={tmin: 0, tmax: 1, reject: {eeg: 1e-9}}") == 2
    text = said()
    assert "no trial is left" in text
    assert "EEG peak-to-peak over 0.001 µV: 24" in text
    assert done() == []


def test_a_subject_that_is_not_there(run_it, said):
    assert run_it("data.subjects=['07']") == 3
    assert "07" in said()


def test_no_data_at_all(tmp_path, said):
    assert main(["run", "ask.yaml", "--data", str(tmp_path / "elsewhere")]) == 3
    text = said()
    assert "elsewhere/mine" in text  # where it looked
    # And how the files are had:
    assert "Get sub-{subject}_run-{run}_raw.fif from" in text
    assert "say --data DIR or set NEURODECODE_DATA=DIR" in text


def test_a_file_that_vanished(run_it, said, done):
    Path("data/mine/sub-01_run-2_raw.fif").unlink()
    assert run_it("data.runs=['1', '2']") == 3
    text = said()
    assert "no recording of run 2 in data/mine; there are: 1" in text
    assert "--data DIR" in text
    assert done() == []


def test_a_link_to_a_file_that_is_not_here_is_named(caplog, run_it, done):
    """As git-annex and datalad leave what was not fetched."""
    path = Path("data/mine/sub-01_run-2_raw.fif")
    path.unlink()
    path.symlink_to("annex/objects/none")
    assert run_it() == 2  # one run is left for cross_run
    assert "1 links to files that are not here" in caplog.text
    assert path.name in caplog.text
    assert done() == []


def test_events_outside_the_recording(run_it, said, done):
    with Path("mine.yaml").open("a") as card:
        card.write("events: {from: file, path: 'run-{run}_events.tsv'}\n")
    for run in ("1", "2"):
        Path(f"data/mine/run-{run}_events.tsv").write_text("onset\tlabel\n2\tL\n5\tR\n99\tL\n")
    assert run_it() == 2
    text = said()
    assert "run-1_events.tsv: event 3 of 3 ('L') is at 99 s, outside the recording of 41 s" in text
    assert done() == []


def test_an_events_file_that_is_not_there(run_it, said, done):
    with Path("mine.yaml").open("a") as card:
        card.write("events: {from: file, path: 'run-{run}_events.tsv'}\n")
    assert run_it() == 3
    assert "run-1_events.tsv: there is no such file. Fetch it" in said()
    assert done() == []


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_edf_files_that_were_cut_short(verb, neurodecode, said, done):
    shutil.copytree(SAMPLES / "eegbci", "data/eegbci")
    for path in Path("data/eegbci").glob("*.edf"):
        path.write_bytes(path.read_bytes()[:300_000])
    assert neurodecode(verb, "quickstart_eeg") == 2
    text = said()
    assert "S002R04.edf: truncated: its header promises 123 s, the file holds 13 s" in text
    assert "Fetch it again, or leave the run out" in text
    assert done() == []


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("{label: label, classes: [left, rigth]}", "the label 'rigth', one of the classes. Did"),
        (
            "{label: hnad, classes: [left, right]}",
            "the events have no column 'hnad'; there are: onset",
        ),
        ("{value: label}", "of a value there are: "),
    ],
)
def test_a_target_that_the_trials_do_not_have(target, sentence, run_it, said, done):
    assert run_it(f"target={target}") == 2
    assert sentence in said()
    assert done() == []


def test_words_are_no_values(run_it, said, done):
    assert run_it("target={value: label}", "metrics=[mae]", "controls=[]") == 2
    assert "target: column 'label' holds what is no number" in said()
    assert done() == []


def test_runs_that_hold_no_trial_of_the_task(run_it, said, done):
    card = Path("mine.yaml").read_text().replace("rows: {", "rows: {subject: ['02'], ")
    Path("mine.yaml").write_text(card)
    assert run_it() == 2
    text = said()
    assert "no trial is left of 24 events" in text
    assert "Asked: subject: 02; label: L, R. There are: subject: 01; label: L, R" in text
    assert done() == []


RANK = ("prepare=[{reference: {}}]", "models=[{riemann.mdm: {estimator: scm}}]")


def test_a_covariance_without_inverse_is_named_at_plan_and_not_fitted(
    run_it, neurodecode, said, done
):
    sets = [part for override in RANK for part in ("--set", override)]
    assert neurodecode("plan", "ask.yaml", *sets) == 2
    assert "rank 3 for 4 channels" in said()
    assert run_it(*RANK) == 2
    text = said()
    assert "rank 3 for 4 channels" in text
    assert "Use regularize: auto, estimator: oas" in text
    assert done() == []


def test_a_covariance_without_inverse_in_the_file_itself_is_known_once_prepared(
    record, run_it, neurodecode, said, done
):
    for run in ("1", "2"):
        record(run, lambda values: values - values.mean(axis=0))
    assert run_it(RANK[1]) == 2
    assert "rank 3 for 4 channels" in said()
    assert done() == []
    assert neurodecode("plan", "ask.yaml", "--set", RANK[1]) == 2
    assert "rank 3 for 4 channels" in said()


def test_models_that_can_be_run_are_run_beside_one_that_cannot(capsys, run_it, done):
    models = "models=[{riemann.mdm: {estimator: scm}}, riemann.tangent_space]"
    assert run_it(RANK[0], models) == 1
    captured = capsys.readouterr()
    assert "not run: riemann.mdm" in captured.err
    assert "not run" in captured.out
    assert len(done()) == 2 * 2  # tangent space and the prior, two folds


def test_results_that_cannot_be_written(neurodecode, said):
    Path("taken").write_text("a file")
    assert neurodecode("run", "ask.yaml", "--out", "taken") == 2
    text = said()
    assert "results cannot be written there" in text
    assert "--out DIR" in text


@pytest.mark.parametrize("verb", ["plan", "run"])
@pytest.mark.parametrize("taken", ["cache", "cache/manifests"])
def test_a_cache_that_cannot_be_written(verb, taken, neurodecode, said, done):
    path = Path(taken)
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file")
    assert neurodecode(verb, "ask.yaml") == 2
    text = said()
    assert f"{taken}: a file stands where the cache needs a folder" in text
    assert "set NEURODECODE_CACHE to another folder" in text
    assert done() == []


def test_a_cache_whose_stages_are_a_file(run_it, said, done):
    Path("cache").mkdir()
    Path("cache/stages").write_text("a file")
    assert run_it() == 2
    assert "cache/stages: a file stands where the cache needs a folder. Remove it, or" in said()
    assert done() == []


def test_a_page_that_cannot_be_written_loses_no_score(capsys, neurodecode, done):
    assert neurodecode("run", "ask.yaml", "--engine", "inline", "--report", "mine.yaml/x.html") == 2
    captured = capsys.readouterr()
    assert "riemann.mdm" in captured.out
    assert "Traceback" not in captured.err
    assert len(done()) == 4


def test_an_image_that_was_cut_short(neurodecode, said, done):
    shutil.copytree(SAMPLES / "haxby2001", "data/haxby2001")
    path = Path("data/haxby2001/slice_bold.nii.gz")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert neurodecode("run", "quickstart_fmri") == 2
    assert "slice_bold.nii.gz: damaged" in said()
    assert done() == []


def test_a_mask_that_lies_elsewhere(neurodecode, said, done):
    folder = Path("data/haxby2001")
    shutil.copytree(SAMPLES / "haxby2001", folder)
    mask = nibabel.load(folder / "slice_mask.nii.gz")
    affine = mask.affine.copy()
    affine[0, 3] += 10
    nibabel.save(
        nibabel.Nifti1Image(np.asarray(mask.dataobj), affine), folder / "slice_mask.nii.gz"
    )
    for verb in ("plan", "run"):
        assert neurodecode(verb, "quickstart_fmri") == 2
        text = said()
        assert "slice_mask.nii.gz: its affine differs from that of slice_bold.nii.gz" in text
        assert "resample_to_img" in text
    assert done() == []
