"""Encoders of people: shown few responses of a new person, told by what others have in common."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge as Peer

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.names import find
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.models.encode.prior_ridge import PriorRidge
from neurodecode.simulate.fmri.embeddings import Embeddings

SMALL = {"n_features": 8, "rank": 2, "n_parcels": 60, "n_pictures": 60}
BRIEF = {"max_epochs": 2, "batch_size": 16}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def trials_of(X, subject):
    rows = Rows.build(
        pd.DataFrame(
            {"subject": subject, "session": "1", "run": "1", "recording": subject,
             "position": np.arange(len(X)), "onset": np.nan, "duration": 0.0, "start": np.nan,
             "stop": np.nan}
        )
    )  # fmt: skip
    space = Space("features", tuple(map(str, range(X.shape[1]))))
    part = Part(X, space, ("feature",), None, 0.0, f"{subject}")
    return Trials.of_entries(rows, "embedding", part, np.arange(len(X)))


def people(names=("1", "2", "3"), **changed):
    """Trials, responses and true weights of people."""
    world = Embeddings(subjects=names, **{**SMALL, **changed})
    signals = [world.signal(name, "1", "1") for name in names]
    X = np.concatenate([one.tables["embedding"].astype(float) for one in signals])
    y = np.concatenate([one.data for one in signals])
    subject = np.repeat(names, [len(one.data) for one in signals]).astype(object)
    return world, trials_of(X, subject), y


def new_pictures(n=300, n_features=8):
    X = np.random.default_rng(7).standard_normal((n, n_features))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def correlation(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return (a * b).sum(axis=0) / np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))


def test_ridge_of_a_known_prior_is_the_mean_of_weights_given_responses():
    """Against the normal equations, and scikit-learn's ridge where the prior is round."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 8)), rng.standard_normal((12, 3))
    model = PriorRidge(n_iterations=1).fit(*people()[1:])
    model.mean_ = rng.standard_normal(9)
    root = rng.standard_normal((9, 9))
    model.covariance_, model.noise_ = root @ root.T, 0.7
    trials = trials_of(X, np.full(12, "new", dtype=object))
    found = _adapted(model, trials, y)
    both = np.column_stack([X, np.ones(12)])
    precision = np.linalg.inv(model.covariance_)
    left = both.T @ (y - (both @ model.mean_)[:, None]) / 0.7
    expected = np.linalg.solve(both.T @ both / 0.7 + precision, left).T + model.mean_
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    model.mean_, model.covariance_ = np.zeros(9), np.diag([*[0.5] * 8, 1e9])  # an offset is free
    peer = Peer(alpha=0.7 / 0.5).fit(X, y)
    np.testing.assert_allclose(_adapted(model, trials, y)[:, :-1], peer.coef_, atol=1e-5)


def _adapted(model, trials, y):
    return model.adapt(trials, y).weights_of_["new"]


def test_the_prior_of_voxels_is_found():
    world, X, y = people(n_parcels=500, n_pictures=100)
    model = PriorRidge().fit(X, y)
    expected = world.loadings.T @ world.loadings
    found = model.covariance_[:-1, :-1]
    # Of 1500 voxels: a covariance of two dimensions is off by some 1 / sqrt(1500) of its size.
    assert np.linalg.norm(found - expected) < 0.1 * np.linalg.norm(expected)
    assert model.noise_ == pytest.approx(1, abs=0.02)
    assert model.covariance_[-1, -1] < 0.01  # there is no offset


def test_other_people_are_worth_pictures():
    world, X, y = people(n_parcels=200)
    signal = world.signal("new", "1", "1")
    context = trials_of(signal.tables["embedding"][:8].astype(float), np.full(8, "new", object))
    fresh = trials_of(new_pictures(), np.full(300, "new", object))
    truth = new_pictures() @ world.weights("new").T
    r = {}
    for prior in ("voxels", "none"):
        model = PriorRidge(prior=prior).fit(X, y).adapt(context, signal.data[:8])
        r[prior] = correlation(model.predict(fresh), truth).mean()
    assert r["voxels"] > r["none"] + 0.15


def test_whoever_was_not_seen_is_told_what_voxels_are_on_average():
    _, X, y = people()
    model = PriorRidge().fit(X, y + 5)
    said = model.predict(trials_of(new_pictures(3), np.full(3, "new", object)))
    np.testing.assert_allclose(said, 5, atol=0.5)


def test_voxels_of_one_name_in_two_people_are_not_taken_for_one():
    """Their responses may be opposite: each is told from its own person's rows."""
    _, X, y = people(("1",), effect=5.0)
    both = trials_of(np.concatenate([X.array()] * 2), np.repeat(["1", "2"], 60).astype(object))
    model = PriorRidge(n_iterations=10).fit(both, np.concatenate([y, -y]))
    np.testing.assert_allclose(model.weights_of_["1"], -model.weights_of_["2"], atol=1e-2)


