"""The picture of the nearest training brain, by numpy's correlations."""

import numpy as np

from neurodecode.models.generate.nearest import Nearest


def test_the_picture_of_the_trial_that_correlates_most_is_answered():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6, 5)) * np.linspace(1, 9, 5) + 3, rng.uniform(size=(40, 4, 4, 1))
    X[:, 0, 0] = 2.0  # a constant feature
    new = X[:12] + 4 * rng.normal(size=(12, 6, 5))
    flat = X.reshape(40, -1)
    mean, spread = flat.mean(axis=0), np.where(flat.std(axis=0) > 0, flat.std(axis=0), np.inf)
    Z, tested = (flat - mean) / spread, (new.reshape(12, -1) - mean) / spread
    best = np.corrcoef(tested, Z)[:12, 12:].argmax(axis=1)
    assert len(set(best)) > 5 and (best != np.arange(12)).any()
    model = Nearest().fit(X, y)
    np.testing.assert_array_equal(model.predict(new), y[best])
    vectors = Nearest().fit(X, y.reshape(40, -1)).predict(new)
    np.testing.assert_array_equal(vectors, y[best].reshape(12, -1))
