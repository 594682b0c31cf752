"""Three people with voxels of their own: each told from few responses and the other two."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurodecode.cli import main
from neurodecode.metrics.regression import correlations
from neurodecode.report.results import load_results

HERE = Path(__file__).parent
EXPERIMENT = HERE / "own_voxels_encode.yaml"
WIDTHS = {"01": 30, "02": 44, "03": 37}
PRIOR = "encode.prior_ridge()"


def run(folder, n_voxels="", *asked):
    """Run the experiment, with `n_voxels` of the card's own or others, and give its results."""
    folder.mkdir()
    experiment = folder / EXPERIMENT.name
    experiment.write_text(EXPERIMENT.read_text())
    card = (HERE / "own_voxels_card.yaml").read_text()
    own = 'n_voxels: {"01": 30, "02": 44, "03": 37}'
    assert own in card
    (folder / "own_voxels_card.yaml").write_text(card.replace(own, n_voxels or own))
    settings = [part for one in asked for part in ("--set", one)]
    told = ["--out", str(folder / "out"), "--engine", "inline", *settings]
    assert main(["run", str(experiment), *told]) == 0
    return load_results(folder / "out" / experiment.stem)


def predicted(results, model):
    said = results.predictions(model)
    return {one: np.stack(mine["pred"].to_list()) for one, mine in said.groupby("subject")}


def context_mean(results, subject):
    """Mean of the 16 responses of a person that are shown."""
    table, truth = results.store.rows(), results.store.truth(results.store.rows())
    shown = table.index[(table["subject"] == subject) & (table["position"] < 16)]
    return truth[shown.to_numpy()].mean(axis=0)


def test_each_person_is_told_in_voxels_of_their_own(tmp_path):
    results = run(tmp_path / "own", "", "n_permutations=1")
    said = predicted(results, PRIOR)
    assert {one: y.shape for one, y in said.items()} == {k: (44, n) for k, n in WIDTHS.items()}
    store, every = results.store, results.predictions(PRIOR)
    truth, uid = store.truth(store.rows()), pd.Index(store.rows()["uid"])
    found = next(row for row in results.rows() if (row.model, row.metric) == (PRIOR, "r"))
    for one, y in said.items():
        true = truth[uid.get_indexer(every.loc[every["subject"] == one, "uid"])]
        r = correlations(true, y).mean()
        assert found.per_unit[one] == pytest.approx(r)
        # Weights lie in 4 of 24 dimensions: 16 responses tell them to who knows which. The oracle
        # is at .84 on average.
        assert r > 0.6
    targets = results.targets("r", PRIOR)
    assert targets.groupby("subject").size().to_dict() == WIDTHS
    mean = predicted(results, "baseline.mean_target")["02"][0]
    np.testing.assert_allclose(mean, context_mean(results, "02"), atol=1e-12)


def test_whether_voxels_have_one_name_in_all_people_changes_nothing(tmp_path):
    """Scores too, though people with as many voxels are not scored as if these were the same."""
    score = "score={within: [subject]}"
    own = run(tmp_path / "own", "n_voxels: 40", score)
    shared = run(tmp_path / "shared", "n_parcels: 40", score)
    for model in (PRIOR, "encode.prior_ridge(prior=none)"):
        one, other = predicted(own, model), predicted(shared, model)
        for subject, y in one.items():
            np.testing.assert_array_equal(y, other[subject])
        scored, peer = ([r.mean for r in x.rows() if r.model == model] for x in (own, shared))
        assert scored == pytest.approx(peer, rel=1e-12)
    mean = predicted(own, "baseline.mean_target")["02"][0]  # nobody else has these voxels
    np.testing.assert_allclose(mean, context_mean(own, "02"), atol=1e-12)


def test_a_model_of_one_space_is_refused_beside_one_that_takes_many(tmp_path, capsys):
    models = "models=[encode.prior_ridge, linear.ridge]"
    asked = ["--set", models, "--set", "controls=[]", "--out", str(tmp_path)]
    main(["plan", str(EXPERIMENT), *asked])
    out = capsys.readouterr().out
    assert "not run: linear.ridge: it learns brains of one space. fold subject-01: signal" in out
    assert "not run: encode" not in out
    assert "not run: baseline" not in out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("protocol={cross_subject: {n_splits: 2}}", "2 spaces of the brain are tested at once"),
        ("target_access={}", "no response of the tested is told. Say target_access: {calibration"),
        ("models=[linear.ridge]", "has Space(30 voxels)"),
    ],
)
def test_what_own_voxels_cannot_be_asked_is_said(tmp_path, capsys, given, said):
    asked = ["--set", given, "--out", str(tmp_path)]
    assert main(["plan", str(EXPERIMENT), *asked]) == 2
    assert said in capsys.readouterr().err
