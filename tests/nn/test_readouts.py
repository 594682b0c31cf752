"""Readouts of feature maps: their formulas, written as loops, and how many parameters they have."""

import numpy as np
import pytest
import torch

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.nn.feature_maps import FeatureMap, MapShape
from neurodecode.nn.readouts import Factorized, Gaussian

SHAPE = MapShape.of((6, 4), grid=(2, 3))  # 2 × 3 places of 4 channels


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


def scattered(module, seed=0):
    """Give a module weights that are nowhere zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(0.5 * torch.randn(p.shape, generator=generator))
    return module.eval()


def maps_of(n=5, shape=SHAPE, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, shape.n_tokens, shape.n_channels, generator=generator)


def test_maps_are_read_in_whatever_form_they_are_stored():
    tokens = maps_of()
    as_map = tokens.reshape(5, 2, 3, 4)
    last = MapShape.of((2, 3, 4), channels="last")
    first = MapShape.of((4, 2, 3))
    with_class = MapShape.of((7, 4), grid=(2, 3), n_prefix=1)
    torch.testing.assert_close(last.tokens(as_map), tokens)
    torch.testing.assert_close(first.tokens(as_map.permute(0, 3, 1, 2)), tokens)
    stored = torch.cat([torch.full((5, 1, 4), 9.0), tokens], dim=1)
    torch.testing.assert_close(with_class.tokens(stored.flatten(1)), tokens)  # flat, as on disk
    assert {one.grid for one in (last, first, with_class)} == {(2, 3)}
    assert MapShape.of((9, 4)).grid == (3, 3)
    # Of two rows the middles lie at -1/2 and 1/2, of three columns at -2/3, 0 and 2/3.
    np.testing.assert_allclose(first.places[[0, 4]], [[-0.5, -2 / 3], [0.5, 0]])


@pytest.mark.parametrize(
    ("stored", "arguments", "error", "said"),
    [
        ((12,), {}, DataError, "are no map"),
        ((10, 4), {}, DataError, "10 fill no square.*n_prefix: 1"),
        ((10, 4), {"grid": (3, 3)}, DataError, r"3 × 3 is of 9"),
        ((4, 2, 3), {"grid": (3, 2)}, DataError, r"grid is \(3, 2\), and these maps are of"),
        ((4, 2, 3), {"n_prefix": 1}, ConfigError, "these are maps, not tokens"),
        ((4, 2, 3), {"channels": "middle"}, ConfigError, "give first or last"),
    ],
)
def test_what_is_no_map_is_refused(stored, arguments, error, said):
    with pytest.raises(error, match=said):
        MapShape.of(stored, **arguments)


@pytest.mark.parametrize("shape", [SHAPE, MapShape.of((6, 9), grid=(2, 3))], ids=["few", "many"])
@pytest.mark.parametrize("maps", ["softmax", "free"])
def test_factorised_is_a_sum_over_places_and_channels(shape, maps):
    module, tokens = scattered(Factorized(shape, 3, maps)), maps_of(shape=shape)
    said = module(tokens)
    for v in range(3):
        s = module.places[v].softmax(0) if maps == "softmax" else module.places[v]
        expected = sum(s[t] * (tokens[:, t] @ module.weight[v]) for t in range(6))
        torch.testing.assert_close(said[:, v], expected + module.bias[v])


def test_maps_begin_even():
    for maps in ("softmax", "free"):
        even = Factorized(SHAPE, 3, maps).maps()
        torch.testing.assert_close(even, torch.full((3, 6), 1 / 6))


def test_penalties_are_the_size_of_free_maps_and_their_roughness():
    module = scattered(Factorized(SHAPE, 2, "free", sparsity=0.3, smoothness=0.2))
    s = module.places.detach().reshape(2, 2, 3).numpy()
    rough = (np.diff(s, axis=1) ** 2).sum() + (np.diff(s, axis=2) ** 2).sum()
    expected = 0.3 * np.abs(s).mean() + 0.2 * rough / 2
    assert module.penalty().item() == pytest.approx(expected, rel=1e-5)
    assert Factorized(SHAPE, 2).penalty().item() == 0


def test_a_gaussian_weighs_places_by_how_far_they_are():
    module = scattered(Gaussian(SHAPE, 2))
    maps = module.maps().detach().double().numpy()
    for v in range(2):
        middle = np.tanh(module.middle[v].detach().numpy())
        width = np.exp(module.log_width[v, 0].item()) + 0.01
        far = ((SHAPE.places - middle) ** 2).sum(axis=1)
        expected = np.exp(-0.5 * far / width**2)
        np.testing.assert_allclose(maps[v], expected / expected.sum(), rtol=1e-5)


def test_a_full_covariance_is_that_of_what_is_drawn():
    """Maps on a fine grid have the covariance of the places that are drawn in training."""
    shape = MapShape.of((81 * 81, 1))
    module = Gaussian(shape, 1, "full", sampled=True)
    with torch.no_grad():
        module.middle.zero_()
        module.log_width.copy_(torch.log(torch.tensor([[0.05, 0.1]])))
        module.slant.fill_(1.5)
    weight = module.maps()[0].detach().double().numpy()
    found = (weight[:, None] * shape.places).T @ shape.places
    down, right = 0.06**2, 0.11**2  # 0.01 is the least width
    # right = 0.11 (z2 + 1.5 z1), down = 0.06 z1
    expected = [[down, 1.5 * 0.06 * 0.11], [1.5 * 0.06 * 0.11, right * (1 + 1.5**2)]]
    np.testing.assert_allclose(found, expected, rtol=0.03)


def test_a_place_is_drawn_in_training_and_is_the_middle_afterwards():
    module = Gaussian(SHAPE, 1, sampled=True)
    with torch.no_grad():
        module.middle.copy_(torch.atanh(torch.tensor([[-0.5, 0.0]])))  # middle of place 1
        module.weight.copy_(torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
    tokens = maps_of()
    torch.testing.assert_close(module.eval()(tokens)[:, 0], tokens[:, 1, 0])
    module.train()
    assert not torch.allclose(module(tokens), module(tokens))


def test_as_many_parameters_a_target_as_the_specification_says():
    # Of 300 targets on 36 places and 16 channels: 16 k and 6 k in the specification's table.
    shape = MapShape.of((36, 16))
    assert n_parameters(Factorized(shape, 300)) == 300 * (36 + 16 + 1) == 15_900
    assert n_parameters(Gaussian(shape, 300)) == 300 * (3 + 16 + 1) == 6_000
    assert n_parameters(Gaussian(shape, 300, "full")) == 300 * (5 + 16 + 1)


def test_channels_are_scaled_alike_at_all_places():
    mean, scale = np.arange(4.0), np.full(4, 2.0)
    module = FeatureMap(scattered(Gaussian(SHAPE, 2)), SHAPE, mean, scale)
    X = maps_of()
    torch.testing.assert_close(module.tokens(X), (X - torch.arange(4.0)) / 2)
