"""A recording that is played again, at its own pace or as fast as it goes."""

import numpy as np
import pytest
from streamed import make_recording

from neurodecode.core.errors import ConfigError
from neurodecode.online.sources import replayed


def test_a_replay_is_the_recording_in_numbered_chunks():
    recording = make_recording(105)
    chunks = list(replayed(recording, 0.25))
    assert [one.first for one in chunks] == [0, 25, 50, 75, 100]
    joined = np.concatenate([one.data for one in chunks], axis=1)
    np.testing.assert_array_equal(joined, recording.data)


def test_in_real_time_a_chunk_comes_with_its_last_sample():
    now, waited = [50.0], []

    def sleep(seconds):
        waited.append(seconds)
        now[0] += seconds

    for i, _ in enumerate(
        replayed(make_recording(105), 0.25, "realtime", clock=lambda: now[0], sleep=sleep)
    ):
        now[0] += 0.6 if i == 1 else 0.01  # one decision takes longer than its hop
    # Behind the long one nothing is waited for until the stream has caught up.
    assert waited == pytest.approx([0.25, 0.24, 0.0, 0.0, 0.0], abs=1e-9)


def test_a_chunk_has_a_sample():
    for chunk in (0.001, 0.005, -1, np.nan, np.inf):  # half a sample rounds to none
        with pytest.raises(ConfigError, match=r"chunk: .* less than a sample at 100 Hz"):
            next(replayed(make_recording(), chunk))
