"""Worlds of pictures of concepts: what they show, what their noise is, what the oracle is worth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.metrics.retrieval import top_1
from neurodecode.simulate import ORACLE
from neurodecode.simulate._mixing import Kinds, posterior
from neurodecode.simulate.eeg_meg._codes import latents_of_evidence
from neurodecode.simulate.eeg_meg._sensor_world import SensorNoise, layout
from neurodecode.simulate.eeg_meg.images import Images
from neurodecode.simulate.eeg_meg.picture_epochs import PictureEpochs
from neurodecode.simulate.fmri.picture_tokens import PictureTokens
from neurodecode.simulate.pictures import blend, colour_fields

FEW = {"n_concepts": 12, "n_pictures": 5, "n_repeats": 1, "n_tested": 30, "n_tested_repeats": 4}
EPOCHS = PictureEpochs(**FEW)
TOKENS = PictureTokens(**FEW, n_voxels={"01": 60, "02": 75}, subjects=("01", "02"), effect=0.2)
WORLDS = pytest.mark.parametrize("made", [EPOCHS, TOKENS], ids=["epochs", "tokens"])


def of_tested(signal, name):
    """Truth and the oracle's mean answer of each tested picture."""
    events = signal.events[signal.events["split"] == "test"]
    at = events[f"at:{name}"].to_numpy()
    answers = signal.tables[f"{ORACLE}{name}"][events[f"at:{ORACLE}{name}"]]
    answers = answers.reshape(len(answers), -1)
    mean = np.stack([answers[at == one].mean(axis=0) for one in np.unique(at)])
    return signal.tables[name][np.unique(at)].reshape(len(mean), -1), mean


