"""Rows that share a partner in paired recordings: inner folds do not part them either."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from tests_harness import planted, run, study_of

from neurodecode.core.needs import Needs
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Tune
from neurodecode.protocols.columns import Columns


class Watching(ClassifierMixin, BaseEstimator):
    """Fails where what it is validated or tested on was shown in training."""

    needs = Needs(trials=True, columns=("stimulus",), val=True)

    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y, val):
        self.classes_ = np.unique(y)
        self.shown_ = set(X.rows["stimulus"])
        self._hold_apart(val[0], "validation")
        return self

    def predict(self, X):
        self._hold_apart(X, "test")
        return np.zeros(len(X), dtype=int)

    def _hold_apart(self, X, what):
        both = self.shown_ & set(X.rows["stimulus"])
        if both:
            raise RuntimeError(f"{what} rows show {sorted(both)} again")


def paired_study(**question):
    """One set is tested; of the four trained on, two each show the same four pictures."""
    arrays, _, rows = planted(subjects=("1",))
    shown = np.array([0, 1, 2, 3] * 2 + [4, 5, 6, 7] * 2 + [8, 9, 10, 11] * 2)
    labels = {"1": np.array(["a", "b"])[shown % 2]}
    sets = np.repeat(["tested", "s1", "s2", "s3", "s4"], [8, 4, 4, 4, 4])
    rows = rows.assign(stimulus=[f"p{i}" for i in shown], set=sets)
    study = study_of(
        arrays, labels, rows, models=(NamedModel("watching", Watching()),), n_draws=0,
        protocol=Columns("set", test=("tested",)), metrics=("accuracy",), **question,
    )  # fmt: skip
    return replace(study, paired_by=("stimulus",))


@pytest.mark.parametrize("tune", [None, Tune({"watching": {"C": (1.0, 2.0)}}, n_splits=2)])
def test_no_stimulus_is_on_both_sides_of_an_inner_fold(tmp_path, tune):
    _, finished, _ = run(paired_study(tune=tune), tmp_path / "r")
    assert finished.errors == {}


def test_what_is_paired_is_in_the_key_of_those_who_hold_rows_out():
    paired = paired_study()
    alone = replace(paired, paired_by=())
    with_pairs, without = ([job.key for job in make_plan(s).jobs] for s in (paired, alone))
    assert set(with_pairs).isdisjoint(without)
