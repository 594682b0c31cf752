"""What the discriminant costs beside scikit-learn's, which forms the covariance of the features."""

import numpy as np
import pytest
import sklearn
from side_by_side import beside, told
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from neurodecode.linalg.lda import shrunk_lda

N_TRIALS = 288
# Channels: ratio that is promised, repetitions (scikit-learn takes 20 s a fit at 88 channels).
PROMISED = {22: (3, 9), 44: (20, 5), 88: (300, 3)}


@pytest.mark.parametrize("n_channels", PROMISED)
def test_the_discriminant_of_tangent_vectors(n_channels, capsys):
    ratio, n_repeats = PROMISED[n_channels]
    rng = np.random.default_rng(n_channels)
    n_features = n_channels * (n_channels + 1) // 2
    y = np.arange(N_TRIALS) % 2
    X = rng.normal(size=(N_TRIALS, n_features)) * rng.uniform(0.5, 2, n_features)
    X += 0.05 * y[:, None]
    shrunk_lda(X, y)  # warms
    ours, theirs, mine, other = beside(
        lambda: shrunk_lda(X, y),
        lambda: LinearDiscriminantAnalysis("lsqr", shrinkage="auto").fit(X, y),
        (n_repeats, n_repeats),
    )
    scale = abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef, theirs.coef_, rtol=1e-10, atol=1e-10 * scale)
    peer = f"scikit-learn {sklearn.__version__}"
    told(capsys, f"{N_TRIALS} trials, {n_channels} channels", mine, peer, other, ratio)
