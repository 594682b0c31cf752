"""Readouts that are moved by what is shown: formulas as loops, sizes as published, parts as one."""

import numpy as np
import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.nn import attention_readouts
from neurodecode.nn.attention_readouts import RoiAttention, SemanticSpatial, waves
from neurodecode.nn.feature_maps import MapShape

SHAPE = MapShape.of((6, 5), grid=(2, 3))
QUERY_OF = [1, 0, 1, 1]
SMALL = {"width": 8, "n_heads": 2, "n_hidden": 6, "dropout": 0.0}


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


def scattered(module, seed=0):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(0.5 * torch.randn(p.shape, generator=generator))
    return module.eval()


def maps_of(n=3, seed=1):
    return torch.randn(n, 6, 5, generator=torch.Generator().manual_seed(seed))


def test_a_query_attends_by_keys_that_know_their_place_and_values_that_do_not():
    module, tokens = scattered(RoiAttention(SHAPE, QUERY_OF, 2, **SMALL)), maps_of()
    said, attention = module(tokens), module.attention(tokens)
    assert attention.shape == (3, 2, 6)
    torch.testing.assert_close(attention.sum(dim=2), torch.ones(3, 2))
    for i in range(3):
        seen = tokens[i] @ module.enter.weight.T + module.enter.bias
        keys, values = module.key(seen + waves(SHAPE, 8)), module.value(seen)
        for g in range(2):
            q = module.ask(module.queries[g])
            heads = []
            shares = []
            for at in (slice(0, 4), slice(4, 8)):
                share = (keys[:, at] @ q[at] / 2).softmax(dim=0)  # 2: the root of a head's width
                shares.append(share)
                heads.append(share @ values[:, at])
            torch.testing.assert_close(attention[i, g], (shares[0] + shares[1]) / 2)
            z = module.out(torch.cat(heads))
            z = z + module.behind(z)
            for v in np.flatnonzero(np.array(QUERY_OF) == g):
                torch.testing.assert_close(said[i, v], z @ module.weight[v] + module.bias[v])


def test_a_target_reads_its_own_region_alone():
    module, tokens = scattered(RoiAttention(SHAPE, QUERY_OF, 2, **SMALL)), maps_of()
    before = module(tokens).detach()
    with torch.no_grad():
        module.queries[0] += 1
    moved = (module(tokens) - before).abs().sum(dim=0) > 0
    assert moved.tolist() == [False, True, False, False]


@pytest.mark.parametrize("queries", ["regions", "targets"])
@pytest.mark.parametrize("kind", ["attention", "semantic"])
def test_parts_of_targets_are_the_same_as_all_at_once(monkeypatch, kind, queries):
    def made():
        torch.manual_seed(0)
        if kind == "semantic":
            return SemanticSpatial(SHAPE, 4, n_keys=3)
        query_of = QUERY_OF if queries == "regions" else range(4)
        return RoiAttention(SHAPE, query_of, max(query_of) + 1, **SMALL)

    def asked():
        module = scattered(made()).train().double()
        said = module(maps_of().double())
        said.square().sum().backward()
        return said.detach(), [p.grad for p in module.parameters()]

    said, gradients = asked()
    monkeypatch.setattr(attention_readouts, "_MOST", 1)  # each target by itself
    again, again_gradients = asked()
    torch.testing.assert_close(again, said)
    for one, other in zip(gradients, again_gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_the_semantic_readout_is_its_formula():
    module, tokens = scattered(SemanticSpatial(SHAPE, 2, n_keys=4)), maps_of()
    said, attention = module(tokens), module.attention(tokens)
    for i in range(3):
        gate = module.gate(tokens[i].mean(dim=0)).sigmoid()
        for v in range(2):
            moved = torch.stack([module.queries[v] @ module.key(one) / 2 for one in tokens[i]])
            s = (module.places[v] + moved).softmax(dim=0)
            torch.testing.assert_close(attention[i, v], s)
            expected = sum(s[t] * ((module.weight[v] * gate) @ tokens[i, t]) for t in range(6))
            torch.testing.assert_close(said[i, v], expected + module.bias[v])


def test_places_are_told_apart():
    told = waves(MapShape.of((31 * 31, 4)), 768)
    assert told.shape == (961, 768)
    apart = torch.cdist(told, told) + 100 * torch.eye(961)
    assert apart.min() > 0.5


def test_as_many_parameters_as_published():
    """Of 50 queries on 961 tokens of 768 channels: the layer in use, the queries, each voxel."""
    with torch.device("meta"):
        shape = MapShape.of((31 * 31, 768))
        module = RoiAttention(shape, [0] * 1000, 50)
        sizes = {name: p.numel() for name, p in module.named_parameters()}
    assert sizes.pop("queries") == 38_400
    assert sizes.pop("weight") + sizes.pop("bias") == 769 * 1000
    # 3.94 million in the specification: 4 · (768² + 768) of attention, 768 · 1024 twice with its
    # biases behind it, and 2 · 768 of the normalisation.
    assert sum(sizes.values()) == 3_938_560


def test_as_many_parameters_as_the_specification_s_table():
    shape = MapShape.of((36, 16))
    tiny = {"width": 32, "n_heads": 4, "n_hidden": 64, "dropout": 0.0}
    regions = RoiAttention(shape, np.arange(5).repeat(60), 5, **tiny)
    voxels = RoiAttention(shape, range(300), 300, **tiny)
    assert n_parameters(regions) == 19_084  # 20 k
    assert n_parameters(voxels) == 28_524  # 30 k
    each = n_parameters(SemanticSpatial(shape, 301)) - n_parameters(SemanticSpatial(shape, 300))
    assert each == 36 + 16 + 16 + 1


def test_a_width_that_does_not_fall_into_heads_is_refused():
    with pytest.raises(ConfigError, match="a width of 30 falls into 4 heads"):
        RoiAttention(SHAPE, QUERY_OF, 2, width=30, n_heads=4)
