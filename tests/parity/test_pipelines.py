"""Models as experiment files write them predict what plain pipelines of their libraries predict.

Each is the recipe that a published analysis of one kind of recording uses; the YAML is what stands
under ``models:`` of an experiment. Answers must be equal, not close: both run the same code of the
same libraries on the same numbers, unless a test says what differs.
"""

import mne
import numpy as np
import pytest
from mne.decoding import GeneralizingEstimator, SlidingEstimator
from nilearn.connectome import ConnectivityMeasure
from pyriemann.classification import MDM
from pyriemann.estimation import Covariances
from pyriemann.estimation import XdawnCovariances as Estimation
from pyriemann.spatialfilters import Xdawn
from pyriemann.tangentspace import TangentSpace
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from neurodecode.harness.experiment import read_experiment

mne.set_log_level("ERROR")


def flat():
    return FunctionTransformer(lambda X: X.reshape(len(X), -1))


def means(width):
    """Means of neighbouring samples, as anyone would write them."""
    return FunctionTransformer(
        lambda X: np.stack(
            [
                X[..., first : first + width].mean(axis=-1)
                for first in range(0, X.shape[-1] - width + 1, width)
            ],
            axis=-1,
        )
    )


def stacked():
    return FunctionTransformer(lambda X: np.concatenate(list(X.transpose(1, 0, 2, 3)), axis=1))


def shrunk():
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def logistic(C=1.0, class_weight=None):
    return LogisticRegression(C=C, max_iter=1000, class_weight=class_weight)


def connectivity(kind):
    return FunctionTransformer(lambda X: [one.T for one in X]), ConnectivityMeasure(
        kind=kind, vectorize=True, discard_diagonal=True
    )


ALPHAS = "[10.0, 31.6, 100.0, 316.0, 1.0e+3, 3160.0, 1.0e+4, 1.0e+5, 1.0e+6]"
RECIPES = {
    "ssvep, stacked bands": (
        "bands",
        "[stack_bands, riemann.tangent_space]",
        make_pipeline(stacked(), Covariances("oas"), TangentSpace(), logistic()),
    ),
    "ssvep, stacked bands, step by step": (
        "bands",
        "[stack_bands, covariance, tangent_space, linear.logistic]",
        make_pipeline(stacked(), Covariances("oas"), TangentSpace(), logistic()),
    ),
    "p300, xdawn and lda": (
        "eeg",
        "linear.xdawn_lda",
        make_pipeline(Xdawn(3), means(8), flat(), shrunk()),
    ),
    "p300, xdawn and lda, step by step": (
        "eeg",
        "[xdawn: {n_components: 3}, bin_means: {width: 8}, linear.lda]",
        make_pipeline(Xdawn(3), means(8), flat(), shrunk()),
    ),
    "p300, lda": (
        "eeg",
        "[bin_means: {width: 8}, linear.lda]",
        make_pipeline(means(8), flat(), shrunk()),
    ),
    "p300, xdawn covariances in the tangent space": (
        "eeg",
        "[xdawn_covariances: {n_components: 3}, tangent_space, "
        "linear.logistic: {class_weight: balanced}]",
        make_pipeline(
            Estimation(3, estimator="oas"), TangentSpace(), logistic(class_weight="balanced")
        ),
    ),
    "p300, xdawn covariances and mdm": (
        "eeg",
        "[xdawn_covariances: {n_components: 3}, pyriemann.classification.MDM]",
        make_pipeline(Estimation(3, estimator="oas"), MDM()),
    ),
    "meg, scaled, logistic": (
        "eeg",
        "[scale, linear.logistic: {C: 0.01}]",
        make_pipeline(flat(), StandardScaler(), logistic(0.01)),
    ),
    "meg, components and lda": (
        "eeg",
        "[scale, pca: {n_components: 12}, linear.lda]",
        make_pipeline(flat(), StandardScaler(), PCA(12, svd_solver="full"), shrunk()),
    ),
    "meg, xdawn covariances in the tangent space": (
        "eeg",
        "[xdawn_covariances: {n_components: 4}, tangent_space, linear.logistic]",
        make_pipeline(Estimation(4, estimator="oas"), TangentSpace(), logistic()),
    ),
    "meg, at each time": (
        "eeg",
        "linear.time_resolved",
        SlidingEstimator(make_pipeline(StandardScaler(), logistic()), verbose=False),
    ),
    "meg, across times": (
        "eeg",
        "linear.generalization",
        GeneralizingEstimator(make_pipeline(StandardScaler(), logistic()), verbose=False),
    ),
    "n400, means and lda": (
        "eeg",
        "[bin_means: {width: 5}, linear.lda]",
        make_pipeline(means(5), flat(), shrunk()),
    ),
    "pictures from voxels": (
        "vectors",
        f"[scale, linear.ridge: {{alphas: {ALPHAS}}}]",
        make_pipeline(StandardScaler(), RidgeCV([10, 31.6, 100, 316, 1e3, 3160, 1e4, 1e5, 1e6])),
    ),
    "pictures from voxels, a penalty a target": (
        "vectors",
        f"[scale, linear.ridge: {{alphas: {ALPHAS}, alpha_per_target: true}}]",
        make_pipeline(
            StandardScaler(),
            RidgeCV([10, 31.6, 100, 316, 1e3, 3160, 1e4, 1e5, 1e6], alpha_per_target=True),
        ),
    ),
    **{
        f"connectomes, {kind}": (
            "parcels",
            f"[connectivity: {{kind: {kind}}}, scale, linear.logistic: {{C: 1.0e-4}}]",
            make_pipeline(*connectivity(kind), StandardScaler(), logistic(1e-4)),
        )
        for kind in ("correlation", "partial correlation", "tangent")
    },
}


