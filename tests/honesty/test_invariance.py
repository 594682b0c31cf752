"""The order in which trials, subjects and channels stand changes no score of any shipped model."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from honesty_studies import (
    SHIPPED,
    ClassMeans,
    Design,
    are_matrices,
    run,
    shipped,
    signal_of,
    study_of,
)

from neurodecode.core.names import find
from neurodecode.harness.named_model import NamedModel
from neurodecode.protocols.cross_run import CrossRun

BESIDE = NamedModel("beside", ClassMeans())
TOLERANCE = 1e-9  # sums in another order round otherwise; a score moves by a trial or not at all
LEARNABLE = [
    (group, name, kind)
    for group, name in SHIPPED
    for kind in ("label", "value")
    if kind in shipped(group, name).target_needs.targets
]
each = pytest.mark.parametrize(("group", "name", "kind"), LEARNABLE)


def axes_of(model):
    return model.input_needs.axes or ("channel", "time")


def scores(models, kind, folder, arranged):
    """Scores of each model by unit, of one study of them all."""
    (axes,) = {axes_of(model) for model in models}
    table = Design.of(n_subjects=3, n_per_run=20, seed=4).table
    X = signal_of(table, axes, effect=0.4, seed=4)
    X, table = arranged(X, table)
    rows = run(study_of(X, table, axes, (*models, BESIDE), kind, protocol=CrossRun()), folder)
    return {row.model: row.per_unit for row in rows if not row.note}


def as_they_are(X, table):
    return X, table


def other_trials(X, table):
    """Trials of a file in another order; their times stay what they are."""
    order = np.random.default_rng(0).permutation(len(table))
    return X[order], table.iloc[order].reset_index(drop=True)


def other_subjects(X, table):
    order = np.argsort(-table["subject"].astype(int).to_numpy(), kind="stable")
    return X[order], table.iloc[order].reset_index(drop=True)


def other_names(X, table):
    """Subjects under names that sort the other way."""
    names = {"00": "03", "01": "02", "02": "01"}
    moved = table.assign(subject=table["subject"].map(names))
    moved["recording"] = moved["subject"] + "/" + moved["session"] + "/" + moved["run"]
    return X, moved


def other_channels(X, table):
    order = np.random.default_rng(1).permutation(X.shape[-2] if X.ndim > 2 else X.shape[1])
    if are_matrices(X):
        return X[..., order, :][..., order], table
    return (X[..., order, :] if X.ndim > 2 else X[:, order]), table


@cache
def scores_of_all(axes, calibrated, kind, arranged):
    """Scores of every shipped model that takes these axes and learns this kind of target."""
    models = [shipped(g, n) for g, n, k in LEARNABLE if k == kind]
    with tempfile.TemporaryDirectory() as folder:
        alike = [one for one in models if axes_of(one) == axes and one.calibrated == calibrated]
        return scores(alike, kind, Path(folder) / "r", arranged)


@each
@pytest.mark.parametrize(
    "arranged",
    # Other names bring subjects into another order, too.
    [
        other_trials,
        pytest.param(other_subjects, marks=pytest.mark.slow),
        other_names,
        other_channels,
    ],
)
def test_order_changes_no_score(group, name, kind, arranged):
    model = shipped(group, name)
    declared = getattr(find(name, group), "order_matters", ())
    if arranged is other_channels and "channel" in declared:
        pytest.skip("the model declares that the order of channels matters")
    asked = (axes_of(model), model.calibrated, kind)
    expected, found = (
        scores_of_all(*asked, as_they_are)[name],
        scores_of_all(*asked, arranged)[name],
    )
    if arranged is other_names:
        found = dict(zip(expected, reversed(found.values()), strict=True))
    assert found == pytest.approx(expected, abs=TOLERANCE)


class FirstChannel(ClassMeans):
    """Looks at the channel that happens to stand first."""

    def fit(self, X, y):
        return super().fit(X[:, :1], y)

    def decision_function(self, X):
        return super().decision_function(X[:, :1])


class FirstTrials(ClassMeans):
    """Learns from the trials that happen to stand first."""

    def fit(self, X, y):
        return super().fit(X[: len(X) // 2], y[: len(X) // 2])


def test_a_model_that_leans_on_the_order_of_channels_is_seen(tmp_path):
    model = NamedModel("first", FirstChannel())
    expected = scores([model], "label", tmp_path / "a", as_they_are)["first"]
    assert scores([model], "label", tmp_path / "b", other_channels)["first"] != pytest.approx(
        expected
    )


def test_trials_reach_models_in_the_order_of_recording_and_onset(tmp_path):
    """So that a model which leans on their order gives the same score for any order of a file."""
    model = NamedModel("first", FirstTrials())
    expected = scores([model], "label", tmp_path / "a", as_they_are)["first"]
    assert scores([model], "label", tmp_path / "b", other_trials)["first"] == pytest.approx(
        expected
    )
