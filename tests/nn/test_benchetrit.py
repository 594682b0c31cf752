"""Benchetrit: any layout in any order, subjects known and not, lengths as aggregated."""

import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.nn.benchetrit import Benchetrit
from neurodecode.nn.frozen import FrozenTrunk


def tiny(**arguments):
    torch.manual_seed(0)
    return Benchetrit.tiny(9, 50, {"clip": 4}, **arguments).double().eval()


@pytest.fixture
def trials():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(6, 9, 50, generator=generator, dtype=torch.float64)
    return x, torch.rand(9, 2, generator=generator, dtype=torch.float64)


def test_order_of_sensors_does_not_matter(trials):
    x, positions = trials
    module, order = tiny(), torch.randperm(9, generator=torch.Generator().manual_seed(2))
    virtual = module.virtual(x, positions)
    torch.testing.assert_close(module.virtual(x[:, order], positions[order]), virtual)
    there = module(x, positions=positions)["clip"]
    torch.testing.assert_close(module(x[:, order], positions=positions[order])["clip"], there)
    moved = module(x[:, order], positions=positions)["clip"]  # sensors without their positions
    assert (moved - there).std() > 0.1 * there.std(0).mean()


def test_another_layout_is_read_and_padding_is_not(trials):
    x, positions = trials
    module = tiny()
    fewer = module(x[:, :6], positions=positions[:6])["clip"]
    padded, nowhere = x.clone(), positions.clone()
    padded[:, 6:] = torch.nan
    nowhere[6:] = torch.nan
    torch.testing.assert_close(module(padded, positions=nowhere)["clip"], fewer)


def test_one_layout_for_all_is_each_trials_own(trials):
    x, positions = trials
    module = tiny()
    torch.testing.assert_close(
        module(x, positions=positions)["clip"],
        module(x, positions=positions.expand(6, 9, 2))["clip"],
    )


def test_layers_are_those_of_the_table():
    """Dilations 1, 2, 4, 8, a skip round all but the first, a gate of the same kernel."""
    module = Benchetrit.tiny(9, 50, {"clip": 4})
    blocks = list(module.blocks)
    assert [c[0].dilation[0] for block in blocks for c in block.convolutions] == [1, 2, 4, 8]
    assert [block.skipped for block in blocks] == [(False, True), (True, True)]
    assert [block.gate.kernel_size for block in blocks] == [(3,), (3,)]
    assert module.blocks(torch.zeros(1, 16, 50)).shape == (1, 32, 50)


def test_unknown_subject_is_not_the_first(trials):
    x, positions = trials
    module = tiny(n_subjects=3)
    unknown = module(x, torch.full((6,), -1), positions)["clip"]
    assert torch.equal(module(x, None, positions)["clip"], unknown)
    for subject in range(3):
        known = module(x, torch.full((6,), subject), positions)["clip"]
        assert (known - unknown).std() > 0.1 * unknown.std(0).mean()  # of what trials differ by


@pytest.mark.parametrize("unknown", ["mean", "token"])
def test_new_subject_learns_while_the_trunk_stands_still(trials, unknown):
    x, positions = trials
    module = tiny(n_subjects=2, unknown=unknown)
    others = module(x, torch.zeros(6, dtype=torch.long), positions)["clip"].detach()
    subject = torch.full((6,), module.add_subject())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    start = module(x, subject, positions)["clip"].detach()

    frozen = FrozenTrunk(module, 2).train()
    learnt = [p for p in frozen.parameters() if p.requires_grad]
    assert [tuple(p.shape) for p in learnt] == [(16, 16)]
    # Decay would shrink whatever it is handed, and batch norm would move: neither reaches them.
    optimizer = torch.optim.AdamW(learnt, lr=1e-2, weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        loss = (frozen(x, subject, positions)["clip"] - 1).square().mean()
        loss.backward()
        optimizer.step()

    changed = {name for name, v in module.state_dict().items() if not torch.equal(v, before[name])}
    assert changed == {"subjects.matrices.subjects.2"}
    assert loss < (start - 1).square().mean()
    now = module(x, torch.zeros(6, dtype=torch.long), positions)["clip"]
    torch.testing.assert_close(now, others)


def test_new_subject_starts_as_an_unknown_one(trials):
    x, positions = trials
    module = tiny(n_subjects=2)
    unknown = module(x, None, positions)["clip"]
    number = module.add_subject()
    added = module(x, torch.full((6,), number), positions)["clip"]
    torch.testing.assert_close(added, unknown)
    other = Benchetrit.tiny(9, 50, {"clip": 4}, n_subjects=3).double()
    other.load_state_dict(module.state_dict(), strict=True)  # as one that had three all along


def test_map_of_the_head_is_the_weights_that_are_used(trials):
    x, positions = trials
    module = tiny()
    weights = module.sensor_weights(positions)
    assert weights.shape == (16, 9)
    torch.testing.assert_close(
        torch.einsum("oc,bct->bot", weights, x), module.virtual(x, positions)
    )


@pytest.mark.parametrize("aggregation", ["mean", "attention"])
def test_trials_of_another_length_are_read_where_time_has_no_weights(trials, aggregation):
    x, positions = trials
    assert tiny(aggregation=aggregation)(x[..., :31], positions=positions)["clip"].shape == (6, 4)


def test_trials_of_another_length_are_refused_where_it_has(trials):
    x, positions = trials
    with pytest.raises(ConfigError, match=r"50 samples and is handed 31: .* one weight a sample"):
        tiny()(x[..., :31], positions=positions)


def test_what_cannot_be_read_is_said(trials):
    x, positions = trials
    with pytest.raises(ConfigError, match="has no positions"):
        tiny()(x)
    with pytest.raises(ConfigError, match="not of the same channels"):
        tiny()(x, positions=positions[:5])
    with pytest.raises(ConfigError, match="subject 4 is none of its 3"):
        tiny(n_subjects=3)(x, torch.tensor([0, 1, 2, 3, 4, 0]), positions)
    with pytest.raises(ConfigError, match="subject -2 is none of its 3"):
        tiny(n_subjects=3)(x, torch.tensor([0, 1, -2, 0, 0, 0]), positions)
    with pytest.raises(ConfigError, match="no place for a new subject"):
        tiny().add_subject()
    with pytest.raises(ConfigError, match="Give one of: affine, mean, attention"):
        tiny(aggregation="max")
    with pytest.raises(ConfigError, match="no weights that belong to one subject"):
        FrozenTrunk(tiny(), 0)
