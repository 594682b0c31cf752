"""Confounds leave features, by weights of the training rows alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

import neurodecode as nd
from neurodecode.core.errors import DataError
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Part, Trials
from neurodecode.models.linear.logistic import Logistic
from neurodecode.steps.deconfound import Deconfound


def table(n=40, seed=0):
    rng = np.random.default_rng(seed)
    site = rng.choice(["north", "south", "west"], size=n).astype(object)
    return pd.DataFrame({"age": rng.uniform(20, 60, size=n), "site": site})


def confounded(columns, seed=0):
    """Features that hold age and site beside noise, shape (n, 2, 3)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(len(columns), 2, 3)) + 5
    X += 0.1 * columns["age"].to_numpy()[:, None, None]
    X[columns["site"] == "west", 0] += 2
    return X


def trials(columns, X):
    space = Space("sensors", ("a", "b"))
    part = Part(X, space, ("channel", "time"), None, 0.0, "X")
    return Trials.of_entries(Rows(columns), "eeg", part, np.arange(len(X)))


def indicators(columns):
    sites = ("north", "south", "west")
    return np.column_stack([columns["age"], *(columns["site"] == site for site in sites)]).astype(
        float
    )


def test_what_is_left_is_the_residual_of_a_linear_regression():
    train, fresh = table(), table(seed=1)
    X, test = confounded(train), confounded(fresh, seed=1)
    step = Deconfound(("age", "site")).fit(trials(train, X))
    peer = LinearRegression().fit(indicators(train), X.reshape(40, -1))
    expected = test.reshape(40, -1) - peer.predict(indicators(fresh)) + X.reshape(40, -1).mean(0)
    found = step.transform(trials(fresh, test))
    assert found.shape == test.shape
    np.testing.assert_allclose(found.reshape(40, -1), expected, atol=1e-10)


def test_nothing_of_the_confounds_is_left_in_training_rows():
    columns = table()
    X = confounded(columns)
    left = Deconfound(("age", "site")).fit_transform(trials(columns, X)).reshape(40, -1)
    np.testing.assert_allclose(left.mean(axis=0), X.reshape(40, -1).mean(axis=0))
    regressors = indicators(columns)
    shared = (regressors - regressors.mean(axis=0)).T @ (left - left.mean(axis=0))
    np.testing.assert_allclose(shared, 0, atol=1e-9)


def test_a_site_that_training_did_not_have_corrects_nothing():
    columns = table()
    step = Deconfound(("site",)).fit(trials(columns, confounded(columns)))
    fresh = columns.assign(site="east")
    X = confounded(columns, seed=1)
    np.testing.assert_array_equal(step.transform(trials(fresh, X)), X)


@pytest.mark.parametrize(
    ("columns", "change", "said"),
    [
        ((), lambda t: t, "no column is named"),
        (("height",), lambda t: t, "no column 'height'"),
        (("age",), lambda t: t.assign(age=t["age"].where(t.index != 3)), r"'age' .* 1 of 40 rows"),
        (("site",), lambda t: t.assign(site=t["site"].where(t.index > 4, None)), "5 of 40 rows"),
    ],
)
def test_what_cannot_be_taken_out_is_named(columns, change, said):
    changed = change(table())
    with pytest.raises(DataError, match=said):
        Deconfound(columns).fit(trials(changed, confounded(table())))


def test_a_column_of_numbers_stays_one():
    columns = table()
    step = Deconfound(("age",)).fit(trials(columns, confounded(columns)))
    with pytest.raises(DataError, match="'age' held numbers in training, and holds 'old' here"):
        step.transform(trials(columns.assign(age="old"), confounded(columns)))


def test_a_later_step_is_told_to_be_the_first():
    with pytest.raises(DataError, match=r"Deconfound reads columns .* handed ndarray\. Put it"):
        Deconfound(("age",)).fit(confounded(table()))


def test_a_label_that_only_age_tells_is_told_no_more(tmp_path):
    rng = np.random.default_rng(0)
    columns = table(n=120)
    y = np.where(columns["age"] + rng.normal(size=120) > 40, "old", "young")
    X = rng.normal(size=(120, 4)) + 0.3 * columns["age"].to_numpy()[:, None]
    clean = Pipeline([("deconfound", Deconfound(("age",))), ("logistic", Logistic())])
    results = nd.evaluate(
        X, y, rows=columns, models=["linear.logistic", clean], controls=(), n_draws=0,
        out=tmp_path, verbose=False,
    )  # fmt: skip
    with_age, without = (row.mean for row in results.rows())
    assert with_age > 0.8
    assert abs(without - 0.5) < 3 * 0.5 / np.sqrt(120)  # three standard errors of a share
