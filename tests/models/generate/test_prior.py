"""What a prior draws, beside ridge and ridge that is renormalised, where all is known."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.generate._prior import Prior
from neurodecode.models.generate.token_ridge import TokenRidge


def told_and_true(n, seed, noise=0.7):
    """Targets, and the best linear answer to them given what was measured with noise."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n, 2))
    told = (true + noise * rng.normal(size=(n, 2))) / (1 + noise**2)
    return told.astype(np.float32), true.astype(np.float32)


def test_a_prior_draws_as_long_as_targets_are_where_ridge_is_short():
    sizes = {"widths": [64], "dropout": 0.0}
    prior = Prior(sizes=sizes, n_updates=300, batch_size=64, lr=5e-3, random_state=0)
    prior.fit(*told_and_true(600, 0))
    told, true = told_and_true(300, 1)
    drawn = prior.sample(told, range(300))
    lengths = [np.linalg.norm(one, axis=1).mean() for one in (true, told, drawn)]
    # The mean given the measurement keeps 1 / (1 + .7²) of the variance: .82 of the length.
    assert lengths[1] / lengths[0] == pytest.approx(0.82, abs=0.05)
    # 300 lengths of two entries: s.e. .52 / √300 = .03, both of draws and of the truth.
    assert lengths[2] / lengths[0] == pytest.approx(1, abs=0.08)
    np.testing.assert_allclose(prior.sample(told[4:6], [4, 5]), drawn[4:6], atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"network": "unet"}, "network is 'unet'. Give mlp or transformer"),
        ({"drop": 1.0}, "drop is 1.0. Give a share"),
        ({"sizes": {"depth": 3}}, "sizes {'depth': 3} do not suit mlp"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments, what):
    with pytest.raises(ConfigError, match=what):
        Prior(**arguments).fit(*told_and_true(20, 0))


def test_rows_that_do_not_fit_are_refused():
    told, true = told_and_true(20, 0)
    with pytest.raises(DataError, match="19 conditions for 20 targets"):
        Prior().fit(told[1:], true)
    with pytest.raises(DataError, match="conditions hold NaN"):
        Prior().fit(np.where(told > 1, np.nan, told), true)
    prior = Prior(sizes={"widths": [8]}, n_updates=2, random_state=0).fit(told, true)
    with pytest.raises(DataError, match=r"trained on rows of \(2,\)"):
        prior.sample(told[:, :1], range(20))


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe",
    [
        {"network": "mlp", "sizes": {"widths": [256, 128]}, "n_updates": 2000, "lr": 2e-3},
        {
            "network": "transformer", "sizes": {"width": 64, "depth": 2, "n_heads": 4},
            "n_updates": 900, "lr": 2e-3,
        },
    ],
    ids=["mlp", "transformer"],
)  # fmt: skip
def test_draws_have_the_covariance_of_targets_and_are_no_nearer_to_them(recipe):
    rng = np.random.default_rng(0)
    n, n_new, n_latent, n_voxels, shape = 1000, 400, 8, 200, (4, 8)
    latent = rng.normal(size=(n + n_new, n_latent))
    Y = latent @ rng.normal(size=(n_latent, 32)) / np.sqrt(n_latent)
    X = latent @ rng.normal(size=(n_latent, n_voxels)) / np.sqrt(n_latent)
    X += 3 * rng.normal(size=X.shape)
    mean, true = Y[:n].mean(axis=0), Y[n:]
    plain = TokenRidge(renorm="none").fit(X[:n], Y[:n])
    prior = Prior(**recipe, random_state=0)
    prior.fit(plain.loo_predictions().reshape(n, *shape), Y[:n].reshape(n, *shape))
    said = plain.predict(X[n:])
    drawn = prior.sample(said.reshape(n_new, *shape), range(n_new), steps=100)
    found = {
        "ridge": said,
        "renormalised": TokenRidge(renorm="loo").fit(X[:n], Y[:n]).predict(X[n:]),
        "drawn": drawn.reshape(n_new, -1),
    }
    scores = {name: against(one - mean, true - mean) for name, one in found.items()}
    print(scores)
    length = {name: one["length"] for name, one in scores.items()}
    assert 0.76 <= length["ridge"] <= 0.87  # the shrinking that the specification measured
    assert length["drawn"] == pytest.approx(1, abs=0.03)
    assert scores["drawn"]["variance"] == pytest.approx(1, abs=0.06)  # 3 % of length, squared
    # The linear competitor has the length, too. A draw of what could have been is no nearer to the
    # truth: its likeness is about the square of the mean's.
    assert length["renormalised"] == pytest.approx(1, abs=0.03)
    cosine = {name: one["cosine"] for name, one in scores.items()}
    assert cosine["drawn"] == pytest.approx(cosine["ridge"] ** 2, abs=0.05)
    assert scores["drawn"]["top_1"] < scores["renormalised"]["top_1"]


def against(found, true):
    """Compare rows less the training mean with the truth: length, variance, cosine, top-1."""
    lengths = [np.linalg.norm(one, axis=1, keepdims=True) for one in (found, true)]
    cosines = (found / lengths[0]) @ (true / lengths[1]).T
    return {
        "length": float(lengths[0].mean() / lengths[1].mean()),
        "variance": float(np.trace(np.cov(found.T)) / np.trace(np.cov(true.T))),
        "cosine": float(np.diag(cosines).mean()),
        "top_1": float((cosines.argmax(axis=1) == np.arange(len(true))).mean()),
    }
