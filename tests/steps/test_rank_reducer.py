import numpy as np
import pytest

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.riemann.augmented_covariance import AugmentedCovariance
from neurodecode.steps.rank_reducer import RankReducer


def referenced(n=5, n_channels=6, n_times=80):
    X = np.random.default_rng(0).normal(size=(n, n_channels, n_times))
    return X - X.mean(axis=1, keepdims=True)


def test_what_varies_is_kept_and_it_is_said():
    X = referenced()
    step = RankReducer().fit(X[:3])
    found = step.transform(X)
    assert step.flags_ == ("projected:5/6",) and found.shape == (5, 5, 80)
    np.testing.assert_allclose(step.basis_ @ found, X, atol=1e-12)
    np.testing.assert_allclose(step.basis_.T @ step.basis_, np.eye(5), atol=1e-12)


def test_independent_channels_stay():
    X = np.random.default_rng(0).normal(size=(5, 6, 80))
    step = RankReducer().fit(X)
    assert step.flags_ == () and step.basis_ is None
    np.testing.assert_array_equal(step.transform(X), X)


def test_trials_of_unequal_length_stay_a_list():
    X = referenced()
    several = [one[:, :n] for one, n in zip(X, (80, 40, 55, 80, 33), strict=True)]
    step = RankReducer().fit(several)
    found = step.transform(several)
    assert [one.shape for one in found] == [(5, 80), (5, 40), (5, 55), (5, 80), (5, 33)]
    np.testing.assert_array_equal(found[1], step.transform(several[1][None])[0])


def test_tested_trials_have_no_part_in_it():
    X = referenced()
    step = RankReducer().fit(X[:3])
    np.testing.assert_array_equal(step.transform(X)[4], step.transform(X[4:])[0])


def test_a_trial_prepared_otherwise_is_named():
    X = referenced()
    step = RankReducer().fit(X)
    X[3] += np.random.default_rng(1).normal(size=80)  # a common signal: no reference
    with pytest.raises(DataError, match=r"^trial 3: .* power lies.*rank 5 for 6.*Prepare all"):
        step.transform(X)


def test_models_project_before_they_embed_and_the_table_says_so():
    X, y = referenced(24, 4, 120), np.tile([0, 1], 12)
    model = AugmentedCovariance(order=2, lag=3, head="mdm", regularize="auto")
    means = model.fit(X, y).stages_[-1].means_
    assert means.shape == (2, 6, 6)  # two copies of three directions
    with pytest.raises(DataError, match="no inverse"):
        AugmentedCovariance(order=2, lag=3, head="mdm").fit(X, y)
    with pytest.raises(ConfigError, match=r"regularize: 0\.1\. Give auto or null"):
        AugmentedCovariance(regularize=0.1).fit(X, y)


@pytest.mark.parametrize("name", ["mdm", "tangent_space"])
def test_the_table_says_what_was_done(name):
    X, y = referenced(24, 4, 120), np.tile(["a", "b"], 12)
    asked = {f"riemann.{name}": {"estimator": "scm", "regularize": "auto"}}
    table = nd.evaluate(X, y, [asked], controls=(), n_draws=0, verbose=False).table()
    assert "projected:3/4" in str(table["flags"][0])
