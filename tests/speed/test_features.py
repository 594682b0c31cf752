"""A hit in the cache of features, beside computing them again picture by picture."""

import time
from importlib import metadata
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from neurodecode.core.stimuli import Stimuli
from neurodecode.data.cards import load_card
from neurodecode.data.simulated import simulated_stimuli
from neurodecode.features._computing import compute
from neurodecode.features.gabor import Gabor

N_REPEATS = 5
RATIO = 50.0  # of the times, and more: what is left of a hit is naming pictures and opening a map


def timed(function):
    start = time.process_time()
    return function(), time.process_time() - start


def test_a_hit_beside_computing_again(tmp_path, capsys):
    shown = simulated_stimuli(load_card("v4_natural"), "full", "means")
    few = shown.table.iloc[:200]
    stimuli = Stimuli(few, shown.read, made_from=shown.made_from)
    pictures = [shown[one] for one in few.index]
    extract = Gabor().open()
    hits, agains = [], []
    with threadpool_limits(1):
        compute(Gabor(), stimuli, tmp_path)
        for _ in range(N_REPEATS):
            table, seconds = timed(lambda: compute(Gabor(), stimuli, tmp_path))
            hits.append(seconds)
            values, seconds = timed(lambda: extract(pictures))
            agains.append(seconds)
    np.testing.assert_array_equal(table.part.open(), values.astype(np.float16))
    ratio = median(agains) / median(hits)
    with capsys.disabled():
        print(
            f"\nfeatures of {len(few)} pictures: a hit {1e3 * median(hits):.1f} ms, again "
            f"{median(agains):.2f} s, ratio {ratio:.0f} (scipy {metadata.version('scipy')})"
        )
    assert ratio > RATIO
