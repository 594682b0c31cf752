"""Learning rates: the formulas at their ends, and torch's cosine as peer."""

import pytest
import torch

from neurodecode.train.schedule import factor


def test_warm_up_rises_in_a_line_and_is_never_zero():
    assert [factor("constant", step, 10, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


def test_cosine_is_torch_s():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    peer = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
    for step in range(20):
        # torch computes each rate from the one before: rounding adds up.
        assert factor("cosine", step, 20, 0) == pytest.approx(peer.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        peer.step()
    assert factor("cosine", 20, 20, 0) == pytest.approx(0)


@pytest.mark.parametrize("n_warmup", [1, 4])
def test_one_cycle_is_torch_s(n_warmup):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    peer = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1.0, total_steps=20, pct_start=(n_warmup + 1) / 20, final_div_factor=1000
    )  # whose first part ends one step earlier than its share says
    for step in range(20):
        assert factor("one_cycle", step, 20, n_warmup) == pytest.approx(
            peer.get_last_lr()[0], abs=1e-12
        )
        optimizer.step()
        peer.step()


def test_after_the_warm_up_the_cosine_begins_at_one():
    assert factor("cosine", 4, 20, 4) == 1
    assert factor("cosine", 12, 20, 4) == pytest.approx(0.5)


def test_a_warm_up_of_the_whole_training_divides_by_nothing():
    assert factor("cosine", 3, 4, 4) == 1
