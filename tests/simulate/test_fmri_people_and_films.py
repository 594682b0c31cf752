"""What is planted in people at rest, in voxels that follow features, and in receptive fields."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from neurodecode.core.errors import ConfigError
from neurodecode.simulate.fmri._people import Site
from neurodecode.simulate.fmri.connectivity import Connectivity
from neurodecode.simulate.fmri.features import Features
from neurodecode.simulate.fmri.receptive_fields import ReceptiveFields

PEOPLE = tuple(str(i) for i in range(200))


def study(generator: Connectivity) -> tuple[pd.DataFrame, np.ndarray]:
    """Everybody's row, and covariance (n_people, n_regions, n_regions)."""
    rows, covariances = [], []
    for recording in generator.recordings():
        signal = generator.signal(*recording)
        rows.append(signal.events)
        covariances.append(signal.data @ signal.data.T / signal.n_times)
    return pd.concat(rows, ignore_index=True), np.stack(covariances)


def test_the_groups_differ_in_the_planted_edges_by_what_was_planted():
    generator = Connectivity(subjects=PEOPLE, regions=12, n_edges=3, effect=0.5, differences=0.02)
    rows, covariances = study(generator)
    ill = (rows["label"] == "patient").to_numpy()
    found = covariances[ill].mean(axis=0) - covariances[~ill].mean(axis=0)
    error = np.sqrt(
        covariances[ill].var(axis=0) / ill.sum() + covariances[~ill].var(axis=0) / (~ill).sum()
    )
    planted = generator.difference()
    edges = tuple(generator.edges.T)
    where = np.zeros((12, 12), dtype=bool)
    where[edges] = True
    assert np.abs(planted[where | where.T]).min() > 0.05
    np.testing.assert_allclose(planted[~(where | where.T)], 0, atol=1e-12)
    upper = np.triu_indices(12, 1)
    # The largest of 66 normal deviates; what is planted is so to first order, 0.5^2 / 8 beside it.
    assert np.abs((found - planted) / error)[upper].max() < 4
    assert np.abs(found / error)[edges].min() > 4


def test_the_oracle_reaches_what_two_normal_groups_allow():
    effect, differences, site = 0.25, 0.05, Site(n_times=200)
    generator = Connectivity(
        subjects=PEOPLE, regions=24, effect=effect, differences=differences, sites={"A": site},
        phi=0.3, age_effect=0.1, motion_effect=0.1,
    )  # fmt: skip
    rows, _ = study(generator)
    log_ratio = rows["oracle:label=patient"] - rows["oracle:label=control"]
    n_free = site.n_times * (1 - 0.3**2) / (1 + 0.3**2)
    apart = effect / np.sqrt(2 * (1 / n_free + differences**2))
    # The standard error of an area of .93 with 100 people each is .018.
    assert roc_auc_score(rows["label"] == "patient", log_ratio) == pytest.approx(
        norm.cdf(apart / np.sqrt(2)), abs=0.055
    )


def test_the_oracle_of_age_is_the_mean_of_what_the_data_leave():
    generator = Connectivity(subjects=PEOPLE, regions=12, n_edges=3, age_effect=0.2, effect=0.0)
    rows, _ = study(generator)
    told, true = rows["oracle:age"].to_numpy(), rows["age"].to_numpy()
    slope = np.cov(told, true)[0, 1] / told.var(ddof=1)
    # A posterior mean is regressed upon with slope 1; its standard error is .07 here.
    assert slope == pytest.approx(1, abs=0.2)
    assert np.corrcoef(told, true)[0, 1] > 0.6


def test_sites_have_their_lengths_rates_and_prevalence():
    sites = {"A": Site(prevalence=0.9, n_times=60, t_r=1.5), "B": Site(prevalence=0.2, n_times=40)}
    generator = Connectivity(subjects=PEOPLE, regions=6, n_edges=2, sites=sites)
    headers = [generator.header(*one) for one in generator.recordings()]
    rows = pd.concat([one.events for one in headers], ignore_index=True)
    assert {(one.n_times, round(1 / one.sfreq, 6)) for one in headers} == {(60, 1.5), (40, 2.0)}
    shares = (rows["label"] == "patient").groupby(rows["group"]).mean()
    # About 100 people each: three standard errors are .12.
    np.testing.assert_allclose(shares[["A", "B"]], [0.9, 0.2], atol=0.12)


