"""What a person sees of wrong wishes where recordings are simulated: nothing is to be fetched."""

import re
from pathlib import Path

import pytest

from neurodecode.cli import main

EXPERIMENT = """
data: {card: eegbci, task: left_right, simulate: small, subjects: ["001"]}
protocol: {cross_run: {}}
models: [riemann.mdm]
controls: [baseline.prior]
shuffled: {n_draws: 0}
"""
RUN = ("run", "ask.yaml", "--engine", "inline")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("ask.yaml").write_text(EXPERIMENT)


def said(capsys, code, *arguments):
    capsys.readouterr()
    assert main([*arguments]) == code
    text = capsys.readouterr().err
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("subjects: ['099']", "no recording of subject 099 among those that are simulated; there"),
        ("sessions: ['2']", "no recording of session 2 among those that are simulated; there are"),
        ("runs: ['99']", "no recording of run 99 among those that are simulated; there are: 03"),
        ("subjects: ['001'], runs: ['04', '99']", "no recording of run 99 among those that are"),
    ],
)
def test_what_is_not_simulated_is_not_to_be_fetched(capsys, wish, sentence):
    data = f"data={{card: eegbci, task: left_right, simulate: small, {wish}}}"
    text = said(capsys, 2, "plan", "ask.yaml", "--set", data)
    assert sentence in text
    assert "Choose one of them." in text
    assert "etch" not in text


def test_files_are_not_told_by_models_of_simulated_recordings(capsys):
    assert main([*RUN, "--set", "keep=final"]) == 0
    text = said(capsys, 2, "predict", "results/ask_simulated", "new.edf")
    assert "eegbci: the recordings are simulated, so no file is one of them" in text


def test_a_folder_of_results_names_one_that_is_in_it(capsys):
    assert main([*RUN]) == 0
    for verb in ("table", "report", "compare", "check"):
        text = said(capsys, 2, verb, "results")
        assert "Name a folder that `run` wrote, such as ask_simulated in it." in text


@pytest.mark.filterwarnings("ignore:Only one sample available")  # of scikit-learn
def test_a_sample_has_no_covariance_and_no_remedy_but_length(capsys):
    assert main([*RUN, "--set", "windows={tmin: 0, tmax: 0}"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"of 2 samples or more, and were handed shape .*1\)\. Use longer windows", out)


@pytest.mark.parametrize(
    ("experiment", "wish"),
    [
        ("ask.yaml", "target={label: 'oracle:label=T1', classes: [left, right]}"),
        ("ask.yaml", "target={value: 'oracle:label=T1'}"),
        ("simulated_envelope_listening", "target={series: 'oracle:envelope'}"),
        ("simulated_fmri_encoding", "features=oracle:fmri"),
    ],
)
def test_nobody_is_told_what_the_oracle_says(capsys, experiment, wish):
    text = said(capsys, 2, "run", experiment, "--simulate", "small", "--set", wish)
    before, there = text.split("; there are: ")
    assert "oracle:" in before and "oracle:" not in there


def test_rows_are_answered_together_by_columns_that_they_have(capsys):
    text = said(capsys, 2, *RUN, "--set", "aggregate={by: [stimuls, run]}")
    assert "aggregate: by: the rows have no column 'stimuls'." in text
    assert not list(Path("results").rglob("done.json"))


def test_an_argument_that_a_fit_refuses_is_a_sentence_of_ours(capsys):
    assert main([*RUN, "--set", "models=[linear.cca_ssvep]"]) == 1
    out = capsys.readouterr().out
    assert "linear.cca_ssvep: failed: cca_ssvep: sfreq is None. Give the sampling rate" in out


@pytest.mark.parametrize("key", ["metrics", "seeds"])
def test_an_empty_list_is_named(capsys, key):
    assert f"ask.yaml: {key}: there is none" in said(capsys, 2, *RUN, "--set", f"{key}=[]")