@pytest.mark.parametrize("name", ["encode.prior_ridge", "encode.braincorl"])
def test_an_unlabelled_context_tells_nothing_and_wrong_ones_are_refused(name):
    if name == "encode.braincorl":
        pytest.importorskip("torch", reason="torch is an extra")
    arguments = {"preset": "tiny", "training": BRIEF, "random_state": 0} if "corl" in name else {}
    _, X, y = people()
    model = find(name, "models")(**arguments).fit(X, y)
    before = dict(model.weights_of_)
    assert model.adapt(X) is model and model.weights_of_.keys() == before.keys()
    with pytest.raises(DataError, match="7 features, and it was trained on 8"):
        model.adapt(trials_of(new_pictures(4, 7), np.full(4, "new", object)), np.zeros((4, 60)))
    with pytest.raises(DataError, match="7 features, and it was trained on 8"):
        model.predict(trials_of(new_pictures(4, 7), np.full(4, "1", object)))
    with pytest.raises(DataError, match="takes Trials"):
        model.predict(new_pictures(4))
    with pytest.raises(DataError, match="a row of finite numbers each"):
        model.adapt(X, np.full(y.shape, np.nan))


def fitted_of(name, X, y):
    if name == "encode.prior_ridge":
        return PriorRidge(n_iterations=5).fit(X, y)
    pytest.importorskip("torch", reason="torch is an extra")
    return find(name, "models")(preset="tiny", training=BRIEF, random_state=0).fit(X, y)


@pytest.mark.parametrize("name", ["encode.prior_ridge", "encode.braincorl"])
def test_people_may_have_voxels_of_their_own(name):
    _, X, y = people()
    subject = np.asarray(X.rows["subject"])
    whole = fitted_of(name, X, y)
    listed = fitted_of(name, X, list(y))
    for one, weights in whole.weights_of_.items():
        np.testing.assert_array_equal(listed.weights_of_[one], weights)

    widths = {"1": 20, "2": 45, "3": 60}
    own = [row[: widths[one]] for row, one in zip(y, subject, strict=True)]
    model = fitted_of(name, X, own)
    assert {k: v.shape for k, v in model.weights_of_.items()} == {
        k: (n, 9) for k, n in widths.items()
    }
    new = trials_of(new_pictures(6), np.full(6, "new", object))
    with pytest.raises(DataError, match="'new' was never seen, and others have 20 to 60 voxels"):
        model.predict(new)
    assert model.adapt(new, np.ones((6, 33))).predict(new).shape == (6, 33)
    with pytest.raises(DataError, match=r"'1' has 20 voxels and subject '2' 45.*one of them"):
        model.predict(X)
    mixed = [*own[:-1], own[-1][:7]]
    with pytest.raises(DataError, match="subject '3' differ in how many voxels"):
        fitted_of(name, X, mixed)


def test_arguments_that_cannot_be_meant_are_refused():
    _, X, y = people()
    for arguments, said in (
        ({"prior": "round"}, "give voxels or none"),
        ({"alphas": ()}, "Give a list of numbers above zero"),
        ({"n_iterations": 0}, "n_iterations"),
    ):
        with pytest.raises(ConfigError, match=said):
            PriorRidge(**arguments).fit(X, y)
    braincorl = find("encode.braincorl", "models")
    for arguments, said in (
        ({"preset": "large"}, "give clip or dino or siglip or tiny"),
        ({"preset": "tiny", "n_context": (5, 2)}, "contexts of 5 to 2"),
        ({"preset": "tiny", "sizes": {"width": 10}}, "does not fall into"),
    ):
        with pytest.raises(ConfigError, match=said):
            braincorl(**arguments).fit(X, y)


def test_what_is_told_in_context_depends_on_pairs_and_not_on_their_order():
    pytest.importorskip("torch", reason="torch is an extra")
    world, X, y = people()
    model = find("encode.braincorl", "models")(preset="tiny", training=BRIEF, random_state=0)
    model.fit(X, y)
    signal = world.signal("new", "1", "1")
    shown = signal.tables["embedding"][:8].astype(float)
    fresh = trials_of(new_pictures(20), np.full(20, "new", object))

    def told(order, scale=1.0):
        context = trials_of(scale * shown[order], np.full(8, "new", object))
        return model.adapt(context, signal.data[order]).predict(fresh)

    np.testing.assert_allclose(told(np.arange(8)[::-1]), told(np.arange(8)), atol=1e-5)
    # Embeddings count by their direction alone.
    np.testing.assert_allclose(told(np.arange(8), 3.0), told(np.arange(8)), atol=1e-5)
