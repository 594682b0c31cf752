"""The causal filter that runs on is scipy's on the whole recording, to the bit."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.signal._running import RunningSections

SFREQ, N_TIMES = 250.0, 600
BANDS = {"8 to 32 Hz": ((8, 32), "bandpass"), "from 0.5 Hz": (0.5, "highpass")}


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("initial", ["steady", "zero"])
@given(
    sizes=st.one_of(
        st.just([1] * N_TIMES),
        st.just([0, N_TIMES]),
        st.lists(st.integers(0, 120), max_size=12),
    ),
    seed=st.integers(0, 5),
)
@settings(max_examples=15, deadline=None)
def test_any_chunks_are_sosfilt_of_the_whole(band, initial, sizes, seed):
    corner, kind = BANDS[band]
    sections = scipy.signal.butter(4, corner, kind, fs=SFREQ, output="sos")
    x = np.random.default_rng(seed).normal(size=(3, N_TIMES)) + 100 * seed
    zi = scipy.signal.sosfilt_zi(sections)[:, None] * x[:, :1]
    theirs = scipy.signal.sosfilt(sections, x, zi=zi if initial == "steady" else 0 * zi)[0]
    running = RunningSections(sections, initial)
    pieces = np.split(x, np.cumsum(sizes), axis=1)
    ours = np.concatenate([running.push(piece) for piece in pieces], axis=1)
    np.testing.assert_array_equal(ours, theirs)
