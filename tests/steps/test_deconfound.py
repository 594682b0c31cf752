"""Confounds leave features, by weights of the training rows alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.models.linear.logistic import Logistic
from neurodecode.steps.deconfound import Deconfound


def table(n=40, seed=0):
    rng = np.random.default_rng(seed)
    site = rng.choice(["north", "south", "west"], size=n).astype(object)
    subject = np.array([f"{i:03}" for i in range(n)], dtype=object)
    return pd.DataFrame({"age": rng.uniform(20, 60, size=n), "site": site, "subject": subject})


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


def test_arrays_have_no_columns():
    with pytest.raises(DataError, match=r"Deconfound reads columns .* handed ndarray, which has"):
        Deconfound(("age",)).fit(confounded(table()))


def test_an_unknown_kind_is_refused():
    columns = table()
    with pytest.raises(ConfigError, match=r"kind is 'cubic'\. Give linear or spline"):
        Deconfound(("age",), kind="cubic").fit(trials(columns, confounded(columns)))


def bent(n=200, seed=0):
    """Thirty features that hold the square of age beside noise, and rows of as many subjects."""
    columns = table(n, seed)
    age = (columns["age"].to_numpy() - 40) / 12
    X = np.random.default_rng(seed).normal(size=(n, 30, 1)) + 0.8 * (age**2 - 1)[:, None, None]
    return columns, X


def test_what_a_linear_correction_leaves_is_named():
    columns, X = bent()
    with pytest.warns(UserWarning, match=r"after linear removal, trees still tell age \(AUC 0\.8"):
        step = Deconfound(("age", "site")).fit(trials(columns, X))
    assert step.flags_ == ("confound:age",)
    assert step.audit_["age"] > 0.8 > 0.65 > step.audit_["site"]


def test_a_spline_leaves_nothing_that_can_be_named():
    columns, X = bent()
    step = Deconfound(("age", "site"), kind="spline").fit(trials(columns, X))
    assert step.flags_ == () and step.audit_["age"] < 0.65
    late = columns.assign(age=np.where(columns["age"] > 30, np.nan, columns["age"]))
    with pytest.raises(DataError, match="column 'age' has no value in"):
        step.transform(trials(late, X))


def test_the_audit_does_not_take_who_for_how_old():
    # Six people, each with features and an age of their own: who knows one knows the other.
    rng = np.random.default_rng(0)
    columns = pd.DataFrame({"age": np.repeat(rng.uniform(20, 60, 6), 20), "site": "north"})
    X = np.repeat(rng.normal(size=(6, 30)), 20, axis=0) + 0.1 * rng.normal(size=(120, 30))
    of_people = columns.assign(subject=np.repeat(list("abcdef"), 20).astype(object))
    step = Deconfound(("age",)).fit(trials(of_people, X[:, :2, None]))
    assert step.flags_ == ()


def test_the_audit_alarms_where_nothing_is_left_as_rarely_as_it_says():
    alarms = 0
    for seed in range(8):
        columns = table(80, seed)
        X = np.random.default_rng(seed).normal(size=(80, 20, 1))
        alarms += len(Deconfound(("age", "site")).fit(trials(columns, X)).flags_)
    assert alarms == 0  # of 16 at a level of .001: one comes once in 60 such tests


def test_rows_are_left_as_they_are_where_nothing_is_looked_for():
    columns = table()
    X = confounded(columns)
    looked = Deconfound(("age",)).fit(trials(columns, X))
    blind = Deconfound(("age",), audit=False).fit(trials(columns.drop(columns="subject"), X))
    assert blind.audit_ == {} and list(looked.audit_) == ["age"]
    np.testing.assert_array_equal(looked.weights_, blind.weights_)


def test_a_label_that_only_age_tells_is_told_no_more(tmp_path):
    rng = np.random.default_rng(0)
    columns = table(n=120).drop(columns="subject")
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
