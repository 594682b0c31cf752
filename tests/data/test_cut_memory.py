import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from neurodecode.core.recording import Recording, Signal, SourceFile
from neurodecode.core.space import Space
from neurodecode.core.trials import stack
from neurodecode.data import _folders
from neurodecode.data._made_from import prepared_key
from neurodecode.data.cut import cut
from neurodecode.data.prepared import look
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec

N_RECORDINGS, N_ROWS = 200, 100
# The promise of the design for opening, selecting and stacking.
LIMIT = 5e6 + 32 * N_RECORDINGS * N_ROWS
TASK = Task(
    rows={"label": {"a": "left", "b": "right"}},
    target=TargetSpec(label="label", classes=("left", "right")),
)


@pytest.fixture
def recordings(own_cache):
    """Write 201 prepared folders; the last one warms up what is imported on first use."""
    rng = np.random.default_rng(0)
    names = tuple(f"E{i}" for i in range(64))
    space = Space("sensors", names=names, types=("eeg",) * 64, positions=np.eye(64, 3), unit="V")
    made = []
    for i in range(N_RECORDINGS + 1):
        files = (SourceFile(Path(f"{i}.fif"), str(i)),)
        one = Recording(f"{i:03d}", "1", "01", "eeg", files, {}, print, print)
        events = pd.DataFrame(
            {
                "onset": np.arange(N_ROWS) * 0.02,
                "duration": 0.01,
                "label": rng.choice(["a", "b"], N_ROWS),
            }
        )
        signal = Signal(
            np.full((64, 300), i, dtype=float), space, ("channel", "time"), 100.0, events
        )
        folder = own_cache / "prepared" / prepared_key(one, [])
        folder.mkdir(parents=True)
        _folders.write(folder, signal, 64, {"seconds": 1.0, "made_from": {}, "content": ""})
        made.append(one)
    return made


def test_opening_selecting_and_stacking_cost_little(recordings, own_cache):
    windows = WindowsSpec(tmin=0.0, tmax=0.5)
    stack([cut(look(recordings[-1:], [], own_cache), TASK, windows).trials])
    gc.collect()
    tracemalloc.start()
    try:
        trials = cut(look(recordings[:-1], [], own_cache), TASK, windows).trials
        halves = [trials.take(np.arange(k, len(trials), 2)) for k in (0, 1)]
        both = stack(halves)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(both) == N_RECORDINGS * N_ROWS
    assert peak < LIMIT, f"{peak / 1e6:.2f} MB, {LIMIT / 1e6:.2f} MB promised"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc")
def test_at_most_32_files_are_open(recordings, own_cache):
    trials = cut(look(recordings[:-1], [], own_cache), TASK, WindowsSpec(0.0, 0.5)).trials
    total = sum(trials.signal().piece(i)[0, 0] for i in range(0, len(trials), N_ROWS))
    assert total == sum(range(N_RECORDINGS))
    maps = {m.path for m in psutil.Process().memory_maps() if m.path.endswith("data.npy")}
    assert 0 < len(maps) <= 32
