"""Each model predicts exactly what the plain pipeline of its libraries predicts."""

import mne
import numpy as np
import pandas as pd
import pytest
from mne.decoding import CSP
from pyriemann.classification import MDM, FgMDM
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace as Projection
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from neurodecode.core.rows import Rows
from neurodecode.core.trials import Trials
from neurodecode.models.baseline.clock import Clock
from neurodecode.models.linear.csp_lda import CspLda
from neurodecode.models.linear.lda import Lda
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.linear.svm import Svm
from neurodecode.models.riemann.fgmdm import Fgmdm
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.models.riemann.tangent_space import TangentSpace

mne.set_log_level("ERROR")


def flat(estimator):
    return make_pipeline(FunctionTransformer(lambda X: X.reshape(len(X), -1)), estimator)


PAIRS = {
    "csp_lda": (
        CspLda(),
        make_pipeline(CSP(6, reg="ledoit_wolf", log=True), LinearDiscriminantAnalysis()),
    ),
    "csp_lda of other arguments": (
        CspLda(n_components=3, reg=0.2, log=False),
        make_pipeline(CSP(3, reg=0.2, log=False), LinearDiscriminantAnalysis()),
    ),
    "logistic": (Logistic(), flat(LogisticRegression(max_iter=1000))),
    "logistic of other arguments": (
        Logistic(C=1e-3, max_iter=200),
        flat(LogisticRegression(C=1e-3, max_iter=200)),
    ),
    "svm": (Svm(), flat(SVC(kernel="linear"))),
    "svm of other arguments": (Svm(C=1e-3), flat(SVC(kernel="linear", C=1e-3))),
    "logistic of classes that count alike": (
        Logistic(class_weight="balanced"),
        flat(LogisticRegression(max_iter=1000, class_weight="balanced")),
    ),
    "lda": (Lda(), flat(LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))),
    "lda of other arguments": (
        Lda(shrinkage=0.3),
        flat(LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)),
    ),
    "mdm": (Mdm(), make_pipeline(Covariances("oas"), MDM())),
    "mdm of other arguments": (
        Mdm("logeuclid", "lwf"),
        make_pipeline(Covariances("lwf"), MDM("logeuclid")),
    ),
    "fgmdm": (Fgmdm(), make_pipeline(Covariances("oas"), FgMDM())),
    "tangent_space": (
        TangentSpace(),
        make_pipeline(Covariances("oas"), Projection(), LogisticRegression(max_iter=1000)),
    ),
    "tangent_space of other arguments": (
        TangentSpace("scm", "logeuclid", C=0.1, max_iter=300, class_weight="balanced"),
        make_pipeline(
            Covariances("scm"),
            Projection("logeuclid"),
            LogisticRegression(C=0.1, max_iter=300, class_weight="balanced"),
        ),
    ),
}

# The same answer, its sums taken in another order; or of two means that were both sought until a
# gradient of 1e-8.
CLOSE = {
    "lda": 1e-9,
    "mdm": 1e-9,
    "mdm of other arguments": 1e-9,
    "tangent_space": 1e-9,
    "tangent_space of other arguments": 1e-9,
    "fgmdm": 1e-7,
}


def planted(n_classes, seed):
    """Trials whose classes overlap, so that a slip anywhere turns some answers."""
    rng = np.random.default_rng(seed)
    y = np.minimum(np.arange(48) % (n_classes + 1), n_classes - 1)  # the last class is larger
    X = rng.normal(size=(48, 7, 40))
    X[np.arange(48), y] *= 1.5
    X[np.arange(48), y] += 0.1
    return X, y


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", PAIRS)
def test_predictions_are_the_plain_pipelines(name, n_classes):
    model, plain = PAIRS[name]
    X, y = planted(n_classes, seed=0)
    fresh, _ = planted(n_classes, seed=1)
    model.fit(X, y)
    plain.fit(X, y)
    assert np.array_equal(model.predict(fresh), plain.predict(fresh))
    assert np.array_equal(model.classes_, plain.classes_)
    for method in ("predict_proba", "decision_function"):
        if hasattr(model, method):
            found, expected = getattr(model, method)(fresh), getattr(plain, method)(fresh)
            if name in CLOSE:
                np.testing.assert_allclose(found, expected, rtol=CLOSE[name], atol=CLOSE[name])
            else:
                assert np.array_equal(found, expected)


@pytest.mark.filterwarnings("error")  # such as of neighbours that are more than the trials
@pytest.mark.parametrize(("n", "choices"), [(150, [1, 5, 15]), (18, [1, 5])])
@pytest.mark.parametrize("seed", range(4))
def test_clock_is_a_plain_search_among_neighbours(n, choices, seed):
    # Eighteen trials leave fourteen to learn from in an inner fold: too few for 15 neighbours.
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3 // 2  # one in three, so that accuracy would choose otherwise
    times = pd.DataFrame({"position": rng.permutation(n), "onset": rng.normal(30 * y, 40)})
    fresh = pd.DataFrame({"position": rng.permutation(n), "onset": rng.normal(30 * y, 40)})
    searches = [
        GridSearchCV(
            make_pipeline(StandardScaler(), KNeighborsClassifier()),
            {"kneighborsclassifier__n_neighbors": choices},
            cv=StratifiedKFold(5, shuffle=True, random_state=0),
            scoring="balanced_accuracy",
        ).fit(times[columns].to_numpy(float), y)
        for columns in (["position"], ["onset"], ["position", "onset"])
    ]
    plain = max(searches, key=lambda one: one.best_score_)  # the first of equals
    clock = Clock().fit(Trials(Rows(times.assign(recording="r")), {}), y)
    if plain.best_score_ <= 0.5:  # nothing beats the prior
        assert (clock.compared_, clock.n_neighbors_) == ((0,), 1)
        return
    assert {"kneighborsclassifier__n_neighbors": clock.n_neighbors_} == plain.best_params_
    assert clock.compared_ == ((0,), (1,), (0, 1))[searches.index(plain)]
    expected = plain.predict_proba(fresh.to_numpy(float)[:, clock.compared_])
    assert np.array_equal(clock.predict_proba(Trials(Rows(fresh), {})), expected)
