"""What one training step of ours costs beside the same step written out in plain torch."""

import copy
import time
from statistics import median

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from neurodecode.nn.benchetrit import Benchetrit
from neurodecode.nn.losses import Clip
from neurodecode.train.loop import train
from neurodecode.train.source import Source
from neurodecode.train.training import Training

N_BATCH, N_STEPS, N_REPEATS = 128, 12, 7
PROMISED = 1.05
SHAPE, N_TARGETS = (24, 100), 48  # sensors and samples of the simulated worlds


class Told(torch.nn.Module):
    """The contrastive loss as a training takes it."""

    among_others = True

    def __init__(self, positions):
        super().__init__()
        self.clip = Clip()
        self.positions = positions

    def forward(self, module, batch):
        said = module(batch["X"], batch["subject"], self.positions)["clip"]
        return self.clip(said, batch["y"], batch["group"]), float(len(said))

    def constrain(self):
        self.clip.constrain()


def plain(module, loss, X, y, order, lr):
    """Make the same steps without anything of ours but the network and the loss."""
    optimizer = torch.optim.AdamW([*module.parameters(), *loss.parameters()], lr=lr, weight_decay=0)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    subject, group = torch.zeros(len(X), dtype=torch.int64), torch.arange(len(X))
    module.train()
    loss.train()
    for first in range(0, len(order), N_BATCH):
        index = torch.from_numpy(order[first : first + N_BATCH])
        batch = {"X": X[index], "y": y[index], "subject": subject[index], "group": group[index]}
        optimizer.zero_grad()
        loss(module, batch)[0].backward()
        optimizer.step()
        loss.constrain()


@pytest.mark.parametrize("clock", ["process_time", "perf_counter"])
def test_a_training_step_costs_what_it_costs_in_plain_torch(clock, capsys):
    now = getattr(time, clock)
    rng = np.random.default_rng(0)
    n = N_BATCH * N_STEPS
    X = rng.normal(size=(n, *SHAPE)).astype(np.float32)
    y = rng.normal(size=(n, N_TARGETS)).astype(np.float32)
    positions = torch.rand(SHAPE[0], 2)
    columns = {"X": X, "y": y, "subject": np.zeros(n, dtype=np.int64), "group": np.arange(n)}
    training = Training(max_epochs=1, batch_size=N_BATCH, lr=1e-3)
    first = Benchetrit.tiny(*SHAPE, {"clip": N_TARGETS}, n_subjects=1)
    took: dict[str, list[float]] = {"ours": [], "theirs": []}
    with threadpool_limits(1):
        torch.set_num_threads(1)
        for i in range(N_REPEATS + 1):
            ours, theirs = copy.deepcopy(first), copy.deepcopy(first)
            started = now()
            train(ours, Told(positions), Source(columns), training, seed=i)
            took["ours"].append(now() - started)
            # As `seeded` draws them, so that both see the same batches and the same dropout.
            drawn = [int(word) for word in np.random.SeedSequence([i, 1]).generate_state(2)]
            order = np.random.default_rng(drawn).permutation(n)
            torch.manual_seed(drawn[0])
            started = now()
            plain(theirs, Told(positions), X, y, order, 1e-3)
            took["theirs"].append(now() - started)
            for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
                torch.testing.assert_close(one, other, rtol=0, atol=0)
    # The first of each warms up; ratios of neighbours, for a machine is never twice as busy.
    ratios = [a / b for a, b in list(zip(took["ours"], took["theirs"], strict=True))[1:]]
    with capsys.disabled():
        step = 1e3 * median(took["ours"][1:]) / N_STEPS
        print(
            f"\n{clock}: {step:.1f} ms a step of {N_BATCH} trials, plain torch {torch.__version__} "
            f"{1e3 * median(took['theirs'][1:]) / N_STEPS:.1f} ms, ratio {median(ratios):.3f} "
            f"(promised {PROMISED})"
        )
    assert median(ratios) <= PROMISED
