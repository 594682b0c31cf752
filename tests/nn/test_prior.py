"""Priors against a world whose best answers are known in closed form: Gaussian vectors."""

import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.nn.prior import (
    MlpPrior,
    TransformerPrior,
    denoised,
    even_times,
    hidden,
    shares,
)


def best(noisy, time, predicts, mean, sd):
    """What hides, or is hidden, of N(mean, sd²): conditional means of jointly Gaussian numbers."""
    a, s = (one[:, None] for one in shares(time))
    told = (noisy - a * mean) / (a**2 * sd**2 + s**2)
    return s * told if predicts == "noise" else mean + a * sd**2 * told


@pytest.mark.parametrize("predicts", ["noise", "target"])
def test_steps_lead_from_noise_to_the_vectors_that_the_best_answers_stand_for(predicts):
    mean, sd = torch.tensor([2.0, -1.0, 0.0]), torch.tensor([0.5, 1.0, 0.1])
    noise = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0))
    noise = (noise - noise.mean(0)) / noise.std(0)
    found = denoised(lambda x, t: best(x, t, predicts, mean, sd), predicts, noise, 400)
    # The way of a Gaussian is linear: mean + sd x what one began with; steps of the first order
    # miss by as much as they are wide, π/2/400.
    torch.testing.assert_close(found, mean + sd * noise, atol=0.02, rtol=0.01)


def test_shares_keep_the_variance_of_standardised_vectors():
    time = torch.linspace(0, 1, 11)
    a, s = shares(time)
    torch.testing.assert_close(a**2 + s**2, torch.ones(11))
    target, noise = torch.randn(2, 11, 4, 3)
    torch.testing.assert_close(hidden(target, noise, time)[0], target[0])
    torch.testing.assert_close(hidden(target, noise, time)[-1], noise[-1], atol=1e-6, rtol=0)


def test_times_lie_evenly_and_in_no_order():
    torch.manual_seed(0)
    time = even_times(100, "cpu")
    assert torch.histc(time, 10, 0, 1).tolist() == [10] * 10
    assert not torch.equal(time, time.sort().values)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MlpPrior(12, 6, widths=(16, 8, 4)),
        lambda: TransformerPrior((3, 4), (2, 3), width=8, depth=1, n_heads=2),
    ],
    ids=["mlp", "transformer"],
)
def test_all_is_learnt_and_what_is_not_told_changes_nothing(make):
    torch.manual_seed(0)
    module = make()
    noisy, time = torch.randn(5, 3, 4), torch.rand(5)
    one, other = torch.randn(2, 5, 2, 3)
    told = torch.tensor([True, True, False, True, False])
    module(noisy, time, one, told).square().mean().backward()
    assert [n for n, p in module.named_parameters() if p.grad is None or not p.grad.any()] == []
    module.eval()
    first, second = module(noisy, time, one, told), module(noisy, time, other, told)
    changed = (first - second).abs().flatten(1).amax(1) > 0
    assert changed.tolist() == told.tolist()
    alone = module(noisy[1:2], time[1:2], one[1:2], told[1:2])
    torch.testing.assert_close(alone, first[1:2])


def test_published_transformer_has_published_sizes():
    with torch.device("meta"):
        module = TransformerPrior((257, 768), (257, 768))
    blocks = module.layers.layers
    assert len(blocks) == 6
    assert blocks[0].self_attn.num_heads == 12
    assert module.places.shape == (257 + 1 + 257, 768)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ConfigError, match="width of 10 does not fall into 4 heads"):
        TransformerPrior((4,), (4,), width=10, n_heads=4)
