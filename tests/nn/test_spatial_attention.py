"""Codes of positions and attention over sensors: norms, sums, zeros that are exact."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError
from neurodecode.nn.fourier import fourier_code
from neurodecode.nn.spatial_attention import SpatialAttention

places = st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2))


@given(places)
def test_code_has_one_norm_everywhere(place):
    code = fourier_code(torch.tensor([place], dtype=torch.float64), 2048)
    assert code.shape == (1, 2048)
    assert float(code.norm()) == pytest.approx(1024**0.5)


def test_code_is_the_waves_of_the_paper():
    x, y = torch.tensor([0.3, 0.8], dtype=torch.float64)
    code = fourier_code(torch.stack([x, y]), 18)
    phases = [
        2 * torch.pi * (k * (x + 0.2) + m * (y + 0.2)) / 1.4 for k in range(3) for m in range(3)
    ]
    expected = torch.stack([p.cos() for p in phases] + [p.sin() for p in phases])
    torch.testing.assert_close(code, expected)


def test_code_tells_the_edges_of_the_square_apart():
    """Without the margin, waves of period 1 would be the same at 0 and 1."""
    left, right = fourier_code(torch.tensor([[0.0, 0.5], [1.0, 0.5]]), 128)
    assert (left - right).norm() > 0.5 * left.norm()


@pytest.mark.parametrize("n_features", [0, 7, 100, 2000])
def test_code_of_a_size_that_is_no_square_is_refused(n_features):
    with pytest.raises(ConfigError, match="half of them is a square"):
        SpatialAttention(4, n_features)


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return SpatialAttention(6, 128, drop_radius=0.2).double()


@pytest.fixture
def positions():
    return torch.rand(3, 20, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_weights_sum_to_one_over_sensors_and_are_zero_where_there_is_none(attention, positions):
    positions[1, 5:9] = torch.nan
    weights = attention.eval().weights(positions)
    assert weights.shape == (3, 6, 20)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 6, dtype=torch.float64))
    assert (weights[1, :, 5:9] == 0).all()
    assert (weights[1, :, :5] > 0).all()


def test_padding_that_is_nan_reaches_neither_output_nor_gradient(attention, positions):
    positions[:, 12:] = torch.nan
    x = torch.randn(3, 20, 7, dtype=torch.float64)
    x[:, 12:] = torch.nan
    out = attention.train()(x, positions)
    out.sum().backward()
    assert out.isfinite().all()
    assert attention.heads.grad.isfinite().all()


def test_sensors_around_one_place_are_dropped_in_training_only(attention, positions):
    torch.manual_seed(3)
    center = torch.rand(2, dtype=torch.float64)
    near = (positions - center).norm(dim=-1) <= 0.2
    assert 0 < near.sum() < near.numel()
    torch.manual_seed(3)
    weights = attention.train().weights(positions)
    assert torch.equal(weights.eq(0).all(1), near)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 6, dtype=torch.float64))
    assert (attention.eval().weights(positions) > 0).all()


def test_a_layout_within_the_radius_is_kept(positions):
    """Nothing would be left to average: a softmax of nothing is NaN."""
    everywhere = SpatialAttention(6, 128, drop_radius=2.0).double().train()
    positions[0, 3:] = torch.nan
    weights = everywhere.weights(positions)
    assert weights.isfinite().all()
    assert torch.equal(weights, everywhere.eval().weights(positions))


def test_each_layout_is_guarded_by_itself(attention):
    """One trial's sensors all fall out and are kept; the other's do as drawn."""
    torch.manual_seed(3)
    center = torch.rand(2, dtype=torch.float64)
    positions = torch.stack(
        [center.expand(4, 2), center + torch.tensor([[0.0], [0.5]]).repeat(2, 2)]
    )
    torch.manual_seed(3)
    weights = attention.train().weights(positions)
    assert (weights[0] > 0).all()
    assert torch.equal(weights[1].eq(0).all(0), torch.tensor([True, False, True, False]))
