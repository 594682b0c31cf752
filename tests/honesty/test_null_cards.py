"""Nothing is found in the simulated recordings of any card once their effect is switched off."""

import re
from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest
from honesty_studies import far_from_chance, run
from null_cards import CARDS, study_of

from neurodecode.core.files import shipped_folder

N_SEEDS = 20
# Their tasks name no target, which is a feature of pictures; but for v4_natural, they are made as
# simulated_*_pictures and simulated_fmri_tokens are.
NOTHING_PLANTED = {
    "algonauts2023",
    "allen_observatory",
    "v4_natural",
    "bold5000",
    "god",
    "nsd",
    "things_eeg2",
    "things_fmri",
    "things_meg",
}


# What models read or learn that a card has not; an encoder that finds nothing may say the mean.
NOT_HERE = re.compile(
    r"not computed: r: the predictions are constant|not run: (fold [^:]+: )?"
    r"(it |features of shape|delays: |encode.response_optimized reads|encode.banded_ridge: bands)"
)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Give the table of a card with a seed; each is run once, whichever test asks first."""
    folder = tmp_path_factory.mktemp("null")

    @cache
    def rows_of(null, seed):
        place = folder / null.name.replace(" ", "_") / f"{seed}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NEURODECODE_CACHE", str(place / "cache"))
            rows = run(study_of(null, seed, place), place / "results")
        # Without an effect an oracle may answer alike always, and have no score.
        rows = [row for row in rows if row.role != "ceiling"]
        refused = [row for row in rows if row.note]
        assert all(NOT_HERE.match(row.note) for row in refused), refused
        return [row for row in rows if not row.note]

    return rows_of


def of_seeds(found, null, n_seeds):
    """Scores less chance, of each model and of its null, one a seed."""
    scores, nulls = defaultdict(list), defaultdict(list)
    for seed in range(n_seeds):
        for row in found(null, seed):
            scores[row.model].append(row.mean - row.chance)
            if row.shuffled_mean is not None:
                nulls[row.model].append(row.shuffled_mean - row.chance)
    return scores, nulls


@pytest.mark.slow
@pytest.mark.parametrize("null", CARDS, ids=lambda null: null.name)
def test_nothing_is_found_over_twenty_seeds(null, found):
    scores, nulls = of_seeds(found, null, N_SEEDS)
    assert scores and nulls
    assert not far_from_chance(scores)
    assert not far_from_chance(nulls)


@pytest.mark.slow
def test_intervals_of_all_cards_hold_chance(found):
    inside = Counter()
    for null in CARDS:
        for seed in range(N_SEEDS):
            for row in found(null, seed):
                if row.ci_low < row.ci_high:  # a model that always answers alike has no spread
                    inside[row.ci_low <= row.chance <= row.ci_high] += 1
    assert 0.91 <= inside[True] / inside.total() <= 0.98


QUICK = [null for null in CARDS if null.card == "abide_aal116"]


@pytest.mark.parametrize("null", QUICK, ids=lambda null: null.name)
def test_little_is_found_with_three_seeds(null, found):
    """A score has the s.d. of a few dozen guesses, whatever the model."""
    scores, nulls = of_seeds(found, null, 3)
    assert scores and nulls
    for one in (*scores.values(), *nulls.values()):
        assert abs(np.mean(one)) < 4 * 0.5 / np.sqrt(3 * 36) * np.sqrt(2)


def test_every_card_is_asked():
    cards = {path.stem for path in shipped_folder("datasets").glob("*.yaml")}
    assert {null.card for null in CARDS} == cards - NOTHING_PLANTED
