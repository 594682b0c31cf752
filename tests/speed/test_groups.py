"""Sums by group beside ``np.add.at``: one process, one thread."""

from time import process_time

import numpy as np

from neurodecode.linalg.groups import group_sums


def test_of_many_long_rows_it_is_faster_than_adding_at():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4000, 512)).astype(np.float32)  # answers of a network, float32
    group = rng.integers(0, 200, 4000)

    def added_at():
        sums = np.zeros((200, 512))
        np.add.at(sums, group, values)

    def best(run):
        took = []
        for _ in range(3):
            began = process_time()
            run()
            took.append(process_time() - began)
        return min(took)

    # 24 times were measured with 16,000 rows of 1024.
    assert best(added_at) > 4 * best(lambda: group_sums(values, group))
