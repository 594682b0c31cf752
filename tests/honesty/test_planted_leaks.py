"""Each way of knowing what is tested before it is tested is refused, flagged, or named here."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from honesty_studies import ClassMeans, Design, fitted_numbers, run, signal_of, study_of
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline

import neurodecode as nd
from neurodecode.core.errors import LeakError
from neurodecode.core.fold import Fold
from neurodecode.harness.contracts import check_step
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import TargetAccess
from neurodecode.protocols.chronological import Chronological
from neurodecode.protocols.columns import Columns
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.protocols.within_session import WithinSession

MEANS = (NamedModel("means", ClassMeans()),)
AXES = ("channel", "time")


def flags(protocol, changed=lambda table: table, **question):
    table = changed(Design.of(n_per_run=20, seed=1).table)
    X = signal_of(table, AXES, effect=0.0, seed=1)
    plan = make_plan(study_of(X, table, AXES, MEANS, protocol=protocol, **question))
    return {flag for planned in plan.folds for flag in planned.flags}


def in_blocks(table):
    return table.assign(block=(table["position"] // 4).astype(str))


def with_stimuli(table):
    return table.assign(stimulus="picture " + (table["position"] % 10).astype(str))


@dataclass(frozen=True)
class Liar:
    """Says that it keeps apart what it does not."""

    apart: tuple[str, ...]

    def split(self, rows, target, seed):
        even = np.arange(len(rows)) % 2 == 0
        yield Fold.of(
            "lie", len(rows), train=np.flatnonzero(even), test=np.flatnonzero(~even),
            apart=self.apart,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "changed"), [("stimulus", with_stimuli), ("block", in_blocks), ("run", in_blocks)]
)
def test_a_protocol_that_shares_what_it_claims_to_keep_apart_is_refused(column, changed):
    def swapped(table):  # else even trials would always show even pictures
        table = changed(table)
        return table.assign(stimulus=table["stimulus"].sample(frac=1, random_state=0).to_numpy()) \
            if column == "stimulus" else table  # fmt: skip

    with pytest.raises(LeakError, match=f"{column} .* is on both sides .* keeps {column} apart"):
        flags(Liar((column,)), swapped)


def test_a_stimulus_on_both_sides_is_flagged_and_one_that_is_left_out_is_not():
    assert "shared_stimulus" in flags(CrossRun(), with_stimuli)
    left_out = flags(Columns(column="stimulus", test="each", within="all"), with_stimuli)
    assert "shared_stimulus" not in left_out
    assert "shared_stimulus" not in flags(CrossRun())


def test_a_class_that_is_one_stimulus_is_no_shared_stimulus():
    assert "shared_stimulus" not in flags(CrossRun(), lambda t: t.assign(stimulus=t["label"]))


def test_blocks_on_both_sides_are_refused_or_flagged_whoever_splits_them():
    with pytest.raises(LeakError, match=r"splits .* blocks, the first is block"):
        flags(WithinSession(), in_blocks)
    assert "split_blocks" in flags(WithinSession(split_blocks=True), in_blocks)

    def official(table):
        split = np.where(table["position"] % 2, "test", "train")
        return in_blocks(table).assign(split=split)

    assert "split_blocks" in flags(Columns(), official)
    assert "split_blocks" not in flags(Chronological(), in_blocks)
    assert "split_blocks" not in flags(CrossRun(), in_blocks)


def test_rows_of_no_block_are_no_block_that_is_split():
    assert "split_blocks" not in flags(WithinSession(), lambda t: t.assign(block=None))


def test_windows_that_overlap_are_purged_refused_or_flagged():
    def overlapping(table):
        return table.assign(stop=table["start"] + 5.0)  # of trials four seconds apart

    blocked = WithinSession(blocked=True)
    table = overlapping(Design.of(n_per_run=20, seed=1).table)
    X = signal_of(table, AXES, effect=0.0, seed=1)
    folds = make_plan(study_of(X, table, AXES, MEANS, protocol=blocked)).folds
    assert sum(one.fold.purged for one in folds) > 0
    assert not any("overlap" in one.flags for one in folds)
    with pytest.raises(LeakError, match="training windows overlap a test window"):
        flags(blocked, overlapping, overlap="refuse")
    assert "overlap" in flags(blocked, overlapping, overlap="allowed")


def flags_of_reach(protocol, reach):
    """Flags of trials four seconds apart whose preparation mixed samples that far."""
    table = Design.of(n_per_run=20, seed=1).table
    study = study_of(signal_of(table, AXES, effect=0.0, seed=1), table, AXES, MEANS,
                     protocol=protocol)  # fmt: skip
    ((name, signal),) = study.trials.signals.items()
    far = replace(signal, parts=tuple(replace(part, reach=reach) for part in signal.parts))
    study = replace(study, trials=replace(study.trials, signals={name: far}))
    return {flag for planned in make_plan(study).folds for flag in planned.flags}


@pytest.mark.parametrize("reach", [10.0, np.inf])
def test_a_preparation_that_reaches_across_a_fold_is_flagged(reach):
    assert "shared_preparation" in flags_of_reach(WithinSession(blocked=True), reach)
    assert "shared_preparation" not in flags_of_reach(CrossRun(), reach)  # recordings apart


@pytest.mark.parametrize("reach", [0.0, 0.1])
def test_a_preparation_that_does_not_reach_the_next_trial_is_not(reach):
    assert "shared_preparation" not in flags_of_reach(WithinSession(blocked=True), reach)


def test_the_same_data_under_two_ids_are_flagged(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 4, 16)), np.tile(["a", "b"], 20)
    options = {"models": ["linear.lda"], "controls": [], "n_draws": 0, "verbose": False}
    twice = nd.evaluate({"1": X, "2": X.copy()}, {"1": y, "2": y}, out=tmp_path / "r", **options)
    assert "copied_trials" in twice.rows()[0].flags
    other = rng.standard_normal(X.shape)
    apart = nd.evaluate({"1": X, "2": other}, {"1": y, "2": y}, out=tmp_path / "s", **options)
    assert "copied_trials" not in apart.rows()[0].flags


def test_trials_that_were_doubled_before_the_split_are_flagged(tmp_path):
    """Oversampling a rare class outside the folds does that."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 4, 16)), np.repeat(["a", "b"], (20, 10))
    more = np.append(np.arange(30), np.arange(20, 30))
    found = nd.evaluate(
        X[more], y[more], ["linear.lda"], controls=[], n_draws=0, out=tmp_path / "r", verbose=False
    )
    assert "copied_trials" in found.rows()[0].flags


