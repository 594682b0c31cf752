import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from neurodecode.core.errors import ConfigError
from neurodecode.core.rows import Rows
from neurodecode.protocols.chronological import Chronological


def folds_of(protocol, rows, target, seed=0):
    return [
        (fold.name, fold.index("train").tolist(), fold.index("test").tolist())
        for fold in protocol.split(rows, target, seed)
    ]


@pytest.mark.parametrize("n_splits", [2, 3, 5])
def test_folds_are_scikit_learns_within_each_session(rows_of, target, n_splits):
    rows = rows_of(subjects=("01", "02"), sessions=("1", "2"), runs=("1", "2"), n_trials=11)
    expected = []
    for subject in ("01", "02"):
        for session in ("1", "2"):
            mine = rows.where(subject=subject, session=session)
            expected += [
                (f"{subject}/{session}/later-{i}", mine[train].tolist(), mine[test].tolist())
                for i, (train, test) in enumerate(TimeSeriesSplit(n_splits).split(mine))
            ]
    assert folds_of(Chronological(n_splits), rows, target) == expected


@pytest.mark.parametrize(("n_splits", "test_size"), [(2, 0.25), (3, 0.1)])
def test_folds_of_a_size_are_scikit_learns_too(rows_of, target, n_splits, test_size):
    rows = rows_of(n_trials=20)
    splitter = TimeSeriesSplit(n_splits, test_size=round(20 * test_size))
    expected = [(train.tolist(), test.tolist()) for train, test in splitter.split(np.arange(20))]
    found = folds_of(Chronological(n_splits, test_size), rows, target)
    assert [fold[1:] for fold in found] == expected


def test_without_arguments_the_second_half_is_tested(rows_of, target):
    ((name, train, test),) = folds_of(Chronological(), rows_of(n_trials=9), target)
    assert name == "01/1/later-0"
    assert (train, test) == (list(range(5)), list(range(5, 9)))


@given(
    st.data(),
    st.integers(1, 4),
    st.floats(0, 8),
    st.sampled_from(["session", "run"]),
    st.none() | st.floats(0.01, 0.3),
)
def test_all_that_is_trained_on_came_before(rows_of, target, data, n_splits, gap, within, size):
    n_trials = data.draw(st.integers(2, 12))
    rows = rows_of(subjects=("01", "02"), sessions=("1",), runs=("1", "2"), n_trials=n_trials)
    try:
        folds = list(Chronological(n_splits, size, gap, within).split(rows, target, 0))
    except ConfigError as error:
        assert "too few" in str(error) or "test_size is" in str(error) or "no trial" in str(error)
        return
    tested = []
    for fold in folds:
        train, test = fold.index("train"), fold.index("test")
        tested += test.tolist()
        entities = ("subject", "session", "run") if within == "run" else ("subject", "session")
        assert len(set(rows.codes(*entities)[np.append(train, test)])) == 1
        assert train.max() < test.min()  # rows are in the order of time
        for row in test:
            same = train[rows["recording"][train] == rows["recording"][row]]
            assert np.all(rows["stop"][same] <= rows["start"][row] - gap)
    assert len(tested) == len(set(tested))
    assert len(folds) == n_splits * (4 if within == "run" else 2)


def test_each_run_is_split_by_itself_where_asked(rows_of, target):
    rows = rows_of(runs=("1", "2"), n_trials=4)
    assert folds_of(Chronological(within="run"), rows, target) == [
        ("01/1/run-1/later-0", [0, 1], [2, 3]),
        ("01/1/run-2/later-0", [4, 5], [6, 7]),
    ]


def test_run_ten_comes_after_run_two(rows_of, target):
    rows = rows_of(runs=("1", "2", "10"), n_trials=2)
    ((_, train, test),) = folds_of(Chronological(test_size=1 / 3), rows, target)
    assert set(rows["run"][test]) == {"10"}
    assert set(rows["run"][train]) == {"1", "2"}


def test_a_gap_takes_training_trials_of_the_same_run_alone(rows_of, target):
    # Trials of 1 s, 2 s apart: those at 0, 2 and 4 s end 5, 3 and 1 s before the one at 6 s.
    rows = rows_of(runs=("1", "2"), n_trials=6)
    ((_, train, test),) = folds_of(Chronological(test_size=0.25, gap=3), rows, target)
    assert test == [9, 10, 11]
    assert train == [*range(6), 6, 7]
    ((_, train, _),) = folds_of(Chronological(test_size=0.25, gap=3.01), rows, target)
    assert train == [*range(6), 6]
    # The last trial of run 1 may be as near as it likes: its clock is another.
    ((_, train, test),) = folds_of(Chronological(gap=1000), rows, target)
    assert (train, test) == (list(range(6)), list(range(6, 12)))


def test_trials_of_a_block_that_is_tested_leave_training(rows_of, target):
    rows = rows_of(n_trials=12, block=[f"b{i}" for i in np.arange(12) // 4])
    ((_, train, test),) = folds_of(Chronological(), rows, target)
    assert test == list(range(6, 12))
    assert train == [0, 1, 2, 3]
    unknown = rows_of(n_trials=12, block=[None] * 12)
    ((_, train, _),) = folds_of(Chronological(), unknown, target)
    assert train == list(range(6))


def test_trials_of_unknown_onset_are_in_the_order_of_their_file(rows_of, target):
    table = rows_of(n_trials=8).table.assign(onset=np.nan, start=np.nan, stop=np.nan)
    rows = Rows.build(table.assign(stimulus=[f"s{i}" for i in range(8)]))
    assert rows["stimulus"].tolist() == [f"s{i}" for i in range(8)]
    assert folds_of(Chronological(), rows, target) == [("01/1/later-0", [0, 1, 2, 3], [4, 5, 6, 7])]
    with pytest.raises(ConfigError, match=r"01/1 has trials of unknown onset, so no gap of 2 s"):
        folds_of(Chronological(gap=2), rows, target)


def test_nothing_is_drawn(rows_of, target):
    rows = rows_of(runs=("1", "2"))
    assert folds_of(Chronological(3), rows, target, 0) == folds_of(
        Chronological(3), rows, target, 1
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n_splits": 0}, "n_splits is 0; give 1 or more"),
        ({"test_size": 1.0}, "test_size is 1.0; give a share of the trials above 0 and below 1,"),
        ({"test_size": -0.1}, "test_size is -0.1; give a share"),
        ({"n_splits": 4, "test_size": 0.25}, "test_size is 0.25; .* below 0.25,"),
        ({"gap": -1.0}, r"gap is -1.0 s; give 0 or more"),
        ({"gap": float("nan")}, "gap is nan s"),
        ({"within": "subject"}, "within is 'subject'; give session or run"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments, sentence):
    with pytest.raises(ConfigError, match=f"chronological: {sentence}"):
        Chronological(**arguments)


def test_too_few_trials_are_named(rows_of, target):
    with pytest.raises(
        ConfigError, match=r"chronological: 01/1 has 4 trials, too few for 4 tested"
    ):
        folds_of(Chronological(4), rows_of(n_trials=4), target)
    with pytest.raises(ConfigError, match=r"01/1 has 4 trials, too few for 1 tested stretch"):
        folds_of(Chronological(test_size=0.1), rows_of(n_trials=4), target)
    with pytest.raises(ConfigError, match=r"01/1 has no trial to train on before later-0, a gap"):
        folds_of(Chronological(gap=100), rows_of(n_trials=4), target)
