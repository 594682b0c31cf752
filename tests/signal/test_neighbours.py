"""References and means that look at neighbours: on a shaft, and in time."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal.laplacian import Laplacian
from neurodecode.signal.moving_mean import MovingMean


def seeg(names, n_times=50, sfreq=100.0):
    data = np.random.default_rng(0).standard_normal((len(names), n_times))
    space = Space("sensors", tuple(names), ("seeg",) * len(names))
    return Signal(data, space, ("channel", "time"), sfreq, pd.DataFrame())


def test_contacts_with_both_neighbours_are_left():
    signal = seeg(["LA2", "LA1", "LA3", "LA5", "LA4", "LA7", "RB1", "RB2", "EKG"])
    made = Laplacian()(signal)
    assert signal.data is not None and made.data is not None
    # LA1 and LA5 end the shaft, since LA6 was not recorded; RB has no middle.
    assert made.space.names == ("LA2", "LA3", "LA4")
    at = dict(zip(signal.space.names, signal.data, strict=True))
    np.testing.assert_allclose(made.data[1], at["LA3"] - (at["LA2"] + at["LA4"]) / 2)
    # What all contacts share, as the reference's noise, is gone.
    moved = Signal(signal.data + 7.0, signal.space, signal.axes, 100.0, pd.DataFrame())
    np.testing.assert_allclose(Laplacian()(moved).data, made.data, atol=1e-12)


def test_contacts_without_numbers_have_no_neighbours():
    with pytest.raises(DataError, match=r"no contact of .* has two neighbours"):
        Laplacian().preview(seeg(["LA1", "LA2", "RB1", "EKG"]))


def test_the_mean_of_a_window_is_that_of_its_samples():
    signal = seeg(["a"], n_times=40)
    made = MovingMean(length=0.08)(signal)
    assert signal.data is not None and made.data is not None
    np.testing.assert_allclose(made.data[0, 20], signal.data[0, 16:25].mean())
    np.testing.assert_allclose(made.data[0, 1], signal.data[0, :6].mean())  # cut by the beginning
    assert MovingMean(length=0.08).ahead(100.0) == pytest.approx(0.04)
    # An impulse is seen from half a window before it: such a mean looks ahead, and says so.
    impulse = np.zeros((1, 40))
    impulse[0, 20] = 9.0
    seen = MovingMean(length=0.08)(
        Signal(impulse, signal.space, signal.axes, 100.0, pd.DataFrame())
    ).data
    np.testing.assert_array_equal(np.flatnonzero(np.round(seen[0], 12)), np.arange(16, 25))
