"""Spherical splines against mne."""

from dataclasses import replace

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.channels import Drop, Pick
from neurodecode.signal.interpolate import Interpolate
from neurodecode.signal.rank import measured_rank
from neurodecode.signal.reference import Reference

NAMES = ("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8",
         "P7", "P3", "Pz", "P4", "P8", "O1", "Oz", "O2", "VEOG")  # fmt: skip

# In volts, of 20 µV: mne seeks the sphere step by step, and where it stops depends on the order of
# the places in the ninth digit.
ORDER = 1e-13


@pytest.fixture(scope="module")
def montaged(eeg):
    """Give a raw of twenty electrodes at standard places and an eye channel, and its signal."""
    types = ["eeg"] * 20 + ["eog"]
    info = mne.create_info(list(NAMES), 100.0, types)
    data = np.random.default_rng(0).normal(scale=2e-5, size=(21, 500))
    raw = mne.io.RawArray(data, info, verbose="ERROR")
    raw.set_montage("standard_1020", on_missing="ignore", verbose="ERROR")
    places = np.array([channel["loc"][:3] for channel in raw.info["chs"]])
    places[20] = np.nan
    space = replace(eeg().space, names=NAMES, types=tuple(types), positions=places)
    return raw, eeg(data=data, space=space)


def test_replaced_channels_are_mne_interpolation(montaged):
    raw, signal = montaged
    raw = raw.copy()
    raw.info["bads"] = ["T8", "Fp1"]
    raw.interpolate_bads(verbose="ERROR")
    after = Interpolate(["T8", "Fp1"])(signal)
    assert np.array_equal(after.data, raw.get_data())
    assert after.space == signal.space
    assert after.rank == measured_rank(after) == 19
    assert after.notes == ("2 of 21 channels interpolated: T8, Fp1.",)


def test_channels_that_are_not_there_come_after_the_others(montaged):
    raw, signal = montaged
    raw = raw.copy()
    raw.info["bads"] = ["Cz"]
    raw.interpolate_bads(verbose="ERROR")
    place = tuple(signal.space.positions[9])
    lacking = Drop(["Cz"])(signal)
    after = Interpolate(["Cz"], [place])(lacking)
    assert after.space.names == (*lacking.space.names, "Cz")
    assert after.space.types[-1] == "eeg"
    assert after.rank == measured_rank(after) == 20
    back = Pick(NAMES)(after)
    assert back.space == signal.space
    np.testing.assert_allclose(back.data, raw.get_data(), rtol=0, atol=ORDER)


def test_what_was_recorded_there_is_not_looked_at(montaged):
    _, signal = montaged
    data = signal.data.copy()
    data[11] = 0.0  # flat: why it is interpolated
    one, other = Interpolate(["T8"])(signal), Interpolate(["T8"])(replace(signal, data=data))
    assert np.array_equal(one.data, other.data)


def test_rank_after_an_average_reference(montaged):
    _, signal = montaged
    eeg = Drop(["eog"])(signal)
    one = Interpolate(["T8"])(Reference()(eeg))
    assert one.rank == measured_rank(one) == 19
    two = Interpolate(["T8", "Fz"])(Reference()(eeg))
    assert two.rank == measured_rank(two) == 18
    reversed_order = Reference()(Interpolate(["T8", "Fz"])(eeg))
    assert measured_rank(reversed_order) == reversed_order.rank == 17


def test_the_order_of_channels_does_not_matter(montaged):
    _, signal = montaged
    order = np.random.default_rng(1).permutation(21)
    mixed = replace(signal, data=signal.data[order], space=signal.space.take(order))
    ours, theirs = Interpolate(["T8"])(signal), Interpolate(["T8"])(mixed)
    np.testing.assert_allclose(theirs.data, ours.data[order], rtol=0, atol=ORDER)


def test_a_poor_sphere_is_told(eeg):
    note = Interpolate(["Cz"]).preview(replace(eeg(), data=None)).notes[1]
    assert note.startswith("Of the interpolation mne warns: Only ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": "Cz"}, r"interpolate: channels is 'Cz'\. Give a list"),
        ({"channels": ["Cz", "Cz"]}, "one of them twice"),
        ({"channels": ["Cz"], "positions": [[0, 0, 0.1], [0, 0, 0.2]]}, "2 positions for 1"),
        ({"channels": ["Cz"], "positions": [[0, 0.1]]}, r"position of Cz is \[0\.0, 0\.1\]"),
        ({"channels": ["Cz"], "positions": [[0, 0, float("nan")]]}, "position of Cz is"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Interpolate(**arguments)


def test_what_stops_it(montaged, eeg, volumes):
    _, signal = montaged
    space = signal.space

    def refuses(arguments, changed, message):
        for ask in (Interpolate(**arguments), Interpolate(**arguments).preview):
            with pytest.raises(DataError, match=message):
                ask(changed)

    refuses({"channels": ["CZ"]}, signal, r"no channel and no type 'CZ' \(did you mean 'Cz'\?\)")
    refuses({"channels": ["VEOG"]}, signal, "VEOG of .* are no single EEG channels")
    refuses({"channels": ["eeg"]}, signal, "eeg of .* are no single EEG channels")
    refuses({"channels": ["Cz"], "positions": [(0, 0, 0.1)]}, signal, "Cz is there already")
    lost = space.positions.copy()
    lost[9] = np.nan
    hidden = replace(signal, space=replace(space, positions=lost))
    refuses({"channels": ["Cz"]}, hidden, "nothing says where Cz is")
    lost[9] = 0.0  # what mne writes where it knows nothing
    refuses({"channels": ["Cz"]}, hidden, "nothing says where Cz is")
    nowhere = replace(signal, space=replace(space, positions=None))
    refuses({"channels": ["Cz"]}, nowhere, "nothing says where Cz is")
    refuses({"channels": ["FCz"], "positions": [(0, 0, 0.1)]}, nowhere, "0 other EEG channels")
    few = Pick(["Cz", "Pz", "O1", "O2"])(signal)
    refuses({"channels": ["Cz"]}, few, "3 other EEG channels .* a sphere needs 4")
    refuses({"channels": ["x"]}, volumes(), "names no channels")
    refuses({"channels": ["Fz"]}, eeg(types=("mag",) * 6), "no single EEG channels")
    bare = replace(signal, space=replace(space, types=()))
    refuses({"channels": ["Fz"]}, bare, "no single EEG channels")
    chin = np.abs(space.positions) * [1, 1, -1]  # mne fits its sphere to nothing below the nose
    refuses({"channels": ["Cz"]}, replace(signal, space=replace(space, positions=chin)), "sphere")
