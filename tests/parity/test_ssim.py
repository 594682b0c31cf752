"""Structural similarity against scikit-image, which published tables were computed with."""

import numpy as np
import pytest
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity

from neurodecode.metrics.image import ssim, ssim_per_column, ssim_torchmetrics, ssim_uniform7

GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def pictures(height, width, channels, n=4):
    """Pictures and reconstructions that resemble them; one of each is flat."""
    rng = np.random.default_rng([height, width, channels])
    true = rng.random((n, height, width, channels))
    pred = 0.6 * true + 0.4 * rng.random(true.shape)
    true[1], pred[2] = 0.3, 0.7
    return true, pred


def theirs(true, pred, **how):
    return np.mean([structural_similarity(a, b, **how) for a, b in zip(true, pred, strict=True)])


def in_grey(several):
    return several[..., 0] if several.shape[3] == 1 else rgb2gray(several)


# Below, at and above the strip of 32 pixels of which products are made.
@pytest.mark.parametrize("size", [(11, 11), (14, 75), (42, 43), (64, 32), (107, 90)])
@pytest.mark.parametrize("channels", [1, 3])
def test_equals_scikit_image_in_float64(size, channels):
    true, pred = pictures(*size, channels)
    grey = in_grey(true), in_grey(pred)
    assert ssim(true, pred) == pytest.approx(theirs(*grey, data_range=1.0, **GAUSSIAN), abs=1e-12)
    assert ssim_uniform7(true, pred) == pytest.approx(theirs(*grey, data_range=1.0), abs=1e-12)


def test_columns_are_what_channels_of_a_grey_picture_were():
    """With ``multichannel=True`` the last axis was the channels, and of grey it is the columns."""
    true, pred = pictures(40, 21, 1)
    grey = in_grey(true), in_grey(pred)
    expected = theirs(*grey, data_range=1.0, channel_axis=-1, **GAUSSIAN)
    assert ssim_per_column(true, pred) == pytest.approx(expected, abs=1e-12)
    assert abs(ssim_per_column(true, pred) - ssim(true, pred)) > 0.01


def test_a_range_that_is_told_from_the_values_is_that_of_all_pictures():
    true, pred = pictures(20, 24, 3)
    pred = 0.2 + 0.5 * pred
    expected = theirs(true, pred, data_range=np.ptp(true), channel_axis=-1, **GAUSSIAN)
    assert ssim_torchmetrics(true, pred) == pytest.approx(expected, abs=1e-12)