class ByTheOthers(TransformerMixin, BaseEstimator):
    """Scale trials by the statistics of all that it is handed at once, the tested too."""

    version: ClassVar[int] = 1

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        X = X.reshape(len(X), -1)
        return (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-12)


def test_a_step_is_never_fitted_on_tested_rows():
    """What a fit is handed are training rows alone."""
    seen = []

    class Counts(ClassMeans):
        def fit(self, X, y):
            seen.append(X)
            return super().fit(X, y)

    table = Design.of(n_per_run=20, seed=1).table
    X = signal_of(table, AXES, effect=0.0, seed=1)
    study = study_of(X, table, AXES, (NamedModel("counts", Counts()),), protocol=CrossRun())
    fitted_numbers(study)
    for handed, planned in zip(seen, make_plan(study).folds, strict=True):
        np.testing.assert_array_equal(handed, study.trials.X[planned.fold.index("train")])


def test_statistics_over_the_tested_are_found_by_check_and_refused_in_a_run(tmp_path):
    findings = {one.promise: one.problem for one in check_step(ByTheOthers())}
    assert findings["test trials do not lean on each other"]
    table = Design.of(n_per_run=20, seed=1).table
    X = signal_of(table, AXES, effect=0.0, seed=1)
    models = (NamedModel("leans", make_pipeline(ByTheOthers(), ClassMeans())), *MEANS)
    leans, means = run(study_of(X, table, AXES, models, protocol=CrossRun()), tmp_path / "r")
    assert "another answer among the other test trials than alone" in leans.note
    assert "target_access: transductive" in leans.note
    assert not means.note
    shown = TargetAccess(transductive=True)
    row = run(study_of(X, table, AXES, models, protocol=CrossRun(), access=shown), tmp_path / "s")[
        0
    ]
    assert not row.note
    assert "transductive" in row.flags


def test_features_chosen_by_labels_outside_the_folds_are_seen_by_no_flag(tmp_path):
    """What cannot be detected: arrays hold no trace of how their features were chosen.

    What tells is to choose again with labels that mean nothing: the same recipe then finds as much.
    40 trials of 330 features of noise, the best three by label.
    """

    def recipe(y, seed):
        X = np.random.default_rng(seed).standard_normal((40, 330))
        return SelectKBest(k=3).fit_transform(X, y)

    def score(X, y, models, name):
        options = {"controls": [], "n_draws": 2, "verbose": False, "out": tmp_path / name}
        return nd.evaluate(X, y, models, **options).rows()[0]

    y = np.tile(["a", "b"], 20)
    outside, permuted, inside = [], [], []
    for seed in range(6):
        row = score(recipe(y, seed), y, ["linear.lda"], f"o{seed}")
        assert not {"copied_trials", "shared_preparation"} & set(row.flags)
        outside.append(row.mean)
        drawn = np.random.default_rng([seed, 9]).permutation(y)
        permuted.append(score(recipe(drawn, seed), drawn, ["linear.lda"], f"p{seed}").mean)
        X = np.random.default_rng(seed).standard_normal((40, 330))
        pipeline = make_pipeline(SelectKBest(k=3), ClassMeans())
        inside.append(score(X, y, [pipeline], f"i{seed}").mean)
    assert np.mean(outside) > 0.7
    assert np.mean(permuted) > 0.7  # labels mean nothing, and the recipe finds as much: a leak
    assert abs(np.mean(inside) - 0.5) < 4 * 0.5 / np.sqrt(240) * np.sqrt(2)
