"""Noise ceilings of stored truth, and fractions of them beside scores."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.linear_model import Ridge

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.noise_ceilings import _halves, noise_ceilings
from neurodecode.harness.opening import open_study
from neurodecode.harness.plan import make_plan
from neurodecode.harness.run import execute
from neurodecode.harness.store import Store
from neurodecode.harness.table import score_results
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


@pytest.fixture(scope="module", autouse=True)
def own_folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ceilings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        yield


@pytest.fixture(scope="module")
def film(own_folders):
    return run()


@pytest.fixture
def asked_for(film, monkeypatch):
    """Give the results of the film as if another ceiling had been asked for."""

    def changed(function, **arguments):
        index = film.store.index()
        index["noise_ceiling"] |= {"function": function, "arguments": arguments}
        monkeypatch.setattr(Store, "index", lambda _: index)
        return noise_ceilings(film.store)

    return changed


@pytest.fixture(scope="module")
def once(own_folders):
    """The film shown once."""
    return run(data={**ASKED["data"], "runs": ["1", "2", "5"]})


def written(**changes) -> Path:
    Path("film.yaml").write_text(yaml.safe_dump({**ASKED, **changes}))
    return Path("film.yaml")


def run(added=(), **changes) -> Results:
    """Run without a page, whose pictures take longer than all else."""
    resolved = read_experiment(written(**changes), models=added)
    study = open_study(resolved, None, compute=True)
    plan = make_plan(study)
    store = Store(Path("out") / str(len(list(Path("out").glob("*"))))).open()
    write_study(plan, store, "film", resolved.plain(), "inline")
    write_index(plan, store, "film", execute(plan, store).errors)
    return Results(store.folder)


def test_a_film_that_was_shown_twice_bounds_what_can_be_told_of_it(film):
    found = noise_ceilings(film.store)
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
    rows = {(row.model, row.metric): row for row in film.rows()}
    oracle = rows["baseline.oracle", "r"]
    assert oracle.of_ceiling == pytest.approx(1, abs=0.12)
    assert (oracle.ceiling_by, oracle.ceiling_unit) == ("explainable_variance", "r")
    ridge = rows["scale + linear.ridge", "r2"]
    assert ridge.ceiling_unit == "r2"
    assert ridge.of_ceiling < 1
    assert rows["scale + linear.ridge", "rmse"].ceiling is None


def test_films_that_have_runs_of_their_own_have_one_ceiling(film, monkeypatch):
    """Each run cut into two, as if two films had been shown in two runs each."""
    rows, whole = film.store.rows(), noise_ceilings(film.store)
    place = rows.groupby("recording", observed=True).cumcount()
    half = np.where(place < 40, "/a", "/b")
    cut = {name: rows[name].astype(str) + half for name in ("recording", "stimulus")}
    monkeypatch.setattr(Store, "rows", lambda _: rows.assign(**cut))
    found = noise_ceilings(film.store)
    assert list(found) == list(whole)
    for whose, one in found.items():
        assert (one.n_stimuli, one.n_repeats) == (80, (2, 2))
        np.testing.assert_allclose(one.scored.value, whole[whose].scored.value)


def test_nothing_repeated_has_no_ceiling_and_says_why(once):
    row = once.rows()[0]
    assert row.ceiling is None
    assert row.ceiling_note == "no tested stimulus was shown twice to one person"


def test_none_is_asked_for(asked_for):
    assert asked_for("none") == "not asked for (ceiling: none)"


def test_trials_that_follow_each_other_by_chance_have_another_function(asked_for):
    by_anova, by_halves = asked_for("anova_nc"), asked_for("split_half", n_splits=5)
    of_nsd = asked_for("ncsnr_nsd")
    for whose, one in asked_for("explainable_variance").items():
        # Of two runs, standardised or not, they say nearly the same; that of NSD is clipped.
        for other in (by_anova[whose].scored.value, by_halves[whose].scored.value):
            assert np.corrcoef(other, one.scored.value)[0, 1] > 0.97
            assert other.mean() == pytest.approx(one.scored.value.mean(), abs=0.03)
        assert of_nsd[whose].scored.value.min() >= 0


def test_a_function_is_asked_by_name_and_written_out():
    asked = written(ceiling={"split_half": {"n_splits": 5}, "threshold": 0.2})
    resolved = read_experiment(asked).plain()
    plain = {"split_half": {"n_splits": 5, "seed": 0}, "threshold": 0.2}
    assert resolved["ceiling"] == plain
    again = read_experiment(written(ceiling=plain)).experiment.ceiling
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
    with pytest.raises(ConfigError) as error:
        read_experiment(written(ceiling=asked))
    assert said in str(error.value)


def test_the_mean_of_two_showings_has_the_ceiling_of_a_mean(film):
    single = film.rows()[0]
    mean = run(aggregate={"by": ["subject", "stimulus"]}).rows()[0]
    assert (single.ceiling_of, mean.ceiling_of) == ("single", "mean_k")
    # Of the mean of two: by Spearman-Brown, in reliability, target by target; so between these.
    expected = np.sqrt(2 * single.ceiling**2 / (1 + single.ceiling**2))
    assert mean.ceiling == pytest.approx(expected, abs=0.06)
    assert mean.mean > single.mean
    assert mean.of_ceiling == pytest.approx(single.of_ceiling, abs=0.1)


def test_each_target_has_its_score_and_its_ceiling(film):
    results = film
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


def test_targets_have_the_ceiling_that_their_data_set_comes_with(once, monkeypatch, asked_for):
    def with_ceiling(self, number):
        found = read_target_space(self.folder / "truth", number)
        ceiling = np.linspace(0, 0.5, len(found.space))
        return TargetSpace(dataclasses.replace(found.space, ceiling=ceiling))

    monkeypatch.setattr(Store, "target_space", with_ceiling)
    rows = {(row.model, row.metric): row for row in score_results(once.store)}
    row = rows["scale + linear.ridge", "r2"]
    assert row.ceiling_by == "data_set"
    assert once.targets("r2")["ceiling"].max() == pytest.approx(0.5)
    # Reliabilities above .1 of 0 to .5: their mean is .3.
    assert row.ceiling == pytest.approx(0.3, abs=0.02)
    known = asked_for("data_set")
    assert {one.function for one in known.values()} == {"data_set"}


class Choosing(Ridge):
    """Says a layer for each target: of even ones 2, of odd ones 5."""

    def choices(self):
        n = len(self.coef_)
        return {"layer": np.where(np.arange(n) % 2, 5, 2)}


def test_what_a_model_chooses_for_each_target_stands_beside_its_score():
    targets = run([f"{Path(__file__).stem}:Choosing"], models=[]).targets()
    odd = targets["target"] % 2 == 1
    assert set(targets.loc[odd, "layer"]) == {5}
    assert set(targets.loc[~odd, "layer"]) == {2}


def test_few_stimuli_select_no_targets_for_their_own_ceiling():
    layout = np.stack([np.arange(12), 12 + np.arange(12)])
    first, second = _halves(layout)
    assert sorted([*first, *second]) == list(range(12)) and len(first) == 6
    layout[1, 3:] = -1  # three were shown twice
    with pytest.raises(DataError, match="3 stimuli were shown twice"):
        _halves(layout)