def test_people_are_the_same_whatever_is_planted():
    one, other = (
        Connectivity(subjects=("7",), regions=6, n_edges=2, effect=effect, age_effect=effect)
        for effect in (0.0, 0.5)
    )
    who = ["label", "group", "age", "sex", "motion"]
    pd.testing.assert_frame_equal(
        one.header("7", "1", "1").events[who], other.header("7", "1", "1").events[who]
    )


def test_connectivity_refuses_what_it_cannot_make():
    with pytest.raises(ConfigError, match="4 edges of two regions each do not fit into 6"):
        Connectivity(regions=6, n_edges=4)
    with pytest.raises(ConfigError, match="sites: there is none"):
        Connectivity(sites={})
    with pytest.raises(ConfigError, match=r"prevalence: 1.5 is no probability"):
        Connectivity(sites={"A": {"prevalence": 1.5}})


def test_voxels_have_the_ratio_of_response_to_noise_that_was_drawn():
    generator = Features(bands={"low": 10, "high": 20}, n_volumes=4000, n_voxels=40)
    signal, snr = generator.signal("01", "1", "1"), generator.snr("01")
    response = signal.tracks["oracle:fmri"]
    noise = (signal.data - response).var(axis=0)
    followed = snr > 0
    # Autoregressive series of 4000 volumes are worth 1000 or so: 4 s.e. of a ratio of variances.
    np.testing.assert_allclose(
        response.var(axis=0)[followed] / noise[followed], snr[followed], rtol=4 * np.sqrt(4 / 1000)
    )
    assert np.ptp(response[:, ~followed]) == 0
    reached = [np.corrcoef(response[:, i], signal.data[:, i])[0, 1] for i in np.where(followed)[0]]
    ceiling = np.sqrt(snr / (1 + snr))[followed]
    # Voxels share 30 features, whose variances have standard errors of 5 % in this film: of r, .01.
    assert np.mean(reached) == pytest.approx(ceiling.mean(), abs=0.03)


def test_test_runs_repeat_one_film_for_everybody():
    generator = Features(
        bands={"low": 3}, runs=("1", "2", "3"), test_runs=("2", "3"), n_volumes=50,
        subjects=("01", "02"),
    )  # fmt: skip
    film = {one: generator.header(*one).tracks["features"] for one in generator.recordings()}
    np.testing.assert_array_equal(film["01", "1", "2"], film["02", "1", "3"])
    np.testing.assert_array_equal(film["01", "1", "1"], film["02", "1", "1"])
    assert not np.allclose(film["01", "1", "1"], film["01", "1", "2"])
    with pytest.raises(ConfigError, match="test_runs: there is no run '9'"):
        Features(bands={"low": 3}, test_runs=("9",))


def test_a_training_run_called_test_shows_a_film_of_its_own():
    generator = Features(bands={"low": 3}, runs=("test", "2"), test_runs=("2",), n_volumes=50)
    trained, tested = (generator.header("01", "1", run).tracks["features"] for run in ("test", "2"))
    assert not np.allclose(trained, tested)


def test_the_oracle_of_pictures_is_their_mean_given_the_betas():
    """Right on average at every level: the truth regresses on it with slope 1."""
    generator = ReceptiveFields(n_pictures=400, size=6, n_voxels=25, effect=0.6)
    signal = generator.signal("01", "1", "1")
    told = signal.tracks["oracle:picture"].ravel()
    true = signal.tracks["picture"].ravel()
    assert true.var() == pytest.approx(1, abs=0.1)
    # 400 pictures of about ten independent pixels: the standard error of the slope is .02.
    assert (told @ true) / (told @ told) == pytest.approx(1, abs=0.08)
    assert 0.4 < np.corrcoef(told, true)[0, 1] < 0.95


def test_a_receptive_field_has_the_planted_size():
    generator = ReceptiveFields(n_pictures=2000, size=6, n_voxels=12, effect=0.5)
    response = generator.pictures.reshape(2000, -1) @ generator.fields("01").T
    # The relative standard error of an s.d. from 2000 pictures is 1.6 %.
    np.testing.assert_allclose(response.std(axis=0), 0.5, rtol=0.07)


def test_at_effect_zero_features_and_pictures_leave_no_trace():
    film = Features(bands={"low": 3}, effect=0.0, n_volumes=40, n_voxels=10)
    assert np.ptp(film.signal("01", "1", "1").tracks["oracle:fmri"]) == 0
    seen = ReceptiveFields(effect=0.0, n_pictures=20, size=4, n_voxels=10)
    assert np.ptp(seen.signal("01", "1", "1").tracks["oracle:picture"]) == 0
