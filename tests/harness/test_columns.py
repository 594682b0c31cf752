"""A stage that reads columns of the rows may stand after others."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from tests_harness import planted, run, study_of

from neurodecode.core.errors import ConfigError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.harness.apply import _input
from neurodecode.harness.handed import asked_for
from neurodecode.harness.keep import Kept
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import TargetAccess
from neurodecode.harness.refusals import why_refused
from neurodecode.harness.store import Store
from neurodecode.models.linear.logistic import Logistic
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.steps.bin_means import BinMeans
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.deconfound import Deconfound
from neurodecode.steps.scale import Scale


def model(*before, columns=("onset",)):
    steps = [(type(one).__name__, one) for one in before]
    clean = Deconfound(columns, audit=False)
    return Pipeline([*steps, ("deconfound", clean), ("logistic", Logistic())])


@pytest.mark.parametrize("before", [(Covariance(),), (BinMeans(8), Scale())])
def test_it_is_handed_what_the_stage_before_gives_and_its_columns(tmp_path, before):
    study = study_of(*planted(), models=(NamedModel("late", model(*before)),), n_draws=1)
    plan, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}
    job = next(job for job in plan.jobs if job.draw is None)
    train, test = job.fold.index("train"), job.fold.index("test")
    X, y, rows = study.trials.X, study.y, study.trials.rows

    def clean(some, index):
        space = Space("features", tuple(map(str, range(some.shape[1]))))
        part = Part(some, space, ("feature",), None, 0.0, "")
        table = rows.take(index).table.loc[:, ["onset"]]
        return Trials.of_entries(Rows(table), "any", part, np.arange(len(some)))

    fitted, Z, W = [], X[train], X[test]
    for one in before:
        Z = one.fit(Z).transform(Z)
        W = one.transform(W)
        fitted.append(one)
    step = Deconfound(("onset",), audit=False).fit(clean(Z, train))
    last = Logistic().fit(step.transform(clean(Z, train)), y[train])
    expected = last.predict_proba(step.transform(clean(W, test)))
    said = Store(tmp_path / "r").predictions(job.key, ("a", "b"))
    np.testing.assert_array_equal(said.scores, expected)


def test_its_columns_are_in_the_key(study):
    late = NamedModel("late", model(Covariance()))
    study = study_of(*planted(), models=(late,), n_draws=0)
    rows = study.trials.rows
    moved = Trials(rows.with_column("onset", rows["onset"][::-1].copy()), study.trials.signals)
    other = type(study)(moved, study.question, study.previous)
    keys = [{job.key for job in make_plan(one).jobs} for one in (study, other)]
    assert not keys[0] & keys[1]


def test_the_truth_is_out_of_reach_of_later_stages_too(study):
    peeks = NamedModel("peeks", model(Covariance(), columns=("label",)))
    assert "'label', which is the truth" in why_refused(peeks, study)
    lacking = NamedModel("lacking", model(Covariance(), columns=("age",)))
    said = why_refused(lacking, study)
    assert "the column 'age', which these rows lack. Known: " in said and "label" not in said
    misspelt = NamedModel("misspelt", model(Covariance(), columns=("onsett",)))
    assert why_refused(misspelt, study).endswith("lack. Did you mean 'onset'?")


def test_rows_seen_before_testing_are_told_apart(tmp_path):
    study = study_of(
        *planted(), models=(NamedModel("late", model(Covariance())),), n_draws=0,
        protocol=CrossSubject(), access=TargetAccess(calibration=3),
    )  # fmt: skip
    _, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}


def test_new_files_have_no_such_columns(study):
    kept = Kept("late", [Covariance(), Deconfound(("age",)), Logistic()], None)
    said = "asks for columns of the trials, which new files do not have: age"
    with pytest.raises(ConfigError, match=said):
        _input(kept, study.trials)


def test_channels_that_a_step_keeps_keep_their_names_places_and_rate():
    rng = np.random.default_rng(0)
    spaces = [Space("sensors", ("a", "b"), positions=rng.normal(size=(2, 3))) for _ in range(2)]
    parts = tuple(
        Part(rng.normal(size=(n, 2, 9)), space, ("channel", "time"), 50.0, -0.2, "p")
        for n, space in zip((3, 4), spaces, strict=True)
    )
    at, part = np.array([0, 1, 2, 0, 1, 2, 3]), np.repeat(np.array([0, 1], np.int32), [3, 4])
    signal = TrialSignal(parts, part, at, np.full(7, -1, dtype=np.int32))
    trials = Trials(Rows(pd.DataFrame({"onset": np.arange(7.0)})), {"eeg": signal})
    scale, bins, late = Scale(), BinMeans(9), Deconfound(("onset",), audit=False)
    X = rng.normal(size=(7, 2, 9))
    kept = asked_for(late, X, trials, [scale]).signal()
    assert [one.space for one in kept.parts] == spaces
    assert {(one.sfreq, one.tmin, one.axes) for one in kept.used()} == {
        (50.0, -0.2, ("channel", "time"))
    }
    np.testing.assert_array_equal(asked_for(late, X, trials, [scale]).X, X)
    # What makes other axes, or does not say what it makes, gives features.
    for before in ([bins], [scale, bins], [FunctionTransformer()]):
        assert asked_for(late, X, trials, before).signal().parts[0].space.kind == "features"
    assert asked_for(late, X[:, :1], trials, [scale]).signal().parts[0].space.kind == "features"
