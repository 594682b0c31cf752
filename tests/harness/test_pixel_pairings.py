"""p of metrics of pictures that are none of retrieval: answers are dealt to other pictures."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import DataError
from neurodecode.harness import chance_pairings
from neurodecode.harness.chance_pairings import ChancePairings
from neurodecode.harness.paired_bootstrap import drawn_with
from neurodecode.harness.score import Group
from neurodecode.harness.scorer import Scorer
from neurodecode.metrics.image import likeness_to_all, pixcorr

SHOWN = np.array([0, 0, 1, 2, 2, 2, 3, 4])  # pictures are shown once to three times


def of_pictures(pred, pictures):
    rows = np.arange(len(SHOWN))
    return Group("m", 0, "f", "1", "1", -1, -1, rows, pictures[SHOWN], pred, None, "", np.zeros(0))


def pairings(group, n_draws=20_000, metrics=("pixcorr",), **columns):
    rows = pd.DataFrame({"uid": [f"u{i}" for i in range(len(SHOWN))], **columns})
    return ChancePairings([group], rows, Scorer("picture", 0, None), metrics, n_draws)


@pytest.fixture
def seen():
    rng = np.random.default_rng(3)
    pictures = rng.uniform(size=(5, 3, 4, 1)).astype(np.float32)
    pred = 0.35 * pictures[SHOWN] + 0.65 * rng.uniform(size=(len(SHOWN), 3, 4, 1))
    return pictures, pred.astype(np.float32)


def by_hand(pictures, pred):
    """Share of all ways to deal five pictures in which PixCorr is as high as it is."""
    values = likeness_to_all(pictures, pred)
    rows = np.arange(len(SHOWN))
    scores = [values[np.array(one)[SHOWN], rows].mean() for one in permutations(range(5))]
    own = values[SHOWN, rows].mean()
    assert own == pytest.approx(pixcorr(pictures[SHOWN], pred), abs=1e-7)
    return np.mean(np.array(scores) >= own - 1e-12)


def test_p_of_pixcorr_is_that_of_all_ways_to_deal_the_pictures(seen):
    pictures, pred = seen
    expected = by_hand(pictures, pred)
    assert 0.005 < expected < 0.2  # of 120 ways; else nothing would be told apart
    found = pairings(of_pictures(pred, pictures)).p("m", "pixcorr")
    # Four standard deviations of a share of 20,000 draws.
    assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / 20_000))


def test_blocks_change_nothing(seen, monkeypatch):
    pictures, pred = seen
    whole = pairings(of_pictures(pred, pictures), 500).p("m", "pixcorr")
    monkeypatch.setattr(chance_pairings, "_MOST_AT_ONCE", 7)  # a row and a picture at a time
    assert pairings(of_pictures(pred, pictures), 500).p("m", "pixcorr") == whole


def test_constant_answers_deal_nothing_better_or_worse(seen):
    pictures, pred = seen
    same = np.repeat(pred[:1], len(SHOWN), axis=0)
    once = of_pictures(same, pictures).take(np.array([0, 2, 3, 6, 7]))
    assert pairings(once).p("m", "pixcorr") == 1.0


def test_whole_concepts_are_dealt(seen):
    pictures, pred = seen
    one = pairings(of_pictures(pred, pictures), concept=["c"] * len(SHOWN))
    assert one.p("m", "pixcorr") is None  # there is nothing to deal it to


def test_flat_pictures_are_left_out_as_the_score_leaves_them(seen):
    pictures, pred = seen
    pictures[2] = 0.5
    p = pairings(of_pictures(pred, pictures)).p("m", "pixcorr")
    assert p is not None
    assert 0 < p <= 1
    pictures[:] = 0.5
    with pytest.raises(DataError, match="flat grey"):
        pixcorr(pictures[SHOWN], pred)
    assert pairings(of_pictures(pred, pictures)).p("m", "pixcorr") is None


def test_intervals_draw_pictures_whole():
    rows = pd.DataFrame(
        {"uid": ["a", "b", "c"], "recording": "r", "stimulus": ["p", "p", None], "block": [1, 2, 2]}
    )
    assert drawn_with(rows, None, "picture").tolist() == ["p", "p", "c"]
