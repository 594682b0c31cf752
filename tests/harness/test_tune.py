"""Arguments are chosen on training rows alone, in folds that keep apart what the protocol does."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tests_harness import planted, run, study_of

from neurodecode.core.errors import ConfigError
from neurodecode.core.rows import Rows
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Tune
from neurodecode.harness.store import Store
from neurodecode.harness.task import Tuning
from neurodecode.harness.tune import inner_folds
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.riemann.tangent_space import TangentSpace
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.protocols.within_session import WithinSession
from neurodecode.steps.bin_means import BinMeans
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.tangent_space import TangentSpace as ToTangent

GRID = {"C": (1e-4, 1e-2, 1.0)}


def tuned_study(protocol, metric="accuracy", estimator=None, grid=GRID, **question):
    model = NamedModel("tuned", estimator or Logistic())
    return study_of(
        *planted(effect=0.5), models=(model,), protocol=protocol, n_draws=0,
        metrics=("accuracy",), tune=Tune({"tuned": grid}, n_splits=3, metric=metric), **question,
    )  # fmt: skip


def stored(folder):
    store = Store(folder)
    jobs = store.index()["jobs"]
    return [(store.predictions(j["key"], ("a", "b")), store.tuned(j["key"])) for j in jobs]


def power(X):
    return np.log(np.var(X, axis=2))


def test_the_choice_is_that_of_a_nested_grid_search(tmp_path):
    model = make_pipeline(FunctionTransformer(power), LogisticRegression())
    grid = {"logisticregression__C": GRID["C"]}
    study = tuned_study(WithinSession(n_splits=3), estimator=model, grid=grid)
    run(study, tmp_path / "r")
    X, y = study.trials.X, study.y
    for planned, (said, tuned) in zip(make_plan(study).folds, stored(tmp_path / "r"), strict=True):
        train, test = planned.fold.index("train"), planned.fold.index("test")
        inner = StratifiedKFold(3, shuffle=True, random_state=0)
        search = GridSearchCV(model, {k: list(v) for k, v in grid.items()}, cv=inner)
        search.fit(X[train], y[train])
        assert tuned["chosen"] == search.best_params_
        means = [one["score"] for one in tuned["scores"]]
        np.testing.assert_allclose(means, search.cv_results_["mean_test_score"], rtol=1e-12)
        np.testing.assert_array_equal(said.scores, search.predict_proba(X[test]))


def test_subjects_stay_apart_in_inner_folds(tmp_path):
    model = make_pipeline(FunctionTransformer(power), LogisticRegression())
    grid = {"logisticregression__C": GRID["C"]}
    study = tuned_study(CrossSubject(), estimator=model, grid=grid)
    run(study, tmp_path / "r")
    X, y, subject = study.trials.X, study.y, study.trials.rows["subject"]
    for planned, (_, tuned) in zip(make_plan(study).folds, stored(tmp_path / "r"), strict=True):
        train = planned.fold.index("train")
        search = GridSearchCV(model, {k: list(v) for k, v in grid.items()}, cv=LeaveOneGroupOut())
        search.fit(X[train], y[train], groups=subject[train])
        means = [one["score"] for one in tuned["scores"]]
        np.testing.assert_allclose(means, search.cv_results_["mean_test_score"], rtol=1e-12)


def test_stateless_stages_that_are_tuned_are_not_taken_from_the_others(tmp_path):
    grid = {"estimator": ("oas", "lwf"), "C": (1e-3, 1.0)}
    study = tuned_study(WithinSession(n_splits=3), estimator=TangentSpace(), grid=grid)
    run(study, tmp_path / "r")
    for said, tuned in stored(tmp_path / "r"):
        chosen = TangentSpace(**tuned["chosen"])
        alone = study_of(
            *planted(effect=0.5), models=(NamedModel("one", chosen),), n_draws=0,
            protocol=WithinSession(n_splits=3), metrics=("accuracy",),
        )  # fmt: skip
        run(alone, tmp_path / "one")
        same = [one for one, _ in stored(tmp_path / "one") if set(one.uid) == set(said.uid)]
        np.testing.assert_array_equal(same[0].scores, said.scores)


def test_candidates_whose_first_steps_differ_share_nothing(tmp_path):
    model = make_pipeline(BinMeans(), Covariance(), ToTangent(), Logistic())
    grid = {"binmeans__width": (2, 20)}
    study = tuned_study(WithinSession(n_splits=3), estimator=model, grid=grid)
    run(study, tmp_path / "both")
    for _, tuned in stored(tmp_path / "both"):
        assert tuned["scores"][0]["score"] != tuned["scores"][1]["score"]


def test_inner_folds_keep_groups_whole_and_purge_windows_that_overlap():
    study = tuned_study(CrossSubject())
    rows, y = study.trials.rows, study.y
    groups = rows.codes("subject", "run")
    tuning = Tuning(GRID, 3, "accuracy", groups)
    for fold in inner_folds(rows, y, tuning, "label", seed=0):
        train, test = groups[fold.index("train")], groups[fold.index("test")]
        assert not set(train) & set(test) and len(test)
    wide = rows.table.assign(stop=rows["start"] + 1.5)  # each window reaches into the next
    free = replace(tuning, groups=None)
    for fold in inner_folds(Rows(wide), y, free, "label", seed=0):
        train, test = fold.index("train"), fold.index("test")
        for i in train:
            same = test[rows["recording"][test] == rows["recording"][i]]
            assert not np.any(np.abs(rows["start"][same] - rows["start"][i]) < 1.5)
        assert fold.purged > 0


def test_one_run_to_train_on_cannot_be_split_further(tmp_path):
    study = study_of(
        *planted(), models=(NamedModel("tuned", Logistic()),), n_draws=0,
        tune=Tune({"tuned": GRID}, metric="accuracy"),
    )  # fmt: skip
    _, finished, _ = run(study, tmp_path / "r")  # cross_run with two runs trains on one
    assert finished.n_failed == finished.n_jobs
    assert "keeps apart what the protocol does" in next(iter(finished.errors.values()))


def test_the_grid_is_in_the_key_of_the_tuned_model_alone():
    def keys(tune):
        models = (NamedModel("tuned", Logistic()), NamedModel("other", TangentSpace()))
        study = study_of(
            *planted(), models=models, n_draws=0, tune=tune, protocol=WithinSession(n_splits=3)
        )
        jobs = make_plan(study).jobs
        return [{j.key for j in jobs if j.model.name == name} for name in ("tuned", "other")]

    one, more = keys(Tune({"tuned": GRID})), keys(Tune({"tuned": {"C": (1.0, 2.0)}}))
    untuned, folds = keys(None), keys(Tune({"tuned": GRID}, n_splits=4))
    assert one[1] == more[1] == untuned[1] == folds[1]
    assert not (one[0] & more[0] or one[0] & untuned[0] or one[0] & folds[0])


def test_a_step_is_held_to_its_own_types():
    model = NamedModel("tuned", make_pipeline(FunctionTransformer(power), Logistic()))

    def planned(grid):
        return make_plan(study_of(*planted(), models=(model,), tune=Tune({"tuned": grid})))

    assert planned({"logistic__C": (0.1, 1)}).jobs
    with pytest.raises(ConfigError, match=r"grids\.tuned\.C: expected a number, got 'one'"):
        planned({"logistic__C": ("one",)})
    with pytest.raises(ConfigError, match=r"it has no argument 'logistic__D'\. Did you mean"):
        planned({"logistic__D": (1.0,)})


@pytest.mark.parametrize(
    ("tune", "said"),
    [
        (lambda: Tune({"tund": GRID}), "no model 'tund'. Did you mean 'tuned'?"),
        (lambda: Tune({"tuned": {"C": ()}}), "values to try"),
        (lambda: Tune({}), "grids: there is none. Name a model"),
        (lambda: Tune({"tuned": {"C": (1.0, "two")}}), "tuned.C: expected a number, got 'two'"),
        (lambda: Tune({"tuned": {"class_weight": ("even",)}}), "expected one of balanced"),
        (lambda: Tune({"tuned": GRID}, metric="r2"), "tune: metric: r2 judges value or vector"),
        (lambda: Tune({"tuned": GRID}, n_splits=1), "2 or more"),
        (
            lambda: Tune({"tuned": {"D": (1.0,)}}),
            "no argument 'D'. Known: C, class_weight, max_iter",
        ),
        (lambda: Tune({"tuned": GRID}, metric="acuracy"), "Did you mean 'accuracy'"),
    ],
)
def test_a_grid_that_cannot_be_meant_is_refused_before_anything_is_fitted(tune, said):
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        make_plan(study_of(*planted(), models=(NamedModel("tuned", Logistic()),), tune=tune()))
