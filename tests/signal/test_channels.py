"""Choosing, ordering, dropping, scaling and referencing channels."""

from dataclasses import replace

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.channels import Drop, Pick, Scale
from neurodecode.signal.rank import measured_rank
from neurodecode.signal.reference import Reference


def test_pick_keeps_the_order_given_and_what_belongs_to_a_channel(eeg):
    signal = eeg()
    picked = Pick(("Cz", "Fz"))(signal)
    assert picked.space.names == ("Cz", "Fz")
    assert np.array_equal(picked.data, signal.data[[2, 0]])
    assert np.array_equal(picked.space.positions, signal.space.positions[[2, 0]])


def test_pick_by_type_and_drop(eeg):
    signal = eeg()
    assert Pick(["eeg"])(signal).space.names == signal.space.names[:7]
    assert Pick(["eog", "Cz"])(signal).space.names == ("HEOG", "Cz")
    assert Drop(["eog", "Fz"])(signal).space.names == signal.space.names[1:7]


def test_a_list_from_a_file_is_the_same_value_as_a_tuple():
    assert Pick(["Cz"]) == Pick(("Cz",))
    assert hash(Drop(["Cz"])) == hash(Drop(("Cz",)))


def test_missing_channels_are_named_with_the_nearest(eeg):
    with pytest.raises(DataError, match=r"no type 'CZ' \(did you mean 'Cz'\?\), 'QQQ'\. It has 8"):
        Pick(["CZ", "QQQ", "Fz"])(eeg())
    with pytest.raises(DataError, match="drop: the recording has no channel and no type 'T9'"):
        Drop(["T9"]).preview(eeg())


def test_what_cannot_be_meant(eeg, volumes):
    with pytest.raises(ConfigError, match=r"Give a list of names or types"):
        Pick("eeg")
    with pytest.raises(ConfigError, match=r"channels is \[\]"):
        Drop([])
    with pytest.raises(DataError, match="'Cz' is asked for twice"):
        Pick(["eeg", "Cz"])(eeg())
    with pytest.raises(DataError, match="leaves none of the 8"):
        Drop(["eeg", "eog"])(eeg())
    with pytest.raises(DataError, match="names no channels"):
        Pick(["Cz"])(volumes())
    with pytest.raises(ConfigError, match="factor is 0"):
        Scale(0)


def test_rank_never_exceeds_the_channels_left(eeg):
    assert Pick(["Cz", "Fz"])(eeg(rank=5)).rank == 2
    assert Drop(["Cz"])(eeg(rank=5)).rank == 5
    assert Drop(["Cz"])(eeg()).rank is None


def test_scale(eeg):
    assert np.array_equal(Scale(1e6)(eeg()).data, eeg().data * 1e6)


@pytest.mark.parametrize("channels", ["average", ("O1", "O2")])
def test_reference_equals_mne(eeg, channels):
    signal = eeg()
    info = mne.create_info(list(signal.space.names), 100.0, list(signal.space.types))
    raw = mne.io.RawArray(signal.data.copy(), info, verbose="ERROR")
    names = channels if channels == "average" else list(channels)
    raw.set_eeg_reference(names, verbose="ERROR")
    after = Reference(channels)(signal)
    np.testing.assert_allclose(after.data, raw.get_data(), rtol=0, atol=1e-19)
    assert np.array_equal(after.data[7], signal.data[7])  # eyes are not referenced
    assert after.rank == measured_rank(after) == 7


def test_average_reference_and_dropping_a_channel_is_full_rank_again(eeg):
    after = Drop(["Cz"])(Reference()(eeg(types=("eeg",) * 7)))
    assert after.rank == measured_rank(after) == 6 == len(after.space)


def test_reference_that_is_not_itself_referenced_costs_no_rank(eeg):
    types = ("eeg",) * 5 + ("misc",) * 2
    after = Reference(("O1", "O2"))(eeg(types=types))
    assert after.rank == measured_rank(after) == 7


def test_reference_needs_channels_that_have_one(eeg, volumes):
    with pytest.raises(DataError, match="no channel of type eeg, ecog, seeg, dbs"):
        Reference()(eeg(types=("mag",) * 4))
    with pytest.raises(DataError, match="one channel to average"):
        Reference().preview(eeg(types=("eeg", "eog")))
    with pytest.raises(DataError, match="no sensors"):
        Reference()(volumes())


def test_without_types_all_channels_are_referenced(eeg):
    signal = eeg()
    bare = replace(signal, space=replace(signal.space, types=()))
    assert np.abs(Reference()(bare).data.mean(axis=0)).max() < 1e-19
