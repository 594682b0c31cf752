"""Structural similarity of many pictures beside a loop of scikit-image: one process, in turns."""

import tracemalloc

import numpy as np
import pytest
import skimage
from side_by_side import beside, told
from skimage.metrics import structural_similarity

from neurodecode.metrics.image import ssim

# Pixels of a side, pictures, and times faster than the loop that is promised; at 32, 64 and 425
# pixels 8, 5 and 1.7 were measured.
SIZES = [(32, 1000, 5.0), (64, 300, 2.5), (425, 10, 1.2)]
GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
MOST = 30e6  # bytes beyond the data, for 2,000 pictures of 64 pixels (66 MB each side)


def theirs(true, pred):
    several = zip(true, pred, strict=True)
    return np.mean([structural_similarity(a, b, data_range=1.0, **GAUSSIAN) for a, b in several])


@pytest.mark.parametrize(("size", "n", "promised"), SIZES)
def test_many_pictures_beside_a_loop(size, n, promised, capsys):
    true, pred = np.random.default_rng(0).random((2, n, size, size))
    ours, expected, mine, other = beside(
        lambda: ssim(true, pred), lambda: theirs(true, pred), (5, 5)
    )
    assert ours == pytest.approx(expected, abs=1e-12)
    peer = f"scikit-image {skimage.__version__}"
    told(capsys, f"one of {n} pictures of {size} pixels", mine / n, peer, other / n, promised)


def test_memory_does_not_grow_with_the_pictures(capsys):
    true, pred = np.random.default_rng(0).random((2, 2000, 64, 64))
    tracemalloc.start()
    ssim(true, pred)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with capsys.disabled():
        print(f"\n2000 pictures of 64 pixels: {peak / 1e6:.0f} MB beyond the data")
    assert peak <= MOST
