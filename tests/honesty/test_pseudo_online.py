"""Windows of noise that overlap by 90 %: at chance by the protocol, far above by the reference.

The reference shuffles windows into folds, as moabb's within-session evaluation does; that it is
above chance here is why it is no protocol of ours. Signals as in the specification of the protocol:
eight channels whose gains drift slowly, labels drawn by themselves, windows of two seconds.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from honesty_studies import run

from neurodecode.core.recording import Recording, Signal
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.question import Question
from neurodecode.harness.study import Study
from neurodecode.models.riemann.tangent_space import TangentSpace
from neurodecode.protocols.pseudo_online import PseudoOnline
from neurodecode.protocols.reference_shuffled import ReferenceShuffled

SFREQ, LENGTH, HOP, TRIAL, REST, N_CHANNELS, N_RUNS = 32.0, 2.0, 0.2, 4.0, 2.0, 8, 4
N_SEEDS, LIMIT, LEAK = 20, 0.02, 0.57
CLASSES = ("a", "b")


def recording(run_, seed, n_trials):
    """Noise whose gain drifts by about a third of itself within some twenty seconds."""
    rng = np.random.default_rng([seed, run_])
    n_times = round(n_trials * (TRIAL + REST) * SFREQ)
    knots = np.arange(0, n_times + 20 * SFREQ, 20 * SFREQ)
    gains = [np.interp(np.arange(n_times), knots, rng.standard_normal(len(knots)))
             for _ in range(N_CHANNELS)]  # fmt: skip
    data = 1e-5 * np.exp(0.3 * np.stack(gains)) * rng.standard_normal((N_CHANNELS, n_times))
    events = pd.DataFrame(
        {
            "onset": np.arange(n_trials) * (TRIAL + REST),
            "duration": TRIAL,
            "label": np.array(CLASSES)[rng.integers(2, size=n_trials)],
        }
    )
    space = Space("sensors", tuple(map(str, range(N_CHANNELS))), ("eeg",) * N_CHANNELS, unit="V")
    signal = Signal(data, space, ("channel", "time"), SFREQ, events)
    header, key = replace(signal, data=None), {"seed": seed, "run": run_, "n": n_trials}
    return Recording("1", "1", str(run_), "eeg", (), key, lambda: signal, lambda: header)


def score(protocol, seed, n_trials, folder):
    """Balanced accuracy of tangent space and logistic regression."""
    several = [recording(one, seed, n_trials) for one in range(N_RUNS)]
    windows = WindowsSpec(length=LENGTH, hop=HOP)
    task = Task(rows={}, target=TargetSpec(label="label", classes=CLASSES))
    done = cut(prepare(several, (), folder / "cache"), task, windows)
    asked = Question(
        Target("label", column="label", classes=CLASSES), protocol,
        (NamedModel("tangent", TangentSpace()),), n_draws=0, seeds=(seed,),
    )  # fmt: skip
    (row,) = run(Study(done.trials, asked, done.previous), folder / f"{protocol}-{seed}")
    return row.mean


def test_noise_is_at_chance_by_the_protocol_and_far_above_by_the_reference(tmp_path):
    blocked = PseudoOnline(mode="runs", train=("0", "1"), test=("2", "3"))
    found = [score(blocked, seed, 25, tmp_path) for seed in (0, 1)]
    # Each seed tests 50 trials, whose windows may all be answered alike: s.d. .5 / sqrt(50).
    assert abs(np.mean(found) - 0.5) < 4 * 0.5 / np.sqrt(50 * 2)
    assert score(ReferenceShuffled(), 0, 25, tmp_path) > LEAK


@pytest.mark.slow
@pytest.mark.parametrize(
    "protocol", [PseudoOnline(), PseudoOnline(mode="blocked")], ids=["expanding", "blocked"]
)
def test_noise_of_twenty_seeds_is_at_chance(protocol, tmp_path):
    found = [score(protocol, seed, 130, tmp_path) for seed in range(N_SEEDS)]
    assert np.std(found, ddof=1) / np.sqrt(N_SEEDS) < LIMIT / 2.5  # else LIMIT is no sharp bound
    assert abs(np.mean(found) - 0.5) < LIMIT, found


@pytest.mark.slow
def test_the_reference_finds_what_is_not_there_in_every_seed(tmp_path):
    found = [score(ReferenceShuffled(), seed, 40, tmp_path) for seed in range(N_SEEDS)]
    assert min(found) > LEAK, found
