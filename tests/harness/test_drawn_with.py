"""What rows are drawn with by a bootstrap: stimuli shown anew, blocks, or themselves."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.harness.paired_bootstrap import bootstrap_scores, drawn_with
from neurodecode.harness.score import NO_DRAW, Group
from neurodecode.harness.scorer import Scorer
from neurodecode.linalg.stats import percentile_interval
from neurodecode.metrics.regression import r

N_PICTURES, N_REPEATS, N_VOXELS = 20, 6, 30


def table(stimulus, recording, **columns):
    """Rows in the order of recording and time."""
    uid = [f"r{i:03d}" for i in range(len(stimulus))]
    return pd.DataFrame({"uid": uid, "recording": recording, "stimulus": stimulus, **columns})


def of_pictures(seed=0):
    """Six runs, each of which shows all pictures once, in an order of its own."""
    rng = np.random.default_rng(seed)
    shown = np.concatenate([rng.permutation(N_PICTURES) for _ in range(N_REPEATS)])
    return shown, table([f"p{i:02d}" for i in shown], np.repeat(list("abcdef"), N_PICTURES))


def test_brains_of_one_picture_are_drawn_together():
    _, rows = of_pictures()
    assert drawn_with(rows, None, "brain").tolist() == rows["stimulus"].tolist()
    some = rows.assign(stimulus=rows["stimulus"].where(rows["stimulus"] != "p03"))
    names = drawn_with(some, None, "brain")
    assert (
        names[some["stimulus"].isna()].tolist() == rows["uid"][rows["stimulus"] == "p03"].tolist()
    )


def test_pictures_that_are_shown_once_are_drawn_as_rows():
    _, rows = of_pictures()
    once = rows.iloc[:N_PICTURES]
    assert drawn_with(once, None, "brain").tolist() == once["uid"].tolist()


@pytest.mark.parametrize("n_films", [1, 3])
def test_the_rows_of_a_film_are_drawn_one_by_one_or_by_block(n_films):
    films = np.repeat([f"film {i}" for i in range(n_films)], 40)
    recording = np.repeat(["a", "b"], len(films))  # who came twice saw the same
    rows = table(np.tile(films, 2), recording)
    assert drawn_with(rows, None, "brain").tolist() == rows["uid"].tolist()
    rows["block"] = np.arange(len(rows)) // 10
    assert len(set(drawn_with(rows, None, "brain"))) == len(rows) / 10


def test_volumes_that_follow_each_other_are_drawn_by_stretches():
    n = 40
    rows = table(np.full(2 * n, "film"), np.repeat(["a", "b"], n))
    rows = rows.assign(onset=np.tile(1.5 * np.arange(n) + 6, 2), duration=1.5)
    names = drawn_with(rows, None, "brain")
    # Twenty seconds are 13.3 volumes: 14, 13 and 13 of them.
    assert pd.Series(names).value_counts(sort=False).tolist() == [14, 13, 13] * 2
    slow = rows.assign(onset=2 * rows["onset"], duration=3.0)  # ten volumes are thirty seconds
    assert pd.Series(drawn_with(slow, None, "value")).value_counts().tolist() == [10] * 8
    assert drawn_with(rows, None, "label").tolist() == rows["uid"].tolist()
    apart = rows.assign(duration=1.0)  # trials with a pause
    assert drawn_with(apart, None, "brain").tolist() == rows["uid"].tolist()


def test_other_truths_are_drawn_as_before():
    _, rows = of_pictures()
    assert drawn_with(rows, None, "value").tolist() == rows["uid"].tolist()


def interval(rows, names, true, pred):
    group = Group(
        "m", 0, "f", "1", "", NO_DRAW, NO_DRAW, np.arange(len(rows)), true, pred, None, "",
        np.zeros(N_VOXELS),
    )  # fmt: skip
    scores, _ = bootstrap_scores([group], names, r, Scorer("brain", 0, None))
    return percentile_interval(scores)


def test_repeats_that_share_an_error_do_not_narrow_the_interval():
    """Answers are off by picture: six repeats tell no more of it than one does.

    Drawn as rows they count as six times as many pictures, whose interval is narrower by the root
    of six, 2.4; drawn by picture the interval is that of one showing of each.
    """
    shown, rows = of_pictures()
    rng = np.random.default_rng(1)
    brain = rng.standard_normal((N_PICTURES, N_VOXELS))
    told = brain + rng.standard_normal((N_PICTURES, 1)) * rng.standard_normal(N_VOXELS)
    once = slice(N_PICTURES)
    by_stimulus = interval(rows, drawn_with(rows, None, "brain"), brain[shown], told[shown])
    by_row = interval(rows, rows["uid"].to_numpy(), brain[shown], told[shown])
    single = rows.iloc[once], rows["uid"].to_numpy()[once], brain[shown[once]], told[shown[once]]
    widths = [np.ptp(one) for one in (by_stimulus, by_row, interval(*single))]
    assert widths[0] > 1.8 * widths[1]
    assert widths[0] == pytest.approx(widths[2], rel=0.1)
