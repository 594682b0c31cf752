"""`predict`: a kept model on files that it has not seen, or a sentence that says why not."""

import json
import shutil
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.cli import main
from neurodecode.core.files import shipped_folder

SAMPLES = shipped_folder("datasets") / "samples" / "eegbci"
SMALL = ("--set", "shuffled.n_draws=0", "--set", "models=[riemann.mdm, linear.logistic]")
RESULTS = "results/quickstart_eeg"


@pytest.fixture(scope="module")
def trained(warm, tmp_path_factory):
    """Results of a run that kept its models, made once."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.delenv("NEURODECODE_DATA", raising=False)
        asked = ("run", "quickstart_eeg", *SMALL, "--engine", "inline", "--set", "keep=final")
        assert main([*asked, "--set", "data.subjects=['002']"]) == 0
    return folder


@pytest.fixture(autouse=True)
def here(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    shutil.copytree(trained / "results", "results")


def predicted(capsys, *arguments, code=0):
    capsys.readouterr()
    assert main(["predict", RESULTS, *map(str, arguments), "--format", "json"]) == code
    captured = capsys.readouterr()
    return pd.DataFrame(json.loads(captured.out)), captured.err


def raw_of(name, **changes):
    """A sample recording written anew, changed."""
    raw = mne.io.read_raw_edf(SAMPLES / "S002R12.edf", preload=True, verbose="error")
    for method, argument in changes.items():
        getattr(raw, method)(argument)
    raw.save(name, verbose="error", overwrite=True)
    return Path(name)


def test_the_training_recording_is_told_as_the_model_tells_it(capsys):
    said, _ = predicted(capsys, SAMPLES / "S002R12.edf")
    assert len(said) == 15 and set(said["pred"]) == {"left", "right"}
    assert np.mean(said["pred"] == said["label"]) > 0.8
    np.testing.assert_allclose(said["score_left"] + said["score_right"], 1)
    other, _ = predicted(capsys, SAMPLES / "S002R12.edf", "--model", "linear.logistic")
    assert not np.allclose(other["score_left"], said["score_left"])


def test_two_files_of_one_name_elsewhere_are_not_confused(capsys):
    first, _ = predicted(capsys, SAMPLES / "S002R12.edf")
    Path("other").mkdir()
    shutil.copy(SAMPLES / "S002R08.edf", "other/S002R12.edf")
    second, _ = predicted(capsys, "other/S002R12.edf")
    eighth, _ = predicted(capsys, SAMPLES / "S002R08.edf")
    np.testing.assert_array_equal(second["score_left"], eighth["score_left"])
    assert not np.array_equal(first["score_left"], second["score_left"])


def test_channels_in_another_order_are_put_in_the_trained_one_and_told(capsys):
    straight, _ = predicted(capsys, raw_of("straight_raw.fif"))
    raw = mne.io.read_raw_fif("straight_raw.fif", verbose="error")
    path = raw_of("turned_raw.fif", reorder_channels=raw.ch_names[::-1])
    turned, told = predicted(capsys, path)
    np.testing.assert_array_equal(turned["score_left"], straight["score_left"])
    assert "put into the trained order" in told


def test_a_recording_that_lacks_channels_is_refused(capsys):
    assert main(["predict", RESULTS, str(raw_of("few_raw.fif", drop_channels=["C3..", "Cz.."]))])
    assert "63" in (told := capsys.readouterr().err) or "62 eeg channels" in told


def test_another_rate_is_refused(capsys):
    assert main(["predict", RESULTS, str(raw_of("slow_raw.fif", resample=128.0))]) == 2
    assert "128 Hz, the card says 160 Hz" in capsys.readouterr().err


def test_another_unit_is_refused(capsys):
    path = raw_of("micro_raw.fif", apply_function=lambda x: x * 1e6)
    assert main(["predict", RESULTS, str(path)]) == 2
    assert "This looks like uV stored as V" in capsys.readouterr().err


def test_one_file_that_does_not_fit_does_not_stop_the_others(capsys):
    path = raw_of("micro_raw.fif", apply_function=lambda x: x * 1e6)
    said, told = predicted(capsys, SAMPLES / "S002R12.edf", path, code=1)
    assert len(said) == 15 and "left out" in told


def test_events_without_the_task_s_labels_are_predicted_where_asked(capsys):
    said, _ = predicted(capsys, SAMPLES / "S002R12.edf", "--every-event")
    assert len(said) > 15 and "T0" in set(said["label"])


def test_results_without_a_model_say_how_to_get_one(capsys):
    assert main(["run", "quickstart_eeg", *SMALL, "--engine", "inline", "--out", "none"]) == 0
    assert main(["predict", "none/quickstart_eeg", str(SAMPLES / "S002R12.edf")]) == 2
    assert "--set keep=final" in capsys.readouterr().err


def test_names_that_do_not_exist_are_told(capsys):
    assert main(["predict", RESULTS, "nothere.edf"]) == 3
    assert "there is no such file" in capsys.readouterr().err
    assert main(["predict", RESULTS, str(SAMPLES / "S002R12.edf"), "--model", "riemann.mdn"]) == 2
    assert "Did you mean 'riemann.mdm'" in capsys.readouterr().err
