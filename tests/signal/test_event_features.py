"""What events say of each volume."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal.event_features import EventFeature, EventFeatures
from neurodecode.signal.hemodynamics import held_response

EVENTS = pd.DataFrame(
    {
        "onset": [0.0, 4.0, 6.0, 13.0],
        "duration": [4.0, 4.0, 4.0, 1.0],
        "label": ["face", "house", "face", "house"],
        "names": ["A, B", None, "C", "A, B, C"],
        "camera": ["Close Up", "Medium", None, "Tracking, Medium"],
        "rating": [1.0, 3.0, 5.0, 2.0],
        "other": ["+", "-", "+", "-"],
    }
)


def volumes(n=8, t_r=2.0, wide=False):
    data = np.arange(2.0 * n).reshape(2, n)
    space = Space("parcels", ("a", "b"))
    axes = ("parcel", "time") if wide else ("parcel",)
    return Signal(data if wide else data.T, space, axes, 1 / t_r, EVENTS)


def track(**asked):
    return EventFeatures({"one": asked})(volumes()).tracks["features"][:, 0].tolist()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # Volumes at 0, 2 … 14 s; that at 6 s lies in two events, none begins in the last one.
        ({"column": "label", "equals": "face"}, [1, 1, 0, 0.5, 1, 0, 0, 0]),
        ({"column": "camera", "contains": "Medium"}, [0, 0, 1, 0.5, 0, 0, 0, 0]),
        ({"column": "names", "given": True}, [1, 1, 0, 0.5, 1, 0, 0, 0]),
        ({"column": "names", "count": ","}, [2, 2, 0, 0.5, 1, 0, 0, 0]),
        ({"column": "rating"}, [1, 1, 3, 4, 5, 0, 0, 0]),
        ({"column": ["rating", "rating"]}, [1, 1, 3, 4, 5, 0, 0, 0]),
        ({"column": "other", "codes": {"+": 2.0, "-": -1.0}}, [2, 2, -1, 0.5, 2, 0, 0, 0]),
        ({"at": "onset"}, [1, 0, 1, 1, 0, 0, 1, 0]),
        ({"column": "rating", "at": "onset"}, [1, 0, 3, 5, 0, 0, 2, 0]),
    ],
    ids=lambda one: " ".join(map(str, one.values())) if isinstance(one, dict) else "",
)
def test_a_feature_of_each_volume(asked, expected):
    assert track(**asked) == expected


def test_levels_are_columns_and_features_stand_in_their_order():
    asked = {
        "what": {"column": "label", "levels": ("house", "face"), "at": "onset"},
        "any": {"at": "onset"},
    }
    found = EventFeatures(asked, track="shown")(volumes()).tracks["shown"]
    np.testing.assert_array_equal(found[0], [0, 1, 1])
    np.testing.assert_array_equal(found.sum(axis=0), [2, 2, 4])


@pytest.mark.parametrize("wide", [False, True])
def test_every_volume_is_a_row_with_its_own_data(wide):
    signal = EventFeatures({"any": {"at": "onset"}})(volumes(wide=wide))
    assert signal.axes == ("parcel",) and signal.n_times == 8
    np.testing.assert_array_equal(signal.data[3], [3.0, 11.0])
    np.testing.assert_array_equal(signal.events["onset"], 2.0 * np.arange(8))
    assert (signal.events["duration"] == 2.0).all()


def test_features_are_followed_by_a_response_and_lose_the_trend_of_the_data():
    asked = {"face": {"column": "label", "equals": "face"}}
    plain = EventFeatures(asked)(volumes()).tracks["features"]
    followed = EventFeatures(asked, hrf="glover")(volumes()).tracks["features"]
    kernel = held_response("glover", 2.0)
    np.testing.assert_allclose(followed[:, 0], np.convolve(plain[:, 0], kernel)[:8])
    rest = EventFeatures(asked, hrf="glover", detrend=1)(volumes()).tracks["features"][:, 0]
    fit = np.polyval(np.polyfit(np.arange(8), followed[:, 0], 1), np.arange(8))
    np.testing.assert_allclose(rest, followed[:, 0] - fit, atol=1e-12)


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"column": "lable", "equals": "face"}, DataError, "no column 'lable'"),
        ({"column": "names"}, DataError, "holds words or nothing"),
        ({"column": "other", "codes": {"+": 1.0}}, DataError, "do not name '-'"),
        ({"column": "label", "equals": "a", "given": True}, ConfigError, "expected one of"),
        ({"given": True}, ConfigError, "name the one that is looked at"),
    ],
)
def test_what_cannot_become_a_number(asked, error, message):
    with pytest.raises(error, match=message):
        EventFeatures({"one": asked})(volumes())


def test_an_event_without_a_word_is_0_and_another_unknown_word_is_named():
    events = pd.DataFrame(
        {"onset": [0.0, 4.0], "duration": 2.0, "label": "a", "other": [None, "?"]}
    )
    with pytest.raises(DataError, match=r"do not name '\?'"):
        EventFeatures({"one": {"column": "other", "codes": {"+": 1.0}}})(
            replace(volumes(), events=events)
        )


def test_features_are_named():
    with pytest.raises(ConfigError, match="name one at least"):
        EventFeatures({})
    assert EventFeatures({"one": EventFeature()}).preview(volumes()).axes == ("parcel",)
