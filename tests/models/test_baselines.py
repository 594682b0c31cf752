"""Models that see no brain, against answers that can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neurodecode.core.errors import DataError
from neurodecode.core.rows import Rows
from neurodecode.core.trials import Trials
from neurodecode.models.baseline.class_mean import ClassMean
from neurodecode.models.baseline.clock import Clock
from neurodecode.models.baseline.covariates import Covariates
from neurodecode.models.baseline.history import History
from neurodecode.models.baseline.mean_target import MeanTarget
from neurodecode.models.baseline.prior import Prior


def handed(**columns):
    """Trials as the harness hands them: the columns that were asked for, and no signal."""
    return Trials(Rows(pd.DataFrame(columns)), {})


def test_prior_answers_the_most_frequent_class():
    model = Prior().fit(handed(onset=range(4)), np.array([2, 1, 2, 2]))
    assert model.predict(handed(onset=range(3))).tolist() == [2, 2, 2]
    np.testing.assert_array_equal(model.predict_proba(handed(onset=[0])), [[0.25, 0.75]])


def test_mean_target_answers_the_mean():
    model = MeanTarget().fit(handed(onset=range(3)), np.array([1.0, 2.0, 6.0]))
    assert model.predict(handed(onset=range(2))).tolist() == [3.0, 3.0]
    vectors = MeanTarget().fit(handed(onset=range(2)), np.array([[1.0, 0.0], [3.0, 4.0]]))
    assert vectors.predict(handed(onset=[0])).tolist() == [[2.0, 2.0]]


def test_history_answers_what_followed_the_label_before():
    before = np.array([None, "a", "b", "a", "a"], dtype=object)
    model = History().fit(handed(previous=before), np.array([0, 1, 0, 1, 0]))
    asked = handed(previous=np.array(["a", "b", None, "never seen"], dtype=object))
    expected = [[1 / 3, 2 / 3], [1.0, 0.0], [3 / 5, 2 / 5], [3 / 5, 2 / 5]]
    np.testing.assert_allclose(model.predict_proba(asked), expected)
    assert model.predict(asked).tolist() == [1, 0, 0, 0]


def run_of(n_runs, order):
    """Positions and onsets of runs in which labels come in this order."""
    n = len(order)
    position = np.tile(np.arange(n), n_runs)
    names = np.repeat([str(i) for i in range(n_runs)], n)
    columns = {"position": position, "onset": 10.0 * position, "recording": names}
    return handed(**columns), np.tile(order, n_runs)


def test_clock_knows_an_order_that_repeats():
    X, y = run_of(8, [0, 1, 1, 0, 1, 0])
    test, truth = run_of(1, [0, 1, 1, 0, 1, 0])
    model = Clock().fit(X, y)
    assert model.predict(test).tolist() == truth.tolist()
    assert model.n_neighbors_ in (1, 5, 15)


@pytest.mark.parametrize("seed", range(3))
def test_clock_knows_nothing_of_an_order_that_is_drawn(seed):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.tile([0, 1], 200))
    X = handed(position=rng.permutation(400), onset=rng.random(400), recording=["r"] * 400)
    fresh = handed(position=rng.permutation(400), onset=rng.random(400), recording=["s"] * 400)
    truth = rng.permutation(np.tile([0, 1], 200))
    right = np.mean(Clock().fit(X, y).predict(fresh) == truth)
    assert abs(right - 0.5) < 4 * 0.025  # the s.d. of a share of 400 is .025


def test_clock_finds_an_order_that_recordings_share_though_they_began_at_other_times():
    labels = [0, 1, 1, 0, 2, 0, 1, 2, 2, 0]
    runs = [
        handed(position=range(10), onset=start + 6.5 * np.arange(10), recording=[name] * 10)
        for name, start in (("1", 0.0), ("2", 22.0), ("3", 51.0))
    ]
    both = Trials(Rows(pd.concat([one.rows.table for one in runs[:2]], ignore_index=True)), {})
    model = Clock().fit(both, np.array(labels * 2))
    assert model.compared_ == (0,) and model.n_neighbors_ == 1
    assert model.predict(runs[2]).tolist() == labels


def test_clock_of_one_recording_whose_labels_alternate_takes_the_nearest_position():
    y = np.tile([0, 1], 12)
    X = handed(position=range(24), onset=np.arange(24.0), recording=["r"] * 24)
    model = Clock().fit(X, y)
    assert (model.compared_, model.n_neighbors_) == ((0,), 1)
    assert model.predict(X).tolist() == y.tolist()


def test_clock_of_few_trials_takes_the_nearest():
    X, y = run_of(1, [0, 1, 1])
    assert Clock().fit(X, y).n_neighbors_ == 1


SEX = np.array(["f", "m", "f", "m"] * 15, dtype=object)


def test_covariates_are_a_plain_logistic_regression():
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 60, size=60)
    y = ((SEX == "m") * 15 + age + rng.normal(scale=10, size=60) > 50).astype(int)
    model = Covariates(("age", "sex"), C=0.1).fit(handed(age=age, sex=SEX), y)
    design = np.column_stack([age, SEX == "f", SEX == "m"]).astype(float)
    plain = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(design, y)
    found = model.predict_proba(handed(age=age, sex=SEX))
    np.testing.assert_allclose(found, plain.predict_proba(design), rtol=1e-6)
    assert model.classes_.tolist() == [0, 1]
    assert np.mean(model.predict(handed(age=age, sex=SEX)) == y) > 0.7


def test_covariates_tell_values_by_ridge_regression():
    rng = np.random.default_rng(0)
    age, y = rng.uniform(20, 60, size=60), rng.normal(size=(60, 2))
    for values in (y[:, 0], y):
        model = Covariates(("age", "sex"), C=0.05).fit(handed(age=age, sex=SEX), values)
        design = np.column_stack([age, SEX == "f", SEX == "m"]).astype(float)
        plain = make_pipeline(StandardScaler(), Ridge(10.0)).fit(design, values)
        found = model.predict(handed(age=age, sex=SEX))
        np.testing.assert_allclose(found, plain.predict(design), rtol=1e-9)


def test_covariates_without_columns_or_values_say_so():
    with pytest.raises(DataError, match="no column is named"):
        Covariates().fit(handed(age=range(4)), np.array([0, 1, 0, 1]))
    with pytest.raises(DataError, match="'age' has no value in 1 of 4 rows"):
        Covariates(("age",)).fit(handed(age=[1.0, 2.0, np.nan, 4.0]), np.array([0, 1, 0, 1]))


def test_covariates_of_an_unknown_site_answer_from_the_rest():
    y = np.array([0, 1] * 30)
    model = Covariates(("sex",)).fit(handed(sex=SEX), y)
    (said,) = model.predict_proba(handed(sex=np.array(["x"], dtype=object)))
    np.testing.assert_allclose(said, 0.5, atol=1e-6)


def test_class_mean_answers_the_mean_of_the_true_class():
    y = np.array([[0.0, 1.0], [2.0, 3.0], [10.0, 20.0]])
    classes = np.array(["six", "six", "nine"], dtype=object)
    model = ClassMean().fit(handed(label=classes), y)
    asked = handed(label=np.array(["nine", "six", "never trained", None], dtype=object))
    mean = [4.0, 8.0]  # of all training trials, for a class that training lacks
    assert model.predict(asked).tolist() == [[10.0, 20.0], [1.0, 2.0], mean, mean]
