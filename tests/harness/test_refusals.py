"""What `plan` refuses before anything is computed: metrics, rates, trials that are too short."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from tests_harness import N_TIMES, planted, study_of

from neurodecode.core.errors import ConfigError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.refusals import why_refused
from neurodecode.models.align.atm import Atm
from neurodecode.models.align.nice import Nice
from neurodecode.models.align.over_time import OverTime
from neurodecode.models.align.ridge import Ridge
from neurodecode.steps.band_power import BandPower
from neurodecode.steps.bin_means import BinMeans
from neurodecode.steps.scale import Scale

SFREQ = 64.0


@pytest.fixture
def vectors():
    """Trials of a second at 64 Hz, each with a vector of four entries that is to be told."""
    study = study_of(*planted())
    (eeg,) = study.trials.signals.values()
    eeg = replace(eeg, parts=tuple(replace(part, sfreq=SFREQ) for part in eeg.parts))
    at = np.arange(len(study.trials))
    Y = np.random.default_rng(0).standard_normal((len(at), 4))
    part = Part(Y, Space("features", tuple("0123")), ("feature",), None, 0.0, "Y")
    none = np.zeros(len(at), dtype=np.int32)
    signals = {"eeg": eeg, "shown": TrialSignal((part,), none, at, none - 1)}
    target = Target("vector", signal="shown")
    question = replace(study.question, target=target, metrics=("r2",))
    rows = study.trials.rows.with_column("stimulus", at.astype(str))
    return replace(study, trials=Trials(rows, signals), question=question)


def refused(study, *stages):
    model = make_pipeline(*stages) if len(stages) > 1 else stages[0]
    return why_refused(NamedModel("model", model), study)


def test_metrics_of_another_kind_of_target_are_refused_all_at_once(vectors):
    with pytest.raises(ConfigError) as caught:
        make_plan(study_of(*planted(), metrics=("top_1", "accuracy", "acuracy")))
    first, second, third = caught.value.problems
    assert first == "metrics: top_1 judges vector or picture or brain, and the target is a label."
    assert "'acuracy'" in second and "accuracy" in third and "top_5" not in third
    ridge = replace(vectors.question, models=(NamedModel("ridge", Ridge()),), metrics=("accuracy",))
    with pytest.raises(ConfigError, match=r"accuracy judges label, .* a vector\.\n.*two_way"):
        make_plan(replace(vectors, question=ridge))


@pytest.mark.parametrize("before", [(), (Scale(),)])
def test_powers_need_the_rate_of_the_trials_and_bands_that_these_hold(vectors, before):
    said = refused(vectors, *before, BandPower(), Ridge())
    assert said.endswith("Give sfreq: 64, the rate of these trials in Hz.")
    said = refused(vectors, *before, BandPower(sfreq=100.0), Ridge())
    assert "sfreq is 100, and these trials have 64 Hz" in said
    bands = ((4.0, 8.0), (8.0, 13.0))
    said = refused(vectors, *before, BandPower(SFREQ, bands, N_TIMES + 1), Ridge())
    assert "64 samples for 65 bins" in said
    assert "from 30 to 45 Hz at 64 Hz" in refused(vectors, *before, BandPower(SFREQ), Ridge())
    assert refused(vectors, *before, BandPower(SFREQ, bands), Ridge()) is None


def test_a_rate_is_asked_for_where_a_step_may_have_changed_it_too(vectors):
    assert "sfreq is None. Give" in refused(vectors, BinMeans(1), BandPower(), Ridge())
    # What comes behind that step may be of another rate.
    assert refused(vectors, BinMeans(1), BandPower(sfreq=100.0), Ridge()) is None


@pytest.mark.parametrize("kind", [Nice, Atm])
def test_trials_too_short_for_the_filters_are_refused(kind, vectors):
    pytest.importorskip("torch", reason="torch is an extra")
    # Filters of 25 samples and averages of 51 reach over 75.
    said = refused(vectors, kind(positives="trial"))
    assert said.startswith("trials of 64 samples are too short") and "need 75" in said
    small = kind("tiny", positives="trial")
    assert refused(vectors, small) is None
    said = refused(vectors, OverTime(small, length=0.5))
    assert said.startswith("trials of 32 samples are too short") and "need 37" in said
    assert "do not fit into trials of 1 s" in refused(vectors, OverTime(length=1.5))
    said = refused(vectors, kind("tiny", {"kernel_size": 3}, positives="trial"))
    assert "cannot be made" in said and "kernel_size" in said


def test_epochs_that_are_prepared_say_how_long_they_are(vectors, tmp_path):
    pytest.importorskip("torch", reason="torch is an extra")
    trials = vectors.trials
    np.save(tmp_path / "eeg.npy", trials.array("eeg"))
    part = replace(trials.signals["eeg"].parts[0], source=tmp_path / "eeg.npy")
    at = np.arange(len(trials))
    none = np.zeros(len(at), dtype=np.int32)
    signals = {**trials.signals, "eeg": TrialSignal((part,), none, at, none - 1)}
    study = replace(vectors, trials=Trials(trials.rows, signals))
    assert "trials of 64 samples are too short" in refused(study, Nice(positives="trial"))
    (tmp_path / "eeg.npy").unlink()  # not prepared yet
    assert refused(study, Nice(positives="trial")) is None
