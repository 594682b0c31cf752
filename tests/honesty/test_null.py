"""Where nothing is planted nothing is found: by no shipped model, its null or a control."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from honesty_studies import (
    SHIPPED,
    Design,
    far_from_chance,
    run,
    shipped,
    signal_of,
    study_of,
)

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import find
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.models.baseline.clock import Clock
from neurodecode.models.baseline.history import History
from neurodecode.models.baseline.prior import Prior
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.protocols.within_session import WithinSession

AXES = [
    ("channel", "time"), ("feature",), ("channel", "channel"), ("band", "channel", "time"),
    ("parcel", "time"), ("band", "channel", "channel"),
]  # fmt: skip
CONTROLS = (
    NamedModel("baseline.prior", Prior(), "control"),
    NamedModel("baseline.clock", Clock(), "control"),
    NamedModel("baseline.history", History(), "control"),
)
PROTOCOLS = {
    "runs": CrossRun(), "folds": WithinSession(n_splits=4), "subjects": CrossSubject(),
}  # fmt: skip
METRICS = {"label": "balanced_accuracy", "value": "r"}


def null_study(axes, kind, protocol, seed, n_draws=1, *, calibrated=False):
    """Give a study of noise whose labels were each drawn by itself, and every model it can take."""
    table = Design.of(n_subjects=3, n_per_run=20, seed=seed).table
    X = signal_of(table.assign(label="a"), axes, effect=0.0, seed=seed)
    models = tuple(
        model
        for group, name in SHIPPED
        if (model := shipped(group, name, X[0].size)).role == "model"
        and not name.startswith("baseline.")
        and model.calibrated == calibrated
        and not (calibrated and kind not in model.target_needs.targets)
    )
    controls = CONTROLS if kind == "label" else ()
    return study_of(
        X, table, axes, models + controls, kind, protocol=protocol, n_draws=n_draws,
        metrics=(METRICS[kind],),
    )  # fmt: skip


def found(axes, kind, protocol, n_seeds, folder, *, calibrated=False):
    """Scores of each model and its null less chance, intervals, and what was refused."""
    scores, nulls, inside, refused = {}, {}, Counter(), {}
    for seed in range(n_seeds):
        study = null_study(axes, kind, protocol, seed, calibrated=calibrated)
        refused |= {one.model: one.reason for one in make_plan(study).refused}
        for row in run(study, folder / f"{seed}"):
            if row.note:
                assert row.note.startswith("not run: "), row
                continue
            scores.setdefault(row.model, []).append(row.mean - row.chance)
            if row.shuffled_mean is not None:
                nulls.setdefault(row.model, []).append(row.shuffled_mean - row.chance)
            inside[row.ci_low <= row.chance <= row.ci_high] += row.model != "baseline.prior"
    return scores, nulls, inside, refused


PAIRS = [
    (axes, kind, name)
    for axes in AXES
    for kind in ("label", "value")
    for name in PROTOCOLS
    if kind == "label" or axes in (("feature",), ("channel", "time"))
]


def why_none(axes, kind, protocol):
    try:
        make_plan(null_study(axes, kind, protocol, 0))
    except ConfigError as error:
        return str(error)
    return ""


# What other axes are asked of is asked over twenty seeds by the slow tests.
QUICK = [one for one in PAIRS if one[2] == "runs" and one[0] in AXES[:3]]


@pytest.mark.parametrize(("axes", "kind", "name"), QUICK)
def test_nothing_is_found_where_nothing_is(axes, kind, name, tmp_path):
    if reason := why_none(axes, kind, PROTOCOLS[name]):
        assert "it learns label" in reason or "it takes trials of" in reason
        pytest.skip("no model that is shipped takes this")
    scores, nulls, _, refused = found(axes, kind, PROTOCOLS[name], 1, tmp_path)
    assert scores
    # A score of 3 subjects' 40 trials, and twice its variance since trials train each other.
    spread = {"label": 0.5, "value": 1.0}[kind] / np.sqrt(120) * np.sqrt(2)
    assert not far_from_chance(scores, spread)
    assert not far_from_chance(nulls, spread)
    for reason in refused.values():
        assert "it learns" in reason or "it takes trials of" in reason, reason


CALIBRATED = (("channel", "time"), ("feature",), ("channel", "channel"))


@pytest.mark.parametrize("axes", CALIBRATED)
def test_nothing_is_found_by_models_that_see_trials_of_the_tested(axes, tmp_path):
    scores, nulls, _, refused = found(axes, "label", CrossSubject(), 1, tmp_path, calibrated=True)
    assert set(scores) > {control.name for control in CONTROLS}
    # Of 3 subjects' 36 trials that are left, and twice its variance, as above.
    spread = 0.5 / np.sqrt(108) * np.sqrt(2)
    assert not far_from_chance(scores, spread)
    assert not far_from_chance(nulls, spread)
    for reason in refused.values():
        assert "it takes trials of" in reason, reason


@pytest.mark.slow
@pytest.mark.parametrize(("axes", "kind", "name"), PAIRS)
def test_nothing_is_found_over_twenty_seeds(axes, kind, name, tmp_path):
    if why_none(axes, kind, PROTOCOLS[name]):
        pytest.skip("no model that is shipped takes this")
    scores, nulls, _, _ = found(axes, kind, PROTOCOLS[name], 20, tmp_path)
    assert not far_from_chance(scores)
    assert not far_from_chance(nulls)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_intervals_hold_chance_over_twenty_seeds(name, tmp_path):
    inside = Counter()
    for axes in (("channel", "time"), ("feature",)):
        inside += found(axes, "label", PROTOCOLS[name], 20, tmp_path / axes[0])[2]
    assert 0.91 <= inside[True] / inside.total() <= 0.98


def test_every_model_is_asked_somewhere(tmp_path):
    """What one kind of data cannot be asked of, another is."""
    asked = set()
    for axes, kind, name in PAIRS:
        if name == "runs" and not why_none(axes, kind, PROTOCOLS[name]):
            study = null_study(axes, kind, PROTOCOLS[name], 0)
            without = {one.model for one in make_plan(study).refused}
            asked |= {model.name for model in study.question.models} - without
    for axes in CALIBRATED:
        study = null_study(axes, "label", CrossSubject(), 0, calibrated=True)
        without = {one.model for one in make_plan(study).refused}
        asked |= {model.name for model in study.question.models} - without
    shipped_names = {name for _, name in SHIPPED}
    assert shipped_names - asked == NOT_ASKED


# Controls of other targets and of columns, models of series, and those of vectors and pictures: the
# cards of test_null_cards ask these.
NOT_ASKED = {
    "baseline.covariates", "baseline.mean_target", "linear.lagged_ridge", "align.ridge",
    "align.benchetrit", "align.nice", "align.atm", "align.mlp",
    "encode.braincorl", "encode.prior_ridge",
    "encode.factorized", "encode.gaussian", "encode.response_optimized",
    "encode.semantic_transformer", "encode.transformer_encoder",
    "generate.autoencoder", "generate.benchetrit_generator", "generate.brain_diffuser",
    "generate.diffusion", "generate.nearest", "generate.pca", "generate.token_ridge",
}  # fmt: skip


def test_a_model_that_finds_what_is_not_there_is_seen(tmp_path):
    """Labels are in the signal, by no more than a tenth of its noise."""
    scores = []
    for seed in range(3):
        study = null_study(("feature",), "label", CrossRun(), seed, n_draws=0)
        X, is_b = study.trials.X, study.trials.rows["label"] == "b"
        X = X + np.where(is_b, 0.3, -0.3)[:, None]
        table = study.trials.rows.table.drop(columns="uid").astype({"recording": str})
        lda = replace(study.question.models[0], estimator=find("linear.lda", "models")())
        again = study_of(X, table, ("feature",), (lda,), protocol=CrossRun())
        scores.append(run(again, tmp_path / f"{seed}")[0].mean - 0.5)
    assert far_from_chance({"leaky": scores}, 0.5 / np.sqrt(120) * np.sqrt(2))
