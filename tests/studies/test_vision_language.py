"""Which electrodes join vision and language: those that do are flagged, and hardly any other.

The world and the bar are those of the specification's SEEG study: 40 electrodes in 30 windows, of
which 10 answer the products of what is seen and said; at least 8 of them and at most 2 others are
to be flagged at a rate of false discoveries of .05, blocks of words drawn anew.
"""

import numpy as np
import pytest

from neurodecode.linalg.block_bootstrap import beats_all
from neurodecode.models.encode.layers import Layers
from neurodecode.models.encode.ridge import Ridge
from neurodecode.simulate.eeg_meg.vision_language import VisionLanguage

ALPHAS = (1.0, 10.0, 100.0, 1000.0, 10000.0)
N_FOLDS = 5
GUARD = 3  # words: a trial's windows reach .55 s behind its word, features are alike for longer


def told(X, Y, folds):
    """Predictions of each fold from the others, without the words next to it."""
    said = np.empty(Y.shape)
    at = np.arange(len(Y))
    for fold in np.unique(folds):
        test = np.flatnonzero(folds == fold)
        train = np.flatnonzero((at < test[0] - GUARD) | (at > test[-1] + GUARD))
        centre, scale = X[train].mean(axis=0), X[train].std(axis=0)
        model = Ridge(ALPHAS, cv="blocked").fit((X[train] - centre) / scale, Y[train])
        said[test] = model.predict((X[test] - centre) / scale)
    return said


def flagged(seed, effect=0.6):
    world = VisionLanguage(effect=effect, seed=seed)
    signal = world.signal("01", "1", "1")
    assert signal.data is not None
    n_words, n_electrodes, n_windows = signal.data.shape
    assert (n_electrodes, n_windows) == (40, 30)
    Y = signal.data.reshape(n_words, -1)
    folds = np.arange(n_words) * N_FOLDS // n_words
    names = ("vision_language", "vision", "language", "word_features")
    joint, *others = (told(signal.tracks[name], Y, folds) for name in names)
    blocks = np.unique(signal.events["concept"], return_inverse=True)[1]
    groups = np.repeat(np.arange(n_electrodes), n_windows)
    found = beats_all(joint, others, Y, blocks, folds=folds, groups=groups, n_draws=500)
    return found.q <= 0.05


@pytest.mark.slow
def test_integrating_electrodes_are_flagged_and_others_are_not():
    for seed in (0, 1):
        found = flagged(seed)
        assert found[:10].sum() >= 8 and found[10:].sum() <= 2


@pytest.mark.slow
def test_nothing_is_flagged_where_nothing_answers():
    assert flagged(0, effect=0.0).sum() <= 2


def test_vision_and_language_are_told_apart_by_choosing_within_training():
    """Of two sets of features as layers, each unimodal electrode takes its own."""
    world = VisionLanguage(effect=1.5, n_electrodes=8, n_integrating=0, n_windows=20, n_words=300)
    signal = world.signal("01", "1", "1")
    assert signal.data is not None
    X = np.stack([signal.tracks["vision"], signal.tracks["language"]], axis=1)
    best = signal.data[:, :, 12:].mean(axis=2)  # from .1 s after the word on
    model = Layers(2, (0.01, 0.1, *ALPHAS), cv="blocked").fit(X, best)
    assert (model.layer_[:4] == 0).sum() >= 3 and (model.layer_[4:] == 1).sum() >= 3
