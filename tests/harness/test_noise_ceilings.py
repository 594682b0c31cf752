"""Noise ceilings of stored truth, and fractions of them beside scores."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.linear_model import Ridge

from neurodecode.cli import main
from neurodecode.core.errors import ConfigError
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.noise_ceilings import noise_ceilings
from neurodecode.harness.store import Store
from neurodecode.harness.target_spaces import TargetSpace, read_target_space
from neurodecode.report.results import Results
from neurodecode.simulate.fmri.features import Features

ASKED = {
    "data": {"card": "simulated_encoding_fmri", "task": "film", "simulate": "small"},
    "direction": "encode",
    "features": "features",
    "models": [["scale", {"linear.ridge": {"alphas": [100.0]}}]],
    "metrics": ["r", "r2", "rmse"],
    "shuffled": {"n_draws": 0},
}


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def run(**changes) -> Results:
    Path("film.yaml").write_text(yaml.safe_dump({**ASKED, **changes}))
    assert main(["run", "film.yaml", "--engine", "inline"]) == 0
    return Results(Path("results") / "film_simulated" if Path("results/film_simulated").exists()
                   else Path("results") / "film")  # fmt: skip


def test_a_film_that_was_shown_twice_bounds_what_can_be_told_of_it():
    results = run()
    found = noise_ceilings(results.store)
    assert list(found) == [("01", 0), ("02", 1)]
    made = Features(
        subjects=("01", "02"), runs=("1", "2", "5", "6"), test_runs=("5", "6"),
        bands={"low": 4, "high": 6}, n_volumes=80, n_voxels={"01": 30, "02": 41}, effect=1.5,
        seed=0,
    )  # fmt: skip
    for (subject, _), one in found.items():
        films = [made.signal(subject, "1", run) for run in ("5", "6")]
        of_signal = np.var([one.tracks["oracle:fmri"] for one in films], axis=1).mean(axis=0)
        true = of_signal / np.var([one.data for one in films], axis=1).mean(axis=0)
        assert (one.function, one.n_stimuli, one.n_repeats) == ("explainable_variance", 80, (2, 2))
        assert (one.scored.of, one.scored.unit) == ("single", "reliability")
        # Of 80 volumes that follow each other, voxels scatter by .15, and lean on neighbours.
        assert np.corrcoef(one.scored.value, true)[0, 1] > 0.7
        assert one.scored.value.mean() == pytest.approx(true.mean(), abs=0.08)
    rows = {(row.model, row.metric): row for row in results.rows()}
    oracle = rows["baseline.oracle", "r"]
    assert oracle.of_ceiling == pytest.approx(1, abs=0.12)
    assert (oracle.ceiling_by, oracle.ceiling_unit) == ("explainable_variance", "r")
    ridge = rows["scale + linear.ridge", "r2"]
    assert ridge.ceiling_unit == "r2"
    assert ridge.of_ceiling < 1
    assert rows["scale + linear.ridge", "rmse"].ceiling is None


def test_nothing_repeated_has_no_ceiling_and_says_why():
    results = run(data={**ASKED["data"], "runs": ["1", "2", "5"]})
    row = results.rows()[0]
    assert row.ceiling is None
    assert row.ceiling_note == "no tested stimulus was shown twice to one person"


def test_none_is_asked_for():
    row = run(ceiling="none").rows()[0]
    assert (row.ceiling, row.ceiling_note) == (None, "not asked for (ceiling: none)")


def test_a_function_is_asked_by_name_and_written_out():
    results = run(ceiling={"split_half": {"n_splits": 5}, "threshold": 0.2})
    assert results.rows()[0].ceiling_by == "split_half"
    plain = yaml.safe_load(results.resolved)["ceiling"]
    assert plain == {"split_half": {"n_splits": 5, "seed": 0}, "threshold": 0.2}
    again = read_experiment(results.folder / "resolved.yaml").experiment.ceiling
    assert again.plain() == plain


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("anova", "no noise ceiling is called 'anova'. Did you mean 'anova_nc'?"),
        ({"split_half": {"splits": 5}}, "unknown key 'splits'. Did you mean 'n_splits'?"),
        ({"automatic": {}, "threshold": 2.0}, "threshold: 2.0. Give a reliability from 0 to 1."),
    ],
)
def test_what_is_no_ceiling_is_refused(asked, said):
    Path("film.yaml").write_text(yaml.safe_dump({**ASKED, "ceiling": asked}))
    with pytest.raises(ConfigError) as error:
        read_experiment(Path("film.yaml"))
    assert said in str(error.value)


def test_the_mean_of_two_showings_has_the_ceiling_of_a_mean():
    single = run().rows()[0]
    mean = run(aggregate={"by": ["subject", "stimulus"]}).rows()[0]
    assert (single.ceiling_of, mean.ceiling_of) == ("single", "mean_k")
    # Of the mean of two: by Spearman-Brown, in reliability, target by target; so between these.
    expected = np.sqrt(2 * single.ceiling**2 / (1 + single.ceiling**2))
    assert mean.ceiling == pytest.approx(expected, abs=0.06)
    assert mean.mean > single.mean
    assert mean.of_ceiling == pytest.approx(single.of_ceiling, abs=0.1)


def test_each_target_has_its_score_and_its_ceiling():
    results = run()
    targets = results.targets()
    assert list(targets) == [
        "subject", "space", "target", "name", "i", "j", "k", "score", "p", "p_max", "q", "ceiling",
        "fraction",
    ]  # fmt: skip
    row = next(one for one in results.rows() if one.model == "scale + linear.ridge")
    means = targets.groupby("subject")["score"].mean()
    assert means.to_dict() == pytest.approx(row.per_unit)  # what the table's is the mean of
    assert len(targets) == 30 + 41
    above = targets[targets["ceiling"] > 0]
    np.testing.assert_allclose(above["fraction"], above["score"] / above["ceiling"])
    made = list((results.folder / "targets").iterdir())
    assert len(made) == 1
    results.targets()
    assert list((results.folder / "targets").iterdir()) == made  # read, not made again
    assert "ceiling" not in results.targets("rmse")
    with pytest.raises(ConfigError, match="no model 'other' has a score"):
        results.targets("r", "other")


def test_targets_have_the_ceiling_that_their_data_set_comes_with(monkeypatch):
    def known(self, number):
        found = read_target_space(self.folder / "truth", number)
        ceiling = np.linspace(0, 0.5, len(found.space))
        return TargetSpace(dataclasses.replace(found.space, ceiling=ceiling))

    monkeypatch.setattr(Store, "target_space", known)
    once = run(data={**ASKED["data"], "runs": ["1", "2", "5"]})
    assert once.rows()[0].ceiling_by == "data_set"
    targets = once.targets("r2")
    assert targets["ceiling"].max() == pytest.approx(0.5)
    # Reliabilities above .1 of 0 to .5: their mean is .3.
    assert {row.metric: row for row in once.rows()}["r2"].ceiling == pytest.approx(0.3, abs=0.02)
    assert run(ceiling="data_set").rows()[0].ceiling_by == "data_set"


class Choosing(Ridge):
    """Says a layer for each target: of even ones 2, of odd ones 5."""

    def choices(self):
        n = len(self.coef_)
        return {"layer": np.where(np.arange(n) % 2, 5, 2)}


def test_what_a_model_chooses_for_each_target_stands_beside_its_score():
    Path("film.yaml").write_text(yaml.safe_dump({**ASKED, "models": []}))
    name = f"{Path(__file__).stem}:Choosing"
    assert main(["run", "film.yaml", "--engine", "inline", "--model", name]) == 0
    targets = Results(Path("results/film")).targets()
    odd = targets["target"] % 2 == 1
    assert set(targets.loc[odd, "layer"]) == {5}
    assert set(targets.loc[~odd, "layer"]) == {2}
