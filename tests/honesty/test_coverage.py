"""Intervals hold what they say they do, and p rejects a true null as often as it says."""

import numpy as np
import pytest
from honesty_studies import CLASSES, ClassMeans, Design, run, study_of
from scipy import stats
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from neurodecode.harness.compare import compare_results
from neurodecode.harness.dependence import (
    inflations,
    interval_over,
    mutual_training,
    over_spread,
    widened,
)
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.store import Store
from neurodecode.linalg.stats import student_interval
from neurodecode.protocols.chronological import Chronological
from neurodecode.protocols.columns import Columns
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.protocols.cross_session import CrossSession
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.protocols.within_session import WithinSession

MEANS, RIDGE = NamedModel("means", ClassMeans()), NamedModel("ridge", Ridge(alpha=10.0))
N_PER_RUN = 28


class FirstTwo(TransformerMixin, BaseEstimator):
    version = 1

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[:, :2]


def study(n_subjects, seed, effect, protocol, kind="label", **question):
    """Four features, of which one tells the label, in each subject more or less."""
    table = Design.of(n_subjects=n_subjects, n_per_run=N_PER_RUN, seed=seed).table
    rng = np.random.default_rng([seed, 3])
    X = rng.standard_normal((len(table), 4))
    own = effect * (1 + 0.6 * rng.standard_normal(n_subjects))
    shown = np.where(table["label"] == "b", 1, -1) if kind == "label" else table["value"].to_numpy()
    X[:, 0] += np.repeat(own, 2 * N_PER_RUN) * shown
    model = MEANS if kind == "label" else RIDGE
    question = {"protocol": protocol, "models": (model,), **question}
    if kind == "value":
        question["metrics"] = ("r",)
    return study_of(X, table, ("feature",), kind=kind, **question)


def tables(folder, studies, *arguments, **question):
    """Give the table's row of the model in a study a seed."""
    return [
        run(study(arguments[0], s, *arguments[1:], **question), folder / f"{s}")[0] for s in studies
    ]


def held(rows, value):
    return np.mean([row.ci_low <= value <= row.ci_high for row in rows])


def beyond(share, n, low, high):
    """Whether a share of n is outside bounds by more than 3 of its standard errors."""
    error = 3 * np.sqrt(0.05 * 0.95 / n)
    return not low - error <= share <= high + error


COVERAGE = [
    (4, 0.91, 0.98), (8, 0.91, 0.98), (20, 0.89, 0.98),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("n_subjects", "low", "high"), COVERAGE)
def test_intervals_over_subjects_cover_the_models_own_expected_score(
    n_subjects, low, high, tmp_path
):
    fresh = tables(tmp_path, range(10_000, 10_200), n_subjects, 0.5, CrossRun())
    own = np.mean([row.mean for row in fresh])
    assert 0.6 < own < 0.8  # it is no saturated task
    assert low <= held(tables(tmp_path, range(400), n_subjects, 0.5, CrossRun()), own) <= high


@pytest.mark.slow
def test_intervals_of_forty_studies_cover_the_expected_score(tmp_path):
    # Of one subject's 28 trials a run with an effect of .5 (1 + .6 z): .652, s.e. .002, over 600
    # studies of four subjects, seeds 10,000 and on.
    rows = tables(tmp_path, range(40), 4, 0.5, CrossRun())
    assert not beyond(held(rows, 0.652), 40, 0.91, 0.98)


NULLS = [
    ("people in four folds, four seeds", 16, CrossSubject(n_splits=4), 0.91, 0.98),
    ("one subject, folds", 1, WithinSession(), 0.91, 0.98),
    ("one subject, runs", 1, CrossRun(), 0.91, 0.98),
    ("leave-one-subject-out", 8, CrossSubject(), 0.91, 0.98),
    ("independent subjects", 8, CrossRun(), 0.91, 0.98),
]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "n_subjects", "protocol", "low", "high"), NULLS)
def test_intervals_hold_chance_where_there_is_nothing(
    what, n_subjects, protocol, low, high, tmp_path
):
    question = {"within": ("fold",), "seeds": (0, 1, 2, 3)} if "seeds" in what else {}
    rows = tables(tmp_path, range(400), n_subjects, 0.0, protocol, **question)
    assert low <= held(rows, 0.5) <= high


