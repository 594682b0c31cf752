import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.metrics.image import (
    pixcorr,
    ssim,
    ssim_per_column,
    ssim_torchmetrics,
    ssim_uniform7,
)

OF_WINDOWS = (ssim, ssim_per_column, ssim_torchmetrics, ssim_uniform7)


def pictures(seed, shape=(16, 13, 3), n=5):
    return np.random.default_rng(seed).random((n, *shape))


@pytest.mark.parametrize("metric", OF_WINDOWS, ids=lambda one: one.name)
def test_a_picture_is_most_like_itself_whichever_comes_first(metric):
    true, pred = pictures(0), pictures(1)
    assert metric(true, true) == pytest.approx(1, abs=1e-12)
    assert metric(true, pred) == pytest.approx(metric(pred, true), abs=1e-12)
    assert metric(true, pred) < 0.5


@pytest.mark.parametrize("metric", OF_WINDOWS, ids=lambda one: one.name)
def test_what_rows_add_has_the_score_as_its_mean(metric):
    true, pred = pictures(0), pictures(1)
    values, _ = metric.terms(true, pred)
    assert values.shape == (5,)
    assert values.mean() == pytest.approx(metric(true, pred), abs=1e-14)


@pytest.mark.parametrize("metric", (pixcorr, *OF_WINDOWS[:2], ssim_uniform7), ids=lambda m: m.name)
def test_every_pairing_is_what_its_rows_would_add(metric):
    true, pred = pictures(0), pictures(1, n=7)
    found = metric.pairwise(true, pred)
    assert found.shape == (5, 7)
    for shift in (0, 2):
        own, _ = metric.terms(true, pred[shift : shift + 5])
        assert np.diagonal(found, shift) == pytest.approx(own, abs=1e-12)


def test_smooth_grey_beats_what_is_sharp_and_unlike():
    """Why it is never to be ranked by alone: grey beats a square that is a little off its place."""
    true = np.full((1, 32, 32, 1), 0.5)
    other = true.copy()
    true[:, 8:16, 8:16], other[:, 12:20, 12:20] = 1, 1
    grey = np.full(true.shape, 0.5)
    assert ssim(true, grey) > ssim(true, other)
    assert pixcorr(true, grey) < pixcorr(true, other)


def test_what_is_no_picture_for_a_window_is_told():
    small = pictures(0, (10, 30, 1))
    with pytest.raises(DataError, match=r"pictures of 10 × 30 pixels are smaller .* of 11 × 11"):
        ssim(small, small)
    assert ssim_uniform7(small, small) == pytest.approx(1)
    narrow = pictures(0, (30, 4, 1))
    assert ssim_per_column(narrow, narrow) == pytest.approx(1)
    with pytest.raises(DataError, match=r"11 × 1\. Use larger"):
        ssim_per_column(small, small)
    with pytest.raises(DataError, match="reconstructions of 20 × 20 pixels for pictures of 16 × 1"):
        ssim(pictures(0), pictures(0, (20, 20, 3)))
    with pytest.raises(DataError, match=r"pictures of shape \(5, 12, 12, 2\)"):
        ssim(pictures(0, (12, 12, 2)), pictures(0, (12, 12, 2)))
    with pytest.raises(DataError, match="there is no range"):
        ssim_torchmetrics(np.ones((2, 12, 12)), np.ones((2, 12, 12)))
    said = ssim.evaluate(small, small, scores=None, score_kind="", kind="vector")
    assert said == "ssim judges picture, and the target is a vector"
