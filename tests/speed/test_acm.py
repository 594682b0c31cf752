"""The search among augmented covariances beside scikit-learn's, every score equal to the bit."""

import sys
from pathlib import Path

import numpy as np
import pyriemann
import pytest
import sklearn
from side_by_side import beside, told

sys.path.insert(0, str(Path(__file__).parents[1] / "parity"))
from acm_search import by_scikit_learn, by_the_harness, planted

ORDERS, LAGS = (1, 2, 3, 4), (1, 2, 4)
# Head: ratio that is promised, repetitions.
PROMISED = {"svm": (10, 3), "mdm": (2.3, 5)}


@pytest.mark.parametrize("head", PROMISED)
def test_twelve_orders_and_lags_on_three_folds(head, capsys):
    ratio, n_repeats = PROMISED[head]
    X, y = planted(96, 22, 500, strength=1.02)
    by_the_harness(X, y, head, (1,), (1,))  # warms imports
    ours, theirs, mine, other = beside(
        lambda: by_the_harness(X, y, head, ORDERS, LAGS),
        lambda: by_scikit_learn(X, y, head, ORDERS, LAGS),
        (n_repeats, n_repeats),
    )
    scores = [one["score"] for one in ours["scores"]]
    np.testing.assert_array_equal(scores, theirs.cv_results_["mean_test_score"])
    peer = f"scikit-learn {sklearn.__version__} with pyriemann {pyriemann.__version__}"
    told(capsys, f"{len(scores)} candidates of {head}", mine, peer, other, ratio)
