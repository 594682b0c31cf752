"""Memory: trials that are many times what may be held are trained on from a memory map."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.models.networks._module import named

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RESIDENT: list[int] = []


def resident() -> int:
    """Bytes of this process that are in memory now, pages of files among them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


class Looking(torch.nn.Module):
    """Classes from the mean of each channel; writes down how much is in memory."""

    def __init__(self, n_chans: int, n_outputs: int):
        super().__init__()
        self.layer = torch.nn.Linear(n_chans, n_outputs)

    def forward(self, X):
        RESIDENT.append(resident())
        return self.layer(X.mean(2))


def test_a_network_reads_a_memory_map_batch_by_batch(tmp_path):
    """Of 320 MB on disk, half is never in memory: batches are 8 MB, and are scaled in copies."""
    n_trials, shape = 4000, (20, 1000)
    stored = np.lib.format.open_memmap(
        tmp_path / "eeg.npy", "w+", np.float32, (n_trials, *shape)
    )  # fmt: skip
    stored[:] = np.random.default_rng(0).normal(size=shape)
    del stored
    space = Space("sensors", tuple(f"c{i}" for i in range(shape[0])))
    part = Part(tmp_path / "eeg.npy", space, ("channel", "time"), 100.0, 0.0, "made")
    rows = Rows(pd.DataFrame({"recording": ["sub-1"] * n_trials}))
    trials = Trials.of_entries(rows, "eeg", part, np.arange(n_trials))
    model = named(Looking)(training={"max_epochs": 1, "batch_size": 64}, random_state=0)
    RESIDENT.clear()
    before = resident()
    model.fit(trials, np.arange(n_trials) % 2)
    model.predict(trials)
    assert len(RESIDENT) > 60
    assert max(RESIDENT) - before < 160e6


PICTURES = """
import resource, sys
import numpy as np, torch
from pathlib import Path
from neurodecode.core.space import Space
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.train.loop import train
from neurodecode.train.source import Source
from neurodecode.train.training import Training

folder, n_trials, n_pictures = Path(sys.argv[1]), 30_000, 10_000

def signal(name, axes, at):
    part = Part(folder / name, Space("features", ()), axes, None, 0.0, name)
    n = len(at)
    return TrialSignal((part,), np.zeros(n, np.int32), at, np.full(n, -1, np.int32))

class Both(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.brain, self.eye = torch.nn.Linear(2000, 8), torch.nn.Linear(17 * 17 * 3, 8)
    def forward(self, betas, picture):
        seen = picture[:, ::25, ::25].flatten(1).float() / 255
        return self.brain(betas), self.eye(seen)

def alike(module, batch):
    brain, eye = module(batch["betas"], batch["picture"])
    labels = torch.arange(len(brain))
    return torch.nn.functional.cross_entropy(brain @ eye.T, labels), len(brain)

source = Source({
    "betas": signal("betas.npy", ("voxel",), np.arange(n_trials)),
    "picture": signal("pictures.npy", ("row", "column", "color"), np.arange(n_trials) % n_pictures),
})
train(Both(), alike, source, Training(max_epochs=1, batch_size=64))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_thirty_thousand_trials_on_ten_thousand_pictures(tmp_path):
    """Betas of 240 MB, pictures of 5.4 GB: at most the betas and 1 GB are ever in memory."""
    betas = np.lib.format.open_memmap(tmp_path / "betas.npy", "w+", np.float32, (30_000, 2000))
    rng = np.random.default_rng(0)
    for first in range(0, 30_000, 1000):
        betas[first : first + 1000] = rng.standard_normal((1000, 2000), dtype=np.float32)
    # Sparse: what was never written takes no disk, and as much memory as any other page when read.
    pictures = np.lib.format.open_memmap(
        tmp_path / "pictures.npy", "w+", np.uint8, (10_000, 425, 425, 3)
    )
    assert pictures.nbytes > 5.4e9
    n_bytes = betas.nbytes
    del betas, pictures
    child = [sys.executable, "-c", PICTURES, str(tmp_path)]
    peak = int(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    print(f"peak {peak / 1e6:.0f} MB, betas {n_bytes / 1e6:.0f} MB")
    assert peak < n_bytes + 1e9
