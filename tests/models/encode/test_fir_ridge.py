"""Encoders of what was shown at several delays."""

from typing import Any

import numpy as np
import pytest

import neurodecode as nd
from neurodecode.core.rows import Rows
from neurodecode.core.trials import Trials
from neurodecode.data.cards import load_card
from neurodecode.data.simulated import simulated_card
from neurodecode.metrics.regression import correlations
from neurodecode.models.encode.fir_ridge import FirRidge
from neurodecode.models.encode.ridge import Ridge
from neurodecode.simulate.fmri.features import PEAKS
from neurodecode.steps.delays import Delays


@pytest.fixture(scope="module")
def film():
    """Features of three runs of one person, and what the voxels answered."""
    trials = nd.load("simulated_encoding_fmri", "film", subjects=["01"], simulate="small")
    trials = trials.select(run=["1", "2", "5"])
    rows = Rows(trials.rows.table.loc[:, ["recording", "start", "stop", "stimulus"]])
    return Trials(rows, {"features": trials.signals["features"]}), trials.array("fmri")


def test_it_is_delays_scale_and_ridge(film):
    X, Y = film
    rows = X.rows.table
    model = FirRidge(cv="runs").fit(X, Y, rows=rows)
    Z = Delays().fit_transform(X)
    scaled = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    peer = Ridge(cv="runs").fit(scaled, Y, rows=rows)
    np.testing.assert_allclose(model.predict(X), peer.predict(scaled), rtol=1e-4, atol=1e-4)
    assert model.stages_[0].delays_ == (1, 2, 3, 4, 5, 6)  # 1.5 to 9 s of 1.5 s each


def test_kernels_are_the_responses_that_were_planted(film):
    X, Y = film
    made: Any = simulated_card(load_card("simulated_encoding_fmri"), "small").variant("").options
    weights, peak = made._voxels("01", Y.shape[1])
    model = FirRidge(cv="runs").fit(X, Y, rows=X.rows.table)
    kernels = model.kernels()
    assert kernels.shape == (6, 10, 30)
    follows = weights.any(axis=0)
    told = np.einsum("dft,ft->dt", kernels, weights)[:, follows]  # along what each follows
    true = np.stack([made._kernel(PEAKS[one])[1:7] for one in peak[follows]], axis=1)
    assert np.corrcoef(told.sum(axis=1), true.sum(axis=1))[0, 1] > 0.95
    np.testing.assert_allclose(model.kernels([3, 5]), kernels[:, :, [3, 5]], rtol=1e-5)


def test_voxels_follow_what_was_shown_before(film):
    X, Y = film
    train, test = np.arange(160), np.arange(160, 240)
    rows = X.rows.take(train).table
    found = {}
    for delays in (None, (0,), (-1, -2, -3, -4, -5, -6)):
        model = FirRidge(delays, cv="runs").fit(X.take(train), Y[train], rows=rows)
        said = model.predict(X.take(test))
        found[delays] = correlations(Y[test], said).mean()
    assert found[None] > 0.2
    # Volumes that come after what they are told from tell what is left of the features themselves.
    assert abs(found[0,]) < 0.15
    assert abs(found[-1, -2, -3, -4, -5, -6]) < 0.15
