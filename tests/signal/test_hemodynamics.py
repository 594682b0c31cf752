"""Canonical responses against nilearn's, and against what they stand for."""

import numpy as np
import pytest
from nilearn.glm.first_level import glover_hrf, spm_hrf

from neurodecode.signal.hemodynamics import held_response, response


@pytest.mark.parametrize(("model", "theirs"), [("spm", spm_hrf), ("glover", glover_hrf)])
@pytest.mark.parametrize("seconds", [0.8, 1.5, 2.5])
def test_responses_are_those_of_nilearn(model, theirs, seconds):
    # The same constants at the same points: no rounding is left to differ.
    np.testing.assert_allclose(response(model, seconds), theirs(seconds, 50), rtol=1e-12)


@pytest.mark.parametrize("seconds", [0.72, 1.5, 2.0])
def test_a_volume_is_held_convolved_finely_and_decimated(seconds):
    x = np.random.default_rng(0).normal(size=60)
    fine = np.convolve(np.repeat(x, 50), response("spm", seconds))[: 60 * 50]
    kernel = held_response("spm", seconds)
    np.testing.assert_allclose(np.convolve(x, kernel)[:60], fine[::50], atol=1e-12)
    assert kernel.sum() == pytest.approx(1)
    # Sampling the response once a volume is another filter.
    coarse = response("spm", seconds)[::50]
    n = len(coarse)
    assert np.abs(kernel[:n] - coarse / coarse.sum()).max() > 0.01
