"""Comparisons: who is paired with whom, by which test, and what is said where that cannot be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from tests_harness import MODELS, N_PER_RUN, planted, run, study_of

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import find
from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.compare import compare_results
from neurodecode.harness.paired_bootstrap import bootstrap_p, bootstrap_scores, bootstrapped
from neurodecode.harness.question import NamedModel
from neurodecode.harness.score import Scorer, collect_groups
from neurodecode.harness.store import Store
from neurodecode.harness.table import score_results
from neurodecode.linalg.permutation import sign_flip_test, wilcoxon_test
from neurodecode.linalg.stats import (
    cohen_dz,
    corrected_t_test,
    dz_interval,
    mean_interval,
    percentile_interval,
)
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.protocols.within_session import WithinSession

SUBJECTS = ("1", "2", "3", "4", "5", "6")


class Says(ClassifierMixin, BaseEstimator):
    """Reads its answer from one channel of the signal."""

    needs = Needs()
    version = 1

    def __init__(self, channel=0):
        self.channel = channel

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return X[:, self.channel, 0].astype(int)


def said(n_right, subjects=SUBJECTS, seed=0, n_draws=0, **question):
    """Study of models that tell, of each subject's 24 trials, as many as `n_right` says.

    Parameters
    ----------
    n_right : dict of str to sequence of int
        Model to trials told right, one number a subject.
    """
    arrays, labels, rows = planted(seed=seed, subjects=subjects)
    rng = np.random.default_rng(seed)
    for channel, numbers in enumerate(n_right.values()):
        for subject, n in zip(subjects, numbers, strict=True):
            truth = labels[subject] == "b"
            wrong = rng.permutation(len(truth)) >= n
            arrays[subject][:, channel, 0] = truth ^ wrong
    models = tuple(NamedModel(name, Says(i)) for i, name in enumerate(n_right))
    asked = {"metrics": ("accuracy",), "models": models, "n_draws": n_draws, **question}
    return study_of(arrays, labels, rows, **asked)


def stored(study, folder):
    run(study, folder)
    return Store(folder)


GOOD, FAIR, BAD = (20, 22, 18, 24, 21, 19), (18, 19, 18, 20, 20, 16), (12, 10, 14, 12, 11, 13)


@pytest.fixture
def three(tmp_path):
    return stored(said({"good": GOOD, "fair": FAIR, "bad": BAD}), tmp_path / "three")


def test_each_pair_of_one_folder_is_tested_over_subjects(three):
    found, notes = compare_results([three])
    assert [(one.first, one.second) for one in found] == [
        ("good", "fair"), ("good", "bad"), ("fair", "bad"),
    ]  # fmt: skip
    assert notes == []
    one = found[0]
    differences = (np.array(GOOD) - FAIR) / 24
    assert list(one.per_unit) == list(SUBJECTS)
    assert list(one.per_unit.values()) == pytest.approx(differences.tolist())
    assert one.first_mean == pytest.approx(np.mean(GOOD) / 24)
    assert one.second_mean == pytest.approx(np.mean(FAIR) / 24)
    assert one.difference == pytest.approx(differences.mean())
    assert (one.ci_low, one.ci_high) == pytest.approx(mean_interval(differences))
    assert one.dz == pytest.approx(cohen_dz(differences))
    assert (one.dz_low, one.dz_high) == pytest.approx(dz_interval(differences))
    assert one.p == sign_flip_test(differences).p
    assert (one.n_units, one.unit) == (6, "subject")
    assert one.flags == ()
    # Of 64 patterns 2 are as far out for all three: Holm makes that 3, 2 and 1 times as much.
    assert one.test == "two-sided sign-flip test over 6 subjects, all 64 flips; Holm over 3"
    p = np.array([one.p for one in found])
    assert p.min() == 2 / 64
    assert found[1].p_adjusted == pytest.approx(3 * p.min())


def test_the_test_is_the_one_that_was_asked_for(three):
    differences = (np.array(GOOD) - FAIR) / 24
    for alternative in ("two-sided", "greater", "less"):
        asked = {"models": ["good", "fair"], "alternative": alternative}
        (flipped,), _ = compare_results([three], **asked)
        (ranked,), _ = compare_results([three], test="wilcoxon", **asked)
        assert flipped.p == pytest.approx(sign_flip_test(differences, alternative).p)
        # Of counts, which are tied where the shares of the table are, but for rounding.
        assert ranked.p == wilcoxon_test(np.array(GOOD) - FAIR, alternative)
        assert flipped.test == f"{alternative} sign-flip test over 6 subjects, all 64 flips"
        assert ranked.test == f"{alternative} Wilcoxon signed-rank test over 6 subjects"
        assert flipped.p_adjusted == flipped.p  # one test needs no correction


def test_a_loss_is_said_to_be_better_lower(asked, tmp_path):
    folder = stored(asked(metrics=("accuracy", "log_loss")), tmp_path / "r")
    for metric, flagged in (("accuracy", False), ("log_loss", True)):
        asked_for = {"models": ["riemann.tangent_space"], "against": "baseline.prior"}
        (one,), _ = compare_results([folder], metric=metric, **asked_for)
        assert ("lower is better" in one.flags) == flagged
        assert (one.difference < 0) == flagged


@pytest.mark.parametrize(
    ("correction", "words"),
    [("holm", "Holm over 3"), ("fdr_bh", "Benjamini-Hochberg over 3"), ("none", "not corrected")],
)
def test_every_line_says_how_p_was_corrected(three, correction, words):
    found, _ = compare_results([three], correction=correction)
    assert all(one.test.endswith(f"; {words}") for one in found)
    for one in found:
        assert one.p_adjusted >= one.p
        assert correction != "none" or one.p_adjusted == one.p


def test_one_model_is_compared_with_the_one_that_is_named(three):
    found, _ = compare_results([three], against="bad")
    assert [(one.first, one.second) for one in found] == [("good", "bad"), ("fair", "bad")]
    found, _ = compare_results([three], models=["fair"], against="good")
    assert [(one.first, one.second) for one in found] == [("fair", "good")]


def test_controls_take_part_where_they_are_named(study, tmp_path):
    folder = stored(study, tmp_path / "r")
    found, _ = compare_results([folder])
    assert [(one.first, one.second) for one in found] == [("riemann.mdm", "riemann.tangent_space")]
    found, _ = compare_results([folder], against="baseline.prior")
    assert [one.second for one in found] == ["baseline.prior"] * 2
    found, _ = compare_results([folder], models=["riemann.mdm", "baseline.clock"])
    assert [(one.first, one.second) for one in found] == [("riemann.mdm", "baseline.clock")]
    # Three subjects: of 8 patterns 2 are the farthest out.
    assert found[0].flags == ("p cannot be below 0.25",)


def test_folders_are_compared_model_by_model(three, tmp_path):
    other = stored(said({"good": FAIR, "other": BAD}), tmp_path / "other")
    found, notes = compare_results([three, other])
    (one,) = found
    assert (one.first, one.second) == (
        f"good [{three.folder}]",
        f"good [{other.folder}]",
    )  # fmt: skip  (both experiments are called "test")
    assert one.difference == pytest.approx(np.mean(np.array(GOOD) - FAIR) / 24)
    assert (one.flags, notes) == ((), [])
    lone = stored(said({"lone": FAIR}), tmp_path / "lone")
    found, _ = compare_results([three, lone])
    assert [one.second for one in found] == [f"lone [{lone.folder}]"] * 3
    found, _ = compare_results([three, other], against="good")
    assert [(one.first.partition(" ")[0], one.second) for one in found] == [
        ("fair", f"good [{three.folder}]"),
        ("bad", f"good [{three.folder}]"),
        ("other", f"good [{other.folder}]"),
    ]
    found, _ = compare_results([three, lone], against="lone")
    assert [one.first.partition(" ")[0] for one in found] == ["good", "fair", "bad"]


def resolved(store, text):
    (store.folder / "resolved.yaml").write_text(text)
    return store


def test_what_the_experiments_ask_differently_is_said(three, tmp_path):
    other = stored(said({"good": FAIR}), tmp_path / "other")
    resolved(three, "title: a\nprepare: []\nprotocol: {cross_run: {}}\n")
    resolved(other, "title: b\nprepare: [{scale: {factor: 2}}]\nprotocol: {cross_run: {}}\n")
    (one,), notes = compare_results([three, other])
    assert one.flags == ("prepare differs",)
    assert notes == [
        f"prepare differs: [] / [{{scale: {{factor: 2}}}}] ({three.folder} / {other.folder})"
    ]


def test_other_folds_other_rows_and_another_truth_are_said(three, tmp_path):
    folds = said({"good": GOOD}, protocol=WithinSession(3))
    (one,), _ = compare_results([three, stored(folds, tmp_path / "folds")])
    assert one.flags == ("folds differ", "no interval: all differences are equal")

    study = said({"good": GOOD})
    part = np.arange(len(study.trials.rows)) % N_PER_RUN < N_PER_RUN - 2
    fewer = replace(study, trials=study.trials.take(part), previous=study.previous[part])
    (one,), _ = compare_results([three, stored(fewer, tmp_path / "fewer")])
    assert one.flags == ("rows differ: 120 of 144 in both",)

    turned = said({"good": GOOD})
    question = replace(
        turned.question, target=Target("label", turned.question.target.column, classes=("b", "a"))
    )
    same = stored(replace(turned, question=question), tmp_path / "turned")
    assert not any(
        "truth" in flag for one in compare_results([three, same])[0] for flag in one.flags
    )
    rows = same.rows()
    rows.loc[:3, "y"] = 1 - rows.loc[:3, "y"]
    same.write_rows(rows)
    (one,), notes = compare_results([three, same])
    assert "truth differs" in one.flags
    assert notes[0].startswith("truth differs: 4 of 144 rows in both have another one")


def test_other_units_are_refused(three, tmp_path):
    five = stored(said({"good": GOOD[:5]}, SUBJECTS[:5]), tmp_path / "five")
    with pytest.raises(ConfigError, match="units differ: subject 6 has a score of one of the two"):
        compare_results([three, five])
    pooled = stored(said({"good": GOOD}, within=("session",)), tmp_path / "pooled")
    with pytest.raises(ConfigError, match="units differ: one is scored by subject, one by session"):
        compare_results([three, pooled])
    others = stored(said({"good": GOOD}, ("a", "b", "c", "d", "e", "f")), tmp_path / "others")
    with pytest.raises(ConfigError, match="share no recording, so nothing pairs their scores"):
        compare_results([three, others])


class Failing(LinearDiscriminantAnalysis):
    def fit(self, X, y):
        raise ValueError("no thanks")


def test_what_failed_is_not_compared_and_the_others_are(asked, tmp_path):
    models = (*MODELS, NamedModel("bad", Failing()))
    folder = stored(asked(models=models), tmp_path / "r")
    found, _ = compare_results([folder])
    assert [one.note == "" for one in found] == [True, False, False]
    assert found[1].note == "bad has no score (failed: ValueError: no thanks)"
    assert np.isnan(found[1].p)
    assert found[0].p_adjusted == found[0].p  # one p, nothing to correct for
    with pytest.raises(ConfigError, match=r"riemann.mdm, bad: bad has no score \(failed"):
        compare_results([folder], models=["riemann.mdm"], against="bad")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            {"metric": "roc_auc"},
            "metric 'roc_auc' was not scored; there are: accuracy. Run it",
        ),
        ({"metric": "acuracy"}, "no metric is called 'acuracy'. Did you mean 'accuracy'"),
        ({"against": "god"}, "no model is called 'god'. Did you mean 'good'"),
        ({"models": ["gut"]}, "no model is called 'gut'. Known: bad, fair, good"),
        (
            {"models": ["good"]},
            "there is nothing to compare good with. Name another",
        ),
        ({"test": "t"}, "test is 't'; give one of auto, sign_flip, wilcoxon, corrected_t"),
        (
            {"alternative": "better"},
            "alternative is 'better'; give one of two-sided",
        ),
        (
            {"correction": "bonferroni"},
            "correction is 'bonferroni'; give one of holm",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(three, asked, sentence):
    with pytest.raises(ConfigError, match=sentence.replace(".", r"\.")):
        compare_results([three], **asked)


def test_a_folder_given_twice_or_without_results_is_refused(three, tmp_path):
    for again in (three, Store(three.folder / ".." / "three")):
        with pytest.raises(ConfigError, match="three is given twice"):
            compare_results([three, again])
    with pytest.raises(ConfigError, match="no results are given"):
        compare_results([])
    with pytest.raises(ConfigError, match="holds no results"):
        compare_results([Store(tmp_path / "nothing")])


def test_units_that_are_no_people_are_called_so(tmp_path):
    study = said({"good": GOOD[:2], "bad": BAD[:2]}, SUBJECTS[:2], within=("fold",))
    (one,), _ = compare_results([stored(study, tmp_path / "r")])
    assert (one.n_units, one.unit) == (4, "fold")
    # Folds of two runs train each other's models, within each subject alone: 1 of 1 other. So a
    # mean of four varies twice as much, and their spread tells 1 - 1 / 3 of it.
    assert one.test == "two-sided t test over 4 folds, their variance times 3"
    assert one.flags == ()


def trains_each_other(folder):
    """Six people, each tested by models of the other five."""
    return stored(said({"good": GOOD, "fair": FAIR}, protocol=CrossSubject()), folder)


def test_people_who_train_each_others_models_are_not_taken_as_independent(three, tmp_path):
    folder = trains_each_other(tmp_path / "r")
    differences = (np.array(GOOD) - FAIR) / 24
    (one,), _ = compare_results([folder])
    assert list(one.per_unit.values()) == pytest.approx(differences.tolist())
    # Each of the others' models was trained on whom it is compared with: the variance is double,
    # and the spread of six tells 1 - 1 / 5 of it.
    assert one.p == pytest.approx(corrected_t_test(differences, 2.5))
    assert one.test == "two-sided t test over 6 subjects, their variance times 2.5"
    centre, low = differences.mean(), mean_interval(differences)[0]
    assert one.ci_low == pytest.approx(centre - np.sqrt(2.5) * (centre - low))
    assert (one.dz_low, one.dz_high) == pytest.approx(dz_interval(differences, 2.5))
    assert one.flags == ()
    # Trained on their own rows, the same scores are tested by flips.
    (alone,), _ = compare_results([three], models=["good", "fair"])
    assert alone.p == sign_flip_test(differences).p
    assert alone.ci_low > one.ci_low


@pytest.mark.parametrize("test", ["sign_flip", "wilcoxon"])
def test_a_test_of_independent_people_that_was_asked_for_is_flagged(test, tmp_path):
    (one,), _ = compare_results([trains_each_other(tmp_path / "r")], test=test)
    assert one.flags == ("subjects train each other's models, taken as independent",)


def test_two_people_who_train_each_other_have_no_interval_and_no_p(tmp_path):
    study = said({"a": GOOD[:2], "b": FAIR[:2]}, SUBJECTS[:2], protocol=CrossSubject())
    (one,), _ = compare_results([stored(study, tmp_path / "r")])
    assert np.isfinite(one.difference) and np.isnan([one.p, one.ci_low, one.dz_low]).all()
    assert one.flags == ("no interval: subjects share too much",)


def test_equal_differences_have_no_interval(tmp_path):
    (one,), _ = compare_results([stored(said({"a": GOOD, "b": GOOD}), tmp_path / "r")])
    assert one.difference == 0 and one.p == 1 and np.isnan([one.ci_low, one.ci_high]).all()
    assert one.flags == ("no interval: all differences are equal",)


# One subject: the bootstrap of its test trials.


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
    """Sessions of unequal numbers of folds: the mean is over folds, then sessions."""
    study = said({"good": (20,), "bad": (12,)}, ("1",), metrics=("accuracy", "balanced_accuracy"))
    folder = stored(study, tmp_path / "r")
    rows = {(row.model, row.metric): row for row in score_results(folder)}
    for metric in ("accuracy", "balanced_accuracy"):
        draws, _ = bootstrapped(folder, "good", metric)
        row = rows["good", metric]
        # 5 s.e. of the mean of the draws; a bootstrapped balanced accuracy is nearly unbiased.
        assert abs(draws.mean() - row.mean) < 5 * draws.std() / np.sqrt(len(draws)) + 0.005
        assert percentile_interval(draws) == pytest.approx((row.ci_low, row.ci_high), abs=0.05)


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy"])
def test_the_bootstrap_of_terms_is_that_of_scores(alone, name):
    groups = [one for one in collect_groups(alone) if one.model == "good" and one.is_itself]
    block, scorer = np.arange(24) // 3, Scorer.of(alone)
    metric = find(name, "metrics")
    of_terms, _ = bootstrap_scores(groups, block, metric, scorer)
    anew, _ = bootstrap_scores(groups, block, replace(metric, terms=None), scorer)
    np.testing.assert_allclose(of_terms, anew, rtol=1e-12)


def test_pictures_are_held_against_one_gallery_in_every_draw(tmp_path):
    """With a gallery of all pictures terms change nothing; without, no draw has a smaller one."""
    study, _ = of_vectors()
    asked = replace(study, question=replace(study.question, metrics=("two_way",)))
    folder = stored(asked, tmp_path / "r")
    groups = [one for one in collect_groups(folder) if one.model == "weak" and one.is_itself]
    block, metric = np.arange(144), find("two_way", "metrics")
    whole = replace(Scorer.of(folder), gallery=np.concatenate([one.true for one in groups]))
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


# Targets and answers of other kinds.


def of_vectors(seed=0, subjects=SUBJECTS, Y=None):
    """Study of vectors of four entries that the mean of each channel tells, and of their truth."""
    study = said({"unused": GOOD}, subjects)
    X = study.trials.X.mean(axis=2)
    rng = np.random.default_rng(seed)
    Y = X[:, :4] + 0.1 * rng.standard_normal((len(X), 4)) if Y is None else Y
    names = {"eeg": (X, tuple("abcdefgh")), "shown": (Y, tuple("0123"))}
    at = np.arange(len(X))
    none = np.zeros(len(X), dtype=np.int32)
    signals = {
        name: TrialSignal(
            (Part(data, Space("features", columns), ("feature",), None, 0.0, name),),
            none, at, none - 1,
        )
        for name, (data, columns) in names.items()
    }  # fmt: skip
    question = replace(
        study.question,
        target=Target("vector", signal="shown"),
        models=(NamedModel("sure", Ridge()), NamedModel("weak", Ridge(alpha=1e3))),
        metrics=("r", "rmse"),
    )
    return replace(study, trials=Trials(study.trials.rows, signals), question=question), Y


def test_models_of_vectors_are_compared(tmp_path):
    study, Y = of_vectors()
    folder = stored(study, tmp_path / "vectors")
    (one,), _ = compare_results([folder], metric="rmse")
    assert one.difference < 0
    assert one.p == 2 / 64
    assert one.flags == ("lower is better",)
    Y = Y.copy()
    Y[3] += 1
    other = stored(of_vectors(Y=Y)[0], tmp_path / "other")
    found, notes = compare_results([folder, other])
    assert [one.flags for one in found] == [("truth differs",)] * 2
    assert notes[0].startswith("truth differs: 1 of 144 rows in both have another one")


def test_scores_of_different_things_are_refused(three, tmp_path):
    vectors = stored(of_vectors()[0], tmp_path / "vectors")
    with pytest.raises(ConfigError, match="metric 'r' was not scored; there are: accuracy"):
        compare_results([vectors, three])
    mixed = said({"good": GOOD}, metrics=("accuracy", "rmse"))
    with pytest.raises(
        ConfigError, match=r"has a label as target and .* a vector, so their scores"
    ):
        compare_results([stored(mixed, tmp_path / "mixed"), vectors], metric="rmse")


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
