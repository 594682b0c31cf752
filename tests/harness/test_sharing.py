"""Sharing stages changes no prediction, and does save work."""

from dataclasses import replace

import numpy as np
import pytest
from pyriemann.estimation import Covariances
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from tests_harness import planted, run, study_of

from neurodecode.core.files import cache_folder
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.sharing import describe_shared
from neurodecode.harness.store import Store
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.models.riemann.tangent_space import TangentSpace
from neurodecode.steps.covariance import Covariance

TOGETHER = (
    NamedModel("mdm", Mdm()),
    NamedModel("tangent", TangentSpace()),
    NamedModel("strong", TangentSpace(C=0.01)),
    NamedModel("scm", Mdm(estimator="scm")),
)


def flat(X):
    return X.reshape(len(X), -1)


def power(X):
    return X.var(axis=-1)


def of_power(*stages, C=1.0):
    return make_pipeline(FunctionTransformer(power), *stages, LogisticRegression(C=C))


SCALED = (
    NamedModel("2", of_power(StandardScaler(), PCA(2))),
    NamedModel("3", of_power(StandardScaler(), PCA(3))),
    NamedModel("theirs", make_pipeline(Covariances("oas"), FunctionTransformer(flat), SVC())),
)


@pytest.mark.parametrize("models", [TOGETHER, SCALED], ids=["covariances", "fitted stages"])
def test_predictions_are_those_of_each_model_alone(models, tmp_path, monkeypatch):
    study = study_of(*planted(), models=models, n_draws=1)
    plan, finished, _ = run(study, tmp_path / "together")
    assert finished.errors == {}
    together = Store(tmp_path / "together")
    for model in models:
        monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / f"cache of {model.name}"))
        alone = replace(study, question=replace(study.question, models=(model,)))
        run(alone, tmp_path / model.name)
        for job in (job for job in plan.jobs if job.model.name == model.name):
            a = together.predictions(job.key, ("a", "b"))
            b = Store(tmp_path / model.name).predictions(job.key, ("a", "b"))
            np.testing.assert_array_equal(a.pred, b.pred)
            np.testing.assert_array_equal(a.scores, b.scores)


class Counted(StandardScaler):
    supervised = False
    n_fits = 0

    def fit(self, X, y=None, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X)


class CountedCovariance(Covariance):
    n_trials = 0

    def transform(self, X):
        type(self).n_trials += len(X)
        return super().transform(X)


def test_equal_stages_are_fitted_once_a_fold_and_serve_every_permutation(tmp_path):
    models = tuple(
        NamedModel(f"C {C}", make_pipeline(Counted(), LogisticRegression(C=C))) for C in (0.1, 1.0)
    )
    study = study_of(*planted(), models=models, n_draws=4)
    Counted.n_fits = 0
    plan, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}
    assert Counted.n_fits == len(plan.folds)


def test_a_covariance_is_computed_once_a_trial(tmp_path):
    def make(C):
        return make_pipeline(
            CountedCovariance(), FunctionTransformer(flat), LogisticRegression(C=C)
        )

    models = tuple(NamedModel(f"C {C}", make(C)) for C in (0.1, 1.0))
    study = study_of(*planted(), models=models, n_draws=3)
    CountedCovariance.n_trials = 0
    run(study, tmp_path / "r")
    assert CountedCovariance.n_trials == len(study.trials)
    (line,) = describe_shared(study.trials, models, cache_folder())
    assert "C 0.1, C 1.0: 3 of 3 parts are kept" in line
