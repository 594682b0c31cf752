import numpy as np
import pandas as pd
import pytest

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.fold import Fold
from neurodecode.core.predictions import Predictions
from neurodecode.core.recording import Signal
from neurodecode.core.rows import Rows, labels_before
from neurodecode.core.space import Space
from neurodecode.core.target import Target


def test_digest_knows_content_not_key_order():
    assert digest({"a": 1, "b": [2, (3,)]}) == digest({"b": [2, [3]], "a": 1})
    assert digest({"a": 1}) != digest({"a": 1.5})
    assert digest_array(np.zeros(3)) != digest_array(np.zeros(3, dtype=np.float32))
    assert digest_array(np.zeros((2, 3))) != digest_array(np.zeros((3, 2)))
    with pytest.raises(TypeError, match="no digest"):
        digest(object())


def test_spaces_are_equal_by_content():
    positions = np.arange(6.0).reshape(2, 3)
    one, other = (Space("sensors", ("Fz", "Cz"), ("eeg",) * 2, positions.copy()) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != one.take(np.array([1, 0]))
    assert one.take(np.array([1])).positions.tolist() == [[3.0, 4.0, 5.0]]


def test_space_goes_back_to_an_image():
    ijk = np.array([[0, 1, 0], [2, 0, 1]])
    space = Space("voxels", affine=np.diag([2.0, 2, 2, 1]), shape=(3, 2, 2), ijk=ijk)
    volume = space.to_image(np.array([5.0, 7.0])).get_fdata()
    assert volume[0, 1, 0] == 5
    assert volume[2, 0, 1] == 7
    assert np.isnan(volume).sum() == volume.size - 2
    with pytest.raises(DataError, match=r"shape \(3,\), expected \(2,\)"):
        space.to_image(np.zeros(3))


def test_space_refuses_lists_of_other_lengths():
    with pytest.raises(DataError, match="types has 1 entries"):
        Space("sensors", ("Fz", "Cz"), ("eeg",))


@pytest.mark.parametrize(
    ("shape", "axes", "time_axis", "feature_axis"),
    [
        ((2, 9), ("channel", "time"), 1, 0),
        ((3, 2, 9), ("band", "channel", "time"), 2, 1),
        ((9, 2), ("voxel",), 0, 1),
    ],
)
def test_signal_knows_its_axes(shape, axes, time_axis, feature_axis):
    signal = Signal(np.zeros(shape), Space("features", ("a", "b")), axes, 1.0, pd.DataFrame())
    assert (signal.time_axis, signal.feature_axis, signal.n_times) == (time_axis, feature_axis, 9)


def test_target_codes_follow_the_declared_order():
    table = pd.DataFrame(
        {
            "recording": "r", "subject": "1", "session": "1", "run": "1", "onset": range(3),
            "duration": 0, "start": range(3), "stop": range(1, 4),
            "label": ["right", "left", "rest"], "rt": [1.0, np.nan, 2.0],
        }
    )  # fmt: skip
    rows = Rows.build(table)
    label = Target("label", column="label", classes=("left", "right"))
    assert label.column_values(rows).tolist() == [1, 0, -1]
    assert label.known(label.column_values(rows)).tolist() == [True, True, False]
    value = Target("value", column="rt")
    assert value.known(value.column_values(rows)).tolist() == [True, False, True]


def test_target_without_its_column_or_classes_is_refused():
    with pytest.raises(ConfigError, match="fewer than two"):
        Target("label", column="label", classes=("left",))
    with pytest.raises(ConfigError, match="needs the signal"):
        Target("vector")


def test_fold_costs_one_byte_a_row_and_gives_index_arrays():
    fold = Fold.of("f", 5, train=np.array([0, 3]), test=np.array([4]), val=np.array([1]))
    assert fold.role.nbytes == 5
    assert fold.index("train", "val").tolist() == [0, 1, 3]
    assert repr(fold) == "Fold(f: 2 train, 1 val, 1 test)"


def test_predictions_refuse_what_is_not_a_number():
    with pytest.raises(DataError, match="1 of 2 predictions are not finite"):
        Predictions(
            np.array(["a", "b"]), "label", np.zeros(2, int), np.array([[0, 1], [np.nan, 0]])
        )


def test_a_block_is_one_event_for_what_came_before():
    labels = np.array(["a", "a", "b", "b", "a", "c"], dtype=object)
    assert labels_before(labels).tolist() == [None, "a", "a", "b", "b", "a"]
    block = np.array([0, 0, 1, 1, np.nan, np.nan])
    assert labels_before(labels, block).tolist() == [None, None, "a", "a", "b", "a"]
    assert labels_before(labels[:0], block[:0]).tolist() == []