P = [
    (8, CrossRun(), "label", 0),
    (8, CrossRun(), "value", 0),
    (6, CrossSubject(), "label", 19),
    (1, CrossRun(), "label", 39),
    (1, CrossRun(), "value", 39),
]


@pytest.mark.slow
@pytest.mark.parametrize(("n_subjects", "protocol", "kind", "n_permutations"), P)
def test_p_rejects_a_true_null_as_often_as_it_says(
    n_subjects, protocol, kind, n_permutations, tmp_path
):
    rows = tables(
        tmp_path, range(1000), n_subjects, 0.0, protocol, kind=kind,
        n_permutations=n_permutations or 1,
    )  # fmt: skip
    rejected = np.mean([row.p <= 0.05 for row in rows])
    assert rejected <= 0.07
    if kind == "value" or n_subjects > 1:  # of one subject's labels, scores come in few sizes
        assert rejected >= 0.03


@pytest.mark.slow
def test_p_of_thirty_nulls(tmp_path):
    rows = tables(tmp_path, range(30), 8, 0.0, CrossRun(), n_permutations=1)
    p = np.array([row.p for row in rows])
    # As often below .05 as one of thousand fair tests of this size is, at most.
    assert np.sum(p <= 0.05) <= stats.binom.ppf(0.999, 30, 0.05)
    assert abs(np.mean(p) - 0.5) < 4 * np.sqrt(1 / 12 / 30) + 0.05  # ties lift p, by no more


TWO = [(8, CrossSubject()), (8, CrossRun()), (1, CrossRun())]


def p_of_two_models(n_subjects, protocol, n_studies, folder):
    """Give p of two models that find nothing, of which one sees less, in a study a seed."""
    p, models = [], (MEANS, NamedModel("first", make_pipeline(FirstTwo(), ClassMeans())))
    for seed in range(n_studies):
        run(study(n_subjects, seed, 0.0, protocol, models=models), folder / f"{seed}")
        p += [one.p for one in compare_results([Store(folder / f"{seed}")])[0]]
    assert len(p) == n_studies
    return np.array(p)


@pytest.mark.slow
@pytest.mark.parametrize(("n_subjects", "protocol"), TWO)
def test_two_models_that_find_nothing_are_told_apart_as_seldom_as_p_says(
    n_subjects, protocol, tmp_path
):
    p = p_of_two_models(n_subjects, protocol, 400, tmp_path)
    assert np.mean(p <= 0.05) <= 0.07
    if n_subjects > 1 and isinstance(
        protocol, CrossRun
    ):  # accuracies of others lean less than said
        assert np.mean(p <= 0.05) >= 0.03


@pytest.mark.slow
def test_two_models_that_find_nothing_in_thirty_studies(tmp_path):
    p = p_of_two_models(8, CrossSubject(), 30, tmp_path)
    # As often below .05 as one of a thousand fair tests of this size is, at most.
    assert np.sum(p <= 0.05) <= stats.binom.ppf(0.999, 30, 0.05)
    assert np.ptp(p) > 0.5


def shares(protocol, unit, **design):
    table = Design.of(**design).table
    X = np.zeros((len(table), 4))
    made = study_of(X, table, ("feature",), (MEANS,), protocol=protocol)
    rows = made.trials.rows
    return mutual_training(list(protocol.split(rows, made.question.target, 0)), rows, unit)


@pytest.mark.parametrize(
    ("protocol", "unit", "share"),
    [
        (CrossSubject(), "subject", 1.0),
        (CrossSubject(n_splits=2), "subject", 1.0),
        (CrossRun(), "subject", 0.0),
        (CrossSession(), "subject", 0.0),
        (CrossSession(), "session", 1.0),
        (CrossRun(), "row", 1.0),
        (WithinSession(n_splits=3), "row", 1.0),
        (WithinSession(n_splits=3), "fold", 1.0),
        (Chronological(n_splits=2), "row", 0.0),
        (Chronological(n_splits=2), "fold", 0.0),
        # What trains is never tested.
        (Columns("session", test=("1",)), "fold", 0.0),
        (Columns("session", test=("1",), within="all"), "subject", 0.0),
    ],
)
def test_how_much_of_the_training_is_mutual(protocol, unit, share):
    assert shares(protocol, unit, n_subjects=4, n_sessions=2) == pytest.approx(share)


