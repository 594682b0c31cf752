"""Recordings of different channels are brought to one list, by plain preparations."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.space import Space
from neurodecode.signal.channels import Pick
from neurodecode.signal.interpolate import Interpolate
from neurodecode.signal.montage import all_channels, channel_preparations, common_channels

NAMES = ("Fz", "C3", "Cz", "C4", "Pz", "O1", "O2", "P3", "P4")


@pytest.fixture(scope="module")
def header(eeg):
    """Give the factory of headers with the channels named, at places that their names decide."""

    def make(names, types=None, places=True):
        rng = np.random.default_rng
        positions = np.array([rng(sum(map(ord, one))).normal(size=3) for one in names])
        positions[:, 2] = np.abs(positions[:, 2])
        positions *= 0.09 / np.linalg.norm(positions, axis=1, keepdims=True)
        space = Space(
            "sensors",
            tuple(names),
            types or ("eeg",) * len(names),
            positions if places else None,
            unit="V",
        )
        return replace(eeg(), data=None, space=space)

    return make


def applied(header, preparations):
    for preparation in preparations:
        header = preparation.preview(header)
    return header


def test_common_channels_are_in_the_order_of_the_first(header):
    headers = {"a": header(NAMES), "b": header(("O2", "Cz", "Fz", "T9")), "c": header(NAMES[::-1])}
    assert common_channels(headers) == ("Fz", "Cz", "O2")
    steps = channel_preparations(headers, "common")
    assert steps["a"] == steps["b"] == (Pick(("Fz", "Cz", "O2")),)
    assert {applied(headers[k], steps[k]).space.names for k in headers} == {("Fz", "Cz", "O2")}


@pytest.mark.parametrize("channels", ["common", "interpolate"])
def test_recordings_of_one_list_are_left_alone(header, channels):
    headers = {"a": header(NAMES), "b": header(NAMES)}
    assert channel_preparations(headers, channels) == {"a": (), "b": ()}


@given(data=st.data())
def test_common_channels_of_any_sets(header, data):
    subsets = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
    several = data.draw(st.lists(subsets, min_size=1, max_size=4))
    headers = {f"r{i}": header(names) for i, names in enumerate(several)}
    wanted = set(several[0]).intersection(*several)
    if not wanted:
        with pytest.raises(DataError, match="no channel is common"):
            common_channels(headers)
        return
    assert common_channels(headers) == tuple(one for one in several[0] if one in wanted)


def test_interpolation_brings_all_to_the_union(header):
    headers = {
        "a": header(NAMES[:7]),
        "b": header((*NAMES[2:], "VEOG"), ("eeg",) * 7 + ("eog",)),
        "c": header(NAMES),
    }
    assert all_channels(headers) == NAMES
    steps = channel_preparations(headers, "interpolate")
    spaces = {applied(headers[k], steps[k]).space for k in headers}
    assert len(spaces) == 1  # names, types and places
    assert spaces.pop().names == NAMES
    fill, pick = steps["b"]
    assert isinstance(fill, Interpolate) and fill.channels == ("Fz", "C3")
    assert pick == Pick(NAMES)
    assert steps["c"] == ()
    # Plain values: made anew they are equal, and moving an electrode changes the key.
    assert channel_preparations(headers, "interpolate") == steps
    moved = replace(fill, positions=(fill.positions[0], (0.0, 0.0, 0.09)))
    assert digest(asdict(moved)) != digest(asdict(fill)) == digest(asdict(replace(fill)))
    assert all(type(x) is float for place in fill.positions for x in place)


def test_what_cannot_be_interpolated_is_kept_where_all_have_it(header):
    types = ("eeg",) * 6 + ("eog",)
    headers = {
        "a": header((*NAMES[:6], "HEOG"), types),
        "b": header((*NAMES[1:7], "HEOG"), types),
        "c": header((*NAMES[:6], "HEOG", "EMG"), (*types, "emg")),
    }
    assert all_channels(headers) == (*NAMES[:6], "HEOG", "O2")


def test_places_come_from_the_first_recording_that_knows_them(header):
    unknown = header(NAMES, places=False)
    headers = {"a": unknown, "b": header(NAMES), "c": header(NAMES[:6])}
    fill, *_ = channel_preparations(headers, "interpolate")["c"]
    wanted = header(NAMES).space.positions[6:]
    assert fill.positions == tuple(map(tuple, wanted.tolist()))


def test_nothing_in_common_says_who_lacks_what(header):
    headers = {"a": header(("Fz", "Cz")), "b": header(("Cz", "Pz")), "c": header(("Pz", "Fz"))}
    with pytest.raises(DataError) as caught:
        channel_preparations(headers, "common")
    assert "common to the 3 recordings: a lacks Pz; b lacks Fz; c lacks Cz" in str(caught.value)
    bare = {name: header(one.space.names, places=False) for name, one in headers.items()}
    with pytest.raises(DataError, match="none is an EEG channel at a known place: a lacks Pz"):
        channel_preparations(bare, "interpolate")


@pytest.mark.parametrize("channels", ["common", "interpolate"])
def test_names_that_differ_in_case_alone_are_no_other_channels(header, channels):
    headers = {"a": header(("Fz", "Cz")), "b": header(("Fz", "CZ"))}
    with pytest.raises(DataError, match="'CZ' of b is written 'Cz' in a"):
        channel_preparations(headers, channels)
    both = {"a": header(("a1", "A1")), "b": header(("a1", "A1"))}
    assert common_channels(both) == ("a1", "A1")


def test_what_cannot_be_meant(header, volumes):
    with pytest.raises(ConfigError, match="channels: 'all' is not known"):
        channel_preparations({"a": header(NAMES)}, "all")
    with pytest.raises(DataError, match="there is no recording"):
        channel_preparations({}, "common")
    with pytest.raises(DataError, match=r"a has .* which are no named sensors"):
        channel_preparations({"a": replace(volumes(), data=None)}, "common")
    types = {"a": header(("Fz", "Cz")), "b": header(("Fz", "Cz"), ("eeg", "misc"))}
    with pytest.raises(DataError, match="'Cz' is of type misc in b and eeg in a"):
        channel_preparations(types, "common")
    few = {"a": header(NAMES), "b": header(("Fz", "Cz"))}
    with pytest.raises(DataError, match="b: interpolate: 2 other EEG channels"):
        channel_preparations(few, "interpolate")
