"""Noise ceilings of stored truth, and fractions of them beside scores."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from neurodecode.cli import main
from neurodecode.core.errors import ConfigError
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.noise_ceilings import noise_ceilings
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
