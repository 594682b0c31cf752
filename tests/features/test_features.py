"""Features without weights: what each number is, whatever came with it in the batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.features._contract import check_picture, resized
from neurodecode.features.gabor import Gabor
from neurodecode.features.pixels import Pixels
from neurodecode.features.random_conv import RandomConv

ALL = [Pixels(), Pixels(size=5, grey=True), Gabor(), RandomConv()]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def grating(wavelength, angle, phase=0.0, size=112, amplitude=100):
    y, x = np.mgrid[:size, :size]
    wave = np.cos(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / wavelength + phase)
    return np.round(128 + amplitude * wave).astype(np.uint8)


@pytest.mark.parametrize("feature", ALL, ids=repr)
def test_a_picture_gives_the_same_whatever_it_is_batched_with(feature):
    pictures = [noise(40, 60, 3), noise(33, 21), noise(112, 112, 3)]
    extract = feature.open()
    together = extract(pictures)
    assert together.dtype == np.float32 and np.isfinite(together).all()
    alone = [extract([one])[0] for one in pictures]
    np.testing.assert_array_equal(together, np.stack(alone))
    again = feature.open()(pictures[::-1])[::-1]
    np.testing.assert_array_equal(together, again)


def test_what_a_feature_is_made_from_holds_every_argument(tmp_path):
    made = Gabor().made_from(tmp_path)
    assert made["feature"] == "gabor" and made["weights"] == {}
    assert made["arguments"]["wavelengths"] == (4.0, 8.0, 16.0, 32.0)
    assert set(made["libraries"]) == {"numpy", "scipy", "pillow"}


@given(factor=st.integers(1, 4), grey=st.booleans())
def test_pixels_are_means_of_what_falls_into_them(factor, grey):
    picture = noise(6 * factor, 6 * factor, 3)
    blocks = picture.reshape(6, factor, 6, factor, 3).mean(axis=(1, 3)) / 255
    expected = blocks @ [0.299, 0.587, 0.114] if grey else blocks
    (made,) = Pixels(size=6, grey=grey).open()([picture])
    np.testing.assert_allclose(made, expected, atol=1e-6)


def test_grey_is_three_equal_colours_and_its_own_luma():
    picture = noise(12, 12)
    colours = resized(picture, 4, grey=False)
    np.testing.assert_array_equal(colours[..., 0], colours[..., 2])
    np.testing.assert_array_equal(colours[..., 0], resized(picture, 4, grey=True))


def energies(feature, picture):
    """Of the energies alone: wavelength to (orientations, grid, grid)."""
    (made,) = feature.open()([picture])
    found, first = {}, 0
    for wavelength, grid in zip(feature.wavelengths, feature.grids, strict=True):
        last = first + feature.orientations * grid**2
        found[wavelength] = np.exp(made[first:last].astype(float)) - feature.floor
        found[wavelength] = found[wavelength].reshape(-1, grid, grid)
        first = last
    return found


def test_gabor_has_as_many_numbers_as_its_arguments_say():
    assert Gabor().open()([noise(20, 30, 3)]).shape == (1, 1472)
    small = Gabor(size=32, wavelengths=[4.0, 8.0], orientations=4, grids=[4, 2], colours=0)
    assert small.open()([noise(20, 30)]).shape == (1, 4 * (16 + 4))


@pytest.mark.parametrize(("wavelength", "orientation"), [(4.0, 0), (8.0, 2), (16.0, 5), (8.0, 4)])
def test_gabor_finds_the_wavelength_and_orientation_of_a_grating(wavelength, orientation):
    angle = orientation * np.pi / 8
    found = energies(Gabor(), grating(wavelength, angle))
    middle = {one: e[:, len(e[0]) // 2, len(e[0]) // 2] for one, e in found.items()}
    best = max(middle, key=lambda one: middle[one].max())
    assert (best, int(middle[best].argmax())) == (wavelength, orientation)
    # A cosine of amplitude a is half of a at each of two frequencies; the filter passes one whole.
    a = 100 / 255
    assert middle[wavelength][orientation] == pytest.approx((a / 2) ** 2, rel=0.02)


def test_gabor_energy_knows_no_phase_and_nothing_of_a_flat_picture():
    one, other = (energies(Gabor(), grating(8.0, 0.0, phase)) for phase in (0.0, 1.0))
    np.testing.assert_allclose(one[8.0][0, 3:5, 3:5], other[8.0][0, 3:5, 3:5], rtol=0.01)
    flat = Gabor(colours=0).open()([np.full((50, 50), 90, dtype=np.uint8)])
    np.testing.assert_allclose(flat, np.log(1e-5), rtol=1e-6)


def test_gabor_contrast_is_found_where_it_is():
    picture = np.full((112, 112), 128, dtype=np.uint8)
    picture[:56, 56:] = grating(8.0, 0.0)[:56, 56:]
    place = energies(Gabor(), picture)[8.0][0]
    assert place[:4, 4:].mean() > 50 * place[4:, :4].mean()


def test_random_conv_is_of_its_seed_and_of_what_it_is_shown():
    pictures = [noise(64, 64, 3, seed=1), noise(64, 64, 3, seed=2)]
    one, same, other = (RandomConv(seed=s).open()(pictures) for s in (0, 0, 1))
    assert one.shape == (2, 128, 4, 4)
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)
    assert not np.allclose(one[0], one[1])


def test_random_conv_is_the_convolution_it_says():
    torch = pytest.importorskip("torch")
    feature = RandomConv(size=8, channels=(4, 5), grid=2)
    picture = noise(8, 8, 3)
    rng, layer = np.random.default_rng(0), torch.tensor(picture / 127.5 - 1).permute(2, 0, 1)
    n_inputs = 3
    for n_outputs in feature.channels:
        drawn = rng.standard_normal((9 * n_inputs, n_outputs), dtype=np.float32)
        weights = torch.tensor(drawn).double() * (2 / (9 * n_inputs)) ** 0.5
        # Ours lists channel, row, column of an input: torch's order of a kernel.
        kernel = weights.T.reshape(n_outputs, n_inputs, 3, 3)
        layer = torch.nn.functional.conv2d(layer[None], kernel, padding=1)[0].clamp(min=0)
        layer, n_inputs = torch.nn.functional.avg_pool2d(layer, 2), n_outputs
    (made,) = feature.open()([picture])
    np.testing.assert_allclose(made, layer.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (noise(4, 4, 4), r"0042: a picture of shape \(4, 4, 4\)"),
        (noise(0, 4), r"0042: a picture of shape \(0, 4\)"),
        (noise(4, 4).astype(np.uint16), "0042: a picture of uint16. Features take eight bits"),
        (noise(4, 4) / 255, "0042: a picture of float64"),
        ("a dog", "0042: expected a picture, got str"),
    ],
)
def test_a_strange_picture_is_named(picture, said):
    with pytest.raises(DataError, match=said):
        check_picture(picture, "stimulus 0042")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Pixels(size=0), "pixels: size: 0 is below one"),
        (lambda: Gabor(grids=(8, 8)), "4 wavelengths and 2 grids"),
        (lambda: Gabor(wavelengths=(2.0, 8.0, 16.0, 32.0)), "wavelengths: 2 px"),
        (lambda: Gabor(grids=(8, 8, 4, 0)), "a grid of 0 cells"),
        (lambda: Gabor(floor=0.0), "floor: 0 must be above zero"),
        (lambda: RandomConv(size=60), "size 60 halved 3 times"),
        (lambda: RandomConv(seed=-1), "seed: -1 is below zero"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(make, said):
    with pytest.raises(ConfigError, match=said):
        make()
