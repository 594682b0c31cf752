"""Which recordings a kept model may be handed: of its layout, or of any where it reads any."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.harness.apply import misfit
from neurodecode.models.align.benchetrit import Benchetrit
from neurodecode.models.align.mlp import Mlp
from neurodecode.models.align.nice import Nice

TRAINED = {
    "kind": "sensors", "space": "of training", "names": ["Fz", "Cz", "Pz"], "unit": "V",
    "sfreq": 100.0,
}  # fmt: skip


def recorded(*names, positions=True, **changes):
    places = np.random.default_rng(0).normal(size=(len(names), 3)) if positions else None
    space = replace(Space("sensors", names, ("eeg",) * len(names), places, unit="V"), **changes)
    data = np.zeros((len(space), 500))
    return Signal(data, space, ("channel", "time"), 100.0, pd.DataFrame())


def problem(model, signal):
    return misfit(signal, "new.fif", TRAINED, model.needs)


def test_a_model_that_reads_sensors_by_their_place_takes_another_layout():
    others = recorded("O1", "Oz", "O2", "Iz")
    assert problem(Benchetrit(), others) == ""
    assert "lacks Fz, Cz, Pz" in problem(Nice(), others)
    assert problem(Nice(), recorded("Fz", "Cz", "Pz")) == ""


def test_sensors_without_a_place_are_refused_to_it():
    said = problem(Benchetrit(), recorded("O1", "Oz", positions=False))
    assert "new.fif" in said and "2 of 2 have no position, the first 'O1'" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unit": "T"}, "its unit is T, the model was trained on V"),
        ({"kind": "parcels"}, "sensors"),
    ],
)
def test_another_unit_or_kind_of_space_is_refused_to_all(changes, said):
    assert said in problem(Benchetrit(), recorded("O1", "Oz", **changes))


def test_voxels_of_another_space_are_left_to_the_model_that_has_several():
    ijk = np.zeros((4, 3), dtype=int)
    space = Space("voxels", affine=np.eye(4), shape=(2, 2, 2), ijk=ijk)
    signal = Signal(np.zeros((2, 4)), space, ("voxel",), None, pd.DataFrame())
    trained = {"kind": "voxels", "space": "of the first", "names": [], "unit": "", "sfreq": None}
    assert misfit(signal, "new.nii", trained, Mlp().needs) == ""
    assert "is not the space that the model" in misfit(signal, "new.nii", trained)
