"""One subject is compared by its test trials, drawn again for both models at once."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests_compare import Says, of_vectors, said, stored
from tests_harness import N_PER_RUN, planted, study_of

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import find
from neurodecode.harness.compare import compare_results
from neurodecode.harness.dependence import widened
from neurodecode.harness.galleries import Galleries
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.paired_bootstrap import bootstrap_p, bootstrap_scores, bootstrapped
from neurodecode.harness.score import collect_groups
from neurodecode.harness.scorer import Scorer
from neurodecode.harness.table import score_results
from neurodecode.linalg.stats import (
    percentile_interval,
)


@pytest.fixture
def alone(tmp_path):
    return stored(said({"good": (22,), "bad": (12,)}, ("1",)), tmp_path / "alone")


def test_one_subject_is_compared_by_its_test_trials(alone):
    (one,), _ = compare_results([alone])
    draws = [bootstrapped(alone, name, "accuracy")[0] for name in ("good", "bad")]
    assert one.difference == pytest.approx(10 / 24)
    # Two runs, each tested by a model of the other: the variance of the draws is doubled.
    spread = 10 / 24 + np.sqrt(2) * (draws[0] - draws[1] - 10 / 24)
    assert (one.ci_low, one.ci_high) == pytest.approx(percentile_interval(spread))
    assert one.p == bootstrap_p(spread, "two-sided")
    assert one.ci_low > 0
    assert one.p < 0.05
    assert np.isnan(one.dz)
    assert one.flags == ("test-set only",)
    drawn = "two-sided paired bootstrap of 24 test trials, 1000 draws"
    assert one.test == f"{drawn}, their variance times 2"


def test_both_models_see_the_same_draws(alone, tmp_path):
    first, names = bootstrapped(alone, "good", "accuracy")
    assert len(names) == 24
    # Were the draws of the two not the same, the s.d. of their difference would be another.
    twice = stored(said({"one": (12,), "two": (12,)}, ("1",), seed=3), tmp_path / "twice")
    one, two = (bootstrapped(twice, name, "accuracy")[0] for name in ("one", "two"))
    right = {}
    for job in twice.index()["jobs"]:
        found = twice.predictions(job["key"], ("a", "b"))
        truth = twice.rows().set_index("uid")["y"]
        for uid, pred in zip(found.uid, found.pred, strict=True):
            right.setdefault(job["model"], {})[uid] = pred == truth[uid]
    table = pd.DataFrame(right)
    difference = (table["one"].astype(int) - table["two"]).to_numpy()
    # Two folds of 12 trials whose means are averaged: the s.d. of a mean of 24, nearly.
    expected = difference.std() / np.sqrt(24)
    assert np.std(one - two) == pytest.approx(expected, rel=0.1)
    again, _ = bootstrapped(alone, "good", "accuracy")
    np.testing.assert_array_equal(first, again)


def test_one_subject_with_other_rows_or_blocks_is_refused(alone, tmp_path):
    study = said({"good": (22,)}, ("1",))
    part = np.arange(24) % N_PER_RUN < N_PER_RUN - 2
    fewer = replace(study, trials=study.trials.take(part), previous=study.previous[part])
    with pytest.raises(ConfigError, match="with one subject trials are paired, and rows differ"):
        compare_results([alone, stored(fewer, tmp_path / "fewer")])
    arrays, labels, rows = planted(subjects=("1",))
    models = (NamedModel("good", Says()),)
    asked = {"metrics": ("accuracy",), "models": models, "n_draws": 0}
    arrays["1"][:, 0, 0] = labels["1"] == "b"
    blocked = study_of(arrays, labels, rows.assign(block=np.arange(24) // 4), **asked)
    blocked = stored(blocked, tmp_path / "blocked")
    with pytest.raises(ConfigError, match="trials are paired, and their blocks differ"):
        compare_results([alone, blocked])
    assert len(bootstrapped(blocked, "good", "accuracy")[1]) == 6


def test_the_bootstrap_scores_as_the_table_does(tmp_path):
    study = said({"good": (20,), "bad": (12,)}, ("1",), metrics=("accuracy", "balanced_accuracy"))
    folder = stored(study, tmp_path / "r")
    rows = {(row.model, row.metric): row for row in score_results(folder)}
    for metric in ("accuracy", "balanced_accuracy"):
        draws, _ = bootstrapped(folder, "good", metric)
        row = rows["good", metric]
        # 5 s.e. of the mean of the draws; a bootstrapped balanced accuracy is nearly unbiased.
        assert abs(draws.mean() - row.mean) < 5 * draws.std() / np.sqrt(len(draws)) + 0.005
        # The same draws: a pair of models that differs in its table does so in a comparison.
        ends = widened(percentile_interval(draws), row.mean, folder.index()["inflation"]["row"])
        assert np.clip(ends, 0, 1).tolist() == [row.ci_low, row.ci_high]


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy"])
@pytest.mark.parametrize("drawn_with", ["neighbours", "one of a class and run"])
def test_the_bootstrap_of_terms_is_that_of_scores(alone, name, drawn_with):
    groups = [one for one in collect_groups(alone) if one.model == "good" and one.is_itself]
    block, scorer = np.arange(24) // 3, Scorer.of(alone)
    if drawn_with != "neighbours":  # so that draws lack a class, and a few all of both runs
        rows = alone.rows()
        block = rows.groupby(["run", "y"]).ngroup().to_numpy()
    metric = find(name, "metrics")
    of_terms, _ = bootstrap_scores(groups, block, metric, scorer)
    anew, _ = bootstrap_scores(groups, block, replace(metric, terms=None), scorer)
    np.testing.assert_allclose(of_terms, anew, rtol=1e-12)
    lacking = name == "balanced_accuracy" and drawn_with != "neighbours"
    assert np.isnan(anew).any() == lacking


@pytest.mark.slow
def test_pictures_are_held_against_one_gallery_in_every_draw(tmp_path):
    """With a gallery of all pictures terms change nothing; without, no draw has a smaller one."""
    study, _ = of_vectors()
    asked = replace(study, question=replace(study.question, metrics=("two_way",)))
    folder = stored(asked, tmp_path / "r")
    groups = [one for one in collect_groups(folder) if one.model == "weak" and one.is_itself]
    block, metric = np.arange(144), find("two_way", "metrics")
    pictures = np.concatenate([one.true for one in groups])
    whole = replace(Scorer.of(folder), galleries=Galleries("all", "correlation", pictures))
    both = (metric, replace(metric, terms=None))
    drawn = [bootstrap_scores(groups, block, one, whole)[0] for one in both]
    np.testing.assert_allclose(*drawn, rtol=1e-12)
    alone = bootstrap_scores(groups, block, metric, Scorer.of(folder))[0]
    assert alone.mean() == pytest.approx(score_results(folder)[1].mean, abs=0.01)


def test_bootstrap_p_by_hand():
    draws = np.array([-1.0, 0.0, 1.0, 2.0, np.nan])
    # Of four draws two are not above zero and three not below; the one found is counted in.
    assert bootstrap_p(draws, "greater") == 3 / 5
    assert bootstrap_p(draws, "less") == 4 / 5
    assert bootstrap_p(draws, "two-sided") == 1
    assert bootstrap_p(np.ones(999), "two-sided") == 2 / 1000
    assert bootstrap_p(np.zeros(9), "two-sided") == 1
    assert np.isnan(bootstrap_p(np.full(3, np.nan), "greater"))


def test_the_bootstrap_rejects_a_true_null_nearly_as_often_as_it_says():
    rng, n_sets, n_trials = np.random.default_rng(0), 600, 100
    rejected = powerful = 0
    for _ in range(n_sets):
        one, other = rng.random((2, n_trials)) < 0.7  # told right, by two models of equal skill
        better = rng.random(n_trials) < 0.9
        times = rng.multinomial(n_trials, np.full(n_trials, 1 / n_trials), size=1000)
        rejected += bootstrap_p(times @ (one * 1.0 - other) / n_trials, "two-sided") <= 0.05
        powerful += bootstrap_p(times @ (better * 1.0 - other) / n_trials, "two-sided") <= 0.05
    sd = np.sqrt(0.05 * 0.95 / n_sets)
    assert abs(rejected / n_sets - 0.05) < 4 * sd
    # A difference of .2 with a s.e. of sqrt(.7 × .3 + .9 × .1) / 10 = .055 is 3.65 of them: .95.
    assert powerful / n_sets > 0.9


class SaysTimes(Says):
    """Gives the answer for each of the 64 samples of a trial."""

    def predict(self, X):
        return np.repeat(super().predict(X)[:, None], 64, axis=1)


def test_one_subject_is_compared_over_all_times(tmp_path):
    study = said({"good": (22,), "bad": (4,)}, ("1",))
    models = tuple(NamedModel(f"timed {i}", SaysTimes(i)) for i in range(2))
    question = replace(study.question, models=(*models, *study.question.models))
    folder = stored(replace(study, question=question), tmp_path / "r")
    assert not [row.note for row in score_results(folder) if row.note]
    found, _ = compare_results([folder], against="good")
    assert [one.first for one in found] == ["timed 0", "timed 1", "bad"]
    # Few draws where there are times, and of the other model as many, the same ones.
    assert ["200 draws" in one.test for one in found] == [True, True, False]
    # The same answers, so no draw has a difference.
    ends = (found[0].ci_low, found[0].ci_high)
    assert ends == pytest.approx((0, 0), abs=1e-15) and found[0].p == 1  # sums of 64 equal shares
    assert all(one.difference == pytest.approx(-18 / 24) for one in found[1:])
    assert all(one.ci_low < one.ci_high < 0 for one in found[1:])
