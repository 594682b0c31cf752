"""No fitted number depends on what is tested, of any model and step that is shipped."""

from functools import cache
from typing import ClassVar

import numpy as np
import pytest
from honesty_studies import (
    CLASSES,
    KINDS,
    SHIPPED,
    ClassMeans,
    Design,
    are_matrices,
    fitted_numbers,
    shipped,
    signal_of,
    study_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from neurodecode.core.stages import stages_of
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.question import Tune
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.linear.ridge import Ridge
from neurodecode.protocols.columns import Columns
from neurodecode.steps.deconfound import Deconfound

LEARNABLE = [
    (group, name, kind)
    for group, name in SHIPPED
    for kind in KINDS
    if kind in shipped(group, name).target_needs.targets
    # Those learn from trials of the tested (see test_following).
    and not shipped(group, name).calibrated
]
MAP = (6, 8)  # of features: tokens and channels, or a picture's height and width
EXTREMES = (1e-9, 1.0, 1e9)
BESIDE = NamedModel("beside", ClassMeans())


class Flat(TransformerMixin, BaseEstimator):
    """Trials as rows of numbers."""

    version: ClassVar[int] = 1

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.reshape(len(X), -1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.no_validation, tags.requires_fit = True, False
        return tags


def rows_tested(table):
    """The second run of each subject, and the last subject whole."""
    return ((table["run"] == "1") | (table["subject"] == "02")).to_numpy()


def reads_maps(model):
    return hasattr(stages_of(model.estimator)[0], "check_space")


def axes_of(model):
    if reads_maps(model):
        return ("feature",)
    return model.input_needs.axes or ("channel", "time")


@st.composite
def changes(draw):
    """Give a function that changes signals and table where rows are tested, and only there."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from(EXTREMES))
    what = draw(st.sets(st.sampled_from(["samples", "labels", "columns"]), min_size=1))

    def changed(X, table):
        X, table, test = X.copy(), table.copy(), rows_tested(table)
        n = int(test.sum())
        if "samples" in what:
            fresh = scale * rng.standard_normal((n, *X.shape[1:]))
            # What takes covariances is handed covariances.
            if are_matrices(X):
                fresh = fresh @ fresh.swapaxes(-2, -1) + scale**2 * X[test]
            X[test] = fresh
        if "labels" in what:
            table.loc[test, "label"] = rng.permutation(np.array(CLASSES)[np.arange(n) % 2])
            table.loc[test, "value"] = scale * rng.standard_normal(n)
        if "columns" in what:
            table.loc[test, "site"] = rng.choice(["north", "south", "west"], n)
            table.loc[test, "previous site"] = "east"
        return X, table

    return changed


def of(model, kind, changed=None, **question):
    table = Design.of(n_subjects=3).table
    X = signal_of(table, axes_of(model), effect=0.5, seed=0)
    shape = MAP if reads_maps(model) else ()
    if shape:
        X = np.random.default_rng(0).standard_normal((len(table), np.prod(shape)))
    if changed is not None:
        X, table = changed(X, table)
    # Of controls alone nothing can be asked.
    models = (model, BESIDE) if model.role == "control" else (model,)
    tested = tuple(dict.fromkeys(table["recording"][rows_tested(table)]))
    protocol = Columns(column="recording", test=tested, within="all")
    return study_of(X, table, axes_of(model), models, kind, shape, protocol=protocol, **question)


@cache
def unchanged(group, name, kind):
    """What is learnt of the study as it is: the same for every example."""
    return fitted_numbers(of(shipped(group, name), kind))


@pytest.mark.parametrize(("group", "name", "kind"), LEARNABLE)
@given(changed=changes())
@settings(max_examples=8)
def test_what_is_tested_changes_no_fitted_number(group, name, kind, changed):
    found = fitted_numbers(of(shipped(group, name), kind, changed))
    assert found == unchanged(group, name, kind)


@pytest.mark.parametrize("kind", ["label", "vector"])
@given(changed=changes())
@settings(max_examples=8)
def test_nor_do_nulls_tuning_and_the_reduction_of_vectors_look_there(kind, changed):
    ridge = make_pipeline(Flat(), Ridge())
    model = NamedModel("tuned", ridge if kind == "vector" else make_pipeline(Flat(), Logistic()))
    grid = (
        {"ridge__alphas": ((0.1,), (10.0,))} if kind == "vector" else {"logistic__C": (0.1, 10.0)}
    )
    question = {
        "n_draws": 2,
        "tune": Tune({"tuned": grid}, n_splits=2),
        "reduce": PCA(n_components=2) if kind == "vector" else None,
    }
    before = fitted_numbers(of(model, kind, **question))
    assert len(before) == 3
    assert fitted_numbers(of(model, kind, changed, **question)) == before


def some_change(what, X, table):
    """Change one thing of the tested rows."""
    X, table, test = X.copy(), table.copy(), rows_tested(table)
    if what == "samples":
        X[test] *= -1
    elif what == "labels":
        table.loc[test, "label"] = "b"
        table.loc[np.flatnonzero(test)[0], "label"] = "a"
    else:
        table.loc[test, "site"] = "west"
    SEEN.update(X=X, site=table["site"].to_numpy(), label=table["label"].to_numpy())
    return X, table


SEEN = {}  # what a leak reaches that goes around the harness


class Standardise(TransformerMixin, BaseEstimator):
    """Scale by statistics of all trials there are, those that are tested among them."""

    version: ClassVar[int] = 1

    def fit(self, X, y=None):
        self.scale_ = SEEN["X"].std()
        return self

    def transform(self, X):
        return X / self.scale_


class Prevalence(ClassMeans):
    """Learn how frequent a class is among all labels there are."""

    def fit(self, X, y):
        self.prevalence_ = np.mean(SEEN["label"] == "a")
        return super().fit(X, y)


class Sites(ClassMeans):
    """Learn which sites there are, those of the tested among them."""

    def fit(self, X, y):
        self.sites_ = np.unique(SEEN["site"])
        return super().fit(X, y)


@pytest.mark.parametrize(
    ("what", "leaky"),
    [
        ("samples", make_pipeline(Standardise(), ClassMeans())),
        ("labels", Prevalence()),
        ("columns", Sites()),
    ],
    ids=["samples", "labels", "columns"],
)
def test_a_leak_that_goes_around_the_harness_is_seen(what, leaky):
    def untouched(X, table):
        SEEN.update(X=X, site=table["site"].to_numpy(), label=table["label"].to_numpy())
        return X, table

    model = NamedModel("leaky", leaky)
    before = fitted_numbers(of(model, "label", untouched))
    assert fitted_numbers(of(model, "label", lambda *one: some_change(what, *one))) != before


@pytest.mark.parametrize("what", ["samples", "labels", "columns"])
def test_what_is_trained_on_does_change_fitted_numbers(what):
    """Else nothing would be compared."""
    model = NamedModel("means", make_pipeline(Deconfound(columns=("site",)), ClassMeans()))
    before = fitted_numbers(of(model, "label"))

    def changed(X, table):
        X, table = X.copy(), table.copy()
        train = np.flatnonzero(~rows_tested(table))
        if what == "samples":
            X[train[0]] += 1e-6
        else:
            column = "label" if what == "labels" else "site"
            table.loc[train, column] = np.roll(table.loc[train, column], 1)
        return X, table

    assert fitted_numbers(of(model, "label", changed)) != before