@WORLDS
def test_stimuli_are_those_of_the_events_and_others_of_the_tested_concepts(made):
    events = made.header("01", "1", "1").events
    stimuli = made.stimuli()
    table = stimuli.table
    assert table["split"].value_counts().to_dict() == {"exemplar": 120, "train": 60, "test": 30}
    joined = table.loc[events["stimulus"], ["concept", "split"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(joined, events[["concept", "split"]], check_dtype=False)
    tested = set(table.loc[table["split"] == "test", "concept"])
    assert tested == set(table.loc[table["split"] == "exemplar", "concept"])
    assert not tested & set(table.loc[table["split"] == "train", "concept"])
    picture = stimuli["c0000_00"]
    assert picture.dtype == np.uint8 and picture.shape == (64, 64, 3)
    np.testing.assert_array_equal(picture, replace(made).stimuli()["c0000_00"])
    assert (picture != replace(made, seed=1).stimuli()["c0000_00"]).any()


@WORLDS
def test_exemplars_change_nothing_of_a_recording(made):
    one, other = (m.signal("01", "1", "1") for m in (made, replace(made, n_exemplars=0)))
    assert one.data.tobytes() == other.data.tobytes()


def test_pictures_of_one_concept_look_alike_and_show_their_latent_features():
    """Of each feature's variance 60 % is the concept's; blends are bent, but hardly."""
    concepts = PictureTokens(n_concepts=100, n_pictures=5)._concepts()
    stimuli, z = concepts.stimuli(), concepts.latents()
    shown = stimuli.table.index[: len(z)]
    pixels = np.stack([stimuli[one][::4, ::4].ravel() for one in shown]).astype(np.float64)
    pixels -= pixels.mean(axis=0)
    of = concepts.of_picture()[: len(z)]
    alike = np.corrcoef(pixels[:500])
    mates = (of[:500, None] == of[:500]) & ~np.eye(500, dtype=bool)
    assert abs(alike[mates].mean() - 0.6) < 0.03
    assert abs(alike[of[:500, None] != of[:500]].mean()) < 0.03
    components = np.linalg.svd(pixels[:500], full_matrices=False)[2][:16]
    seen = pixels @ components.T
    weights = np.linalg.lstsq(seen[:500], z[:500], rcond=None)[0]
    left = np.var(z[500:] - seen[500:] @ weights, axis=0) / np.var(z[500:], axis=0)
    assert left.max() < 0.03


def test_fields_of_colour_are_orthogonal_and_as_many_as_there_are():
    fields = colour_fields(12, 32, np.random.default_rng(0)).reshape(12, -1)
    gram = fields @ fields.T
    np.testing.assert_allclose(gram, np.eye(12) * gram[0, 0], atol=1e-9 * gram[0, 0])
    assert np.sum(fields**2) / fields.shape[1] == pytest.approx(1.44)
    assert (blend(np.zeros(12), fields.reshape(12, 32, 32, 3)) == 128).all()
    with pytest.raises(ConfigError, match="show 1 to 84 latent features, not 85"):
        colour_fields(85, 32, np.random.default_rng(0))


def test_images_show_pictures_too():
    assert set(Images(n_concepts=2, n_tested=2).stimuli().table["split"]) == {"train", "test"}


def test_noise_is_autoregressive_shared_by_neighbours_and_whitened():
    space = layout("eeg", 24, np.random.default_rng(0), turned=False)
    noise = SensorNoise.of(space, 1.8)
    drawn = noise.draw(400, 100, np.random.default_rng(1)).astype(np.float64)
    assert np.var(drawn) == pytest.approx(1.8**2 / (1 - 0.64), rel=0.02)
    pairs = np.corrcoef(drawn[..., 1:].ravel(), drawn[..., :-1].ravel())[0, 1]
    assert pairs == pytest.approx(0.8, abs=0.01)
    measured = np.einsum("ict,idt->cd", drawn, drawn) / (400 * 100) * (1 - 0.64) / 1.8**2
    np.testing.assert_allclose(measured, noise.root @ noise.root.T, atol=0.05)
    white = noise.over_channels(noise.over_time(drawn)).reshape(400, -1)[:, ::7]
    covariance = white.T @ white / 400
    # The standard error of a variance of 400 draws is .07, of a covariance .05.
    assert abs(np.diag(covariance).mean() - 1) < 0.02
    assert abs(covariance[~np.eye(len(covariance), dtype=bool)]).mean() < 0.05


def test_people_have_the_same_sensors_or_their_own():
    shared = [EPOCHS.header(one, "1", "1").space for one in ("01", "02")]
    assert shared[0] == shared[1] and shared[0].types == ("eeg",) * 24
    made = replace(EPOCHS, modality="meg", layout="own", n_channels=40)
    one, other = (made.header(who, "1", "1").space for who in ("01", "02"))
    assert one.names != other.names and one.unit == "T" and not one.joins(other)
    both = [name for name in one.names if name in other.names]
    mine, theirs = (s.positions[[s.names.index(name) for name in both]] for s in (one, other))
    apart = np.linalg.norm(mine - theirs, axis=1)
    assert 0 < apart.max() < 0.04  # a layout sits some millimetres away from where it should
    np.testing.assert_allclose(np.linalg.norm(one.normals, axis=1), 1)


def test_without_displacement_people_have_the_same_patterns():
    same = replace(EPOCHS, displacement=0.0)
    space = same._space("01")
    one, other = (same._responses(who, space).evoked for who in ("01", "02"))
    np.testing.assert_array_equal(one, other)
    assert np.abs(one).max() <= 1
    assert (EPOCHS._responses("01", space).evoked != EPOCHS._responses("02", space).evoked).any()


def test_the_mean_of_the_oracles_answers_is_the_posterior_mean_of_all_repeats():
    signal = EPOCHS.signal("01", "1", "1")
    _, mean = of_tested(signal, "latent")
    _, gram, matched = EPOCHS._made("01", "1", "1")
    events = signal.events
    tested = np.flatnonzero(events["split"] == "test")
    of = events["at:latent"].to_numpy()[tested] - 60
    pooled = np.zeros((30, 24, 24)), np.zeros((30, 24))
    for total, part in zip(pooled, (gram, matched), strict=True):
        np.add.at(total, of, part[tested].astype(np.float64))
    told = latents_of_evidence(*pooled, np.arange(24), 12)
    np.testing.assert_allclose(mean, told @ EPOCHS._basis(), atol=2e-4)


def test_so_is_that_of_tokens():
    signal = TOKENS.signal("01", "1", "1")
    _, mean = of_tested(signal, "tokens")
    events = signal.events[signal.events["split"] == "test"]
    at = events["at:tokens"].to_numpy()
    betas = np.stack([signal.data[events.index[at == one]].mean(axis=0) for one in np.unique(at)])
    # A mean of four trials has noise of half the size: weights and betas in that unit.
    voxels = TOKENS._voxels("01", 60)
    wider = replace(voxels, weights=2 * voxels.weights)
    every = Kinds(("",), np.zeros((1, 16)), np.eye(16)[None])
    z = posterior(wider, every, 2 * betas)[1]
    np.testing.assert_allclose(mean, TOKENS._tokens(z).reshape(30, -1), atol=1e-4)


@pytest.mark.parametrize("coding", ["half_quadratic", "even"])
def test_means_over_features_on_a_grid_are_those_of_importance_sampling(coding):
    """One feature, whose posterior any sampler gives."""
    made = replace(TOKENS, coding=coding, n_latents=1, effect=0.3)
    betas = made.signal("01", "1", "1").data[:40].astype(np.float64)
    h, precision = made._voxels("01", 60).evidence(betas)
    drawn = np.random.default_rng(0).standard_normal(40_000)
    answered = made._coded(drawn)
    weight = np.exp(h * answered - precision[0, 0] * answered**2 / 2)
    expected = (weight @ drawn) / weight.sum(axis=1)
    told = made._mean_field(h, precision, np.ones(40))[:, 0]
    # Standard error of the sampler: about one over the root of a tenth of its draws.
    np.testing.assert_allclose(told, expected, atol=0.06)
    if coding == "even":
        np.testing.assert_allclose(told, 0, atol=1e-9)


@WORLDS
def test_a_recording_has_its_seed_its_header_and_nothing_at_effect_zero(made):
    one, again, other = (replace(made, seed=seed).signal("02", "1", "1") for seed in (0, 0, 1))
    assert one.data.tobytes() == again.data.tobytes() != other.data.tobytes()
    assert one.data.dtype == np.float32
    header = made.header("02", "1", "1")
    pd.testing.assert_frame_equal(header.events, one.events)
    assert header.space == one.space and header.n_times == one.n_times
    for name, table in one.tables.items():
        assert header.tables[name].shape == table.shape and np.isfinite(table).all()
        assert np.isnan(header.tables[name]).all() == name.startswith(ORACLE)
    nothing = replace(made, effect=0.0).signal("02", "1", "1")
    (answers,) = (table for name, table in nothing.tables.items() if name.startswith(ORACLE))
    np.testing.assert_allclose(answers, 0, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "wrong", "said"),
    [
        (PictureEpochs, {"noise": 0.0}, "noise: 0.0 is not above zero"),
        (PictureEpochs, {"induced": -1.0}, "induced: -1.0 is below zero"),
        (PictureEpochs, {"modality": "ecog"}, "'ecog' is neither eeg nor meg"),
        (PictureEpochs, {"layout": "any"}, "'any' is neither shared nor own"),
        (PictureEpochs, {"n_times": 120}, "120 samples are 1.2 s"),
        (PictureEpochs, {"n_features": 3}, "cannot hold 12 latent features"),
        (PictureEpochs, {"sfreq": 50.0}, "does not hold bursts of 30 Hz"),
        (PictureTokens, {"coding": "odd"}, "'odd' is none of linear, half_quadratic, even"),
        (PictureTokens, {"n_exemplars": -1}, "n_exemplars -1 must be 0 or more"),
        (PictureTokens, {"n_voxels": {"02": 3}}, "subject '01' has none"),
    ],
)
def test_a_wrong_argument_is_named(kind, wrong, said):
    with pytest.raises(ConfigError, match=said):
        kind(**wrong)


def test_more_sensors_than_there_are_is_said_when_a_recording_is_made():
    with pytest.raises(ConfigError, match="n_channels: 62 of eeg, which has 61 sensors"):
        PictureEpochs(n_channels=62).header("01", "1", "1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "name", "low", "high"),
    [
        # Over seeds 0 to 2: .92, .87, .87 of 200; the standard error of each is .023.
        (PictureEpochs(), "latent", 0.80, 0.97),
        # .555, .585, .500; of each .035.
        (PictureTokens(), "tokens", 0.40, 0.70),
    ],
    ids=["epochs", "tokens"],
)
def test_the_oracle_of_a_whole_world_finds_as_many_as_was_planned(made, name, low, high):
    for seed in range(3):
        truth, told = of_tested(replace(made, seed=seed).signal("01", "1", "1"), name)
        assert low < top_1(truth, told) < high
