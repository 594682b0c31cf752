"""Two people whose brains have 300 and 410 voxels: each decoded, and each told from features."""

from pathlib import Path

import numpy as np
import pandas as pd
import planted
import pytest
from whole_harness import pass_through

from neurodecode.cli import main
from neurodecode.metrics.regression import correlations
from neurodecode.report.results import load_results

HERE = Path(__file__).parent
ENCODER = "scale + linear.ridge"


@pytest.fixture
def data(tmp_path):
    planted.two_brains(tmp_path / "data" / "two_brains")
    return "--data", str(tmp_path / "data")


def data_of(data, subject):
    return Path(data[1]) / "two_brains" / f"sub-{subject}.npz"


@pytest.mark.slow
def test_decoding_within_each(data, tmp_path):
    passed = pass_through(HERE / "two_brains_decode.yaml", tmp_path / "out", *data)
    found = passed.row("linear.lda")
    assert set(found["per_unit"]) == set(planted.N_VOXELS)
    assert all(score > 0.45 for score in found["per_unit"].values()), found["per_unit"]


def test_encoding_within_each(data, tmp_path):
    passed = pass_through(HERE / "two_brains_encode.yaml", tmp_path / "out", *data)
    found = passed.row(ENCODER, "r")
    assert set(found["per_unit"]) == set(planted.N_VOXELS)
    said = passed.results.predictions(ENCODER)
    store = passed.results.store
    truth, uid = store.truth(store.rows()), pd.Index(store.rows()["uid"])
    for subject, n_voxels in planted.N_VOXELS.items():
        mine = said[said["subject"] == subject]
        predicted = np.stack(mine["pred"].to_list())
        assert predicted.shape == (24, n_voxels)
        true = truth[uid.get_indexer(mine["uid"])]
        with np.load(data_of(data, subject)) as stored:
            held_out = np.isin(stored["stimulus"], mine["stimulus"])
            np.testing.assert_array_equal(true, stored["betas"][held_out])
            tuned = np.any(stored["tuning"] != 0, axis=0)
        each = correlations(true, predicted)
        assert found["per_unit"][subject] == pytest.approx(each.mean())
        # Of 24 rows r has an s.d. of .2 where there is nothing to tell.
        assert abs(each[~tuned].mean()) < 0.1
        assert each[tuned].mean() > 0.3


def test_pooling_brains_of_several_spaces_is_refused(data, tmp_path, capsys):
    pooled = ["--set", "score={within: []}", "--out", str(tmp_path)]
    assert main(["plan", str(HERE / "two_brains_encode.yaml"), *data, *pooled]) == 2
    said = capsys.readouterr().err
    assert "which pools brains of 2 spaces, whose voxels are not each other's. Add subject" in said


def test_one_model_of_two_brains_is_not_kept_and_one_of_one_is(data, tmp_path, capsys):
    kept = [*data, "--set", "keep=final", "--set", "shuffled.n_draws=0", "--out", str(tmp_path)]
    assert main(["plan", str(HERE / "two_brains_encode.yaml"), *kept]) == 2
    assert "keep: final fits one model on all rows, and these are of 2 spaces" in (
        capsys.readouterr().err
    )
    one = [*kept, "--engine", "inline", "--set", "data.subjects=['02']"]
    assert main(["run", str(HERE / "two_brains_encode.yaml"), *one]) == 0
    results = str(tmp_path / "two_brains_encode")
    assert main(["check", results, *data]) == 0
    capsys.readouterr()
    assert main(["predict", results, str(data_of(data, "02"))]) == 2
    assert "holds encoders, which tell the brain from features" in capsys.readouterr().err


def test_training_on_one_brain_and_testing_another_is_refused(data, tmp_path, capsys):
    across = ["--set", "protocol={cross_subject: {}}", "--out", str(tmp_path)]
    assert main(["plan", str(HERE / "two_brains_encode.yaml"), *data, *across]) == 2
    # Both saw the same pictures, which an encoder that was told the answers to knows.
    assert "24 stimuli are trained on and tested" in capsys.readouterr().err


def test_a_new_person_is_told_from_one_who_saw_the_same_pictures(data, tmp_path):
    """As of NSD: trained on others' other pictures, shown responses of the tested to these."""
    asked = [
        "models=[encode.prior_ridge]", "target_access={calibration: 40}", "shuffled.n_draws=0",
        "protocol={shared_stimuli: {n_splits: 3, within: others}}",
    ]  # fmt: skip
    told = [*data, *(part for one in asked for part in ("--set", one)), "--out", str(tmp_path)]
    assert main(["run", str(HERE / "two_brains_encode.yaml"), "--engine", "inline", *told]) == 0
    results = load_results(tmp_path / "two_brains_encode")
    said, store = results.predictions("encode.prior_ridge"), results.store
    truth, uid = store.truth(store.rows()), pd.Index(store.rows()["uid"])
    for subject, n_voxels in planted.N_VOXELS.items():
        mine = said[said["subject"] == subject]
        predicted = np.stack(mine["pred"].to_list())
        assert predicted.shape == (72, n_voxels)
        with np.load(data_of(data, subject)) as stored:
            tuned = np.any(stored["tuning"] != 0, axis=0)
        each = correlations(truth[uid.get_indexer(mine["uid"])], predicted)
        # .42 and .39 when written, untuned ones below .05.
        assert each[tuned].mean() > 0.3
        assert abs(each[~tuned].mean()) < 0.1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("features=''", "direction: encode needs features"),
        ("direction=decode", "names a track, which is for direction: encode"),
        ("target={value: run}", "target: of direction: encode it is the brain. Leave it out"),
        ("features=feature", "has no track or table 'feature'; there are: features"),
    ],
)
def test_what_an_encoder_cannot_be_asked_is_said(data, tmp_path, capsys, given, said):
    asked = ["--set", given, "--out", str(tmp_path)]
    assert main(["plan", str(HERE / "two_brains_encode.yaml"), *data, *asked]) == 2
    assert said in capsys.readouterr().err
