import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import LeaveOneGroupOut

from neurodecode.core.config import call
from neurodecode.core.errors import ConfigError
from neurodecode.core.names import check_call
from neurodecode.core.nodes import Problems, from_plain
from neurodecode.protocols import verify
from neurodecode.protocols.columns import Columns


def folds_of(protocol, rows, target, seed=0):
    return [
        (fold.name, *(fold.index(role).tolist() for role in ("train", "val", "test")))
        for fold in protocol.split(rows, target, seed)
    ]


SPLIT = ["train"] * 6 + ["val"] * 2 + ["test"] * 3 + [None]


def test_an_official_split_is_one_fold_a_subject(rows_of, target):
    rows = rows_of(subjects=("01", "02"), split=SPLIT * 2)
    assert folds_of(Columns(), rows, target) == [
        ("01/split-test", list(range(8)), [], [8, 9, 10]),
        ("02/split-test", list(range(12, 20)), [], [20, 21, 22]),
    ]
    assert folds_of(Columns(val=("val",)), rows, target)[0] == (
        "01/split-test", list(range(6)), [6, 7], [8, 9, 10],
    )  # fmt: skip
    assert folds_of(Columns(train=("train",)), rows, target)[0] == (
        "01/split-test", list(range(6)), [], [8, 9, 10],
    )  # fmt: skip


def test_several_values_are_tested_together(rows_of, target):
    rows = rows_of(split=SPLIT)
    assert folds_of(Columns(test=("val", "test")), rows, target) == [
        ("01/split-val+test", list(range(6)), [], [6, 7, 8, 9, 10])
    ]


def test_subjects_may_be_split_among_themselves(rows_of, target):
    rows = rows_of(subjects=("01", "02", "03"), n_trials=2, split=["train"] * 4 + ["test"] * 2)
    assert folds_of(Columns(within="all"), rows, target) == [
        ("split-test", [0, 1, 2, 3], [], [4, 5])
    ]
    with pytest.raises(
        ConfigError, match=r"columns: 01 has no row to test, one whose split is tes"
    ):
        folds_of(Columns(), rows, target)


@given(st.data())
def test_each_value_left_out_is_scikit_learns(rows_of, target, data):
    figures = data.draw(
        st.lists(st.sampled_from(["a", "b", "c"]), min_size=24, max_size=24).filter(
            lambda drawn: len(set(drawn[:12])) > 1 and len(set(drawn[12:])) > 1
        )
    )
    rows = rows_of(subjects=("01", "02"), figure=figures)
    protocol = Columns("figure", test="each")
    found = list(protocol.split(rows, target, seed=0))
    expected = set()
    for subject in ("01", "02"):
        mine = rows.where(subject=subject)
        values = rows["figure"][mine]
        for train, test in LeaveOneGroupOut().split(mine, groups=values):
            name = f"{subject}/figure-{values[test[0]]}"
            expected.add((name, tuple(mine[train]), tuple(mine[test])))
    assert {(f.name, tuple(f.index("train")), tuple(f.index("test"))) for f in found} == expected
    for fold in found:
        assert fold.apart == protocol.apart == ("figure",)
        verify(fold, rows, protocol.apart)


def test_rows_without_a_value_are_on_neither_side(rows_of, target):
    rows = rows_of(figure=["a"] * 5 + ["b"] * 5 + [None, None])
    assert folds_of(Columns("figure", test="each"), rows, target) == [
        ("01/figure-a", [5, 6, 7, 8, 9], [], [0, 1, 2, 3, 4]),
        ("01/figure-b", [0, 1, 2, 3, 4], [], [5, 6, 7, 8, 9]),
    ]


@pytest.mark.parametrize(
    "figures", [[1] * 6 + [2] * 6, [1.0] * 6 + [2.0] * 5 + [np.nan]], ids=["whole", "with gaps"]
)
def test_numbers_are_named_as_they_are_written(rows_of, target, figures):
    rows = rows_of(figure=figures)
    for wanted in ((2,), ("2",), (2.0,)):
        ((name, train, _, test),) = folds_of(Columns("figure", wanted), rows, target)
        assert name == "01/figure-2"
        assert train == list(range(6))
        assert test == list(range(6, 12 if len(set(figures)) == 2 else 11))


def test_sessions_may_be_split_each(rows_of, target):
    rows = rows_of(sessions=("1", "2"), split=SPLIT * 2)
    assert [name for name, *_ in folds_of(Columns(within="session"), rows, target)] == [
        "01/1/split-test", "01/2/split-test",
    ]  # fmt: skip


def test_nothing_is_drawn(rows_of, target):
    rows = rows_of(split=SPLIT)
    assert folds_of(Columns(), rows, target, 0) == folds_of(Columns(), rows, target, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"test": "test"}, r"test is 'test'\. Give a list, such as \[test\]"),
        ({"train": ()}, r"train is \(\)\. Give a list"),
        ({"test": "each", "train": ("a",)}, "with test: each a model is trained on all other"),
        ({"test": "each", "val": ("a",)}, "with test: each a model is trained on all other"),
        ({"train": ("a", "test")}, "'test' is both trained on and tested"),
        ({"val": ("test",)}, "'test' is both trained on and tested"),
        ({"within": "run"}, "within is 'run'; give one of subject, session, all"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments, sentence):
    with pytest.raises(ConfigError, match=f"columns: {sentence}"):
        Columns(**arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"column": "spilt"}, "rows have no column 'spilt'. Did you mean 'split'?"),
        ({"test": ("tset",)}, "no row has the split 'tset'. Did you mean 'test'?"),
        ({"train": ("first",)}, "no row has the split 'first'. Known: test, train, val."),
        ({"val": ("vall",)}, "no row has the split 'vall'. Did you mean 'val'?"),
        ({"column": "session", "test": "each"}, r"01 has 1 value\(s\) of session. Two are needed"),
        ({"column": "session", "test": ("1",)}, "01 has no row to train on. Use within: all"),
    ],
)
def test_what_the_rows_lack_is_named(rows_of, target, arguments, sentence):
    with pytest.raises(ConfigError, match=f"columns: {sentence}".replace("?", r"\?")):
        folds_of(Columns(**arguments), rows_of(split=SPLIT), target)


@pytest.mark.parametrize(
    ("given_to", "said"),
    [
        ({"column": "figure", "test": "each"}, ""),
        ({"test": ["test", "val"], "train": ["train"]}, ""),
        ({"test": "some"}, "expected"),
        ({"tests": ["a"]}, "unknown key. Did you mean 'test'?"),
    ],
)
def test_an_experiment_file_says_it_in_these_words(given_to, said):
    problems = Problems("made.yaml")
    found = call(from_plain({"columns": given_to}), "protocol", problems)
    check_call(found, "protocols", "protocol", problems)
    assert [text for _, text in problems.lines if said in text] == [t for _, t in problems.lines]
    assert bool(problems.lines) == bool(said)
