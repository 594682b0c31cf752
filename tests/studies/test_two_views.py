"""EEG and fMRI paired by what was shown: two signals a trial, of people who never met."""

from pathlib import Path

import planted
import pytest
from whole_harness import pass_through, typed

from neurodecode.cli import main
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.opening import open_study

HERE = Path(__file__).parent


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(HERE)
    planted.two_views(tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.slow
def test_both_tell_more_than_either(data, tmp_path):
    passed = pass_through(HERE / "two_views.yaml", tmp_path / "out", "--data", str(data))
    eeg, fmri, both = (row["mean"] for row in passed.rows if row["model"].startswith("join"))
    assert both > max(eeg, fmri) > 0.6
    note = "fmri: 38 values of stimulus are paired, the mean of 3 to 3 rows each, of 1 subject(s)."
    assert note in passed.plan["notes"] and note in passed.page
    for stage in ("check", "table"):
        assert typed(
            stage, str(passed.results.folder), *(["--data", str(data)] if stage == "check" else [])
        )


def test_repeats_are_averaged_and_rows_without_a_partner_counted(data):
    import numpy as np

    study = open_study(read_experiment(HERE / "two_views.yaml"), data, compute=True)
    betas = np.load(data / "two_views_fmri" / "sub-09.npz")
    stimulus = study.trials.rows["stimulus"]
    expected = np.stack([betas["betas"][betas["stimulus"] == one].mean(axis=0) for one in stimulus])
    np.testing.assert_allclose(study.trials.array("fmri"), expected, rtol=1e-12)
    assert set(study.trials.signals) == {"eeg", "fmri"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("protocol={within_session: {n_splits: 2}}", "is trained on and tested, and its partner"),
        ("data.pair.by=[picture]", "data.pair.by: the rows of data have no column 'picture'"),
        ("data.pair.card=two_views_eeg_card.yaml", "both are eeg, and models could not tell"),
        ("data.pair.card=none.yaml", "data.pair: there is no card file none.yaml"),
        ("data.pair.task=kinds", "data.pair: two_views_fmri has no task 'kinds'"),
        ("models=[linear.logistic]", "it takes 1 signal(s), and there are 2 (eeg, fmri). Begin"),
        ("data.pair.by=[subject, stimulus]", "no row shares its subject and stimulus with one"),
    ],
)
def test_what_cannot_be_paired_is_refused(data, tmp_path, capsys, change, said):
    out = ["--data", str(data), "--out", str(tmp_path / "out")]
    assert main(["plan", str(HERE / "two_views.yaml"), "--set", change, *out]) != 0
    assert said in capsys.readouterr().err
