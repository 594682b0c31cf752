"""Pictures brought to a size: as Pillow and torch do, whose pictures published scores are of."""

import numpy as np
import pytest
import torch
from PIL import Image

from neurodecode.core.pictures import from_bytes, to_bytes
from neurodecode.core.resizing import resize, resize_bytes

# Sizes from, and sizes to, of the published sets; one that shrinks by much, and one that grows.
SIZES = [((425, 425), 224), ((256, 256), 425), ((256, 256), 342), ((64, 48), 255), ((300, 20), 32)]


def pictures(shape, channels=3):
    return np.random.default_rng(0).random((2, *shape, channels), dtype=np.float32)


@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("shape", "size"), SIZES)
def test_floats_become_what_pillow_and_torch_give(shape, size, how):
    several = pictures(shape)
    found = resize(several, size, how)
    band = Image.fromarray(several[1, ..., 2])
    made = band.resize((size, size), getattr(Image.Resampling, how.upper()))
    np.testing.assert_allclose(found[1, ..., 2], np.asarray(made), atol=1e-6)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(several).permute(0, 3, 1, 2),
        size=(size, size), mode=how, antialias=True, align_corners=False,
    )  # fmt: skip
    # torch rounds the places of the pixels to single precision: it is as far from Pillow.
    np.testing.assert_allclose(found, expected.permute(0, 2, 3, 1).numpy(), atol=5e-5)


@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_become_what_pillow_gives(how, channels):
    several = pictures((60, 45), channels)
    found = resize_bytes(several, 32, how)
    one = Image.fromarray(to_bytes(several)[1].squeeze())
    made = np.asarray(one.resize((32, 32), getattr(Image.Resampling, how.upper())))
    np.testing.assert_array_equal(found[1].squeeze(), from_bytes(made))


def test_a_size_that_stays_changes_nothing_but_to_bytes():
    several = pictures((20, 20))
    assert resize(several, 20) is several
    np.testing.assert_array_equal(resize_bytes(several, 20), from_bytes(to_bytes(several)))
