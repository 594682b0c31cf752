"""Contrastive losses against cases worked out by hand, finite differences, and their purpose."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.nn.losses import (
    BiMixCo,
    Clip,
    SigLip,
    SoftClip,
    Temperature,
    positive_rows,
)

EYE = torch.eye(3, dtype=torch.float64)
GROUPS = torch.tensor([0, 1, 0])


def pairs(n=5, d=4, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return (torch.randn(n, d, generator=draw, dtype=torch.float64) for _ in range(2))


def by_hand(x, y, scale, rows):
    """Cross entropy in numpy, both directions."""
    x, y = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (x.numpy(), y.numpy()))
    logits = scale * x @ y.T
    total = 0.0
    for S, T in ((logits, rows), (logits.T, rows.T / rows.T.sum(axis=1, keepdims=True))):
        total -= np.sum(T * (S - np.log(np.exp(S).sum(axis=1, keepdims=True)))) / len(S) / 2
    return total


def test_two_orthogonal_pairs_at_temperature_one():
    # Cosines are the identity: -log(e / (e + 1)) in each row and column.
    x = torch.eye(2)
    assert Clip(temperature="none")(x, x).item() == pytest.approx(math.log1p(math.exp(-1)), 1e-6)
    assert Clip(temperature=0.5)(x, x).item() == pytest.approx(math.log1p(math.exp(-2)), 1e-6)


def test_of_identical_orthonormal_rows_it_falls_to_zero_and_of_constant_ones_it_is_log_n():
    losses = [Clip(temperature=tau)(EYE, EYE).item() for tau in (1.0, 0.1, 0.01)]
    assert losses[0] > losses[1] > losses[2] and losses[2] < 1e-30
    same = torch.ones(7, 4)
    assert Clip()(same, same).item() == pytest.approx(math.log(7))


def test_symmetric_is_the_mean_of_both_directions():
    x, y = pairs()
    one, other = (Clip(symmetric=False, temperature=0.3)(*sides) for sides in ((x, y), (y, x)))
    both = Clip(temperature=0.3)(x, y)
    assert both.item() == pytest.approx(((one + other) / 2).item(), rel=1e-12)
    assert one.item() != pytest.approx(other.item(), rel=1e-3)


@pytest.mark.parametrize("normalise", ["xy", "x", "y", "none"])
def test_only_the_sides_that_are_named_are_brought_to_length_one(normalise):
    x, y = pairs()
    loss = Clip(normalise, temperature="none")
    longer_x, longer_y = (loss(3 * x, y), loss(x, 3 * y))
    assert torch.isclose(loss(x, y), longer_x) == ("x" in normalise)
    assert torch.isclose(loss(x, y), longer_y) == ("y" in normalise)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.integers(0, 99), st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_clip_is_what_numpy_says_for_any_groups(n, seed, groups):
    x, y = pairs(n, seed=seed)
    group = torch.tensor(groups[:n])
    same = (group[:, None] == group).double()
    rows = (same / same.sum(dim=1, keepdim=True)).numpy()
    found = Clip(temperature=0.2)(x, y, group).item()
    assert found == pytest.approx(by_hand(x, y, 5.0, rows), rel=1e-5)


def test_rows_of_one_group_share_their_target_evenly():
    rows = positive_rows(GROUPS)
    assert rows.tolist() == [[0.5, 0, 0.5], [0, 1, 0], [0.5, 0, 0.5]]


def test_duplicates_may_be_swapped():
    x, y = pairs(3)
    y[2] = y[0]
    swapped = x[[2, 1, 0]]
    for loss in (Clip(temperature=0.3), BiMixCo(0.3), SigLip(), SoftClip()):
        same = loss(x, y, GROUPS), loss(swapped, y, GROUPS)
        assert same[0].item() == pytest.approx(same[1].item(), rel=1e-6)
    # As single trials, each is the other's negative, so no prediction can be right of both.
    assert Clip(temperature=0.01)(y, y).item() > 0.4
    assert Clip(temperature=0.01)(y, y, GROUPS).item() == pytest.approx(2 / 3 * math.log(2), 1e-3)


def test_soft_clip_of_targets_that_are_nothing_alike_is_clip():
    x, _ = pairs(3, 3)
    # Of orthonormal targets softmax at .01 is one-hot to 1e-43.
    soft, hard = SoftClip(0.01)(x, EYE), Clip(temperature=0.01)(x, EYE)
    assert soft.item() == pytest.approx(hard.item(), rel=1e-6)


def test_the_least_soft_clip_is_the_entropy_of_the_targets():
    _, y = pairs()
    unit = torch.nn.functional.normalize(y, dim=1)
    likely = (unit @ unit.T / 0.5).softmax(dim=1)
    entropy = -(likely * likely.log()).sum(dim=1).mean().item()
    loss = SoftClip(0.5)
    assert loss(y, y).item() == pytest.approx(entropy, rel=1e-6) and entropy > 0.1
    assert loss(y + 0.1 * torch.roll(y, 1, 0), y).item() > entropy


def test_bimixco_of_what_was_not_mixed_is_clip():
    x, y = pairs()
    hard = Clip(temperature=0.1)(x, y).item()
    ones, partner = torch.ones(5), torch.tensor([1, 0, 3, 4, 2])
    for compat in (False, True):
        loss = BiMixCo(0.1, compat=compat)
        assert loss(x, y).item() == pytest.approx(hard, rel=1e-6)
        assert loss(x, y, partner=partner, weight=ones).item() == pytest.approx(hard, rel=1e-6)


def test_bimixco_by_hand():
    x, y = pairs(3)
    partner, weight = torch.tensor([1, 2, 2]), torch.tensor([0.25, 1.0, 0.5])
    # Row 2 was mixed with itself, so nothing of it is lost; columns sum to .25, 1.75 and 1.
    rows = np.array([[0.25, 0.75, 0], [0, 1, 0], [0, 0, 1]])
    mixed = BiMixCo(0.5)(x, y, partner=partner, weight=weight).item()
    assert mixed == pytest.approx(by_hand(x, y, 2.0, rows), rel=1e-6)
    # As published the diagonal is overwritten: row 2 keeps .5; columns stay as they come.
    rows[2, 2] = 0.5
    unit = [one.numpy() / np.linalg.norm(one.numpy(), axis=1, keepdims=True) for one in (x, y)]
    logits = 2.0 * unit[0] @ unit[1].T
    published = 0.0
    for S, T in ((logits, rows), (logits.T, rows.T)):
        published -= np.sum(T * (S - np.log(np.exp(S).sum(axis=1, keepdims=True)))) / 6
    found = BiMixCo(0.5, compat=True)(x, y, partner=partner, weight=weight).item()
    assert found == pytest.approx(published, rel=1e-6) and found != pytest.approx(mixed, rel=1e-3)


def test_mixing_leaves_its_input_and_stays_within_a_kind():
    torch.manual_seed(0)
    loss, inputs = BiMixCo(), torch.randn(200, 2, 3)
    kept, kinds = inputs.clone(), torch.arange(200) % 3
    partner, weight = loss.draw(kinds)
    mixed = loss.mixed(inputs, partner, weight)
    assert torch.equal(inputs, kept)
    assert torch.equal(kinds[partner], kinds) and sorted(partner.tolist()) == list(range(200))
    assert 70 <= int((weight == 1).sum()) <= 130  # half of 200, s.d. 7, and draws that round to 1
    np.testing.assert_allclose(
        mixed[7], weight[7] * kept[7] + (1 - weight[7]) * kept[partner[7]], rtol=1e-6
    )


def test_siglip_by_hand():
    # Cosine one on the diagonal: logit 0; zero elsewhere: logit -10, which is no pair.
    loss = SigLip(scale=10.0, bias=-10.0)
    expected = math.log(2) + 2 * math.log1p(math.exp(-10))
    assert loss(EYE, EYE).item() == pytest.approx(expected, rel=1e-6)
    # Two targets that are the same make four pairs of the nine positive, whatever their groups.
    y = EYE[[0, 1, 0]]
    both = (5 * math.log(2) + 4 * math.log1p(math.exp(-10))) / 3
    assert loss(y, y).item() == pytest.approx(both, rel=1e-6)


def test_siglip_learns_scale_and_bias():
    loss = SigLip()
    loss(*pairs()).backward()
    assert all(one.grad is not None and one.grad.abs() > 0 for one in loss.parameters())
    assert loss.temperature().item() == pytest.approx(10.0, rel=1e-6)


def test_a_learned_temperature_is_held_to_a_scale_of_a_hundred():
    one = Temperature()
    assert one().item() == pytest.approx(1 / 0.07, rel=1e-6)
    with torch.no_grad():
        one.log_scale.fill_(9.0)
    assert one().item() == pytest.approx(100.0)
    one.constrain()
    assert one.log_scale.item() == pytest.approx(math.log(100), rel=1e-6)
    assert list(Temperature(0.01).parameters()) == [] and Temperature(0.001)().item() > 999


def test_a_temperature_at_its_bound_still_learns():
    one = Temperature()
    with torch.no_grad():
        one.log_scale.fill_(9.0)
    one.constrain()
    scale = one()
    scale.backward()
    assert one.log_scale.grad.item() == pytest.approx(100.0, rel=1e-5) and scale.item() <= 100


LOSSES = {
    "clip": lambda x, y: Clip()(x, y),
    "clip of groups": lambda x, y: Clip()(x, y, torch.tensor([0, 1, 0, 2, 1])),
    "one direction, candidates alone": lambda x, y: Clip("y", False, "none")(x, y),
    "soft clip": lambda x, y: SoftClip()(x, y),
    "bimixco": lambda x, y: BiMixCo(0.2)(
        x, y, partner=torch.tensor([1, 0, 2, 4, 3]), weight=torch.tensor([0.2, 0.7, 0.4, 1, 0.1])
    ),
    "siglip": lambda x, y: SigLip()(x, y),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_finite_differences(name, monkeypatch):
    # In double precision throughout, which a training has no use for.
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    x, y = pairs()
    x.requires_grad_(True)
    value = LOSSES[name](x, y)
    value.backward()
    assert x.grad is not None
    step = 1e-6
    for i, j in [(0, 0), (2, 3), (4, 1)]:
        moved = torch.zeros_like(x)
        moved[i, j] = step
        with torch.no_grad():
            slope = (LOSSES[name](x + moved, y) - LOSSES[name](x - moved, y)) / (2 * step)
        assert x.grad[i, j].item() == pytest.approx(slope.item(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("n", [32, 128])
def test_untrained_it_is_near_log_n(n):
    # Cosines of 256 random numbers are .06 wide: small against a scale of one.
    x, y = pairs(n, 256)
    assert Clip(temperature="none")(x, y).item() == pytest.approx(math.log(n), rel=0.1)


def test_the_queue_adds_targets_of_earlier_batches_and_never_a_trial_s_own():
    (x, y), (first, earlier) = pairs(3), pairs(4, seed=1)
    loss = Clip(temperature=0.5, symmetric=False, queue=4)
    loss(first, earlier, torch.tensor([7, 8, 9, 1]))
    found = loss(x, y, torch.tensor([0, 1, 2])).item()
    unit = torch.nn.functional.normalize
    logits = 2 * unit(x, dim=1) @ unit(torch.cat([y, earlier]), dim=1).T
    logits[1, 6] = -torch.inf  # the last of the queue is of trial 1's own group
    expected = -torch.diag(logits.log_softmax(dim=1)).mean().item()
    assert found == pytest.approx(expected, rel=1e-6)
    assert loss.earlier_group.tolist() == [0, 1, 2, 7]  # the oldest are gone
    again = Clip(temperature=0.5, symmetric=False, queue=4)
    again.load_state_dict(loss.state_dict())
    assert torch.equal(again.earlier, loss.earlier)
    loss.eval()
    assert loss(x, y).item() == pytest.approx(Clip(temperature=0.5, symmetric=False)(x, y).item())