def planted(kind, seed):
    """Trials whose classes overlap, so that a slip anywhere turns some answers."""
    rng = np.random.default_rng(seed)
    n = 60
    y = (np.arange(n) % 3 == 0).astype(np.int64)
    if kind == "vectors":
        X = rng.normal(size=(n, 40))
        mixing = np.random.default_rng(0).normal(size=(40, 5))
        return X, X @ mixing + rng.normal(size=(n, 5)) * [1, 5, 20, 40, 80]
    if kind == "parcels":
        series = [rng.normal(size=(6, n_times)) for n_times in rng.integers(50, 90, size=n)]
        for one, code in zip(series, y, strict=True):
            one[1] += (0.2 + 0.3 * code) * one[0]
        return series, y
    if kind == "bands":
        X = rng.normal(size=(n, 3, 4, 60))
        X[y == 1, 1, 0] *= 1.3
        return X, y
    X = rng.normal(size=(n, 5, 60))
    X[y == 1, 0] *= 1.5
    X[y == 1, 1, 20:40] += 0.4
    return X, y


def written(text, folder):
    """Give the model of an experiment file."""
    path = folder / "experiment.yaml"
    data = "data: {card: eegbci, task: left_right}\nprotocol: {cross_run: {}}\n"
    path.write_text(f"{data}models:\n  - {text}\n")
    return read_experiment(path).question.models[0].estimator


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_the_plain_pipeline(name, tmp_path):
    kind, text, plain = RECIPES[name]
    X, y = planted(kind, seed=0)
    fresh, truth = planted(kind, seed=1)
    model = clone(written(text, tmp_path)).fit(X, y)
    plain = clone(plain).fit(X, y)
    if kind == "vectors":
        # RidgeCV solves the same equations in another order: 1e-8 of the values is rounding.
        np.testing.assert_array_equal(model[-1].alpha_, plain[-1].alpha_)
        np.testing.assert_allclose(model.predict(fresh), plain.predict(fresh), rtol=1e-8, atol=1e-8)
        return
    np.testing.assert_array_equal(model.predict(fresh), plain.predict(fresh))
    method = "predict_proba" if hasattr(plain, "predict_proba") else "decision_function"
    found, expected = getattr(model, method)(fresh), getattr(plain, method)(fresh)
    reordered = ("connectomes", "components", "means", "lda", "covariances")
    if "tangent" in name or "stacked" in name:
        # pyriemann's mean is short of the mean by a gradient of 1e-9.
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    elif any(word in name for word in reordered):
        # Sums are taken in another order.
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    else:
        np.testing.assert_array_equal(found, expected)
    if found.ndim == 2 and name != "p300, xdawn covariances and mdm":
        assert 0.55 < np.mean((found[:, 1] > found[:, 0]) == truth) < 1  # neither blind nor sure
