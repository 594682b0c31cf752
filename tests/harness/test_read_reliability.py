"""How reliable the brain signals are that decoders read, where tested stimuli were repeated."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness import read_reliability as module
from neurodecode.harness.read_reliability import FILE, keep_reliability, read_reliability
from neurodecode.harness.store import Store
from neurodecode.metrics.ceiling import for_mean_of
from neurodecode.metrics.ceilings import anova_nc

N_STIMULI, N_REPEATS, N_FEATURES = 60, 3, 12


def planned(tmp_path, n_sessions=1, kind="vector", offset=0.0):
    """Trials of two people who saw each stimulus three times; all of them are tested."""
    rng = np.random.default_rng(0)
    frames, values = [], []
    for subject in ("01", "02"):
        shown = rng.standard_normal((N_STIMULI, N_FEATURES)) * 0.5
        for repeat in range(N_REPEATS):
            session = repeat % n_sessions
            frames.append(pd.DataFrame({
                "recording": f"{subject}-{session}", "subject": subject, "session": str(session),
                "run": str(repeat), "stimulus": [f"s{i:02d}" for i in range(N_STIMULI)],
                "onset": np.arange(N_STIMULI) + 100.0 * repeat, "duration": 1.0,
                "start": np.arange(N_STIMULI) + 100.0 * repeat,
                "stop": np.arange(N_STIMULI) + 100.0 * repeat + 1,
            }))  # fmt: skip
            values.append(shown + rng.standard_normal(shown.shape) + offset * session)
    table, data = pd.concat(frames, ignore_index=True), np.concatenate(values)
    rows = Rows(table.assign(uid=[f"{i:016x}" for i in range(len(table))]))
    space = Space("voxels", names=tuple(f"v{i}" for i in range(N_FEATURES)))
    part = Part(data, space, ("voxel",), None, 0.0, f"made-{n_sessions}-{offset}")
    trials = Trials.of_entries(rows, "fmri", part, np.arange(len(rows)))
    fold = SimpleNamespace(index=lambda *_: np.arange(len(rows)))
    target = Target(kind, signal="shown") if kind == "vector" else Target("value", column="onset")
    study = SimpleNamespace(trials=trials, inputs=trials, question=SimpleNamespace(target=target))
    plan = SimpleNamespace(study=study, folds=[SimpleNamespace(fold=fold)])
    return plan, Store(tmp_path), data.reshape(2, N_REPEATS, N_STIMULI, N_FEATURES)


def test_it_is_the_analysis_of_variance_of_arrays(tmp_path):
    plan, store, data = planned(tmp_path)
    keep_reliability(plan, store)
    found = read_reliability(tmp_path)
    assert [one.subject for one in found] == ["01", "02"]
    for one, repeats in zip(found, data, strict=True):
        expected = anova_nc(repeats)
        assert one.reliability_of_mean == pytest.approx(expected.value.mean())
        single = for_mean_of(expected, 1).value.mean()
        assert one.reliability == pytest.approx(single)
        assert one.ncsnr == pytest.approx(np.sqrt(single / (1 - single)))
        # Signal of variance 1/4, noise of 1: .2 of a single trial, 3/7 of a mean of three.
        assert one.reliability == pytest.approx(0.2, abs=0.06)
        assert one.ncsnr == pytest.approx(0.5, abs=0.08)
        assert (one.n_features, one.n_stimuli, one.fewest, one.most) == (12, 60, 3, 3)
        assert one.n_repeats == 3


def test_what_sessions_differ_by_is_no_noise(tmp_path):
    plain, store, _ = planned(tmp_path / "a", n_sessions=3)
    moved, there, _ = planned(tmp_path / "b", n_sessions=3, offset=50.0)
    for plan, one in ((plain, store), (moved, there)):
        one.folder.mkdir()
        keep_reliability(plan, one)
    without, with_offset = (read_reliability(one.folder)[0] for one in (store, there))
    assert with_offset.reliability == pytest.approx(without.reliability)


def test_it_is_computed_once(tmp_path, monkeypatch):
    plan, store, _ = planned(tmp_path)
    keep_reliability(plan, store)
    monkeypatch.setattr(module, "_reliability", lambda *_: pytest.fail("computed again"))
    keep_reliability(plan, store)


def test_stimuli_shown_once_and_targets_that_are_no_stimuli_have_none(tmp_path):
    plan, store, _ = planned(tmp_path)
    rows = plan.study.trials.rows
    alone = rows.with_column("stimulus", np.array([f"{i}" for i in range(len(rows))], object))
    trials = Trials(alone, plan.study.trials.signals)
    plan.study.trials = plan.study.inputs = trials
    keep_reliability(plan, store)
    assert read_reliability(tmp_path) == []
    plan, store, _ = planned(tmp_path, kind="value")
    keep_reliability(plan, store)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_features_that_are_the_same_at_each_repeat_have_none(tmp_path, dtype):
    # What an encoder reads: repeats differ by rounding alone, and an infinite ratio is no finding.
    plan, store, data = planned(tmp_path)
    same = np.repeat(data[:, :1], N_REPEATS, axis=1).reshape(-1, N_FEATURES).astype(dtype)
    part = Part(same, Space("features"), ("feature",), None, 0.0, f"same-{np.dtype(dtype)}")
    rows = plan.study.trials.rows
    plan.study.inputs = Trials.of_entries(rows, "features", part, np.arange(len(rows)))
    keep_reliability(plan, store)
    assert read_reliability(tmp_path) == []
