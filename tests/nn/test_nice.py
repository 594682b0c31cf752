"""NICE: linear before its first norm, where power averages out; published start under compat."""

import numpy as np
import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.nn.atm import Atm
from neurodecode.nn.nice import Nice

SFREQ, N_TIMES = 250, 250


@pytest.fixture(scope="module")
def nice():
    torch.manual_seed(0)
    return Nice(8, N_TIMES, {"clip": 16}).eval()


def test_linear_before_the_first_norm(nice):
    a, b = torch.randn(2, 4, 8, N_TIMES, generator=torch.Generator().manual_seed(0)).double()
    convolution = nice.convolution.double()
    constant = convolution.pooled(torch.zeros_like(a))
    found = convolution.pooled(2 * a - 3 * b) - constant
    expected = 2 * (convolution.pooled(a) - constant) - 3 * (convolution.pooled(b) - constant)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    after = convolution(2 * a - 3 * b) - 2 * convolution(a) + 3 * convolution(b)
    assert after.std() > 1e-3  # and not linear after it
    nice.float()


def test_pooled_is_filtered_then_averaged(nice):
    """The published two layers, one after the other."""
    x = torch.randn(3, 8, N_TIMES, generator=torch.Generator().manual_seed(0)).double()
    convolution = nice.convolution.double()
    filtered = convolution.temporal(x.unsqueeze(1))
    expected = torch.nn.functional.avg_pool2d(filtered, (1, 51), (1, 5))
    torch.testing.assert_close(convolution.pooled(x), expected)
    nice.float()


def _oscillations(amplitude, rng):
    """A burst at 12 Hz of random phase a trial on every channel, in noise."""
    n_trials = len(amplitude)
    time = np.arange(N_TIMES) / SFREQ
    envelope = np.exp(-0.5 * ((time - 0.4) / 0.12) ** 2)
    phase = rng.uniform(0, 2 * np.pi, (n_trials, 1, 1))
    burst = amplitude[:, None, None] * envelope * np.cos(2 * np.pi * 12 * time + phase)
    return (burst + 0.3 * rng.normal(size=(n_trials, 8, N_TIMES))).astype(np.float32)


def _accuracy(Z, y, n_train):
    """Of ridge regression on features, on the rows after the first ``n_train``."""
    Z = (Z - Z[:n_train].mean(0)) / Z[:n_train].std(0)
    gram = Z[:n_train] @ Z[:n_train].T
    dual = np.linalg.solve(gram + 0.1 * np.trace(gram) / n_train * np.eye(n_train), y[:n_train])
    return np.mean(np.sign(Z[n_train:] @ Z[:n_train].T @ dual) == y[n_train:])


@pytest.fixture(scope="module")
def doubled():
    """Trials, and in which half of them the amplitude is doubled."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat([-1.0, 1.0], 300))
    return _oscillations(np.where(y > 0, 2.0, 1.0), rng), y


def _pooled(convolution, z):
    with torch.no_grad():
        return convolution.pooled(z).flatten(1).numpy()[:, ::7]


def test_no_linear_readout_of_what_is_pooled_finds_power_of_random_phase(nice, doubled):
    """A linear readout of what enters the first norm cannot find which trials were doubled."""
    x, y = doubled
    # 200 tested trials: four standard deviations of chance are 0.14.
    pooled = _pooled(nice.convolution, torch.from_numpy(x))
    assert abs(_accuracy(pooled, y, 400) - 0.5) < 0.14
    assert _accuracy(np.log((x**2).mean(-1)), y, 400) > 0.95  # it was there to be found


def test_attention_before_the_same_convolution_is_not_blind(doubled):
    x, y = doubled
    torch.manual_seed(0)
    atm = Atm(8, N_TIMES, {"clip": 16}).eval()
    seen = []
    atm.norm.register_forward_hook(lambda *given: seen.append(given[2]))
    with torch.no_grad():
        atm(torch.from_numpy(x))
    # Untrained: .85 to .94 with three starts.
    assert _accuracy(_pooled(atm.convolution, seen[0][:, 1:]), y, 400) > 0.75


def test_what_is_pooled_averages_out_over_phases(nice):
    """Over phases spaced evenly the mean response is that to silence, whatever the amplitude."""
    time = torch.arange(N_TIMES, dtype=torch.float64) / SFREQ
    phases = torch.arange(8, dtype=torch.float64) / 8 * 2 * torch.pi
    x = torch.cos(2 * torch.pi * 12 * time + phases[:, None])[:, None].expand(8, 8, N_TIMES)
    convolution = nice.convolution.double()
    silence = convolution.pooled(torch.zeros_like(x[:1]))
    torch.testing.assert_close(convolution.pooled(5 * x).mean(0, keepdim=True), silence)
    assert (convolution.pooled(5 * x) - silence).std() > 1e-3
    nice.float()


def test_features_run_average_by_average(nice):
    """Published order: all filters at the first average, then at the next."""
    x = torch.randn(2, 8, N_TIMES, generator=torch.Generator().manual_seed(0))
    seen = []
    handle = nice.convolution.mix.register_forward_hook(lambda *given: seen.append(given[2]))
    with torch.no_grad():
        features = nice.convolution(x)
    handle.remove()
    assert features.shape == (2, 36 * 40)
    torch.testing.assert_close(features[:, :40], seen[0][:, :, 0, 0])


def test_published_start_and_idle_projector_only_under_compat():
    torch.manual_seed(0)
    published, ours = Nice(63, 250, {"clip": 768}, compat="nice"), Nice(63, 250, {"clip": 768})
    for name in ("convolution.spatial", "heads.clip.linear", "image_projector.linear"):
        weight = published.get_submodule(name).weight
        # 100,000 numbers or more: the standard deviation is right to 0.5 %.
        assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.02)
    assert float(ours.heads["clip"].linear.weight.detach().std()) < 0.018  # torch's own, uniform
    scale = published.convolution.norm_temporal.weight.detach()
    assert 0 < float(scale.std()) < 0.04
    assert abs(float(scale.mean()) - 1) < 0.02  # six standard errors of 40 numbers
    assert not hasattr(ours, "image_projector")


@pytest.mark.parametrize(("shape", "match"), [((9, 250), "8 channels"), ((8, 200), "250 samples")])
def test_another_layout_or_length_is_refused(nice, shape, match):
    with pytest.raises(ConfigError, match=f"made for .*{match}"):
        nice(torch.zeros(2, *shape))


def test_trials_shorter_than_one_average_are_refused():
    Nice(3, 75, {"clip": 2})
    with pytest.raises(ConfigError, match="need 75"):
        Nice(3, 74, {"clip": 2})


def test_an_unknown_compat_is_refused():
    with pytest.raises(ConfigError, match="compat is 'atm'"):
        Nice(3, 75, {"clip": 2}, compat="atm")