@pytest.mark.parametrize("n", [3, 4, 8])
def test_scores_of_leave_one_out_vary_as_the_share_says(n):
    """Vectors of noise, each scored by the mean of the others: what the formula supposes."""
    rng = np.random.default_rng(0)
    u = rng.standard_normal((20_000, n, 3))
    others = u.sum(axis=1, keepdims=True) - u
    scores = np.einsum("ind,ind->in", u, others) / (n - 1)
    told = scores.var(axis=1, ddof=1).mean() / n
    # The variance of the mean of n scores that correlate by 1 / (n - 1) is 2 / n of one score's;
    # their spread tells (1 - 1 / (n - 1)) / n.
    assert scores.mean(axis=1).var() / told == pytest.approx(over_spread(2.0, n), rel=0.05)


def test_what_is_as_independent_as_it_looks_is_left_as_it_is():
    assert over_spread(1.0, 2) == 1 and over_spread(2.0, 10**6) == pytest.approx(2, rel=1e-5)
    values = np.array([0.5, 0.7, 0.9])
    assert interval_over(values, 1.0) == pytest.approx(student_interval(values))


def test_two_people_who_train_each_other_tell_nothing_of_how_their_mean_varies():
    assert over_spread(2.0, 2) == np.inf
    assert np.isnan(interval_over(np.array([0.5, 0.9]), 2.0)).all()
    assert np.isnan(interval_over(np.array([0.969, 0.969]), 1.0)).all()
    assert np.isnan(interval_over(np.array([0.7]), 1.0)).all()


@pytest.mark.parametrize(
    ("protocol", "within", "n_seeds", "inflation", "repeats"),
    [
        (CrossSubject(n_splits=2), ("fold",), 1, 2.0, 1),
        (CrossSubject(n_splits=2), ("fold",), 3, 6.0, 3),  # other people are left out together
        (CrossSubject(), ("fold",), 3, 2.0, 1),  # each seed leaves out the same ones
        (CrossSubject(n_splits=2), ("subject",), 3, 2.0, 1),
        (Chronological(n_splits=2), ("fold",), 3, 1.0, 1),
    ],
)
def test_seeds_that_test_the_same_rows_anew_are_not_more_units(
    protocol, within, n_seeds, inflation, repeats, tmp_path
):
    asked = study(6, 0, 0.0, protocol, within=within, seeds=tuple(range(n_seeds)))
    found = inflations(make_plan(asked).folds, asked.trials.rows, within)
    assert found["unit"] == pytest.approx(inflation) and found["repeats"] == repeats
    row = run(asked, tmp_path / "r")[0]
    plain = student_interval(np.array(list(row.per_unit.values())))
    half = np.sqrt(over_spread(inflation, row.n_units, repeats)) * (row.mean - plain[0])
    if np.isinf(half):
        assert np.isnan(row.ci_low)
    else:
        assert row.mean - row.ci_low == pytest.approx(min(half, row.mean))  # no score is below 0


def test_an_interval_is_widened_about_its_centre():
    assert widened((0.4, 0.7), 0.5, 1.0) == (0.4, 0.7)
    low, high = widened((0.4, 0.7), 0.5, 2.0)
    assert (0.5 - low, high - 0.5) == pytest.approx((0.1 * np.sqrt(2), 0.2 * np.sqrt(2)))


def test_p_of_subjects_that_train_each_other_is_of_permutations(tmp_path):
    row = run(study(8, 0, 0.0, CrossSubject(), n_permutations=4), tmp_path / "r")[0]
    assert row.p in {0.2, 0.4, 0.6, 0.8, 1.0}
    alone = run(study(8, 0, 0.0, CrossRun(), n_permutations=4), tmp_path / "s")[0]
    assert (alone.p * 2**8) == pytest.approx(round(alone.p * 2**8))


def test_labels_are_those_of_the_design():
    assert set(Design.of().table["label"]) == set(CLASSES)
