"""Pictures between numpy and torch, and the small auto-encoder's sizes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.nn.autoencoder import Autoencoder
from neurodecode.nn.pictures import crop_to, from_tensor, pad_to, signed, to_tensor, unsigned


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3]), st.integers(1, 9))
def test_pictures_come_back_from_torch_and_from_what_was_padded(height, width, channels, multiple):
    pictures = np.random.default_rng(0).random((2, height, width, channels), dtype=np.float32)
    padded = pad_to(to_tensor(pictures), multiple)
    assert padded.shape[:2] == (2, channels)
    assert all(n % multiple == 0 and 0 <= n - m < multiple
               for n, m in zip(padded.shape[2:], (height, width), strict=True))  # fmt: skip
    back = from_tensor(unsigned(signed(crop_to(padded, height, width))))
    np.testing.assert_allclose(back, pictures, atol=1e-6)  # 2x - 1 and back, in float32
    np.testing.assert_array_equal(from_tensor(crop_to(padded, height, width)), pictures)


def test_padding_repeats_the_edges():
    row = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert pad_to(row, 8)[0, 0, 3].tolist() == [1, 1, 1, 2, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("channels", "side", "latent", "parameters"),
    # Convolutions of 3 x 3 with biases: 672 + 5208 + 10416 + 1732 to encode three channels, 1776 +
    # 10392 + 5208 + 651 to decode; of one channel 432 + 434 fewer. 28 is padded to 32.
    [(3, 32, 8, 36_055), (1, 28, 8, 35_189)],
)
def test_autoencoder_has_the_sizes_that_it_says(channels, side, latent, parameters):
    module = Autoencoder(channels)
    pictures = torch.zeros(2, channels, side, side)
    assert module.encode(pictures).shape == (2, 4, latent, latent)
    assert module(pictures).shape == pictures.shape
    assert sum(one.numel() for one in module.parameters()) == parameters
