"""Encoders on real recordings: scores that the data's README gives, beside their nulls and traps.

Folds are those of the README. Scores are of each target in each fold, then means over folds.
"""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Peer

from neurodecode.core.errors import DataMissing
from neurodecode.harness.experiment import find_experiment, read_experiment
from neurodecode.harness.opening import open_study
from neurodecode.harness.plan import make_plan
from neurodecode.linalg.delays import delayed
from neurodecode.metrics.regression import correlations
from neurodecode.models.encode.ridge import Ridge
from neurodecode.steps.delays import Delays
from neurodecode.steps.scale import Scale

REGIONS = ("aud_early", "early_visual", "post_parahipp", "ddmn_mpfc", "pmc_nn", "bilateral_hipp")
BLOCKED = (0.547, 0.233, 0.248, 0.230, 0.193, 0.119)
ERROR = np.array((0.045, 0.050, 0.049, 0.065, 0.048, 0.067))  # of the README, over ten stretches


@pytest.fixture(scope="module", autouse=True)
def shared_cache(warm, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def planned(name, *overrides):
    """Give features and brains of all rows, the rows, and train and test of each fold."""
    try:
        resolved = read_experiment(find_experiment(name), overrides)
        study = open_study(resolved, None, compute=True)
    except DataMissing as error:
        pytest.skip(f"recordings absent: {str(error).splitlines()[0]}")
    folds = [one.fold for one in make_plan(study).folds]
    splits = [(one.index("train"), one.index("test")) for one in folds]
    return study.inputs, study.trials.array("fmri"), study.trials.rows.table, splits


def scored(Z, Y, splits, fit):
    """Correlation and R² of each target, shape (n_targets,): means over folds."""
    r, r2 = [], []
    for train, test in splits:
        said = fit(train).predict(Z[test])
        true = Y[test].reshape(len(test), -1)
        said = said.reshape(true.shape)
        r.append(correlations(true, said))
        r2.append(1 - ((true - said) ** 2).sum(0) / ((true - true.mean(0)) ** 2).sum(0))
    return np.mean(r, axis=0), np.mean(r2, axis=0)


@pytest.mark.slow
def test_motion_trials_near_mt_and_their_traps():
    """README 4.7: r .483, R2 .228; one type for all .491, .238; moved on -.018, s.d. .042."""
    X, Y, _, splits = planned("event_related_mt_encode")
    steps = Delays(tuple(range(12)))
    types = steps.fit_transform(X)
    pooled = types.reshape(len(types), 12, 6).sum(axis=2)

    def with_ten(Z, Y):
        return scored(Z, Y, splits, lambda train: Peer(10.0).fit(Z[train], Y[train]))

    (r,), (r2,) = with_ten(types, Y)
    assert (r, r2) == pytest.approx((0.483, 0.228), abs=0.003)
    (r,), (r2,) = with_ten(pooled, Y)
    assert (r, r2) == pytest.approx((0.491, 0.238), abs=0.003)
    moved = [with_ten(types, np.roll(Y, by, axis=0))[0][0] for by in range(300, 3000, 300)]
    assert np.mean(moved) == pytest.approx(-0.018, abs=0.03)
    before = delayed(Y.reshape(len(Y), 1), [1])  # what the series itself was
    (leak,), _ = with_ten(np.hstack([types, before]), Y)
    assert leak == pytest.approx(0.938, abs=0.005)


@pytest.mark.slow
def test_regions_during_a_film():
    """README 4.6: over stretches .547 .233 .248 .230 .193 .119; moved on -.04 to .01."""
    X, Y, rows, splits = planned("sherlock_rois_encode")
    Z = Delays((-1, 0, 1, 2, 3)).fit_transform(X)
    alphas, columns = tuple(np.logspace(0, 5, 11)), ["recording", "start", "stop"]

    def fitted(Y):
        def fit(train):
            scale = Scale().fit(Z[train])
            model = Ridge(alphas, "blocked", null=False)
            model.fit(scale.transform(Z[train]), Y[train], rows=rows.iloc[train][columns])
            return _Behind(scale, model)

        return scored(Z, Y, splits, fit)

    r, r2 = fitted(Y)
    assert (np.abs(r - BLOCKED) < 1.5 * ERROR).all(), dict(zip(REGIONS, r.round(3), strict=True))
    assert r2[0] == pytest.approx(0.256, abs=0.03)
    shifts = (300, 700, 1100, 1500)
    moved = np.mean([fitted(np.roll(Y, by, axis=0))[0] for by in shifts], axis=0)
    spread = 2 * 0.09 / np.sqrt(len(shifts))  # of one shift s.d. .04 to .09
    assert (moved > -0.04 - spread).all() and (moved < 0.01 + spread).all()
    assert abs(moved.mean()) < 0.06
    whole = [(np.flatnonzero(rows["run"] != run), np.flatnonzero(rows["run"] == run))
             for run in ("1", "2")]  # fmt: skip
    splits[:] = whole
    runs, _ = fitted(Y)
    assert runs[0] == pytest.approx(0.510, abs=0.02)


@pytest.mark.slow
def test_whole_brains_follow_a_task_and_not_its_categories():
    """README 4.1: mean r .062 (s.e. .005), best ten .295; names dealt anew .046 to .057."""
    X, Y, rows, splits = planned("haxby2001_encode")
    Z = X.array()

    def with_ten(Z):
        return scored(Z, Y, splits, lambda train: Peer(10.0).fit(Z[train], Y[train]))[0]

    r = with_ten(Z)
    assert r.mean() == pytest.approx(0.062, abs=0.005)
    assert np.sort(r)[-10:].mean() == pytest.approx(0.295, abs=0.01)
    rng, found = np.random.default_rng(0), []
    for _ in range(4):
        dealt = Z.copy()
        for run in rows["run"].unique():
            mine = np.flatnonzero(rows["run"] == run)
            dealt[mine] = Z[np.ix_(mine, rng.permutation(8))]
        found.append(with_ten(dealt).mean())
    assert 0.03 < np.mean(found) < 0.062


class _Behind:
    """A model behind a step."""

    def __init__(self, step, model):
        self.step, self.model = step, model

    def predict(self, X):
        return self.model.predict(self.step.transform(X))
