"""Block permutation beside a vectorised recomputation of all correlations, with equal outputs."""

import numpy as np
import pytest
from side_by_side import beside, told

from neurodecode.linalg.block_permutation import block_orders, block_permutation

N_DRAWS = 1000


# With one long run and short blocks there are many products of blocks to pick from.
@pytest.mark.parametrize(
    ("n_runs", "n_times", "n_targets", "block", "promised"),
    [(1, 600, 2000, 10, 8), (1, 600, 2000, 20, 8), (4, 1200, 1000, 10, 8)],
)
def test_orders_of_blocks_beside_recomputation(n_runs, n_times, n_targets, block, promised, capsys):
    rng = np.random.default_rng(0)
    runs = np.repeat(np.arange(n_runs), n_times // n_runs)
    true = rng.normal(size=(n_times, n_targets)).astype(np.float32)
    pred = 0.1 * true + rng.normal(size=true.shape).astype(np.float32)
    orders = block_orders(runs, block, N_DRAWS)

    def ours():
        return block_permutation(true, pred, runs, block=block, n_draws=N_DRAWS).largest

    def recomputed():
        left, right = ((one - one.mean(axis=0)) / one.std(axis=0) for one in (true, pred))
        return np.array([(left[order] * right).mean(axis=0).max() for order in orders])

    found, expected, mine, other = beside(ours, recomputed, (4, 4))
    np.testing.assert_allclose(found, expected, atol=2e-6)
    what = (
        f"{n_times} samples in {n_runs} runs, {n_targets} targets, blocks of {block}, "
        f"{N_DRAWS} orders"
    )
    told(capsys, what, mine, "recomputed", other, promised)
