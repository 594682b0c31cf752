"""The perceptron of voxels: own voxels a subject, tokens before and behind the projector."""

import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.nn.frozen import FrozenTrunk
from neurodecode.nn.mlp import Mlp


def mlp(n_voxels, heads=None, **arguments):
    torch.manual_seed(0)
    return Mlp.tiny(n_voxels, heads or {"clip": 6}, width=8, **arguments).double().eval()


@pytest.fixture
def x():
    return torch.randn(4, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_layers_are_mindeyes(x):
    """One wide layer, then each block added to what it was handed, by torch's functions."""
    module = mlp(10)
    functional = torch.nn.functional

    def layer(z, linear, norm):
        z = functional.linear(z, linear.weight, linear.bias)
        return functional.gelu(functional.layer_norm(z, (8,), norm.weight, norm.bias))

    z = layer(x, module.inputs[0], module.start[0])
    for block in module.blocks:
        z = z + layer(z, block[0], block[1])
    torch.testing.assert_close(module(x)["clip"], module.heads["clip"](z))


def test_the_projector_takes_tokens_one_by_one(x):
    """What enters it is regressed on the target, what leaves it is compared with candidates."""
    module = mlp(10, {"clip": 6, "mse": 6}, projector=5, token_size=3)
    given = module(x)
    first, second = given["mse"][:, :3], given["mse"][:, 3:]
    torch.testing.assert_close(given["clip"][:, :3], module.projector(first))
    torch.testing.assert_close(given["clip"][:, 3:], module.projector(second))
    assert mlp(10, {"mse": 6}, projector=5).projector is None  # it would never learn


def test_each_subject_enters_by_its_own_layer(x):
    module, subject = mlp([4, 10, 7]), torch.tensor([2, 0, 1, 0])
    expected = [(2, 7), (0, 4), (1, 10), (0, 4)]
    entered = module._enter(x, subject)
    for trial, (layer, n_voxels) in enumerate(expected):
        torch.testing.assert_close(entered[trial], module.inputs[layer](x[trial, :n_voxels]))


def test_what_is_behind_a_subjects_voxels_is_not_read(x):
    module, subject = mlp([4, 10]), torch.tensor([0, 1, 0, 1])
    expected = module(x, subject)["clip"]
    padded = x.clone()
    padded[subject == 0, 4:] = torch.nan
    found = module(padded, subject)["clip"]
    assert torch.equal(found, expected)
    found.sum().backward()
    assert all(p.grad.isfinite().all() for p in module.parameters())


def test_new_subject_enters_by_a_new_layer_and_nothing_else_learns(x):
    module = mlp([4, 10])
    assert module.add_subject(7) == 2
    frozen = FrozenTrunk(module, 2).train()
    frozen(x, torch.full((4,), 2))["clip"].square().sum().backward()
    learnt = [name for name, p in module.named_parameters() if p.grad is not None]
    assert learnt == ["inputs.2.weight", "inputs.2.bias"]
    assert module.inputs[2].in_features == 7


@pytest.mark.parametrize("subject", [[0, 1, -1, 0], [0, 1, 2, 0]])
def test_a_subject_whose_voxels_are_unknown_is_refused(x, subject):
    with pytest.raises(ConfigError, match="is none of its 2"):
        mlp([4, 10])(x, torch.tensor(subject))


def test_what_cannot_be_read_or_made_is_said(x):
    with pytest.raises(ConfigError, match="not told whose trials"):
        mlp([4, 10])(x)
    with pytest.raises(ConfigError, match=r"10 voxels, the largest .* shape \(9,\)"):
        mlp([4, 10])(x[:, :9], torch.zeros(4, dtype=torch.long))
    with pytest.raises(ConfigError, match=r"9 voxels and is handed trials of shape \(10,\)"):
        mlp(9)(x)
    with pytest.raises(ConfigError, match="no place for a new subject"):
        mlp(10).add_subject(5)
    with pytest.raises(ConfigError, match="at least one voxel"):
        mlp([4, 0])
    with pytest.raises(ConfigError, match="differ in size"):
        mlp(10, {"clip": 6, "mse": 5}, projector=4)
    with pytest.raises(ConfigError, match="not made of tokens of 4"):
        mlp(10, projector=4, token_size=4)
    with pytest.raises(ConfigError, match="no weights that belong to one subject"):
        FrozenTrunk(mlp(10), 0)
