"""Is a model better than all others, by blocks: sums against rows, and what chance finds."""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.linalg.block_bootstrap import _block_sums, _correlations, beats_all

RNG = np.random.default_rng(0)


def test_correlations_of_blocks_are_those_of_their_rows():
    said, true = RNG.standard_normal((2, 60, 4))
    number = np.repeat(np.arange(12), 5)
    counts = np.random.default_rng(1).multinomial(12, np.full(12, 1 / 12), size=3)
    found = _correlations(_block_sums(said, true, number), counts)
    for drawn, row in zip(counts, found, strict=True):
        at = np.concatenate(
            [np.repeat(np.flatnonzero(number == b), n) for b, n in enumerate(drawn)]
        )
        expected = [np.corrcoef(said[at, i], true[at, i])[0, 1] for i in range(4)]
        np.testing.assert_allclose(row, expected, atol=1e-12)


def test_a_better_model_is_found_and_an_equal_one_is_not():
    true = RNG.standard_normal((300, 20))
    noise = RNG.standard_normal((2, 300, 20))
    better, worse = true + noise[0], true + 4 * noise[1]
    better[:, 10:] = true[:, 10:] + 4 * noise[0][:, 10:]  # of half of the targets no better
    blocks = np.arange(300) // 10
    found = beats_all(better, [worse, 0 * worse], true, blocks, n_draws=400)
    assert (found.q[:10] < 0.05).all() and (found.q[10:] < 0.05).sum() <= 2
    assert found.n_candidates == 20 and (found.difference[:10] > 0.3).all()


def test_an_equal_model_is_rarely_called_better():
    p = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        true, one, other = rng.standard_normal((3, 200, 50))
        p.append(beats_all(one, [other], true, np.arange(200) // 5, n_draws=200).p)
    # 400 tests at .05: 20 are expected, and 35 are three standard errors more.
    assert (np.concatenate(p) < 0.05).sum() <= 35


def test_groups_are_means_and_folds_lose_theirs():
    true, said, other = RNG.standard_normal((3, 100, 6))
    folds = np.repeat(np.arange(5), 20)
    moved = said + 10 * folds[:, None]  # as training means may move whole folds
    groups = np.array([0, 0, 1, 1, 2, 2])
    blocks = np.arange(100) // 5
    asked = {"folds": folds, "groups": groups, "n_draws": 50}
    one = beats_all(said, [other], true, blocks, **asked)
    two = beats_all(moved, [other], true, blocks, **asked)
    np.testing.assert_allclose(one.difference, two.difference, atol=1e-10)
    assert one.difference.shape == (3,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"others": []}, "Give two models at least"),
        ({"blocks": np.arange(40) // 10}, "in 4 blocks for 40 rows"),
        ({"true": np.full((40, 2), np.nan)}, "a value is not finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, said):
    given = {
        "said": np.ones((40, 2)), "others": [np.ones((40, 2))], "true": np.ones((40, 2)),
        "blocks": np.arange(40) // 2,
    } | change  # fmt: skip
    with pytest.raises(DataError, match=said):
        beats_all(**given)
