"""Contexts as sets: their order tells nothing, their size sharpens, and sizes are as published."""

import math

import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.nn.in_context import InContext

TINY = {"width": 16, "depth": 2, "n_heads": 4, "n_hidden": 12, "dropout": 0.0}


def context(n_voxels=3, n=10, n_features=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n_voxels, n, n_features, generator=generator)
    return X, torch.randn(n_voxels, n, generator=generator)


def test_the_order_of_a_context_changes_nothing():
    module, (X, y) = InContext(6, **TINY).eval(), context()
    order = torch.randperm(10, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(module(X[:, order], y[:, order]), module(X, y))
    assert not torch.allclose(module(X, y[:, order]), module(X, y))  # pairs do


def test_voxels_do_not_see_each_other_and_may_share_their_stimuli():
    module, (X, y) = InContext(6, **TINY).eval(), context()
    together = module(X, y)
    torch.testing.assert_close(module(X[1:2], y[1:2]), together[1:2])
    shared = X[0]
    torch.testing.assert_close(module(shared, y), module(shared.expand(3, -1, -1), y))


def test_no_context_at_all_tells_weights_too():
    module, (X, y) = InContext(6, **TINY).eval(), context()
    told = module(X[:, :0], y[:, :0])
    assert told.shape == (3, 7)
    torch.testing.assert_close(told[0], told[2])


def test_queries_are_multiplied_by_the_logarithm_of_how_many_tokens_there_are():
    """One head of one block, by hand."""
    torch.manual_seed(0)
    block = InContext(6, width=8, depth=1, n_heads=1, n_hidden=4, dropout=0.0).blocks[0]
    z = torch.randn(2, 9, 8)
    q, k, v = block.query(z), block.key(z), block.value(z)
    shares = (math.log(9) * q @ k.mT / math.sqrt(8)).softmax(dim=-1)
    torch.testing.assert_close(block._attended(z), block.out(shares @ v))


def test_attention_is_computed_in_single_precision_whatever_the_rest():
    """Products of this size have no place in half precision, whose largest number is 65,504."""
    module, (X, y) = InContext(6, **TINY).eval(), context(n=500)
    with torch.no_grad():
        for block in module.blocks:
            block.query.weight.mul_(2000)
            block.key.weight.mul_(2000)
    seen = []
    block = module.blocks[0]
    softmax = torch.Tensor.softmax

    def spy(self, *of, **how):
        seen.append((self.dtype, float(self.detach().abs().max())))
        return softmax(self, *of, **how)

    torch.Tensor.softmax = spy
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            told = module(X, y)
    finally:
        torch.Tensor.softmax = softmax
    assert {dtype for dtype, _ in seen} == {torch.float32}
    assert max(largest for _, largest in seen) > 65_504
    assert torch.isfinite(told).all()
    assert block.n_heads == 4


def test_as_many_parameters_as_published():
    """97.07 million for CLIP's 512 numbers: computed for the published sizes."""
    with torch.device("meta"):
        clip = InContext(512)
        tiny = InContext(24, width=64, depth=3, n_heads=4, n_hidden=44, dropout=0.0)
    counts = [sum(p.numel() for p in one.parameters()) for one in (clip, tiny)]
    assert counts == [97_069_346, 103_290]


def test_a_width_that_does_not_fall_into_heads_is_refused():
    with pytest.raises(ConfigError, match="a width of 10 does not fall into 4 heads"):
        InContext(6, width=10, n_heads=4)
