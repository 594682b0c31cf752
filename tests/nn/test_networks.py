"""Architectures: parameters by the papers' formulas, layers by their definition, norms held."""

import numpy as np
import pytest
import torch

from neurodecode.nn.eegnet import EEGNet
from neurodecode.nn.shallow_convnet import ShallowConvNet
from neurodecode.nn.standardize import Standardized


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


# Counted with braindecode 1.8.1 at 22 channels, 1000 samples, 4 classes, and at 3, 1000, 2.
@pytest.mark.parametrize(
    ("network", "shape", "expected"),
    [
        (EEGNet, (22, 4, 1000), 3444),
        (EEGNet, (3, 2, 1000), 2146),
        (ShallowConvNet, (22, 4, 1000), 46084),
        (ShallowConvNet, (3, 2, 1000), 10802),
    ],
)
def test_as_many_parameters_as_the_trusted_peer_counts(network, shape, expected):
    assert n_parameters(network(*shape)) == expected


@pytest.mark.parametrize(("F1", "D", "n_chans", "n_times"), [(8, 2, 64, 128), (4, 3, 5, 99)])
def test_eegnet_has_the_parameters_of_table_2(F1, D, n_chans, n_times):
    """Lawhern et al. 2018, table 2: sizes of each layer; two numbers a normalised feature."""
    F2, N = D * F1, 4
    expected = (
        64 * F1 + 2 * F1  # over time
        + n_chans * D * F1 + 2 * D * F1  # over channels
        + 16 * D * F1 + F2 * D * F1 + 2 * F2  # separable
        + N * F2 * (n_times // 32) + N  # classes
    )  # fmt: skip
    assert n_parameters(EEGNet(n_chans, N, n_times, F1=F1, D=D, F2=F2)) == expected


def test_eegnet_pads_as_same_padding_does():
    torch.manual_seed(0)
    module = EEGNet(3, 2, 64, kernel_length=16).eval()
    X = torch.randn(2, 3, 64)
    with torch.no_grad(), pytest.warns(UserWarning, match="padding='same'"):
        expected = torch.nn.functional.conv2d(
            X.unsqueeze(1), module.temporal.weight, padding="same"
        )
    seen = []
    module.norm_temporal.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        module(X)
    torch.testing.assert_close(seen[0], expected, rtol=1e-5, atol=1e-6)  # single precision


def test_shallow_convnet_is_its_definition():
    """Figure 2 of the paper, layer by layer in numpy."""
    torch.manual_seed(0)
    module = ShallowConvNet(2, 3, 40, n_filters=4, kernel_length=5, pool_length=8, pool_stride=3)
    module = module.double().eval()
    X = np.random.default_rng(0).normal(size=(3, 2, 40))
    over_time = module.temporal.weight.detach().numpy()[:, 0, 0]  # (n_filters, 5)
    windows = np.lib.stride_tricks.sliding_window_view(X, 5, axis=2)
    Z = np.einsum("nctk,fk->nfct", windows, over_time)
    Z = np.einsum("nfct,gfc->ngt", Z, module.channels.weight.detach().numpy()[..., 0])
    Z = Z / np.sqrt(1 + module.norm.eps)  # mean 0, variance 1 before any training
    power = np.stack([(Z[..., i : i + 8] ** 2).mean(-1) for i in range(0, 36 - 8 + 1, 3)], -1)
    flat = np.log(np.maximum(power, 1e-6)).reshape(3, -1)
    expected = flat @ module.classifier.weight.detach().numpy().T
    with torch.no_grad():
        found = module(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("module", "norms"),
    [
        (EEGNet(6, 3, 64), {"channels": 1.0, "classifier": 0.25}),
        (ShallowConvNet(6, 3, 128), {"temporal": 2.0, "channels": 2.0, "classifier": 0.5}),
    ],
)
def test_norms_of_filters_and_classes_are_held_as_published(module, norms):
    others = {k for k, v in module.named_parameters() if k.split(".")[0] not in norms}
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(100)
    before = {k: v.clone() for k, v in module.named_parameters()}
    module.constrain()
    for layer, most in norms.items():
        weight = getattr(module, layer).weight.flatten(1)
        torch.testing.assert_close(weight.norm(dim=1), torch.full((len(weight),), most))
    for name in others:
        assert torch.equal(dict(module.named_parameters())[name], before[name])


def test_what_is_within_its_norm_is_left_alone():
    module = EEGNet(6, 3, 64)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(1e-3)
    before = {k: v.clone() for k, v in module.named_parameters()}
    module.constrain()
    assert all(torch.equal(v, before[k]) for k, v in module.named_parameters())


def test_input_is_scaled_before_the_module_and_scales_are_weights():
    module = Standardized(torch.nn.Identity(), np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]))
    X = torch.tensor([[[3, 5], [2, 6]]])  # whole numbers are scaled too
    assert module(X).tolist() == [[[1.0, 2.0], [0.0, 1.0]]]
    assert set(module.state_dict()) == {"mean", "scale"}
    module.constrain()  # an identity has nothing to hold
