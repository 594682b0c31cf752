"""The tangent space."""

import numpy as np
import pytest
from pyriemann.tangentspace import TangentSpace as Projection

from neurodecode.core.errors import DataError
from neurodecode.core.stages import ignores_y
from neurodecode.steps.tangent_space import TangentSpace

METRICS = ("riemann", "logeuclid", "euclid")


def covariances(n=12, seed=0):
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(seed + 10).normal(size=(4, 4))
    X = mixing @ rng.normal(size=(n, 4, 40))
    return X @ X.transpose(0, 2, 1) / 40


@pytest.mark.parametrize("metric", METRICS)
def test_the_projection_is_pyriemanns(metric):
    C, fresh = covariances(), covariances(seed=1)
    peer = Projection(metric).fit(C)
    step = TangentSpace(metric).fit(C)
    # Vectors of length 1 or so; pyriemann's mean is short of the mean by a gradient of 1e-9.
    np.testing.assert_allclose(step.transform(fresh), peer.transform(fresh), rtol=0, atol=1e-8)


def test_vectors_are_no_covariances():
    step = TangentSpace()
    assert ignores_y(step)
    with pytest.raises(DataError, match=r"takes trials of channel × channel.*shape \(12, 16\)"):
        step.fit(covariances().reshape(12, 16))
